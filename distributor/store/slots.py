"""Slots of digests as the staff see them: all editions of one moment taken together. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from distributor.model import State
from distributor.store import tables as t

__all__ = ["Slot", "latest"]

e, d = t.edition, t.delivery
RECENTLY = timedelta(minutes=1)
OPEN = ("pending", "sending", "held")


@dataclass(frozen=True, slots=True)
class Slot:
    """A digest at one moment. `statuses` counts its editions, `states` its mails; `recent` were settled in the last
    minute. `first` is its first edition, for a look at it.
    """

    digest: str
    slot: datetime
    editions: int
    first: int
    planned: int
    by_hand: bool
    statuses: Mapping[str, int]
    states: Mapping[State, int]
    recent: int
    began: datetime | None
    ended: datetime | None

    @property
    def sent(self) -> int:
        return self.states.get(State.SENT, 0)

    @property
    def waiting(self) -> int:
        return self.states.get(State.PENDING, 0) + self.states.get(State.SENDING, 0)

    @property
    def held(self) -> int:
        return self.states.get(State.HELD, 0)

    @property
    def failed(self) -> int:
        return self.states.get(State.FAILED, 0)

    @property
    def uncertain(self) -> int:
        return self.states.get(State.UNCERTAIN, 0)

    @property
    def skipped(self) -> int:
        return self.states.get(State.SKIPPED, 0)

    @property
    def status(self) -> str:
        """One word: what a person must know first."""
        for word in ("held", "paused"):
            if self.statuses.get(word):
                return word
        if self.statuses.get("cancelled") == self.editions:
            return "cancelled"
        return "sending" if self.waiting else "sent"

    @property
    def rate(self) -> float:
        """Mails a second: in the last minute while it goes on, else over all of it."""
        if self.waiting:
            return self.recent / RECENTLY.total_seconds()
        seconds = (self.ended - self.began).total_seconds() if self.began and self.ended else 0
        return self.sent / seconds if seconds >= 1 else 0.0

    @property
    def left(self) -> timedelta | None:
        """Until all is sent at this rate; None where nobody can tell."""
        if not self.waiting:
            return timedelta(0)
        return timedelta(seconds=round(self.waiting / self.rate)) if self.rate else None

    @property
    def name(self) -> str:
        """As the commands take it: "daily@2026-05-04T05:00+00:00"."""
        return f"{self.digest}@{self.slot.isoformat(timespec='seconds').replace('+00:00', 'Z')}"


def latest(connection: sa.Connection, now: datetime, *, digest: str = "", limit: int = 20) -> list[Slot]:
    """The newest slots that anybody was planned to get."""
    query = (
        sa.select(e.c.digest, e.c.slot, sa.func.count(), sa.func.min(e.c.id), sa.func.sum(e.c.readers))
        .where(e.c.readers > 0)
        .group_by(e.c.digest, e.c.slot)
        .order_by(e.c.slot.desc(), e.c.digest)
        .limit(limit)
    )
    query = query.where(e.c.digest == digest) if digest else query
    return [_slot(connection, row, now) for row in connection.execute(query).all()]


def _slot(connection: sa.Connection, row: Sequence[object], now: datetime) -> Slot:
    digest, slot, editions, first, planned = row
    of = (e.c.digest == digest, e.c.slot == slot, e.c.readers > 0)
    statuses = connection.execute(
        sa.select(e.c.status, sa.func.count(), sa.func.max(sa.case((e.c.by_hand, 1), else_=0)))
        .where(*of)
        .group_by(e.c.status)
    ).all()
    recent = sa.func.sum(sa.case((d.c.settled_at > now - RECENTLY, 1), else_=0))
    times = (sa.func.min(d.c.settled_at), sa.func.max(d.c.settled_at))
    states = connection.execute(
        sa.select(d.c.state, sa.func.count(), recent, *times)
        .join(e, e.c.id == d.c.edition_id)
        .where(*of, d.c.edition_id != 0)
        .group_by(d.c.state)
    ).all()
    sent = next((found for found in states if found[0] == State.SENT.value), None)
    return Slot(
        digest=str(digest),
        slot=slot,  # type: ignore[arg-type]
        editions=int(editions),  # type: ignore[call-overload]
        first=int(first),  # type: ignore[call-overload]
        planned=int(planned or 0),  # type: ignore[call-overload]
        by_hand=any(found[2] for found in statuses),
        statuses={status: count for status, count, _ in statuses},
        states={State(found[0]): found[1] for found in states},
        recent=int(sent[2] or 0) if sent else 0,
        began=sent[3] if sent else None,
        ended=sent[4] if sent else None,
    )
