"""The store on a real PostgreSQL: one database for each test class."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa

from distributor.errors import StoreError
from distributor.model import State
from distributor.store import Store, census, ledger, migrating
from tests import servers
from tests.contracts.database import at_once
from tests.contracts.posts import post
from tests.contracts.store import StoreContract
from tests.store.differences import differences

pytestmark = pytest.mark.server("postgresql")
databases = itertools.count(1)


@contextmanager
def database(server: servers.Server) -> Iterator[str]:
    name = f"ledger{databases.__next__()}"
    admin = server.url.replace("+psycopg", "")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield server.url.removesuffix("/postgres") + f"/{name}"


class TestPostgresql(StoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, postgresql_server: servers.Server) -> Iterator[str]:
        with database(postgresql_server) as url:
            yield url

    def test_a_durable_write_waits_for_the_disk_whatever_the_server_says(self, store: Store) -> None:
        name = store.database.url.database
        with store.write() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
        store.database.engine.dispose()

        def setting(durable: bool) -> object:
            with store.write(durable=durable) as connection:
                return connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()

        assert [setting(durable) for durable in (True, False, True)] == ["on", "off", "on"]

    def test_a_read_is_one_view_and_writes_nothing(self, store: Store) -> None:
        with store.read() as connection:
            assert census.counts(connection)[State.PENDING] == 0
            with store.write() as other:
                ledger.add(other, [post(1)])
            assert census.counts(connection)[State.PENDING] == 0
        with store.read() as connection:
            assert census.counts(connection)[State.PENDING] == 1
        with pytest.raises(StoreError), store.read() as connection:
            ledger.add(connection, [post(2)])
        with store.write() as connection:
            assert ledger.add(connection, [post(2)]), "the connection is for writing again"

    def test_a_lock_of_one_name_serialises(self, store: Store) -> None:
        order: list[str] = []

        def work(_: int) -> None:
            with store.write() as connection:
                store.lock(connection, "ingest")
                order.append("in")
                connection.exec_driver_sql("SELECT pg_sleep(0.01)")
                order.append("out")

        at_once(5, work)
        assert order == ["in", "out"] * 5

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_a_forked_child_uses_connections_of_its_own(self, store: Store) -> None:
        with store.write() as connection:
            backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            ledger.add(connection, [post(1)])
            read, write = os.pipe()
            pid = os.fork()
            if pid == 0:
                said = "failed"
                try:
                    with store.write() as mine:
                        said = str(mine.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
                        ledger.add(mine, [post(2)])
                    store.close()
                finally:
                    os.write(write, said.encode())
                    os._exit(0)
            os.close(write)
            with os.fdopen(read) as answer:
                theirs = answer.read()
            os.waitpid(pid, 0)
            assert theirs.isdecimal()
            assert int(theirs) != backend
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        with store.read() as connection:
            assert census.counts(connection)[State.PENDING] == 2

    def test_the_scripts_give_the_tables_as_they_are_written(self, store: Store) -> None:
        assert differences(store) == []

    def test_other_versions_are_refused(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        with store.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        try:
            with pytest.raises(StoreError) as caught:
                store.open()
            assert "newer" in caught.value.hint
        finally:
            with store.write() as connection:
                statement = sa.text("UPDATE alembic_version SET version_num = :head")
                connection.execute(statement, {"head": migrating.HEAD})

    def test_a_connection_that_was_cut_is_made_again(self, store: Store) -> None:
        with store.write() as connection:
            ledger.add(connection, [post(1)])
        with psycopg.connect(self.admin(store), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        with store.read() as connection:
            assert census.counts(connection)[State.PENDING] == 1

    def admin(self, store: Store) -> str:
        return store.database.url.render_as_string(hide_password=False).replace("+psycopg", "")


def test_three_processes_that_upgrade_at_once_all_find_it_done(postgresql_server: servers.Server) -> None:
    code = "import sys; from distributor.store import Store; print(Store(sys.argv[1]).open().upgrade())"
    with database(postgresql_server) as url:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", code, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(3)
        ]
        told = [process.communicate(timeout=60) for process in processes]
    assert [out.strip() for out, _ in told] == [migrating.HEAD] * 3, told


def test_a_server_that_is_down_is_one_line_without_the_password() -> None:
    port = servers.free_port()
    store = Store(f"postgresql+psycopg://desk:hush@127.0.0.1:{port}/ledger")
    with pytest.raises(StoreError) as caught:
        store.open()
    assert "127.0.0.1/ledger failed" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "database.url" in caught.value.hint


def test_a_database_that_is_not_there_is_no_matter_of_upgrading(postgresql_server: servers.Server) -> None:
    store = Store(postgresql_server.url.removesuffix("/postgres") + "/nowhere")
    with pytest.raises(StoreError) as caught:
        store.open()
    assert "nowhere" in str(caught.value)
    assert "database.url" in caught.value.hint
