"""What every database must do with posts that are read back, and with what other outlets report."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from distributor.model import Receipt, State
from distributor.states import Settlement
from distributor.store import Store, articles, coverage, ledger, queue, readings, signals, tables
from tests.contracts.database import DAY, HOUR, MINUTE, NOW, DatabaseContract
from tests.contracts.posts import add, article, post


def sent(store: Store, channel: str = "x") -> int:
    """A post that went out just now."""
    (row,) = add(store, post(7, channel))
    with store.write() as connection:
        claimed = ledger.claim(
            connection, row, message_id=1, revision=1, cost=0.2, account="x:desk", owner="me", now=NOW, until=NOW + HOUR
        )
        assert claimed is not None
        done = Settlement(state=State.SENT, receipt=Receipt("42", "https://x.example/42"))
        assert ledger.settle(connection, claimed, done, NOW)
    return row.id


class EngagementContract(DatabaseContract):
    def test_a_post_that_went_out_is_read_from_then_on_by_one_at_a_time(self, store: Store) -> None:
        number = sent(store)
        with store.write() as connection:
            for _ in range(2):
                readings.begin(connection, ["x"], NOW - DAY, 10 * MINUTE)
            assert readings.due(connection, "x", NOW, 10) == []
            then = NOW + 10 * MINUTE
            (one,) = readings.due(connection, "x", then, 10)
            assert (one.delivery_id, one.receipt.remote_id, one.posted_at) == (number, "42", NOW)
            assert readings.lease(connection, [one], then, then + MINUTE) == [one]
            assert readings.lease(connection, [one], then, then + MINUTE) == []

    def test_what_is_put_off_is_news_once(self, store: Store) -> None:
        sent(store)
        with store.write() as connection:
            readings.begin(connection, ["x"], NOW - DAY, 10 * MINUTE)
            assert readings.put_off(connection, "x", NOW + HOUR, "401")
            assert not readings.put_off(connection, "x", NOW + 2 * HOUR, "401")
            assert readings.due(connection, "x", NOW + HOUR, 10) == []
            assert readings.troubles(connection, NOW) == {"x": "401"}

    def test_reading_is_a_part_of_what_was_spent(self, store: Store) -> None:
        sent(store)
        with store.write() as connection:
            readings.spend(connection, "x", 0.05, NOW)
            readings.spend(connection, "x", 0.0, NOW)
            assert round(queue.spent(connection, "x", NOW - DAY), 6) == 0.25
            assert queue.spent(connection, "x", NOW + DAY) == 0
            readings.forget(connection, NOW + DAY)
            assert readings.spent(connection, "x", NOW - DAY) == 0

    def test_an_outlet_counts_once_for_an_article_at_its_first_report(self, store: Store) -> None:
        rows = [
            {"outlet": outlet, "guid": guid, "title": guid, "at": NOW - hours * HOUR, "until": NOW + DAY, "words": {}}
            for outlet, guid, hours in (("gazette", "g1", 3), ("gazette", "g2", 1), ("herald", "h1", 2))
        ]
        with store.write() as connection:
            ours = articles.add(connection, article(), keys=[], digest="", story=0)
            coverage.add(connection, rows)
            coverage.add(connection, rows)
            heard = coverage.recent(connection, NOW - DAY, 100)
            assert len(heard) == 3
            assert coverage.match(connection, {one.id: ours.id for one in heard}) == 2
            assert coverage.match(connection, {one.id: ours.id for one in heard}) == 0
            found = signals.series(connection, [ours.id])[ours.id]["radar", "coverage"]
            assert found == [(NOW - 3 * HOUR, 1), (NOW - 2 * HOUR, 1)]
            assert [one.outlet for one in coverage.of_article(connection, [ours.id])[ours.id]] == ["gazette", "herald"]
            coverage.forget(connection, NOW + DAY + timedelta(seconds=1))
            assert connection.execute(sa.select(tables.coverage.c.id)).all() == []
