"""What Alembic would still change in a database, to make it what the tables say."""

from __future__ import annotations

from typing import Any

from distributor.store import Store, tables


def differences(store: Store) -> list[Any]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": not store.database.is_sqlite}
        )
        return list(compare_metadata(context, tables.metadata))
