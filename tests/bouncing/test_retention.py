"""Nothing is kept longer than the settings say, and the law stays true."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import reporting
from distributor.model import Kind, Message
from distributor.retention import Deleted, retention
from distributor.store import Store, census, ledger
from distributor.store import retention as retention_store
from distributor.store import tables as t
from tests import servers
from tests.desk import START
from tests.mailing.office import Office
from tests.store.test_postgresql import database

LONG_AGO = START - timedelta(days=91)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def put(office: Office, table: sa.Table, **values: Any) -> None:
    with office.app.store.write() as connection:
        connection.execute(sa.insert(table).values(values))


def count(office: Office, table: sa.Table) -> int:
    with office.app.store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def law(office: Office) -> reporting.Law:
    with office.app.store.read() as connection:
        return reporting.law(connection)


def edition(office: Office, readers: int, **values: Any) -> None:
    moments = {"slot": START, "since": START, "until": START, "made_at": START}
    put(office, t.edition, **{"key": "e", "digest": "daily", "choice_id": 1, "readers": readers} | moments | values)


def newsroom(office: Office) -> None:
    """Old and new mails of an edition, of an alert, and letters; all of them planned by their counters."""
    edition(office, 7)
    put(office, t.article, source="paper", published_at=START, seen_at=START, planned=3)
    office.readers(5, state="sent", settled_at=LONG_AGO, planned_at=LONG_AGO)
    office.readers(1, state="sent", settled_at=START, planned_at=LONG_AGO)
    office.readers(1, planned_at=LONG_AGO)
    alert = {"kind": "alert", "channel": "alerts", "edition_id": 0, "article_id": 1, "message_id": 0}
    office.readers(1, state="failed", settled_at=LONG_AGO, planned_at=LONG_AGO, **alert)
    office.readers(1, state="skipped", settled_at=START, **alert)
    put(office, t.delivery, key="post", kind="post", channel="wall", article_id=1, state="sent",
        planned_at=LONG_AGO, due_at=LONG_AGO, settled_at=LONG_AGO)  # fmt: skip
    for settled in (LONG_AGO, START):
        letter(office, settled)


def letter(office: Office, settled: datetime, recipient: int = 1) -> None:
    with office.app.store.write() as connection:
        message = ledger.freeze(connection, Message(text="r1@reader.example"), "f", settled)
        values = {"kind": Kind.LETTER.value, "channel": "letters", "recipient_id": recipient, "message_id": message}
        values |= {"state": "sent", "planned_at": settled, "due_at": settled, "settled_at": settled}
        connection.execute(sa.insert(t.delivery).values(key=f"letter:{message}", **values))
        planned = census.fact(connection, census.LETTERS_PLANNED)
        census.remember(connection, census.LETTERS_PLANNED, (planned[0] if planned else 0) + 1, START)


def test_old_mails_go_and_the_law_still_holds(office: Office) -> None:
    newsroom(office)
    before = law(office)
    assert before.planned == 12
    assert before.holds
    assert retention(office.app).mails == 7
    after = law(office)
    assert after.planned == 5
    assert after.holds
    with office.app.store.read() as connection:
        kept = connection.execute(sa.select(t.delivery.c.kind, t.delivery.c.state).order_by(t.delivery.c.id)).all()
        letters = connection.execute(sa.select(sa.func.count()).where(t.message.c.data.is_not(None))).scalar_one()
    assert [tuple(row) for row in kept] == [
        ("digest", "sent"), ("digest", "pending"), ("alert", "skipped"), ("post", "sent"), ("letter", "sent"),
    ]  # fmt: skip
    assert letters == count(office, t.message)
    assert retention(office.app) == Deleted()


def test_links_of_old_mails_and_lists_go_and_those_of_posts_lead_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_store, "CHUNK", 2)
    old = START - timedelta(days=401)
    post = {"state": "sent", "planned_at": old, "due_at": old, "settled_at": old}
    put(office, t.delivery, key="post", kind="post", channel="wall", article_id=1, **post)
    put(office, t.delivery, key="lost", kind="post", channel="wall", article_id=2, **(post | {"state": "failed"}))
    put(office, t.delivery, key="best", kind="post", channel="wall", edition_id=9, **post)
    put(office, t.delivery, key="mail", kind="digest", channel="daily", edition_id=8, recipient_id=1, **post)
    links = [
        ("post", 1, "wall", 0, old), ("lost", 2, "wall", 0, old), ("edition", 3, "wall", 9, old),
        ("mail", 1, "daily", 8, old), ("list", 1, "trending", 0, old), ("alert", 1, "instant", 0, old),
        ("new", 1, "daily", 7, START - timedelta(days=399)),
    ]  # fmt: skip
    for code, article, channel, edition_id, made in links:
        values = {"article_id": article, "channel": channel, "edition_id": edition_id, "made_at": made}
        put(office, t.link, code=code, url="https://paper.example/1", **values)
    assert retention(office.app).links == 4
    with office.app.store.read() as connection:
        assert connection.execute(sa.select(t.link.c.code).order_by(t.link.c.id)).scalars().all() == [
            "post", "edition", "new",
        ]  # fmt: skip
    assert retention(office.app).links == 0


def test_more_mails_than_a_piece_all_go(office: Office) -> None:
    edition(office, 1201)
    office.readers(1200, state="sent", settled_at=LONG_AGO, planned_at=LONG_AGO)
    office.readers(1)
    assert retention(office.app).mails == 1200
    assert law(office).planned == 1
    assert law(office).holds


def test_a_turn_that_is_over_leaves_the_rest_for_the_next(office: Office) -> None:
    newsroom(office)
    gone = retention(office.app, turn_s=0)
    assert gone.more
    assert gone.mails == 0
    assert law(office).holds


def test_requests_that_nobody_confirmed_go_after_two_days(office: Office) -> None:
    office.readers(2)
    office.set_reader(1, status="pending", created_at=START - timedelta(hours=49))
    office.set_reader(2, status="pending", created_at=START - timedelta(hours=47))
    assert retention(office.app).requests == 1
    assert count(office, t.subscriber) == 1


@pytest.mark.parametrize("status", ["left", "suppressed"])
def test_who_is_no_reader_any_more_goes_with_all_that_is_personal(office: Office, status: str) -> None:
    office.readers(3, state="sent", settled_at=START)
    letter(office, START)
    old = START - timedelta(days=400)
    for number in (1, 2, 3):
        office.set_reader(number, status=status, created_at=old)
    office.set_reader(3, status="active")
    put(office, t.consent, subscriber_id=1, at=START - timedelta(days=31), act=status)
    put(office, t.consent, subscriber_id=2, at=START - timedelta(days=29), act=status)
    put(office, t.bounce, subscriber_id=1, at=START, kind="bounce")
    assert retention(office.app).left == 1
    with office.app.store.read() as connection:
        assert connection.execute(sa.select(t.subscriber.c.id).order_by(t.subscriber.c.id)).scalars().all() == [2, 3]
        assert connection.execute(sa.select(t.consent.c.subscriber_id)).scalars().all() == [2]
        texts = str(connection.execute(sa.select(t.message.c.data)).all())
    assert count(office, t.bounce) == 0
    assert "r1@reader.example" not in texts
    assert count(office, t.delivery) == 4


def test_bounces_heard_ids_and_requests_by_address_go_in_their_time(office: Office) -> None:
    for days in (181, 179):
        put(office, t.bounce, subscriber_id=1, at=START - timedelta(days=days), kind="bounce")
    for hours in (25, 23):
        put(office, t.heard, id=f"id{hours}", at=START - timedelta(hours=hours))
    for days in (366, 364):
        put(office, t.asked, key=f"k{days}", purpose="confirm", last_at=START - timedelta(days=days))
    gone = retention(office.app)
    assert (gone.bounces, gone.heard, gone.asked) == (1, 1, 1)
    assert [count(office, table) for table in (t.bounce, t.heard, t.asked)] == [1, 1, 1]


def test_old_letters_in_the_outbox_go_and_nothing_else_there(office: Office) -> None:
    folder = office.app.settings.site.data / "outbox" / "new"
    folder.mkdir(parents=True)
    old, new, foreign = "1.0123456789abcdef.distributor", "2.0123456789abcdef.distributor", "notes.txt"
    for name in (old, new, foreign):
        (folder / name).write_text("x")
    for name in (old, foreign):
        os.utime(folder / name, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    os.utime(folder / new, (START.timestamp(), START.timestamp()))
    assert retention(office.app).files == 1
    assert sorted(one.name for one in folder.iterdir()) == [new, foreign]


@pytest.mark.server("postgresql")
def test_on_postgresql_the_law_holds_too(tmp_path: Path, postgresql_server: servers.Server) -> None:
    with database(postgresql_server) as url:
        office = Office(tmp_path, store=Store(url))
        newsroom(office)
        assert (law(office).planned, law(office).holds) == (12, True)
        office.set_reader(2, status="left", created_at=LONG_AGO)
        gone = retention(office.app)
        assert (gone.mails, gone.left) == (7, 1)
        assert (law(office).planned, law(office).holds) == (5, True)
        status = reporting.status(office.app)
        assert status.law.holds
        assert status.day.holds
        office.app.store.close()
