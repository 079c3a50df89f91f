"""What monitors read and what tells a page that it is out of date. Reads only, on the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from distributor.model import Kind, State
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
    waiting = connection.execute(
        sa.select(d.c.state, d.c.channel, sa.func.count(), sa.func.max(d.c.due_at))
        .where(t.IS_UNSETTLED)
        .group_by(d.c.state, d.c.channel)
        .order_by(d.c.state, d.c.channel)
    )
    accounts = sa.select(t.account.c.name, t.account.c.stopped_at, t.account.c.paused_until, t.account.c.epoch)
    sources = sa.select(t.source.c.name, t.source.c.failures, t.source.c.paused, t.source.c.new_at)
    named = (accounts.order_by("name"), sa.select(t.switch).order_by("channel"), sources.order_by("name"))
    rest = [connection.execute(query).all() for query in named]
    return repr([tuple(numbers), [tuple(row) for row in waiting], rest])


def tallies(connection: sa.Connection) -> list[Tally]:
    """Every delivery there is, counted by channel, kind, state and reason."""
    by = (d.c.channel, d.c.kind, d.c.state, d.c.reason)
    rows = connection.execute(sa.select(*by, sa.func.count()).group_by(*by).order_by(*by))
    return [Tally(*row) for row in rows]


def oldest_due(connection: sa.Connection, now: datetime) -> dict[str, datetime]:
    """For each channel with something due, since when the oldest of it has been."""
    query = sa.select(d.c.channel, sa.func.min(d.c.due_at)).where(
        t.IS_UNSETTLED, d.c.state == State.PENDING.value, d.c.due_at <= now
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(d.c.channel))}


def spreads(connection: sa.Connection, bounds: Sequence[float]) -> list[Spread]:
    """How fast posts went out, for each channel, ever; `bounds` in seconds, ascending."""
    took = sa.type_coerce(d.c.settled_at, sa.BigInteger) - sa.type_coerce(d.c.planned_at, sa.BigInteger)
    within = [sa.func.sum(sa.case((took <= int(bound * 1_000_000), 1), else_=0)) for bound in bounds]
    query = (
        sa.select(d.c.channel, sa.func.count(), sa.func.sum(took), *within)
        .where(d.c.state == State.SENT.value, d.c.kind == Kind.POST.value, d.c.settled_at.is_not(None))
        .group_by(d.c.channel)
        .order_by(d.c.channel)
    )
    return [
        Spread(row[0], tuple(int(n) for n in row[3:]), row[1], float(row[2]) / 1_000_000)
        for row in connection.execute(query)
    ]
