"""The store in an SQLite file: durability, full disks, locks, forks, versions."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor.errors import ConfigError, StoreError
from distributor.store import Store, census, database, ledger, migrating, tables
from tests.contracts.database import NOW
from tests.contracts.posts import post
from tests.contracts.store import StoreContract


class TestFile(StoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory: pytest.TempPathFactory) -> str:
        return f"sqlite:///{tmp_path_factory.mktemp('store') / 'ledger.db'}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def store(path: Path):  # type: ignore[no-untyped-def]
    opened = Store(f"sqlite:///{path}").open()
    yield opened
    opened.close()


def pragma(store: Store, name: str, *, durable: bool) -> object:
    with store.write(durable=durable) as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_a_durable_write_waits_for_the_disk_and_another_does_not(store: Store) -> None:
    full, normal = 2, 1
    assert [pragma(store, "synchronous", durable=durable) for durable in (True, False, True, False)] == [
        full,
        normal,
        full,
        normal,
    ]
    assert pragma(store, "journal_mode", durable=True) == "wal"


def test_what_undoes_a_statement_over_many_rows_is_not_kept_in_memory(store: Store) -> None:
    default, in_a_file = 0, 1
    assert pragma(store, "temp_store", durable=False) in (default, in_a_file)


def test_a_disk_that_has_no_room_for_the_log_is_told_as_a_disk() -> None:
    fault = sa.exc.OperationalError("BEGIN", {}, sqlite3.OperationalError("disk I/O error"))
    assert "the disk is full, or it fails" in database._hint(fault)


def test_a_full_disk_is_told_with_what_to_do_and_loses_nothing(store: Store) -> None:
    with store.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    kept: list[int] = []

    def fill() -> None:
        for number in range(1, 2000):
            with store.write(durable=True) as connection:
                connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
                ledger.add(connection, [post(number)])
            kept.append(number)

    with pytest.raises(StoreError) as caught:
        fill()
    assert "full" in str(caught.value)
    assert "disk space" in caught.value.hint
    with store.read() as connection:
        assert sum(census.counts(connection).values()) == len(kept) > 0
    with store.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert ledger.add(connection, [post(3000)])


def test_a_database_that_another_process_holds_is_told_as_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    store = Store(f"sqlite:///{path}").open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as caught, store.write():
        pass
    assert "locked" in str(caught.value)
    assert "another process holds the database" in caught.value.hint
    with store.read() as connection:
        assert census.counts(connection), "readers go on"
    other.execute("ROLLBACK")
    other.close()
    with store.write() as connection:
        assert ledger.add(connection, [post(1)])
    store.close()


def test_a_missing_table_is_told_with_the_command_that_helps(store: Store) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("DROP TABLE delivery")
    with pytest.raises(StoreError) as caught, store.read() as connection:
        census.counts(connection)
    assert caught.value.hint == "run: distributor upgrade"


def test_what_is_no_database_is_one_line(path: Path) -> None:
    path.write_text("this is a letter to the editor, and long enough to be one " * 40)
    with pytest.raises(StoreError) as caught:
        Store(f"sqlite:///{path}").open()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Store(f"sqlite:///{tmp_path}/nowhere/ledger.db").open()
    assert "unable to open" in str(caught.value)


@pytest.mark.parametrize("url", ["", "letter", "nonsense://host/name", "sqlite"])
def test_what_is_no_database_address_is_an_error_of_the_settings(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Store(url)
    assert caught.value.key == "database.url"


def test_two_writers_wait_for_each_other_across_processes(store: Store, path: Path) -> None:
    code = (
        "import sys; from distributor.store import Store, ledger; from tests.contracts.posts import post\n"
        "store = Store(sys.argv[1]).open()\n"
        "for number in range(int(sys.argv[2]), int(sys.argv[2]) + 30):\n"
        "    with store.write(durable=True) as connection: ledger.add(connection, [post(number), post(7)])\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", code, f"sqlite:///{path}", str(start)], cwd=Path.cwd())
        for start in (100, 200)
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    with store.read() as connection:
        assert sum(census.counts(connection).values()) == 61


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(store: Store) -> None:
    with store.write() as connection:
        ledger.add(connection, [post(1)])
    with store.write() as connection:
        # The parent is in the middle of a write, and holds the lock of its threads, while the child is born.
        ledger.add(connection, [post(2)])
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                with store.read() as mine:
                    code = 0 if sum(census.counts(mine).values()) == 1 else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with store.write(durable=True) as mine:
                ledger.add(mine, [post(3)])
            store.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with store.read() as connection:
        assert sum(census.counts(connection).values()) == 3


# -- versions


def test_the_versions_are_those_of_the_scripts() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrating.SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == migrating.VERSIONS
    assert scripts.get_current_head() == migrating.HEAD


def test_upgrading_an_empty_database_gives_the_tables_as_they_are_written(store: Store) -> None:
    from tests.store.differences import differences

    assert differences(store) == []
    with store.read() as connection:
        assert migrating.version(connection) == migrating.HEAD


def test_sqlite_gives_ids_and_keeps_keys_unique(store: Store) -> None:
    with store.read() as connection:
        unique = sa.inspect(connection).get_unique_constraints("delivery")
    assert [found["column_names"] for found in unique] == [["key"]]
    assert tables.delivery.c.key.nullable is False


def test_a_newer_database_is_refused(store: Store) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError) as caught:
        store.open()
    assert "9999" in str(caught.value)
    assert "newer" in caught.value.hint


def test_an_older_database_is_refused_with_the_command(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "VERSIONS", (*migrating.VERSIONS, "0999"))
    monkeypatch.setattr(migrating, "HEAD", "0999")
    with pytest.raises(StoreError) as caught:
        store.open()
    assert caught.value.hint == "run: distributor upgrade"


def test_two_processes_that_upgrade_at_once_both_find_it_done(path: Path) -> None:
    code = "import sys; from distributor.store import Store; print(Store(sys.argv[1]).open().upgrade())"
    started = time.monotonic()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, f"sqlite:///{path}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    told = [process.communicate(timeout=60) for process in processes]
    assert [out.strip() for out, _ in told] == [migrating.HEAD] * 3, told
    assert time.monotonic() - started < 60


def test_the_ledger_survives_the_process_that_wrote_it(path: Path) -> None:
    code = (
        "import os, sys; from distributor.store import Store, ledger; from tests.contracts.posts import post\n"
        "with Store(sys.argv[1]).open().write(durable=True) as connection: ledger.add(connection, [post(1)])\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{path}"], cwd=Path.cwd(), check=False)
    store = Store(f"sqlite:///{path}").open()
    with store.read() as connection:
        (row,) = ledger.deliveries(connection)
    assert row.planned_at == NOW
    store.close()


@pytest.mark.parametrize("again", [False, True])
def test_a_file_that_is_deleted_or_replaced_under_a_process_is_not_used_any_more(tmp_path: Path, again: bool) -> None:
    store = Store(f"sqlite:///{tmp_path}/ledger.db").open()
    try:
        with store.write() as connection:
            census.remember(connection, "answer", 42, NOW)
        for file in tmp_path.glob("ledger.db*"):
            file.unlink()
        if again:
            Store(f"sqlite:///{tmp_path}/ledger.db").open().close()
        word = "replaced" if again else "deleted"
        for opened in (store.read, store.write):
            with pytest.raises(StoreError, match=f"{word}.*while this process runs") as caught, opened():
                pass
            assert "restart" in caught.value.hint
    finally:
        store.close()
    with closing(Store(f"sqlite:///{tmp_path}/ledger.db").open()) as other, other.read() as connection:
        assert census.fact(connection, "answer") is None
