"""What is counted: the ledger's law, what each channel did, who runs, what people did. Reads, but for the notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from distributor.model import Delivery, State
from distributor.store import tables as t
from distributor.store.articles import CHUNK, upsert
from distributor.store.rows import delivery_from

__all__ = [
    "ChannelCount",
    "Process",
    "audit",
    "audited",
    "by_channel",
    "counts",
    "expiring",
    "fact",
    "held_reasons",
    "latencies",
    "law",
    "leave",
    "note",
    "of_articles",
    "present",
    "processes",
    "remember",
    "unsettled",
]

d = t.delivery


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """One channel's deliveries by state, and when its next waiting one is due and its first one expires."""

    channel: str
    states: Mapping[State, int]
    next_due: datetime | None = None
    first_expiry: datetime | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process that works on this ledger: what it is, which settings file it read, and when it was last seen."""

    owner: str
    role: str
    version: str
    config: str
    fingerprint: str
    started_at: datetime
    seen_at: datetime


def counts(connection: sa.Connection, since: datetime | None = None) -> dict[State, int]:
    """Deliveries by state, of those planned since then."""
    query = sa.select(d.c.state, sa.func.count()).group_by(d.c.state)
    if since is not None:
        query = query.where(d.c.planned_at >= since)
    found = {State(name): number for name, number in connection.execute(query)}
    return {state: found.get(state, 0) for state in State}


def by_channel(connection: sa.Connection, since: datetime) -> dict[str, ChannelCount]:
    """Each channel's counts: what was planned since then, and all that is unsettled however old."""
    unsettled = d.c.state.in_(["pending", "sending", "held", "uncertain"])
    query = (
        sa.select(d.c.channel, d.c.state, sa.func.count())
        .where(sa.or_(unsettled, d.c.planned_at >= since))
        .group_by(d.c.channel, d.c.state)
    )
    states: dict[str, dict[State, int]] = {}
    for channel, state, number in connection.execute(query):
        states.setdefault(channel, {})[State(state)] = number
    waiting = sa.select(d.c.channel, sa.func.min(d.c.due_at), sa.func.min(d.c.expires_at)).where(
        d.c.state == State.PENDING.value
    )
    ends = {row[0]: (row[1], row[2]) for row in connection.execute(waiting.group_by(d.c.channel))}
    return {
        channel: ChannelCount(channel, found, *ends.get(channel, (None, None))) for channel, found in states.items()
    }


def law(connection: sa.Connection, since: datetime | None = None) -> tuple[int, dict[State, int]]:
    """(planned, deliveries by state) of all articles, or of those seen since then: see reporting.py for the law.

    Planned is what the articles' own counters say, and the edits and deletions that followed. One statement: on every
    database both sides are of the same moment.
    """
    a = t.article
    counted = sa.select(sa.literal("planned"), sa.func.coalesce(sa.func.sum(a.c.planned), 0))
    social = d.c.kind.in_(["post", "edit", "delete"])
    rows = sa.select(d.c.state, sa.func.count()).where(social).group_by(d.c.state)
    followed = sa.select(sa.literal("followed"), sa.func.count()).where(d.c.kind.in_(["edit", "delete"]))
    if since is not None:
        seen = d.c.article_id.in_(sa.select(a.c.id).where(a.c.seen_at >= since))
        counted = counted.where(a.c.seen_at >= since)
        rows, followed = rows.where(seen), followed.where(seen)
    found = dict(connection.execute(sa.union_all(counted, followed, rows)).all())
    planned = int(found.pop("planned", 0)) + int(found.pop("followed", 0))
    return planned, {state: int(found.get(state.value, 0)) for state in State}


def unsettled(connection: sa.Connection) -> dict[str, dict[State, int]]:
    """What is unsettled on each channel, however old."""
    states = ["pending", "sending", "held", "uncertain"]
    query = sa.select(d.c.channel, d.c.state, sa.func.count()).where(d.c.state.in_(states))
    found: dict[str, dict[State, int]] = {}
    for channel, state, number in connection.execute(query.group_by(d.c.channel, d.c.state)):
        found.setdefault(channel, {})[State(state)] = number
    return found


def expiring(connection: sa.Connection, until: datetime) -> list[tuple[str, int, datetime]]:
    """(channel, how many, the first one's end) of what waits and will be given up by then."""
    query = (
        sa.select(d.c.channel, sa.func.count(), sa.func.min(d.c.expires_at))
        .where(d.c.state.in_([State.PENDING.value, State.HELD.value]), d.c.expires_at <= until)
        .group_by(d.c.channel)
        .order_by(d.c.channel)
    )
    return [(channel, number, first) for channel, number, first in connection.execute(query)]


def of_articles(connection: sa.Connection, article_ids: Sequence[int]) -> dict[int, list[Delivery]]:
    """All deliveries of these articles, oldest first."""
    found: dict[int, list[Delivery]] = {}
    for start in range(0, len(article_ids), CHUNK):
        query = sa.select(d).where(d.c.article_id.in_(article_ids[start : start + CHUNK])).order_by(d.c.id)
        for row in connection.execute(query):
            found.setdefault(row.article_id, []).append(delivery_from(row))
    return found


def held_reasons(connection: sa.Connection) -> list[tuple[str, str, str, int]]:
    """What waits for a person: (source, channel, reason, how many)."""
    query = (
        sa.select(t.article.c.source, d.c.channel, d.c.reason, sa.func.count())
        .join(t.article, t.article.c.id == d.c.article_id)
        .where(d.c.state == State.HELD.value)
        .group_by(t.article.c.source, d.c.channel, d.c.reason)
    )
    return [tuple(row) for row in connection.execute(query)]


def latencies(connection: sa.Connection, since: datetime) -> list[timedelta]:
    """From seeing an article to its post being taken, for every post sent since then."""
    query = (
        sa.select(d.c.settled_at, d.c.planned_at)
        .where(d.c.state == State.SENT.value, d.c.kind == "post", d.c.settled_at >= since)
        .order_by(d.c.id.desc())
        .limit(10_000)
    )
    return [row.settled_at - row.planned_at for row in connection.execute(query)]


def audit(
    connection: sa.Connection, who: str, what: str, subject: str, now: datetime, detail: Mapping[str, Any] | None = None
) -> None:
    """Writes down an act: who did what to which thing, when."""
    connection.execute(
        sa.insert(t.audit).values(at=now, who=who, what=what, subject=subject, detail=dict(detail or {}))
    )


def audited(connection: sa.Connection, *, subject: str = "", limit: int = 50) -> list[Any]:
    """The latest acts first: at, who, what, subject, detail."""
    query = sa.select(t.audit).order_by(t.audit.c.id.desc()).limit(limit)
    return list(connection.execute(query.where(t.audit.c.subject == subject) if subject else query))


def note(connection: sa.Connection, process: Process) -> None:
    """A process says that it is there."""
    values = {name: getattr(process, name) for name in Process.__slots__}
    statement = upsert(connection, t.process).values(values)
    # An owner is one process, start and all: what it said first of its start stays.
    later = {name: value for name, value in values.items() if name != "started_at"}
    connection.execute(statement.on_conflict_do_update(index_elements=["owner"], set_=later))


def leave(connection: sa.Connection, owner: str) -> None:
    connection.execute(sa.delete(t.process).where(t.process.c.owner == owner))


def processes(connection: sa.Connection) -> list[Process]:
    rows = connection.execute(sa.select(t.process).order_by(t.process.c.started_at))
    return [Process(**{name: getattr(row, name) for name in Process.__slots__}) for row in rows]


def present(connection: sa.Connection, since: datetime) -> list[Process]:
    """The processes seen since then."""
    return [process for process in processes(connection) if process.seen_at >= since]


def remember(connection: sa.Connection, key: str, value: Any, now: datetime) -> None:
    """Keeps one fact, such as when a canary task last finished."""
    statement = upsert(connection, t.fact).values(key=key, value=value, at=now)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value, "at": now}))


def fact(connection: sa.Connection, key: str) -> tuple[Any, datetime] | None:
    row = connection.execute(sa.select(t.fact).where(t.fact.c.key == key)).one_or_none()
    return None if row is None else (row.value, row.at)
