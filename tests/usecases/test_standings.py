"""Where articles stand: by what readers did, by an editor's word, the same for queues and digests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import acts, deliver, judging, standings, sweeping, upkeep
from distributor.context import App
from distributor.errors import DistributorError, StoreError
from distributor.store import census, signals, snapshot, tables, windows
from tests.desk import Clock, entry, ingest, rows
from tests.usecases.conftest import SETTINGS, memory

WHO = "ana"


def seen(app: App, article: int, *, readers: int = 1, **changes: Any) -> None:
    """So many readers click now."""
    plain = {"kind": "clicks", "channel": "wall", "article_id": article, "mail": 0, "delay": -1, "marks": 0}
    visitors = range(1000 * article, 1000 * article + readers)
    with app.store.write() as connection:
        events = [plain | {"at": app.clock(), "visitor": visitor} | changes for visitor in visitors]
        signals.add_events(connection, events)


def order(app: App) -> list[int]:
    query = sa.select(tables.ranking.c.article_id).order_by(
        tables.ranking.c.score.desc(), tables.ranking.c.article_id.desc()
    )
    with app.store.read() as connection:
        return list(connection.execute(query).scalars())


def parts(app: App, article: int) -> dict[str, float]:
    with app.store.read() as connection:
        found = snapshot.of(connection, article)
    return dict(found.parts) if found else {}


def test_what_readers_click_comes_first_a_minute_later(app: App, clock: Clock) -> None:
    ingest(app, entry(1), entry(2))
    seen(app, 1, readers=5)
    upkeep.rank(app)
    assert "wall clicks" not in parts(app, 1), "not judged yet"
    clock.forward(seconds=61)
    upkeep.rank(app)
    assert order(app) == [1, 2]
    assert parts(app, 1)["wall clicks"] > 0


def test_what_was_sent_is_ranked_on_until_its_time_is_over(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    deliver.drain(app, app.stations["wall"].account)
    with app.store.write() as connection:
        connection.execute(sa.update(tables.delivery).values(state="sent"))
    clock.forward(hours=95)
    upkeep.rank(app)
    assert order(app) == [1]
    clock.forward(hours=2)
    upkeep.rank(app)
    assert order(app) == []


def test_robots_are_counted_raw_and_rank_nobody(app: App, clock: Clock) -> None:
    ingest(app, entry(1), entry(2))
    seen(app, 1, readers=9, marks=1)
    clock.forward(seconds=61)
    upkeep.rank(app)
    assert "wall clicks" not in parts(app, 1)
    with app.store.read() as connection:
        row = connection.execute(sa.select(tables.signal)).one()
    assert (row.raw, row.counted) == (9, 0)


def test_a_flood_is_judged_without_looking_at_each_of_it(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    for _ in range(3):
        seen(app, 1, readers=1)
    with app.store.write() as connection:
        plain = {"kind": "views", "channel": "site", "article_id": 1, "at": clock(), "visitor": 7}
        signals.add_events(connection, [plain] * 2500)
    clock.forward(seconds=61)
    assert judging.judge_seen(app) == 2503
    with app.store.read() as connection:
        counted = dict(map(tuple, connection.execute(sa.select(tables.signal.c.kind, tables.signal.c.counted))))
    assert counted == {"views": 0, "clicks": 1}


def test_events_and_salts_are_gone_when_they_tell_nothing_any_more(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    seen(app, 1)
    with app.store.write() as connection:
        signals.salt(connection, clock())
    for hours in (0.1, 1):
        clock.forward(hours=hours)
        judging.judge_seen(app)
    with app.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.event)).scalar_one() == 0
    clock.forward(hours=24)
    judging.judge_seen(app)
    with app.store.read() as connection:
        salts = connection.execute(sa.select(tables.fact.c.key).where(tables.fact.c.key.startswith("salt:")))
        assert salts.scalars().all() == []


def test_what_is_over_is_forgotten_however_much_waits_to_be_judged(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(app, entry(1))
    seen(app, 1)
    clock.forward(minutes=2)
    judging.judge_seen(app)
    clock.forward(hours=1)
    # Always a whole batch more: the turn ends first.
    monkeypatch.setattr(judging, "_judge", lambda *_: judging.BATCH)
    judging.judge_seen(app, turn_s=0.2)
    with app.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.event)).scalar_one() == 0


def test_queues_are_ranked_even_if_readers_cannot_be_judged(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(app, entry(1))
    clock.forward(minutes=10)

    def fail(_app: App) -> int:
        raise StoreError("the disk is full")

    monkeypatch.setattr(judging, "judge_seen", fail)
    with pytest.raises(StoreError):
        upkeep.rank(app)
    with app.store.read() as connection:
        assert snapshot.made_at(connection) == clock()


def test_a_clock_that_was_wrong_holds_no_rank_for_ever(app: App, clock: Clock) -> None:
    ingest(app, entry(1), entry(2))
    clock.forward(hours=24 * 400)
    with app.store.write() as connection:
        connection.execute(sa.update(tables.ranking).values(at=clock(), score=99.0))
    clock.forward(hours=-24 * 400)
    upkeep.rank(app)
    upkeep.rank(app)
    with app.store.read() as connection:
        assert connection.execute(sa.select(sa.func.max(tables.ranking.c.at))).scalar_one() == clock()


def test_a_pin_comes_first_and_a_bury_last_until_their_time_is_over(app: App, clock: Clock) -> None:
    ingest(app, entry(1), entry(2), entry(3))
    acts.place(app, 1, WHO, "pin", clock() + timedelta(hours=6))
    acts.place(app, 3, WHO, "bury")
    assert order(app) == [1, 2, 3]
    assert "pinned" in parts(app, 1)
    assert "buried" in parts(app, 3)
    clock.forward(hours=6)
    upkeep.rank(app)
    assert order(app) == [2, 1, 3]
    acts.place(app, 3, WHO, "")
    assert order(app) == [3, 2, 1]


def test_a_pin_is_written_down_with_its_end(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    acts.place(app, 1, WHO, "pin", clock() + timedelta(hours=6))
    acts.place(app, 1, WHO, "")
    with app.store.read() as connection:
        undone, done = census.audited(connection, subject="article:1")
    assert (done.who, done.what, done.detail) == (WHO, "pin", {"until": "2026-05-04T15:00:00+00:00"})
    assert (undone.who, undone.what) == (WHO, "unpin")


def test_a_pin_that_ends_before_it_begins_is_refused(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    with pytest.raises(DistributorError):
        acts.place(app, 1, WHO, "pin", clock())


def test_a_pinned_article_goes_out_first(app: App) -> None:
    ingest(app, entry(1))
    ingest(app, entry(2))
    acts.place(app, 1, WHO, "pin")
    deliver.drain(app, app.stations["wall"].account)
    assert [post.message.title.split()[2] for post in memory(app).posts] == ["1", "2"]


def test_a_revision_leaves_the_place_alone(app: App) -> None:
    ingest(app, entry(1))
    acts.place(app, 1, WHO, "pin")
    ingest(app, entry(1, title="Something else altogether has happened"))
    upkeep.rank(app)
    assert "pinned" in parts(app, 1)


def test_news_joins_the_snapshot_and_moves_nobody_in_it(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    seen(app, 1, readers=3)
    clock.forward(seconds=61)
    upkeep.rank(app)
    before = parts(app, 1)
    ingest(app, entry(2), entry(1, title="Something else altogether has happened"))
    assert parts(app, 1) == before
    assert parts(app, 2)


def front(app: App, hours: float) -> list[int]:
    """As a digest of the last so many hours has them."""
    until = app.clock()
    since = until - timedelta(hours=hours)
    with app.store.read() as connection:
        items = [item for item, _ in windows.window(connection, since, until)]
        return [one.article_id for one in standings.over(app, connection, items, since, until)]


def test_a_digest_is_ranked_by_what_readers_did_in_its_time(app: App, clock: Clock) -> None:
    ingest(app, entry(1), entry(2), entry(3))
    seen(app, 2, readers=8)
    clock.forward(seconds=61)
    upkeep.rank(app)
    assert front(app, 1) == [2, 3, 1]
    acts.place(app, 1, WHO, "pin")
    assert front(app, 1) == [1, 2, 3]


def test_a_digest_of_a_week_knows_what_its_first_day_brought(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    for hour in range(12):
        seen(app, 1, readers=8 + hour)
        clock.forward(hours=1)
        upkeep.rank(app)
    clock.forward(days=5)
    upkeep.rank(app)
    ingest(app, entry(2, published_at=clock() - timedelta(hours=1)))
    seen(app, 2, readers=1)
    clock.forward(seconds=61)
    upkeep.rank(app)
    assert order(app)[0] == 2, "what rises now"
    assert front(app, 7 * 24) == [1, 2]


def test_one_story_told_twice_is_at_the_front_once(app: App, clock: Clock) -> None:
    title = "Council votes to close the old harbour bridge for two years"
    ingest(app, entry(1, title=title, summary="The council voted late at night, after hours of talk in the town hall."))
    ingest(app, entry(2, title=title, summary="The council voted late at night, after hours of talk in the town hall."))
    ingest(app, entry(3), entry(4))
    seen(app, 1, readers=9)
    seen(app, 2, readers=8)
    clock.forward(seconds=61)
    upkeep.rank(app)
    assert order(app)[:2] == [1, 2]
    assert front(app, 1) == [1, 4, 3, 2]
    with app.store.read() as connection:
        told = dict(map(tuple, connection.execute(sa.select(tables.ranking.c.article_id, tables.ranking.c.story))))
    assert told[1] == told[2] != told[3]


def test_what_falls_out_of_a_slow_queue_is_in_the_audit(newsroom: Any, clock: Clock) -> None:
    app = newsroom(
        SETTINGS.replace(
            '[channels.wall]\nkind = "memory"', '[channels.wall]\nkind = "memory"\nper_hour = 1\nexpires_after = "2h"'
        )
    )
    ingest(app, entry(1), entry(2))
    acts.place(app, 1, WHO, "pin")
    deliver.drain(app, app.stations["wall"].account)
    clock.forward(hours=2, seconds=1)
    sweeping.sweep(app)
    (row,) = [row for row in rows(app, "wall") if row.article_id == 2]
    with app.store.read() as connection:
        (line,) = census.audited(connection, subject=f"delivery:{row.id}")
    assert (line.who, line.what) == ("distributor", "drop")
    assert line.detail["reason"] == "too-old"
    assert line.detail["sent_meanwhile"] == 1
    assert line.detail["waited_s"] == 7201


def test_the_counts_of_long_ago_are_kept_by_the_day(app: App, clock: Clock) -> None:
    from distributor.retention import retention

    with app.store.write() as connection:
        for minutes in (0, 20, 40):
            signals.add(connection, 1, "wall", "clicks", clock() + timedelta(minutes=minutes), 1, 1)
    clock.forward(days=15)
    retention(app)
    with app.store.read() as connection:
        (row,) = connection.execute(sa.select(tables.signal)).all()
    assert (row.raw, row.bucket.hour) == (3, 0)
    clock.forward(days=400)
    retention(app)
    with app.store.read() as connection:
        assert connection.execute(sa.select(tables.signal)).all() == []
