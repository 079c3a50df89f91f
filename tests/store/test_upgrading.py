"""A database of the version before, with news and readers in it, is brought to this one; both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor.store import Store, migrating
from tests.store.differences import differences
from tests.store.test_postgresql import database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server("postgresql"))])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """At version 0002, with an article, its post, a mail about it that failed, and a reader who paused."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path}/ledger.db")
        _fill(store)
        yield store
        store.close()
        return
    with database(request.getfixturevalue("postgresql_server")) as url:
        store = Store(url)
        _fill(store)
        yield store
        store.close()


def _fill(store: Store) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrating.SCRIPTS))
    with store.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for statement in (
            "INSERT INTO article (id, guid, published_at, seen_at, status) VALUES (1, 'g', 1, 1, 'live')",
            "INSERT INTO delivery (id, key, kind, channel, article_id, state, planned_at, due_at)"
            " VALUES (1, 'k1', 'post', 'x', 1, 'pending', 1, 1)",
            "INSERT INTO delivery (id, key, kind, channel, article_id, recipient_id, state, reason, planned_at, due_at)"
            " VALUES (2, 'k2', 'alert', 'alerts', 1, 7, 'failed', 'bounced', 1, 1)",
            "INSERT INTO subscriber (id, address, address_key, status, paused_until, watermark, created_at)"
            " VALUES (7, 'a@b.example', 'a@b.example', 'active', 5, 1, 1)",
        ):
            connection.execute(sa.text(statement))


def test_an_upgrade_keeps_what_is_there_and_gives_the_tables_as_they_are_written(older: Store) -> None:
    assert older.upgrade() == migrating.HEAD
    assert older.upgrade() == migrating.HEAD
    assert differences(older) == []
    with older.read() as connection:
        kept = connection.execute(sa.text("SELECT id, state, reason FROM delivery ORDER BY id")).all()
        assert [tuple(row) for row in kept] == [(1, "pending", ""), (2, "failed", "bounced")]
        assert connection.execute(sa.text("SELECT place FROM article")).scalar_one() == ""


def test_an_upgraded_database_has_the_indexes_of_a_new_one(older: Store, tmp_path: Path) -> None:
    """Alembic's comparison does not look at what is in a partial index."""
    older.upgrade()
    with older.read() as connection:
        found = _indexes(connection)
    assert found["ix_delivery_unsettled"][-2:] == found["ix_delivery_lost"][-2:] == ["kind", "reason"]
    assert found["ix_delivery_to_channels"] == ["article_id"]
    new = Store("sqlite://").open()
    with new.read() as connection:
        assert found == _indexes(connection)
    new.close()


def _indexes(connection: sa.Connection) -> dict[str, list[str | None]]:
    look = sa.inspect(connection)
    return {
        str(index["name"]): index["column_names"]
        for table in look.get_table_names()
        for index in look.get_indexes(table)
        if not index["unique"]
    }
