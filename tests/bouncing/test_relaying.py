"""A relay that stopped is opened again by a check that goes well, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from distributor import config
from distributor.app import build_app
from distributor.errors import ChannelPaused, ConfigError, NotFound
from distributor.mail.memory import MemoryTransport
from distributor.mailing import drain_mail
from distributor.mailroom import Mailroom
from distributor.model import State
from distributor.relaying import check_relay
from distributor.store import Store, accounts, census
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


def test_a_changed_password_reaches_a_worker_that_runs(tmp_path: Path) -> None:
    """The relay is made anew at the next drain after a good check elsewhere; not before, and only once."""
    office = Office(tmp_path)
    fresh = MemoryTransport(sessions=4)
    before = office.app.mailroom
    assert before is not None
    room = replace(before, relays={"mail": fresh})
    read = []

    def reread() -> Mailroom:
        read.append(1)
        return room

    office.app.rebuild = lambda: office.app.stations
    office.app.reread = reread
    first, second = office.readers(2)
    stop(office)
    drain_mail(office.app, "mail")
    assert (read, fresh.letters) == ([], [])
    check_relay(make_app(SETTINGS, tmp_path, store=office.app.store), "", "ana")
    drain_mail(office.app, "mail")
    drain_mail(office.app, "mail")
    assert read == [1]
    assert len(fresh.letters) == 2
    assert {office.row(first).state, office.row(second).state} == {State.SENT}


def test_secrets_that_cannot_be_read_leave_the_relay_as_it_was(tmp_path: Path) -> None:
    def broken() -> Mailroom:
        raise ConfigError("there is no file secrets/relay")

    office = Office(tmp_path)
    before = office.app.mailroom
    office.app.rebuild, office.app.reread = lambda: office.app.stations, broken
    check_relay(make_app(SETTINGS, tmp_path, store=office.app.store), "", "ana")
    office.readers(1)
    drain_mail(office.app, "mail")
    assert office.app.mailroom is before
    assert len(office.relay.letters) == 1


def test_a_relay_opened_late_has_the_secrets_of_now(tmp_path: Path) -> None:
    path = tmp_path / "distributor.toml"
    path.write_text(SETTINGS)
    app = build_app(config.load(path), reload=lambda: config.load(path), wake=False, store=Store("sqlite://"))
    path.write_text(SETTINGS.replace("The Paper <", "The New Paper <"))
    assert app.mailroom is not None
    assert app.mailroom.identity.from_ == "The New Paper <news@paper.example>"
