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
    gauges,
    ledger,
    mailcensus,
    mailing,
    queue,
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
}


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
        if step.startswith(("SCAN delivery", "SCAN article", "SCAN subscriber", "SCAN post"))
        and "ix_delivery_unsettled" not in step
    ]
    assert read_whole == []
    wide = ("ix_delivery_channel_claimed_at (channel=?)", "ix_subscriber_status_created_at (status=?)")
    assert not [step for step in steps if any(name in step for name in wide)], "all of a channel, or all readers"
