"""What monitors read and what tells a page that it is out of date. Reads only, on the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import sqlalchemy as sa

from distributor.model import Kind, State
from distributor.store import queue
from distributor.store import tables as t

__all__ = ["Spread", "Tally", "oldest_due", "pulse", "spreads", "tallies"]

d = t.delivery


@dataclass(frozen=True, slots=True)
class Tally:
    """How many deliveries of a channel stand alike. `reason` is one word."""

    channel: str
    kind: str
    state: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How long a channel's posts took from seeing to sent: `within[i]` of them at most the i-th bound.

    `seconds` is the sum of all `count` of them.
    """

    channel: str
    within: tuple[int, ...]
    count: int
    seconds: float


def pulse(connection: sa.Connection) -> str:
    """Changes whenever something happened that a page shows; from indexes alone, so it may be asked every second."""
    tops = [sa.select(sa.func.max(table.c.id)).scalar_subquery() for table in (t.article, d, t.attempt, t.audit)]
    numbers = connection.execute(sa.select(*tops)).one()
    waiting = connection.execute(_WAITING).all()
    accounts = sa.select(t.account.c.name, t.account.c.stopped_at, t.account.c.paused_until, t.account.c.epoch)
    sources = sa.select(t.source.c.name, t.source.c.failures, t.source.c.paused, t.source.c.new_at)
    named = (accounts.order_by("name"), sa.select(t.switch).order_by("channel"), sources.order_by("name"))
    rest = [connection.execute(query).all() for query in named]
    return repr([tuple(numbers), waiting, rest])


def tallies(connection: sa.Connection) -> list[Tally]:
    """Every delivery there is, counted by channel, kind, state and reason, from indexes alone.

    What was sent is the rest of what there is, and needs no reason.
    """
    left = {channel: int(number) for channel, number in connection.execute(_OF_CHANNELS)}
    kinds = {channel: connection.execute(_KIND, {"of_channel": channel}).scalar() or "" for channel in left}
    found = []
    for query in (_UNSETTLED, _LOST):
        for channel, kind, state, reason, number in connection.execute(query):
            left[channel] -= number
            found.append(Tally(channel, kind, state, reason, number))
    for channel, kind, number in connection.execute(_FOLLOWED):
        left[channel] -= number
        found.append(Tally(channel, kind, State.SENT.value, "", number))
    found += [
        Tally(channel, kinds[channel], State.SENT.value, "", number) for channel, number in left.items() if number
    ]
    return sorted(found, key=astuple)


def oldest_due(connection: sa.Connection, now: datetime) -> dict[str, datetime]:
    """For each channel with something due, since when the oldest of it has been."""
    found = {}
    for channel in queue.channels(connection, State.PENDING):
        moment = connection.execute(_OLDEST, {"of_channel": channel}).scalar_one()
        if moment is not None and moment <= now:
            found[channel] = moment
    return found


def spreads(connection: sa.Connection, channels: Sequence[str], bounds: Sequence[float]) -> list[Spread]:
    """How fast posts went out, for each of these channels, ever; `bounds` in seconds, ascending."""
    took = sa.type_coerce(d.c.settled_at, sa.BigInteger) - sa.type_coerce(d.c.planned_at, sa.BigInteger)
    within = [sa.func.sum(sa.case((took <= int(bound * 1_000_000), 1), else_=0)) for bound in bounds]
    query = (
        sa.select(d.c.channel, sa.func.count(), sa.func.sum(took), *within)
        .where(d.c.channel.in_(channels), d.c.state == State.SENT.value, d.c.kind == Kind.POST.value)
        .where(d.c.settled_at.is_not(None))
        .group_by(d.c.channel)
        .order_by(d.c.channel)
    )
    return [
        Spread(row[0], tuple(int(n) for n in row[3:]), row[1], float(row[2]) / 1_000_000)
        for row in connection.execute(query)
    ]


# So many that wait are looked at: beyond them, the latest claim tells that the queue moves.
SEEN = 20_000
_LOOK = (
    sa.select(d.c.state, d.c.channel, d.c.due_at, d.c.claimed_at)
    .where(t.IS_UNSETTLED)
    .order_by(d.c.state.desc(), d.c.channel.desc(), d.c.due_at.desc())
    .limit(SEEN)
    .subquery()
)
_SEEN = (_LOOK.c.state, _LOOK.c.channel)
_WAITING = (
    sa.select(*_SEEN, sa.func.count(), sa.func.max(_LOOK.c.due_at), sa.func.max(_LOOK.c.claimed_at))
    .group_by(*_SEEN)
    .order_by(*_SEEN)
)
_OF_CHANNELS = sa.select(d.c.channel, sa.func.count()).group_by(d.c.channel)
_UNSETTLED, _LOST = (
    sa.select(d.c.channel, d.c.kind, d.c.state, d.c.reason, sa.func.count())
    .where(where)
    .group_by(d.c.state, d.c.channel, d.c.kind, d.c.reason)
    for where in (t.IS_UNSETTLED, t.IS_LOST)
)
_FOLLOWED = (
    sa.select(d.c.channel, d.c.kind, sa.func.count())
    .where(sa.text(t.FOLLOWED), d.c.article_id >= 0, d.c.state == State.SENT.value)
    .group_by(d.c.channel, d.c.kind)
)
# A channel has one kind, and what follows its posts.
_KIND = (
    sa.select(d.c.kind)
    .where(d.c.channel == sa.bindparam("of_channel"), d.c.kind.not_in([Kind.EDIT.value, Kind.DELETE.value]))
    .limit(1)
)
_OLDEST = sa.select(sa.func.min(d.c.due_at)).where(
    t.IS_UNSETTLED, d.c.state == State.PENDING.value, d.c.channel == sa.bindparam("of_channel")
)
