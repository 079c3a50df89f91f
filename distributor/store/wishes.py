"""When readers want their digest, each wish once: what is looked up again when the publisher moves a digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from distributor.store import tables as t

__all__ = ["Wish", "move", "wishes"]

s = t.subscriber


@dataclass(frozen=True, slots=True)
class Wish:
    """When readers want their digest, as they said it: no weekdays and no hour are the digest's own."""

    frequency: str
    weekdays: tuple[int, ...]
    hour: int | None
    timezone: str


def wishes(connection: sa.Connection, digests: Sequence[str]) -> list[Wish]:
    """Every wish that leaves something to one of these digests, once."""
    query = (
        sa.select(s.c.frequency, s.c.weekdays, s.c.hour, s.c.timezone)
        .where(s.c.frequency.in_(list(digests)), sa.or_(s.c.hour.is_(None), s.c.weekdays == ""))
        .distinct()
    )
    return [
        Wish(row.frequency, tuple(map(int, row.weekdays)), row.hour, row.timezone) for row in connection.execute(query)
    ]


def move(connection: sa.Connection, wish: Wish, schedule: int) -> int:
    """Puts the readers with this wish on a schedule; how many were on another."""
    statement = (
        sa.update(s)
        .where(
            s.c.frequency == wish.frequency,
            s.c.weekdays == "".join(map(str, wish.weekdays)),
            s.c.hour.is_(None) if wish.hour is None else s.c.hour == wish.hour,
            s.c.timezone == wish.timezone,
            s.c.schedule_id.not_in([schedule, 0]),
        )
        .values(schedule_id=schedule)
    )
    return connection.execute(statement).rowcount
