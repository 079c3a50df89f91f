"""A digest by hand, its editions, and the switches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from distributor.store import Store, accounts, tables
from tests.desk import Clock, entry, ingest, make_app

from .conftest import Desk
from .test_subscribers import MAIL, take


@pytest.fixture
def paper(desk: Desk) -> Desk:
    """A newsroom with two articles of two minutes ago, two readers of "daily", and an outbox."""
    now = datetime.now(UTC)
    far = (now.astimezone(ZoneInfo("Europe/Paris")).hour + 12) % 24  # no slot is near
    desk.settings(MAIL.replace("hour = 7", f"hour = {far}") + '\n[digests.weekly]\nfrequency = "weekly"\n')
    take(desk, "email,categories\nanna@x.example,Business\nbob@x.example,\n")
    store = Store(f"sqlite:///{desk.folder}/data/distributor.db").open()
    then = now - timedelta(minutes=2)
    try:
        app = make_app(desk.path.read_text(), desk.folder, clock=Clock(then), store=store)
        first = entry(1, title="The harbour opens", published_at=then)
        ingest(app, first, entry(2, title="Second one of the day", words=("Sports",), published_at=then))
    finally:
        store.close()
    return desk


def letters(desk: Desk) -> list[Path]:
    return sorted((desk.folder / "data" / "outbox" / "new").glob("*"))


def test_a_digest_goes_to_all_its_readers_once(paper: Desk) -> None:
    said = paper("send", "--digest", "daily", "--yes")
    assert said.code == 0, said.err
    assert "daily: 2 mails planned in 2 editions\n2 sent" in said.out
    assert len(letters(paper)) == 2
    again = paper("send", "--digest", "daily", "--yes")
    assert (again.code, again.out) == (1, "daily: nothing new for anybody; no mail goes out\n")
    assert len(letters(paper)) == 2


def test_nobody_here_to_ask_means_no(paper: Desk) -> None:
    said = paper("send", "--digest", "daily")
    assert said.code == 2
    assert "nobody is here to ask: send daily to 2 readers" in said.err
    assert paper("digests", "list").out == "no digest has gone out yet\n"


def test_a_dry_run_counts_shows_and_plans_nothing(paper: Desk) -> None:
    told = paper("send", "--digest", "daily", "--dry-run", "--json").json
    assert told["readers"] == 2
    assert "The harbour opens" in told["text"]
    assert paper("digests", "list", "--json").json == {"digests": []}


def test_one_reader_alone_gets_it_and_nobody_is_asked(paper: Desk) -> None:
    told = paper("send", "--digest", "daily", "--to", "anna@x.example", "--json").json
    assert (told["readers"], told["slot"]["sent"], told["exit_code"]) == (1, 1, 0)
    assert b"Delivered-To: anna@x.example" in letters(paper)[0].read_bytes()
    said = paper("send", "--digest", "daily", "--to", "zed@x.example")
    assert said.code == 2
    assert "zed@x.example is no reader" in said.err


def test_what_stopped_the_relay_is_told_to_who_sends(paper: Desk) -> None:
    store = Store(f"sqlite:///{paper.folder}/data/distributor.db").open()
    try:
        with store.write() as connection:
            accounts.stop(connection, "mail", "554 5.7.1 sender refused", datetime.now(UTC))
    finally:
        store.close()
    said = paper("send", "--digest", "daily", "--yes")
    assert said.code == 3
    assert "2 waiting" in said.out
    assert "mail has stopped: 554 5.7.1 sender refused. Mend it, then: distributor mail check" in said.out


def test_a_reader_who_is_paused_is_named(paper: Desk) -> None:
    store = Store(f"sqlite:///{paper.folder}/data/distributor.db").open()
    try:
        with store.write() as connection:
            until = datetime(2099, 1, 1, tzinfo=UTC)
            connection.execute(sa.update(tables.subscriber).values(paused_until=until))
    finally:
        store.close()
    said = paper("send", "--digest", "daily", "--to", "anna@x.example")
    assert said.code == 2
    assert "anna@x.example gets no mail: paused until 2099-01-01 00:00 UTC" in said.err


def test_a_digest_for_later_waits(paper: Desk) -> None:
    said = paper("send", "--digest", "daily", "--yes", "--at", "tomorrow 8:00")
    assert said.code == 3
    assert "2 waiting; from" in said.out
    assert not letters(paper)


def test_half_way_it_is_paused_resumed_and_cancelled(paper: Desk) -> None:
    name = paper("send", "--digest", "daily", "--yes", "--queue", "--json").json["slot"]["name"]
    assert paper("digests", "pause", name).out.startswith("2 mails paused; to go on: distributor digests resume")
    assert paper("digests", "list", "--json").json["digests"][0]["status"] == "paused"
    assert paper("digests", "resume", name).out == "2 mails waiting again\n"
    assert paper("digests", "cancel", name).code == 2
    assert paper("digests", "cancel", name, "--yes").out == "2 mails given up\n"
    (slot,) = paper("digests", "list", "--json").json["digests"]
    assert (slot["status"], slot["skipped"], slot["waiting"]) == ("cancelled", 2, 0)
    shown = paper("digests", "show", name, "--json").json["editions"]
    assert sorted(one["choice"]["categories"] for one in shown) == [[], ["Business"]]
    assert paper("digests", "approve", name).out == "nothing to approve\n"


def test_a_preview_is_for_any_choices(paper: Desk) -> None:
    out = paper("digests", "preview", "daily", "--category", "sports").out
    assert "Second one of the day" in out
    assert "The harbour opens" not in out
    assert "READERREADER" not in out
    assert paper("digests", "preview", "daily", "--language", "fr", "--json").json["message"]["language"] == "fr"
    assert "not offered" in paper("digests", "preview", "daily", "--language", "de").err
    assert "nothing new" in paper("digests", "preview", "daily", "--category", "Health").out
    assert paper("digests", "preview", "daily", "--category", "Gardening").code == 2
    assert paper("digests", "preview", "dayly").code == 2


def test_a_preview_is_written_as_a_page(paper: Desk) -> None:
    assert paper("digests", "preview", "daily", "--out", "daily.html").code == 0
    assert "The harbour opens" in (paper.folder / "daily.html").read_text()


def test_a_test_mail_is_no_delivery(paper: Desk) -> None:
    said = paper("digests", "preview", "daily", "--to", "me@paper.example")
    assert said.out.endswith("mailed to me@paper.example\n")
    (letter,) = letters(paper)
    mail = message_from_bytes(letter.read_bytes(), policy=policy.default)
    assert mail["To"] == "me@paper.example"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert paper("digests", "list", "--json").json == {"digests": []}
    assert paper("deliveries", "list", "--channel", "daily").out == "no deliveries\n"
    assert paper("digests", "preview", "daily", "--to", "no address").code == 2


def test_without_mail_nothing_is_planned(desk: Desk) -> None:
    desk.settings(MAIL.replace('[mail]\nfrom = "The Paper <news@paper.example>"\n', ""))
    said = desk("send", "--digest", "daily", "--yes")
    assert said.code == 2
    assert "[mail]" in said.err


def test_an_article_or_a_digest_is_sent(paper: Desk) -> None:
    assert paper("send").code == 2
    assert paper("send", "1", "--digest", "daily").code == 2
    assert paper("send", "--digest", "daily", "--again").code == 2


def test_mail_is_paused_by_the_digests_name(paper: Desk) -> None:
    assert paper("pause", "daily").out == "daily is paused; to go on: distributor resume daily\n"
    assert paper("send", "--digest", "daily", "--yes").code == 3
    assert not letters(paper)
    assert paper("resume", "daily").out == "daily goes on\n"
    assert paper("pause", "dayly").code == 2


def test_a_digest_by_its_name_is_its_latest_slot(paper: Desk) -> None:
    paper("send", "--digest", "daily", "--yes")
    (told,) = paper("digests", "list", "--json").json["digests"]
    by_name, by_slot = (paper("digests", "show", word, "--json").json for word in ("daily", told["name"]))
    assert by_name == by_slot
    assert [one["planned"] for one in by_name["editions"]] == [1, 1]
    assert paper("digests", "show", "weekly").code == 2
    assert paper("digests", "release", "daily").out == "nothing to release\n"
