"""Slots of digests as the staff see them: all editions of one moment taken together. Reads only.

A slot may be a million mails, so none is read: what is not sent is counted by its partial index, and what is sent is
the rest of what was planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from distributor.model import State
from distributor.store import tables as t

__all__ = ["Slot", "latest"]

e, d = t.edition, t.delivery
RECENTLY = timedelta(minutes=1)
LOST = (State.FAILED.value, State.SKIPPED.value)
END = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Slot:
    """A digest at one moment. `statuses` counts its editions, `states` its mails; `recent` of the digest's mails were
    taken up in the last minute. `first` is its first edition, for a look at it. `began` and `ended` are when the first
    and the last of its mails were taken up, before the digest's next slot.
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
        """One word: what a person must know first. "held" waits for approval, "stuck" for a template to be mended."""
        for word in ("held", "paused"):
            if self.statuses.get(word):
                return word
        if self.statuses.get("cancelled") == self.editions:
            return "cancelled"
        if self.waiting:
            return "sending"
        return "stuck" if self.held else "sent"

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


def latest(
    connection: sa.Connection, now: datetime, *, digest: str = "", slot: datetime | None = None, limit: int = 20
) -> list[Slot]:
    """The newest slots that anybody was planned to get: of all digests, of one, or the one of that moment."""
    query = (
        sa.select(e.c.digest, e.c.slot, sa.func.count(), sa.func.min(e.c.id), sa.func.sum(e.c.readers))
        .where(e.c.readers > 0)
        .group_by(e.c.digest, e.c.slot)
        .order_by(e.c.slot.desc(), e.c.digest)
        .limit(limit)
    )
    query = query.where(e.c.digest == digest) if digest else query
    query = query.where(e.c.slot == slot) if slot else query
    rows = connection.execute(query).all()
    unsent = _unsent(connection, {row.slot for row in rows}) if rows else {}
    return [_slot(connection, row, now, unsent.get((row.digest, row.slot), {})) for row in rows]


def _unsent(connection: sa.Connection, moments: set[datetime]) -> dict[tuple[str, datetime], dict[State, int]]:
    """For each of these slots how many of its mails are in each state but sent."""
    found: dict[tuple[str, datetime], dict[State, int]] = {}
    lost = (t.IS_LOST, d.c.state.in_(LOST), d.c.settled_at >= min(moments))
    for where in ((t.IS_UNSETTLED,), lost):
        by = (d.c.edition_id, d.c.state)
        counted = sa.select(*by, sa.func.count().label("mails")).where(*where).group_by(*by).subquery()
        query = (
            sa.select(e.c.digest, e.c.slot, counted.c.state, sa.func.sum(counted.c.mails))
            .join(counted, counted.c.edition_id == e.c.id)
            .where(e.c.slot.in_(moments))
            .group_by(e.c.digest, e.c.slot, counted.c.state)
        )
        for digest, slot, state, mails in connection.execute(query):
            found.setdefault((digest, slot), {})[State(state)] = int(mails)
    return found


def _slot(connection: sa.Connection, row: Any, now: datetime, unsent: Mapping[State, int]) -> Slot:
    of = (e.c.digest == row.digest, e.c.slot == row.slot, e.c.readers > 0)
    statuses = connection.execute(
        sa.select(e.c.status, sa.func.count(), sa.func.max(sa.case((e.c.by_hand, 1), else_=0)))
        .where(*of)
        .group_by(e.c.status)
    ).all()
    planned = int(row[4])
    sent = max(0, planned - sum(unsent.values()))
    began, ended = _times(connection, row.digest, row.slot) if sent else (None, None)
    return Slot(
        digest=row.digest,
        slot=row.slot,
        editions=row[2],
        first=row[3],
        planned=planned,
        by_hand=any(found[2] for found in statuses),
        statuses={status: count for status, count, _ in statuses},
        states={**unsent, **({State.SENT: sent} if sent else {})},
        recent=_taken_since(connection, row.digest, now - RECENTLY) if sent else 0,
        began=began,
        ended=ended,
    )


def _times(connection: sa.Connection, digest: str, slot: datetime) -> tuple[datetime | None, datetime | None]:
    """When the first and the last mail of a digest were taken up between this slot and its next one."""
    later = sa.select(sa.func.min(e.c.slot)).where(e.c.digest == digest, e.c.slot > slot, e.c.readers > 0)
    until = connection.execute(later).scalar_one() or END
    mine = (d.c.channel == digest, d.c.claimed_at >= slot, d.c.claimed_at < until)
    # Each by itself: that takes one step in the index.
    first, last = (connection.execute(sa.select(of(d.c.claimed_at)).where(*mine)) for of in (sa.func.min, sa.func.max))
    return first.scalar_one(), last.scalar_one()


def _taken_since(connection: sa.Connection, digest: str, since: datetime) -> int:
    query = sa.select(sa.func.count()).where(d.c.channel == digest, d.c.claimed_at > since)
    return int(connection.execute(query).scalar_one())
