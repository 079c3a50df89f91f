"""How posts fare where they went: likes, reposts and replies read back from the networks, less and less as they age.

posted -> 10 min -> 20 -> 40 -> ... each time twice as old, until a week -> no more
due -> lease -> channel.measure, in batches -> totals -> what they grew by is a signal
           |-> gone, twice                 -> no more of this post
           '-> 429, 401, no answer         -> the channel is read later; posting goes on

Where reading costs money it waits for posting: see `_affordable`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from distributor import gates, pacing
from distributor.channels import Measures
from distributor.context import App, Station
from distributor.errors import ChannelError, ChannelPaused, RetryLater
from distributor.store import accounts, queue, readings, signals
from distributor.store.readings import Reading

__all__ = ["measure_due", "next_look"]

log = structlog.get_logger(__name__)

FIRST = timedelta(minutes=10)
# A post that was resolved by a person may be told late.
LOOK_BACK = timedelta(days=2)
WATCHED = timedelta(days=7)
# Where a reading costs money there are fewer: each post is read when it is four times as old.
FACTOR, DEAR_FACTOR = 2, 4
# Of a channel's budget, at most so much is spent on reading.
SHARE = 0.1
LEASE = timedelta(minutes=5)
TURN = 30.0
# Mastodon takes a request for each post, and allows 300 in five minutes: half of them stay for posting.
BATCHES = 3
MISSES = 2
# A person must mend something: it is tried again by itself now and then, and told once.
REFUSED = timedelta(hours=1)
FAILED = timedelta(minutes=10)


def measure_due(app: App, *, turn_s: float = TURN) -> int:
    """Reads the posts that are due, at most for one turn; how many were read. Raises StoreError."""
    stations = [one for one in app.stations.values() if isinstance(one.channel, Measures)]
    if not app.settings.signals.engagement or not stations:
        return 0
    now, until = app.clock(), time.monotonic() + turn_s
    with app.store.write() as connection:
        readings.begin(connection, [one.name for one in stations], now - LOOK_BACK, FIRST)
    return sum(_station(app, station, until) for station in stations)


def next_look(posted_at: datetime, now: datetime, factor: int = FACTOR) -> datetime | None:
    """When a post that was read now is read again: at twice its age. None after a week.

    The last reading is that of the week: what came between is in it.
    """
    age = max(now - posted_at, FIRST)
    return posted_at + min(factor * age, WATCHED) if age < WATCHED else None


def _station(app: App, station: Station, until: float) -> int:
    """One channel's turn."""
    read = 0
    for _ in range(BATCHES):
        if app.stopping.is_set() or time.monotonic() >= until:
            break
        with app.store.write() as connection:
            batch = _batch(app, connection, station)
        if not batch:
            break
        try:
            told = _asked(station, batch)
        except ChannelError as error:
            _failed(app, station, batch, error)
            break
        _take(app, station, batch, told)
        read += len(batch)
    return read


def _batch(app: App, connection: sa.Connection, station: Station) -> list[Reading]:
    """What this channel is asked next; nothing while it is paused, stopped, or its money is for posts."""
    assert isinstance(station.channel, Measures)
    now = app.clock()
    if not _is_open(connection, station, now):
        return []
    most = min(station.channel.measured_together, _affordable(connection, station, now))
    found = readings.due(connection, station.name, now, most) if most > 0 else []
    return readings.lease(connection, found, now, now + LEASE) if found else []


def _is_open(connection: sa.Connection, station: Station, now: datetime) -> bool:
    states = accounts.states(connection, [station.account, gates.channel_account(station.name)])
    off = accounts.paused(connection)
    return not ("*" in off or station.name in off) and not any(
        one.stopped or (one.paused_until and one.paused_until > now) for one in states.values()
    )


def _affordable(connection: sa.Connection, station: Station, now: datetime) -> int:
    """How many posts may be read for money now: at most a tenth of each budget, and nothing that waiting posts need.

    Without a budget nobody said that it may cost anything more than the posts: then nothing is read for money.
    """
    cost, budget = _read_cost(station), station.settings.budget
    if not cost:
        return 10**9
    if not (budget.monthly or budget.daily):
        return 0
    zone, name = station.settings.timezone, station.name
    begins = {"month": pacing.month_start(now, zone), "day": pacing.day_start(now, zone)}
    limits = {"month": budget.monthly, "day": budget.daily}
    waiting = len(queue.waiting_by_rank(connection, name, now)) * float(getattr(station.channel, "cost", 0.0))
    free = [
        min(
            SHARE * limit - readings.spent(connection, name, begins[span]),
            limit - queue.spent(connection, name, begins[span]) - waiting,
        )
        for span, limit in limits.items()
        if limit
    ]
    return max(0, int((min(free) + 1e-9) / cost))


def _asked(station: Station, batch: Sequence[Reading]) -> Mapping[str, Mapping[str, int]]:
    """The one call that leaves this machine. Raises ChannelErrors only."""
    assert isinstance(station.channel, Measures)
    try:
        return station.channel.measure([one.receipt for one in batch])
    except ChannelError:
        raise
    except Exception as error:  # a third party's channel must not take the worker down
        log.exception("channel failed", channel=station.name)
        problem = f"{station.name} failed: {type(error).__name__}: {error}"
    raise RetryLater(problem)


def _take(app: App, station: Station, batch: Sequence[Reading], told: Mapping[str, Mapping[str, int]]) -> None:
    """Totals become signals, and each post's next reading is set, in one transaction."""
    now, cost = app.clock(), _read_cost(station)
    factor = DEAR_FACTOR if cost else FACTOR
    known = [(one, told.get(one.receipt.remote_id or one.receipt.url)) for one in batch]
    with app.store.write() as connection:
        app.store.lock(connection, "signals")
        for one, totals in known:
            for kind, value in sorted((totals or {}).items()):
                origin = f"delivery:{one.delivery_id}"
                about = (one.article_id, one.channel, kind, origin, value)
                signals.total_moved(connection, *about, now, since=one.posted_at)
        readings.save(connection, [_read(one, totals, now, factor) for one, totals in known])
        readings.spend(connection, station.name, cost * sum(totals is not None for _, totals in known), now)


def _read(one: Reading, totals: Mapping[str, int] | None, now: datetime, factor: int) -> Reading:
    if totals is not None:
        return replace(one, times=one.times + 1, failures=0, error="", next_at=next_look(one.posted_at, now, factor))
    return _missed(one, "the post is not there", now, factor)


def _missed(one: Reading, why: str, now: datetime, factor: int) -> Reading:
    """A post that is not there twice in a row was deleted."""
    again = next_look(one.posted_at, now, factor) if one.failures + 1 < MISSES else None
    return replace(one, failures=one.failures + 1, error=why, next_at=again)


def _failed(app: App, station: Station, batch: Sequence[Reading], error: ChannelError) -> None:
    """The posts are read later. An account is never stopped or paused for it: posting finds out for itself."""
    now = app.clock()
    with app.store.write() as connection:
        if isinstance(error, RetryLater):
            news = readings.put_off(connection, station.name, _again(error, now), str(error)[:300])
        else:
            factor = DEAR_FACTOR if _read_cost(station) else FACTOR
            readings.save(connection, [_missed(one, str(error)[:300], now, factor) for one in batch])
            news = True
    if news:
        log.warning("posts are not read back", channel=station.name, error=str(error), hint=error.hint)


def _again(error: RetryLater, now: datetime) -> datetime:
    if isinstance(error, ChannelPaused):
        return error.until or now + REFUSED
    return now + max(error.after or timedelta(0), FAILED)


def _read_cost(station: Station) -> float:
    return float(getattr(station.channel, "read_cost", 0.0))
