"""What becomes of a delivery whose outcome nobody knows: it is looked up, or safely repeated, or left to a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from distributor import states
from distributor.channels import Finds
from distributor.context import App, Station
from distributor.model import Delivery, Doubt, Kind, State
from distributor.states import Settlement, Step
from distributor.store import ledger, queue

__all__ = ["doubt_of", "finds", "is_late_repeat", "settle_doubts"]

log = structlog.get_logger(__name__)

# Doing an edit or a deletion again changes nothing more: such a doubt is always settled by a repeat.
AGAIN_HARMLESS = Doubt(repeat_until=timedelta(days=1), repeats=5)


def settle_doubts(app: App, stations: Sequence[Station]) -> dict[int, State]:
    """Takes the next automatic step for each uncertain delivery that is due for one; returns their new states."""
    settled: dict[int, State] = {}
    with app.store.read() as connection:
        rows = queue.doubtful(connection, [station.name for station in stations], app.clock())
    for row in rows:
        settlement = _resolved(app, app.stations[row.channel], row)
        with app.store.write() as connection:
            if ledger.settle(connection, row, settlement, app.clock()):
                settled[row.id] = settlement.state
    return settled


def is_late_repeat(app: App, row: Delivery) -> bool:
    """Whether a pending repeat had to wait until it was not harmless any more; then it is uncertain again."""
    now = app.clock()
    late = states.too_late_to_repeat(row, doubt_of(app, row), finds=finds(app, row), now=now)
    if late is None:
        return False
    log.warning("repeat came too late", delivery=row.id, key=row.key)
    with app.store.write() as connection:
        ledger.settle(connection, row, late, now)
    return True


def _resolved(app: App, station: Station, row: Delivery) -> Settlement:
    doubt, now = doubt_of(app, row), app.clock()
    step = states.in_doubt(row, doubt, finds(app, row), now)
    if step.step is Step.REPEAT:
        return states.repeat(row, now)
    if step.step is Step.FIND:
        return _found(app, station, row, doubt)
    return states.left_open(row, step.at)


def _found(app: App, station: Station, row: Delivery, doubt: Doubt) -> Settlement:
    with app.store.read() as connection:
        frozen = ledger.message(connection, row.message_id)
    channel, since = station.channel, row.doubt_since or row.claimed_at or row.planned_at
    if frozen is None or not isinstance(channel, Finds):
        return states.left_open(row, None)
    try:
        receipt = channel.find(frozen[0], row.key, since)
    except Exception as error:  # a third party's channel must not take the worker down
        log.warning("could not look", channel=station.name, delivery=row.id, error=str(error))
        return states.left_open(
            row, app.clock() + states.backoff(row.failures + 4, app.jitter()), failures=row.failures + 1
        )
    return states.after_search(row, receipt, doubt=doubt, now=app.clock(), jitter=app.jitter())


def doubt_of(app: App, delivery: Delivery) -> Doubt:
    station = app.stations.get(delivery.channel)
    if delivery.kind is not Kind.POST:
        return AGAIN_HARMLESS
    return station.channel.doubt if station else Doubt()


def finds(app: App, delivery: Delivery) -> bool:
    station = app.stations.get(delivery.channel)
    return delivery.kind is Kind.POST and station is not None and isinstance(station.channel, Finds)
