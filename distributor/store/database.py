"""The database behind the store: connections, transactions, durability, and errors that a person can read.

SQLite: WAL, one writer at a time in this process (others wait up to `BUSY`), and `synchronous` switched between
transactions: FULL where a promise must survive a power cut (a claim), NORMAL where the loss of the last moments
only means that something is looked at again. A later FULL commit makes all earlier ones durable too.
"""

from __future__ import annotations

import math
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from distributor.errors import ConfigError, StoreError

__all__ = ["Database"]

BUSY = 15.0
# A connection that was used so lately and heard nothing since is taken to live.
FRESH = 2.0
# PostgreSQL's default would let another's commit show between two queries of one view.
SNAPSHOT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class Database:
    """One database, given by an SQLAlchemy URL. Safe to use from any thread, and across a fork."""

    def __init__(self, url: str) -> None:
        try:
            self.url = sa.make_url(url)
        except SQLAlchemyError as error:
            raise ConfigError("is not a database URL", key="database.url", hint="sqlite:///FILE") from error
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.in_memory = self.is_sqlite and (self.url.database or ":memory:") == ":memory:"
        self._lock = threading.RLock()
        self._writing: sa.Connection | None = None
        self._pid = os.getpid()
        plain = self.is_sqlite and not self.in_memory and not (self.url.database or "").startswith("file:")
        self._path = self.url.database if plain else None
        self._file: tuple[int, int] | None = None
        self._engine = self._make()

    @property
    def engine(self) -> sa.Engine:
        """The engine of this process: a child of a fork must not touch its parent's connections."""
        if self._pid != os.getpid():
            self._engine.dispose(close=False)
            self._lock, self._writing = threading.RLock(), None
            self._engine, self._pid = self._make(), os.getpid()
        return self._engine

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent view; nothing may be written in it."""
        engine = self.engine
        if not self.is_sqlite:
            with self._told(), engine.connect().execution_options(**SNAPSHOT) as connection:
                yield connection
        elif not self.in_memory:
            self._same_file()
            with self._told(), engine.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                yield connection
        else:
            with self._lock, self._told():
                yield from self._read_memory(engine)

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[sa.Connection]:
        """One transaction, committed at the end, rolled back by any error. `durable`: it survives a power cut."""
        engine = self.engine
        if not self.is_sqlite:
            with self._told(), engine.begin() as connection:
                if durable:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
                yield connection
            return
        self._same_file()
        with self._lock, self._told(), engine.connect() as connection:
            _make_durable(connection, durable=durable)
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            self._writing = connection
            try:
                yield connection
                connection.commit()
            finally:
                self._writing = None

    def _read_memory(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        """There is one connection: to give it back inside a write would roll that back."""
        if self._writing is not None:
            yield self._writing
            return
        with engine.connect() as connection:
            yield connection

    def lock(self, connection: sa.Connection, name: str) -> None:
        """Serialises all transactions that lock the same name, until they end. SQLite's writers are serial anyway."""
        if not self.is_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})

    def close(self) -> None:
        self._engine.dispose(close=self._pid == os.getpid())

    def _make(self) -> sa.Engine:
        try:
            if not self.is_sqlite:
                engine = sa.create_engine(self.url, pool_size=10, max_overflow=20, pool_timeout=BUSY)
                event.listen(engine, "connect", _make_lazy)
                _watch(engine)
                return engine
            arguments: dict[str, Any] = {"timeout": BUSY, "check_same_thread": False}
            pool: dict[str, Any] = (
                {"poolclass": StaticPool} if self.in_memory else {"pool_size": 10, "max_overflow": 50}
            )
            engine = sa.create_engine(self.url, connect_args=arguments, **pool)
        except (SQLAlchemyError, ImportError) as error:
            raise ConfigError(str(error), key="database.url", hint="pip install 'distributor[postgres]'") from error
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "connect", lambda *_: self._note_file())
        return engine

    def _note_file(self) -> None:
        """Which file the first connection found or made; a later one may not be to another."""
        if self._path is not None and self._file is None:
            self._file = _identity(self._path)
        self._same_file()

    def _same_file(self) -> None:
        """An open file that was deleted or replaced is a ledger that nobody else sees, and that ends with this process;
        a new connection would see another one. Raises StoreError before anything is written, or sent, by it.
        """
        if self._path is None or self._file is None:
            return
        found = _identity(self._path)
        if found != self._file:
            what = "was deleted" if found is None else "was replaced by another file"
            raise StoreError(
                f"the database {self._path} {what} while this process runs; it does nothing any more",
                hint="restart this process, once the right file is in place",
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Foreign errors stop here."""
        try:
            yield
        except DBAPIError as error:
            raise StoreError(_line(error, self.url), hint=_hint(error)) from error
        except SQLAlchemyError as error:
            raise StoreError(f"the database failed: {str(error).splitlines()[0]}") from error


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 (at every transaction: a Path would take longer than the question)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_durable(connection: sa.Connection, *, durable: bool) -> None:
    """Between transactions only, and said only when it changes."""
    level = "FULL" if durable else "NORMAL"
    if connection.info.get("synchronous") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
        connection.commit()
        connection.info["synchronous"] = level


def _make_lazy(connection: Any, _record: Any) -> None:
    """PostgreSQL: what must survive a crash says so itself, everything else need not wait for the disk. And our
    statements are short: to compile one takes longer than to run it.
    """
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET jit = off")
    connection.commit()


def _watch(engine: sa.Engine) -> None:
    """Asks a connection whether it still lives when it lay idle, or when there is something to read on it: the word
    that it was closed. To ask each time would cost more than most queries.
    """

    def note(_connection: Any, record: Any) -> None:
        record.info["given_back"] = time.monotonic()

    def ping(connection: Any, record: Any, _fairy: Any) -> None:
        if time.monotonic() - record.info.get("given_back", math.inf) < FRESH and not _told_something(connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", ping)


def _told_something(connection: Any) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _prepare(connection: Any, _record: Any) -> None:
    # Transactions are ours to begin: the driver's own BEGIN would come too late, and deferred.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Not in memory: what a statement over thousands of rows would need to be undone is temporary too, and spills.
    cursor.execute("PRAGMA temp_store = FILE")
    cursor.execute("PRAGMA cache_size = -8000")
    cursor.close()


def _line(error: DBAPIError, url: sa.URL) -> str:
    name = url.database if url.get_backend_name() == "sqlite" else f"{url.host or 'localhost'}/{url.database}"
    cause = str(error.orig).strip().splitlines()
    return f"the database {name} failed: {cause[0] if cause else type(error.orig).__name__}"


def _hint(error: DBAPIError) -> str:
    text = str(error.orig).lower()
    if "disk i/o" in text:
        return "the disk is full, or it fails: distributor doctor tells; what was not written down was not sent either"
    if "full" in text or "no space" in text:
        return "free some disk space; nothing was lost, the work goes on when there is room"
    if "locked" in text:
        return "another process holds the database; is a backup or a long query running?"
    if "no such table" in text or "no such column" in text or isinstance(error, ProgrammingError):
        return "run: distributor upgrade"
    if isinstance(error, OperationalError):
        return "is the database up, and is database.url right? distributor doctor tells"
    return ""
