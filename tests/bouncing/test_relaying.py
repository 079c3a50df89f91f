"""A relay that stopped is opened again by a check that goes well, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.errors import ChannelPaused, ConfigError, NotFound
from distributor.relaying import check_relay
from distributor.store import accounts, census
from distributor.waking import MemoryWaker
from tests.desk import START, make_app
from tests.mailing.office import SETTINGS, Office


def stopped(office: Office, account: str = "mail") -> str:
    with office.app.store.read() as connection:
        return accounts.state(connection, account).stopped


def stop(office: Office, account: str = "mail") -> None:
    with office.app.store.write() as connection:
        accounts.stop(connection, account, "535 login refused", START)


def test_a_good_check_opens_the_account_wakes_it_and_is_written_down(tmp_path: Path) -> None:
    office = Office(tmp_path)
    stop(office)
    assert "letters are put into" in check_relay(office.app, "", "ana")[0]
    assert stopped(office) == ""
    assert isinstance(office.app.waker, MemoryWaker)
    assert office.app.waker.woken == ["mail"]
    with office.app.store.read() as connection:
        (act,) = census.audited(connection)
    assert (act.who, act.what, act.subject) == ("ana", "check", "relay:mail")


def test_a_check_that_fails_leaves_it_stopped(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    settings = SETTINGS + f'[relays.second]\nurl = "maildir://{tmp_path}/file"\n'
    office = Office(tmp_path, settings=settings)
    stop(office, "mail:second")
    with pytest.raises(ChannelPaused):
        check_relay(office.app, "second", "ana")
    assert stopped(office, "mail:second") == "535 login refused"


def test_a_relay_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no relay 'third'"):
        check_relay(Office(tmp_path).app, "third", "ana")
    with pytest.raises(ConfigError):
        check_relay(make_app("", tmp_path), "", "ana")
