"""What is asked often is asked of an index: no look at a queue reads what was settled long ago."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.store import (
    Store,
    accounts,
    alerts,
    census,
    coverage,
    gauges,
    ledger,
    mailcensus,
    mailing,
    queue,
    readings,
    reports,
    snapshot,
    windows,
)
from distributor.store.queue import Gate
from tests.contracts.database import DAY, NOW

CHANNELS = ["x", "masto"]
GATES = [Gate("x", ordinary=True, urgent=True), Gate("masto", ordinary=False, urgent=True)]
OFTEN: dict[str, Callable[[sa.Connection], Any]] = {
    "the next post": lambda c: queue.peek(c, GATES, NOW),
    "whether a post is due": lambda c: queue.any_due(c, CHANNELS, NOW),
    "posts by rank": lambda c: queue.waiting_by_rank(c, "x", NOW),
    "whether something is too old": lambda c: queue.has_expired(c, NOW, but=["daily"]),
    "what is too old": lambda c: queue.expire(c, NOW, but=["daily"]),
    "posts left behind": lambda c: queue.overrun(c, NOW, ["host/1"]),
    "doubts": lambda c: queue.doubtful(c, CHANNELS, NOW),
    "what was spent": lambda c: queue.spent(c, "x", NOW - DAY),
    "posts to read back": lambda c: readings.due(c, "x", NOW, 10),
    "posts that nobody reads back yet": lambda c: readings.begin(c, CHANNELS, NOW - DAY, DAY),
    "what other outlets report": lambda c: coverage.recent(c, NOW - DAY, 100),
    "what an outlet told": lambda c: coverage.known(c, "gazette", ["g1"]),
    "who reports it too": lambda c: coverage.of_article(c, [1]),
    "articles to rank": lambda c: snapshot.items(c, NOW, since=NOW - DAY),
    "what is held of a source": lambda c: ledger.held_of_source(c, "desk"),
    "the next mails": lambda c: mailing.due(c, "daily", NOW, 100),
    "whether a mail is due": lambda c: mailing.any_due(c, ["daily"], NOW),
    "mails left behind": lambda c: mailing.left_behind(c, NOW, ["host/1"]),
    "mails of a journal": lambda c: mailing.under_lease(c, "/1"),
    "readers of a slot": lambda c: windows.waiting(c, 1, NOW, 1000),
    "what waits where": lambda c: census.unsettled(c),
    "what is uncertain": lambda c: mailcensus.uncertain(c),
    "what a page shows": lambda c: gauges.pulse(c),
    "who is at work": lambda c: accounts.slot_owners(c),
    "whether anybody wants alerts": lambda c: alerts.has_listeners(c, instant=True),
    "the oldest due": lambda c: gauges.oldest_due(c, NOW),
    "an article's posts": lambda c: ledger.of_article(c, 1),
    "articles' posts": lambda c: census.of_articles(c, [1, 2]),
    "how many readers a slot has": lambda c: windows.count_readers(c, [1, 2], NOW),
    "what monitors count": lambda c: gauges.tallies(c),
    "what was counted of an article": lambda c: reports.ticks(c, 1),
    "an article's mails": lambda c: census.mails_of_article(c, 1),
    "a channel's posts and their clicks": lambda c: reports.posted(c, "x", NOW - DAY),
    "a list's clicks": lambda c: reports.listed(c, "trending", NOW - DAY),
    "how many mails": lambda c: reports.mails(c, "alerts", NOW - DAY),
    "what links are of": lambda c: reports.channels(c),
    "a slot's links": lambda c: reports.links(c, "daily", [NOW]),
    "what came of a slot": lambda c: reports.losses(c, "daily", [NOW]),
}
# Which index answers, also where another one would do: of an article's alerts to a million readers none is read.
BY: dict[str, set[str]] = {
    "an article's posts": {"ix_delivery_to_channels"},
    "articles' posts": {"ix_delivery_to_channels"},
    "a channel's posts and their clicks": {"ix_delivery_channel_claimed_at", "ix_link_article_id_channel"},
    "a slot's links": {"ix_edition_digest_slot", "ix_link_edition_id"},
    "what came of a slot": {"ix_consent_gone", "ix_delivery_recipient"},
    "how many readers a slot has": {"ix_subscriber_paused", "ix_subscriber_schedule_id_status_choice_id_watermark"},
}
# What reads no row at all, only indexes.
COVERED = ["what monitors count", "what waits where"]
INDEXES = ("USING COVERING INDEX", "ix_delivery_followed")  # what followed a post is little


@contextmanager
def plans(store: Store) -> Iterator[list[str]]:
    """How SQLite goes about each statement that is run in here."""
    steps: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if not statement.startswith(("SELECT", "UPDATE", "WITH")) or many:
            return
        rows = connection.connection.driver_connection.execute("EXPLAIN QUERY PLAN " + statement, values)
        steps.extend(row[-1] for row in rows)

    sa.event.listen(store.database.engine, "before_cursor_execute", explain)
    try:
        yield steps
    finally:
        sa.event.remove(store.database.engine, "before_cursor_execute", explain)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    opened = Store("sqlite://").open()
    yield opened
    opened.close()


@pytest.mark.parametrize("asked", OFTEN)
def test_it_is_found_by_an_index(store: Store, asked: str) -> None:
    with plans(store) as steps, store.write() as connection:
        OFTEN[asked](connection)
    assert steps
    read_whole = [
        step
        for step in steps
        if step.startswith(
            (
                "SCAN delivery",
                "SCAN article",
                "SCAN subscriber",
                "SCAN post",
                "SCAN link",
                "SCAN signal",
                "SCAN consent",
            )
        )
        and not any(name in step for name in ("ix_delivery_unsettled", "ix_delivery_lost", "COVERING INDEX"))
    ]
    assert read_whole == []
    wide = ("ix_delivery_channel_claimed_at (channel=?)", "ix_subscriber_status_created_at (status=?)")
    assert not [step for step in steps if any(name in step for name in wide)], "all of a channel, or all readers"


@pytest.mark.parametrize("asked", BY)
def test_it_is_found_by_the_smallest_index(store: Store, asked: str) -> None:
    with plans(store) as steps, store.read() as connection:
        OFTEN[asked](connection)
    used = {name for step in steps for name in BY[asked] if name in step}
    assert used == BY[asked], steps


@pytest.mark.parametrize("asked", COVERED)
def test_it_reads_indexes_only(store: Store, asked: str) -> None:
    with plans(store) as steps, store.read() as connection:
        OFTEN[asked](connection)
    assert [step for step in steps if " delivery" in step and not any(name in step for name in INDEXES)] == []
