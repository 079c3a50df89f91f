"""Brings a database from one version of the tables to the next, by Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from distributor.store.database import Database

__all__ = ["HEAD", "VERSIONS", "upgrade", "version"]

# In order; a test holds them against the scripts, so that starting up needs no Alembic.
VERSIONS = ("0001", "0002", "0003")
HEAD = VERSIONS[-1]
SCRIPTS = Path(__file__).parent / "migrations"


def version(connection: sa.Connection) -> str | None:
    """The version a database is at; None when it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(database: Database) -> str:
    """Two processes may try at once: the second waits, and finds nothing to do."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    with database.write(durable=True) as connection:
        database.lock(connection, "distributor-upgrade")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return HEAD
