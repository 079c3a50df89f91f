"""`distributor upgrade` and `distributor version`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import distributor
from distributor.cli.options import a_command
from distributor.cli.output import answer, say
from distributor.cli.session import Session, pass_session
from distributor.errors import StoreError

if TYPE_CHECKING:
    from distributor.store.database import Database

__all__ = ["upgrade", "version"]


@click.command()
@a_command
@pass_session
def upgrade(session: Session) -> None:
    """Bring the database to this version; SQLite is backed up first.

    Stop the workers before. Does nothing when the database is at this version already.
    """
    from distributor.store import Store, migrating

    settings = session.settings
    store = Store(str(settings.database.url))
    try:
        if not store.database.is_sqlite or _file(store.database):
            with store.read() as connection:
                before = migrating.version(connection)
        else:
            before = None
        if before is not None and before not in migrating.VERSIONS:
            raise StoreError(
                f"the database is at version {before}, which is newer than this program's {migrating.HEAD}",
                hint="install the newer distributor",
            )
        backup = None
        if before is not None and before != migrating.HEAD:
            backup = back_up(store.database, before, session.now())
        settings.site.data.mkdir(parents=True, exist_ok=True)
        after = store.upgrade() if before != migrating.HEAD else before
    finally:
        store.close()
    data: dict[str, Any] = {"from": before, "to": after, "backup": str(backup) if backup else None}
    answer(session, data, lambda: _shown(before, str(after), backup))


@click.command("version")
@a_command
@pass_session
def version(session: Session) -> None:
    """Show the version."""
    answer(session, {"version": distributor.__version__}, lambda: say(f"distributor {distributor.__version__}"))


def back_up(database: Database, version: str, now: datetime) -> Path | None:
    """A consistent copy beside SQLite's file; None for other databases. Raises StoreError."""
    file = _file(database)
    if file is None:
        return None
    target = file.with_name(f"{file.name}.{version}.{now:%Y%m%dT%H%M%SZ}.backup")
    try:
        target.touch(mode=0o600, exist_ok=False)
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        problem = f"the backup {target} could not be made: {error}"
    else:
        return target
    raise StoreError(problem, hint="free some disk space, or check the folder's permissions; nothing was changed")


def _file(database: Database) -> Path | None:
    """SQLite's file, if it is there."""
    name = database.url.database
    found = Path(name) if database.is_sqlite and not database.in_memory and name else None
    return found if found and found.exists() else None


def _shown(before: str | None, after: str, backup: Path | None) -> None:
    if before == after:
        say(f"the database is at version {after} already")
        return
    say(f"the database is at version {after} now; it was {f'at {before}' if before else 'empty'}")
    if backup:
        say(f"the backup of before: {backup}")
