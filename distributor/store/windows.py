"""Readers' windows: when digests come, what a slot tells of, and up to where each reader has been told.

Readers are taken some thousands at a time: a million cost no more memory than ten thousand. Each function works on the
caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.model import Schedule
from distributor.ranking import Item
from distributor.store import census, snapshot
from distributor.store import tables as t
from distributor.store.idlists import among, among_them, as_text, ids_of

__all__ = [
    "Due",
    "Group",
    "advance",
    "close_window",
    "count_readers",
    "due",
    "later",
    "move_on",
    "schedules",
    "unsee",
    "waiting",
    "window",
]

s = t.subscriber


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule by its row, and the slot that is to be planned next."""

    id: int
    schedule: Schedule
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Readers, by their ids, whose windows are the same."""

    choice_id: int
    watermark: datetime
    seen: tuple[int, ...]
    paused: bool
    readers: tuple[int, ...]


def schedules(connection: sa.Connection, digest: str = "") -> list[Due]:
    """All schedules, or those of one digest."""
    query = sa.select(t.schedule).order_by(t.schedule.c.id)
    query = query.where(t.schedule.c.digest == digest) if digest else query
    return [_due_from(row) for row in connection.execute(query)]


def due(connection: sa.Connection, now: datetime) -> list[Due]:
    """The schedules whose next slot has come, the longest waiting first."""
    query = sa.select(t.schedule).where(t.schedule.c.next_at <= now).order_by(t.schedule.c.next_at, t.schedule.c.id)
    return [_due_from(row) for row in connection.execute(query)]


def move_on(connection: sa.Connection, due: Due, to: datetime) -> bool:
    """A slot is planned; False when somebody else said so already."""
    c = t.schedule.c
    moved = sa.update(t.schedule).where(c.id == due.id, c.next_at == due.next_at).values(next_at=to).returning(c.id)
    return connection.execute(moved).one_or_none() is not None


def waiting(
    connection: sa.Connection, schedule: int, slot: datetime, limit: int, *, from_choice: int = 0, only: int = 0
) -> list[Group]:
    """Readers of a schedule whose window is to be closed at `slot`, at most `limit`, in the order of their choices.

    `only` is one reader, of whatever schedule. They are the caller's until the transaction ends. The database groups
    them: a row for each reader would cost more than all the rest.
    """
    paused = sa.case((s.c.paused_until > slot, 1), else_=0)
    some = sa.select(s.c.id, s.c.choice_id, s.c.watermark, s.c.seen, paused.label("paused")).where(
        s.c.status == "active", s.c.watermark < slot
    )
    if only:
        some = some.where(s.c.id == only)
    else:
        some = some.where(s.c.schedule_id == schedule, s.c.choice_id >= from_choice).order_by(s.c.choice_id)
    rows = some.limit(limit).with_for_update().subquery()
    alike = [rows.c.choice_id, rows.c.watermark, rows.c.seen, rows.c.paused]
    on_postgresql = connection.dialect.name == "postgresql"
    ids = (sa.func.json_agg if on_postgresql else sa.func.json_group_array)(rows.c.id)
    query = sa.select(sa.cast(ids, sa.Text), *alike).group_by(*alike).order_by(*alike)
    return [
        Group(row.choice_id, row.watermark, ids_of(row.seen), bool(row.paused), tuple(json.loads(row[0])))
        for row in connection.execute(query)
    ]


def count_readers(connection: sa.Connection, schedule: Iterable[int], slot: datetime) -> int:
    """How many readers of these schedules take a digest at that moment."""
    query = sa.select(sa.func.count()).where(
        s.c.schedule_id.in_(list(schedule)), s.c.status == "active", s.c.watermark < slot
    )
    # Few pause: to count all by one index and these by another reads no row of the rest.
    everybody, asleep = (connection.execute(one).scalar_one() for one in (query, query.where(s.c.paused_until > slot)))
    return int(everybody - asleep)


def close_window(connection: sa.Connection, fact: str, until: datetime, now: datetime) -> None:
    """From here on nothing becomes live at `until` or before. `fact` is articles.DIGEST_BOUNDARY or ALERTS_UNTIL."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('digest-window'))"))
    known = census.fact(connection, fact)
    moment = (until - t.EPOCH) // t.MICROSECOND
    if known is None or known[0] < moment:
        census.remember(connection, fact, moment, now)


def window(connection: sa.Connection, since: datetime, until: datetime) -> list[tuple[Item, tuple[str, ...]]]:
    """What became live after `since` and not after `until` and is live still, each with all its categories."""
    a = t.article.c
    query = sa.select(*snapshot.ITEM).where(a.live_at > since, a.live_at <= until, a.status == "live", a.same_as == 0)
    found = []
    for row in connection.execute(query):
        titles = tuple(row.categories or ())
        found.append((snapshot.item_from(row, until), titles))
    return found


def later(connection: sa.Connection, ids: Sequence[int], slot: datetime) -> tuple[int, ...]:
    """Those of these articles that became live after the slot, and any that are held now and may yet."""
    if not ids:
        return ()
    a = t.article.c
    query = sa.select(a.id).where(a.id.in_(list(ids)), sa.or_(a.live_at > slot, a.live_at.is_(None)))
    return tuple(sorted(connection.execute(query).scalars()))


def advance(connection: sa.Connection, readers: Sequence[int], slot: datetime, *, seen: Sequence[int] = ()) -> None:
    """These readers have what there was up to `slot`."""
    if readers:
        values = {"readers": among(connection, readers), "slot": slot, "seen": as_text(seen)}
        connection.execute(_advance(connection.dialect.name), values)


def unsee(connection: sa.Connection, recipient_ids: Sequence[int], article_id: int) -> None:
    """An alert did not reach these readers after all: their next digest tells of the article."""
    if recipient_ids:
        values = {"readers": among(connection, recipient_ids), "mark": f",{article_id},"}
        connection.execute(_unsee(connection.dialect.name), values)


@cache
def _advance(dialect: str) -> sa.TextClause:
    statement = sa.text(
        f"UPDATE subscriber SET watermark = :slot, seen = :seen WHERE {among_them(dialect)}"  # noqa: S608
    )
    return statement.bindparams(sa.bindparam("slot", type_=t.Moment))


@cache
def _unsee(dialect: str) -> sa.TextClause:
    without = "replace(seen, CAST(:mark AS text), ',')"
    return sa.text(
        f"UPDATE subscriber SET seen = CASE WHEN {without} = ',' THEN '' ELSE {without} END"  # noqa: S608
        f" WHERE {among_them(dialect)} AND {without} <> seen"
    )


def _due_from(row: Any) -> Due:
    days = tuple(int(day) for day in row.weekdays)
    return Due(row.id, Schedule(row.digest, days, row.hour, row.timezone), row.next_at)
