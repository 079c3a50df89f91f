"""The store: transactions over the tables, and the ledger's functions beside it (articles, ledger, queue, ...).

    with store.write(durable=True) as connection:
        claimed = ledger.claim(connection, ...)

Its memory twin is `Store("sqlite://")`; the same contract tests run on memory, a file, and PostgreSQL.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import sqlalchemy as sa

from distributor.errors import StoreError
from distributor.store import tables
from distributor.store.database import Database

__all__ = ["Store"]


class Store:
    """The ledger's database, by its SQLAlchemy URL. `open` makes an empty one ready, and refuses an older one."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)

    def open(self) -> Store:
        """Creates the tables in an empty database. Raises StoreError when they are of another version."""
        from distributor.store import migrating

        if self.database.in_memory:
            tables.metadata.create_all(self.database.engine)
            return self
        with self.database.read() as connection:
            version = migrating.version(connection)
        if version is None:
            self.upgrade()
        elif version != migrating.HEAD:
            newer = version not in migrating.VERSIONS
            raise StoreError(
                f"the database is at version {version}, this program wants {migrating.HEAD}",
                hint="install the newer distributor" if newer else "run: distributor upgrade",
            )
        return self

    def upgrade(self) -> str:
        """Brings the database to this program's version, and returns that; harmless when it is there already."""
        from distributor.store import migrating

        return migrating.upgrade(self.database)

    def read(self) -> AbstractContextManager[sa.Connection]:
        return self.database.read()

    def write(self, *, durable: bool = False) -> AbstractContextManager[sa.Connection]:
        return self.database.write(durable=durable)

    def lock(self, connection: sa.Connection, name: str) -> None:
        self.database.lock(connection, name)

    def close(self) -> None:
        self.database.close()
