"""What a person should know about readers' mails: counted for `status`. Reads only, on the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from distributor.model import NO_CATEGORY, Choice, Delivery, State
from distributor.states import UNMADE
from distributor.store import editions
from distributor.store import tables as t
from distributor.store.rows import delivery_from

__all__ = [
    "BROKEN",
    "Waiting",
    "held_editions",
    "lost_choices",
    "lost_digests",
    "next_slots",
    "rates",
    "uncertain",
    "unmade",
]

d, s = t.delivery, t.subscriber
# A fact: why the mailbox of bounces could not be read last time, "" where it could.
BROKEN = "bounces-mailbox"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A digest's slot that waits for a person: `edition_id` is one of its editions."""

    digest: str
    slot: datetime
    editions: int
    readers: int
    edition_id: int


def uncertain(connection: sa.Connection, limit: int = 1000) -> list[Delivery]:
    """What nobody knows the outcome of, the newest first."""
    query = sa.select(d).where(t.IS_UNSETTLED, d.c.state == State.UNCERTAIN.value)
    return [delivery_from(row) for row in connection.execute(query.order_by(d.c.id.desc()).limit(limit))]


def next_slots(connection: sa.Connection) -> dict[str, datetime]:
    """For each digest that has readers or had some, when its next slot comes."""
    query = sa.select(t.schedule.c.digest, sa.func.min(t.schedule.c.next_at)).group_by(t.schedule.c.digest)
    return {row[0]: row[1] for row in connection.execute(query)}


def held_editions(connection: sa.Connection) -> list[Waiting]:
    """The slots whose editions wait for approval, oldest first."""
    e = t.edition.c
    query = (
        sa.select(e.digest, e.slot, sa.func.count(), sa.func.sum(e.readers), sa.func.min(e.id))
        .where(e.status == "held", e.readers > 0)
        .group_by(e.digest, e.slot)
        .order_by(e.slot, e.digest)
    )
    return [Waiting(row[0], row[1], int(row[2]), int(row[3]), int(row[4])) for row in connection.execute(query)]


def unmade(connection: sa.Connection) -> list[tuple[str, int]]:
    """What could not be made of digests, mails and posts: (digest, how many)."""
    query = (
        sa.select(t.edition.c.digest, sa.func.count())
        .join(d, d.c.edition_id == t.edition.c.id)
        .where(t.IS_UNSETTLED, d.c.state == State.HELD.value, d.c.reason.in_(UNMADE))
        .group_by(t.edition.c.digest)
        .order_by(t.edition.c.digest)
    )
    return [(digest, int(number)) for digest, number in connection.execute(query)]


def lost_digests(connection: sa.Connection, digests: Collection[str]) -> list[tuple[str, int]]:
    """Active readers of digests that the settings have no more: (digest, how many)."""
    query = (
        sa.select(t.schedule.c.digest, sa.func.count())
        .join(s, s.c.schedule_id == t.schedule.c.id)
        .where(t.schedule.c.digest.not_in(list(digests)), s.c.status == "active")
        .group_by(t.schedule.c.digest)
        .order_by(t.schedule.c.digest)
    )
    return [(digest, int(number)) for digest, number in connection.execute(query)]


def lost_choices(connection: sa.Connection, categories: Collection[str]) -> list[tuple[Choice, int]]:
    """What active readers chose of which the settings have something no more: (choice, how many)."""
    known = {*categories, NO_CATEGORY}
    gone = {
        number: choice
        for number, choice in editions.choices(connection).items()
        if any(title not in known for title in choice.categories)
    }
    if not gone:
        return []
    query = sa.select(s.c.choice_id, sa.func.count()).where(s.c.status == "active").group_by(s.c.choice_id)
    return [(gone[number], int(readers)) for number, readers in connection.execute(query) if number in gone]


def rates(connection: sa.Connection, since: datetime) -> tuple[int, int]:
    """(readers with a bounce, readers with a complaint) since then; blocks are none."""
    b = t.bounce.c
    query = sa.select(b.kind, sa.func.count(sa.distinct(b.subscriber_id))).where(b.at >= since).group_by(b.kind)
    found = {row[0]: int(row[1]) for row in connection.execute(query)}
    return found.get("bounce", 0), found.get("complaint", 0)
