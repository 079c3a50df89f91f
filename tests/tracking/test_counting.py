"""The counter: what waits is bounded, what the database refuses is kept, nobody is known by name."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import counting
from distributor.context import App
from distributor.counting import Counter, Seen
from distributor.errors import StoreError
from distributor.store import tables as t
from tests.desk import START, make_app

SEEN = Seen(at=START, kind="clicks", article_id=1, channel="x", link_id=5, visitor=7)


@pytest.fixture
def app(tmp_path: Path) -> App:
    return make_app('[site]\nname = "The Paper"', tmp_path)


def events(app: App) -> list[Any]:
    with app.store.read() as connection:
        return list(connection.execute(sa.select(t.event).order_by(t.event.c.id)))


def raw(app: App) -> list[tuple[int, int]]:
    with app.store.read() as connection:
        return [tuple(row) for row in connection.execute(sa.select(t.signal.c.raw, t.signal.c.counted))]


def delivery(app: App, *, claimed: int, settled: int | None) -> int:
    """A mail, claimed and settled so many seconds after the start."""
    moments = {"claimed_at": START + timedelta(seconds=claimed)}
    if settled is not None:
        moments["settled_at"] = START + timedelta(seconds=settled)
    values = {"key": "d1", "kind": "digest", "channel": "daily", "lane": 1, "recipient_id": 3, "planned_at": START}
    with app.store.write() as connection:
        statement = sa.insert(t.delivery).values(**values, due_at=START, state="sent", **moments)
        return int(connection.execute(statement.returning(t.delivery.c.id)).scalar_one())


def test_what_is_seen_is_written_at_the_next_flush(app: App) -> None:
    counter = Counter(app)
    counter.note(SEEN)
    counter.note(replace(SEEN, kind="views", channel="site", marks=9))
    assert events(app) == []
    assert counter.flush() == 2
    assert counter.flush() == 0
    assert [
        (row.kind, row.channel, row.link_id, row.visitor, row.mail, row.delay, row.marks) for row in events(app)
    ] == [
        ("clicks", "x", 5, 7, 0, -1, 0),
        ("views", "site", 5, 7, 0, -1, 9),
    ]


@pytest.mark.parametrize(
    ("claimed", "settled", "delay"),
    [(-90, -60, 60), (-3, 5, 3), (-3, None, 3), (5, 9, -1)],
    ids=["settled", "before its batch was settled", "not settled yet", "before it was claimed"],
)
def test_a_mail_becomes_a_hash_and_a_delay(app: App, claimed: int, settled: int | None, delay: int) -> None:
    number = delivery(app, claimed=claimed, settled=settled)
    counter = Counter(app)
    for _ in range(2):
        counter.note(replace(SEEN, delivery_id=number))
    counter.flush()
    one, two = events(app)
    assert one.mail == two.mail not in (0, number)
    assert one.delay == delay


def test_a_mail_that_is_gone_is_a_hash_without_a_delay(app: App) -> None:
    counter = Counter(app)
    counter.note(replace(SEEN, delivery_id=4711))
    counter.flush()
    assert events(app)[0].delay == -1
    assert events(app)[0].mail != 0


def test_above_the_most_that_waits_there_are_only_numbers(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST", 3)
    counter = Counter(app)
    for number in range(20):
        counter.note(replace(SEEN, article_id=number % 5))
    counter.flush()
    assert len(events(app)) == 3
    assert sum(number for number, _ in raw(app)) == 11, "of three articles"
    assert counter.lost == 6
    assert {counted for _, counted in raw(app)} == {0}


def test_a_database_that_is_away_loses_nothing_that_fits(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter(app)
    counter.note(SEEN)
    with monkeypatch.context() as broken:
        broken.setattr(app.store, "write", _away)
        assert counter.flush() == 0
        counter.note(replace(SEEN, article_id=2))
        assert counter.flush() == 0
    assert counter.flush() == 2
    assert [row.article_id for row in events(app)] == [1, 2]


def test_memory_is_bounded_while_the_database_is_away(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST", 4)
    counter = Counter(app)
    with monkeypatch.context() as broken:
        broken.setattr(app.store, "write", _away)
        for _ in range(10):
            for _ in range(3):
                counter.note(SEEN)
            counter.flush()
    assert counter.flush() == 4
    assert sum(number for number, _ in raw(app)) == 26


def test_a_visitor_is_the_same_today_for_every_process_and_another_tomorrow(app: App) -> None:
    one, other = Counter(app), Counter(app)
    ada = one.visitor("192.0.2.1", "Firefox")
    assert ada == other.visitor("192.0.2.1", "Firefox")
    assert 0 < ada < 2**63
    assert ada not in (one.visitor("192.0.2.2", "Firefox"), one.visitor("192.0.2.1", "Safari"))
    app.clock.forward(days=1)  # type: ignore[attr-defined]
    assert Counter(app).visitor("192.0.2.1", "Firefox") != ada


def test_an_ipv6_reader_is_known_by_the_network(app: App) -> None:
    counter = Counter(app)
    assert counter.visitor("2001:db8:1:2::1", "x") == counter.visitor("2001:db8:1:2:ffff::9", "x")
    assert counter.visitor("2001:db8:1:2::1", "x") != counter.visitor("2001:db8:1:3::1", "x")
    assert counter.visitor("::ffff:192.0.2.1", "x") == counter.visitor("192.0.2.1", "x")
    assert counter.visitor("fe80::1%eth0", "x") > 0


def test_without_a_database_visitors_are_still_told_apart(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.store, "write", _away)
    counter = Counter(app)
    assert counter.visitor("192.0.2.1", "x") == counter.visitor("192.0.2.1", "x") != counter.visitor("192.0.2.2", "x")


def test_the_thread_writes_within_seconds_and_close_writes_the_rest(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "EVERY", 0.02)
    counter = Counter(app).start()
    counter.note(SEEN)
    until = time.monotonic() + 5
    while not events(app) and time.monotonic() < until:
        time.sleep(0.01)
    assert len(events(app)) == 1
    monkeypatch.setattr(counting, "EVERY", 60)
    counter.note(SEEN)
    counter.close()
    counter.close()
    assert len(events(app)) == 2


def _away(**_: object) -> Any:
    raise StoreError("the database is away")
