"""What is counted: the ledger's law, what each channel did, who runs, what people did. Reads, but for the notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from distributor.model import Delivery, Kind, State
from distributor.store import tables as t
from distributor.store.articles import CHUNK, upsert
from distributor.store.rows import delivery_from

__all__ = [
    "LETTERS_PLANNED",
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
    "mails_of_article",
    "note",
    "of_articles",
    "present",
    "processes",
    "remember",
    "unsettled",
]

d = t.delivery

# A fact: how many letters were ever planned; it grows in the transaction that plans one.
LETTERS_PLANNED = "letters-planned"
LETTERS = "letters"  # their channel


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
    if since is None:
        parts = [_whole(), *_by_state()]
        return _recounted(connection.execute(sa.union_all(*parts)))[1]
    query = sa.select(d.c.state, sa.func.count()).where(d.c.planned_at >= since).group_by(d.c.state)
    found = {State(name): number for name, number in connection.execute(query)}
    return {state: found.get(state, 0) for state in State}


def by_channel(connection: sa.Connection, since: datetime, ending: Sequence[str] = ()) -> dict[str, ChannelCount]:
    """Each channel's counts: what was sent, failed and skipped since then, and all that is unsettled however old.

    The ends (next due, first expiry) are of the channels in `ending` alone: the social ones, since those of a million
    mails would be looked up one by one.
    """
    states = unsettled(connection)
    lost = sa.select(d.c.channel, d.c.state, sa.func.count()).where(sa.text(LOST), d.c.settled_at >= since)
    for channel, state, number in connection.execute(lost.group_by(d.c.channel, d.c.state)):
        states.setdefault(channel, {})[State(state)] = number
    for channel, number in _sent_by_channel(connection, since).items():
        states.setdefault(channel, {})[State.SENT] = number
    ends = {}
    for channel in ending:
        waiting = sa.select(sa.func.min(d.c.due_at), sa.func.min(d.c.expires_at)).where(
            t.IS_UNSETTLED, d.c.state == State.PENDING.value, d.c.channel == channel
        )
        ends[channel] = connection.execute(waiting).one()
    return {
        channel: ChannelCount(channel, found, *ends.get(channel, (None, None))) for channel, found in states.items()
    }


def law(connection: sa.Connection, since: datetime | None = None) -> tuple[int, dict[State, int]]:
    """(planned, deliveries by state) of everything, or of the articles seen, the editions made and the letters planned
    since then: see reporting.py for the law.

    Planned is what the articles' and the editions' own counters say, the letters, and the edits and deletions that
    followed; of letters no count a day is kept, so those since then are counted as they stand. One statement: on every
    database both sides are of the same moment.
    """
    a, e, f = t.article.c, t.edition.c, t.fact.c
    planned = [
        sa.select(sa.literal("articles"), sa.func.coalesce(sa.func.sum(a.planned), 0)),
        sa.select(sa.literal("editions"), sa.func.coalesce(sa.func.sum(e.readers), 0)),
        sa.select(sa.literal("followed"), sa.func.count()).select_from(d).where(sa.text(FOLLOWED)),
    ]
    if since is None:
        letters = sa.cast(sa.cast(f.value, sa.Text), sa.BigInteger)
        planned.append(sa.select(sa.literal("letters"), letters).where(f.key == LETTERS_PLANNED))
        return _recounted(connection.execute(sa.union_all(*planned, _whole(), *_by_state())))
    seen = sa.select(a.id).where(a.seen_at >= since)
    made = sa.select(e.id).where(e.made_at >= since)
    of_articles, of_editions = d.c.article_id.in_(seen), d.c.edition_id.in_(made)
    planned[0] = planned[0].where(a.seen_at >= since)
    planned[1] = planned[1].where(e.made_at >= since)
    planned[2] = planned[2].where(of_articles)
    of_letters = sa.and_(d.c.article_id == 0, d.c.channel == LETTERS, d.c.planned_at >= since)
    planned.append(sa.select(sa.literal("letters"), sa.func.count()).select_from(d).where(of_letters))
    there = [
        _whole().where(of_articles),
        _whole().where(sa.text("edition_id <> 0"), of_editions),
        _whole().where(of_letters),
        *(part.where(sa.or_(of_articles, of_editions)) for part in _by_state()),
        sa.select(d.c.state, sa.func.count()).where(of_letters, d.c.state != State.SENT.value).group_by(d.c.state),
    ]
    return _recounted(connection.execute(sa.union_all(*planned, *there)))


# How few rows are neither sent nor waiting, and how few follow a post: a million mails are counted without being read.
LOST, FOLLOWED = t.LOST, t.FOLLOWED
_PLANNED = ("articles", "editions", "letters", "followed")


def _whole() -> sa.Select[str, int]:
    return sa.select(sa.literal("all"), sa.func.count()).select_from(d)


def _by_state() -> list[sa.Select[str, int]]:
    """What is not sent, by state, each written as its partial index has it."""
    return [
        sa.select(d.c.state, sa.func.count()).where(sa.text(where)).group_by(d.c.state) for where in (t.UNSETTLED, LOST)
    ]


def _recounted(rows: Iterable[Any]) -> tuple[int, dict[State, int]]:
    """What is planned, and by state. Sent is all that is neither unsettled nor lost."""
    found: dict[str, int] = {}
    for name, number in rows:
        found[name] = found.get(name, 0) + int(number or 0)
    by_state = {state: found.get(state.value, 0) for state in State}
    by_state[State.SENT] = found.get("all", 0) - sum(by_state.values())
    return sum(found.get(name, 0) for name in _PLANNED), by_state


def _sent_by_channel(connection: sa.Connection, since: datetime) -> dict[str, int]:
    """What was claimed since then and is neither unsettled nor lost: indexes alone tell."""
    found = {}
    for channel in _channels(connection):
        query = sa.select(sa.func.count()).where(d.c.channel == channel, d.c.claimed_at >= since)
        found[channel] = int(connection.execute(query).scalar_one())
    for where in (t.UNSETTLED, LOST):
        other = sa.select(d.c.channel, sa.func.count()).where(sa.text(where), d.c.claimed_at >= since)
        for channel, number in connection.execute(other.group_by(d.c.channel)):
            found[channel] -= number
    return {channel: number for channel, number in found.items() if number}


def _channels(connection: sa.Connection) -> list[str]:
    """The names that the ledger knows, from one entry of the index to the next."""
    names: list[str] = []
    query = sa.select(sa.func.min(d.c.channel))
    while (
        name := connection.execute(query.where(d.c.channel > names[-1]) if names else query).scalar_one()
    ) is not None:
        names.append(name)
    return names


def unsettled(connection: sa.Connection) -> dict[str, dict[State, int]]:
    """What is unsettled on each channel, however old."""
    query = sa.select(d.c.channel, d.c.state, sa.func.count()).where(t.IS_UNSETTLED)
    found: dict[str, dict[State, int]] = {}
    for channel, state, number in connection.execute(query.group_by(d.c.channel, d.c.state)):
        found.setdefault(channel, {})[State(state)] = number
    return found


def expiring(connection: sa.Connection, until: datetime, channels: Sequence[str]) -> list[tuple[str, int, datetime]]:
    """(channel, how many, the first one's end) of what waits on these channels and will be given up by then."""
    query = (
        sa.select(d.c.channel, sa.func.count(), sa.func.min(d.c.expires_at))
        .where(
            t.IS_UNSETTLED,
            d.c.state.in_([State.PENDING.value, State.HELD.value]),
            d.c.channel.in_(channels),
            d.c.expires_at <= until,
        )
        .group_by(d.c.channel)
        .order_by(d.c.channel)
    )
    return [(channel, number, first) for channel, number, first in connection.execute(query)]


def of_articles(connection: sa.Connection, article_ids: Sequence[int]) -> dict[int, list[Delivery]]:
    """All posts of these articles and what followed them, oldest first; mails to readers are not among them."""
    found: dict[int, list[Delivery]] = {}
    for start in range(0, len(article_ids), CHUNK):
        mine = d.c.article_id.in_(article_ids[start : start + CHUNK])
        query = sa.select(d).where(mine, t.IS_TO_CHANNELS).order_by(d.c.id)
        for row in connection.execute(query):
            found.setdefault(row.article_id, []).append(delivery_from(row))
    return found


def mails_of_article(connection: sa.Connection, article_id: int) -> dict[str, dict[State, int]]:
    """How many readers were to get an article as it happened, by channel and state.

    They may be a million: indexes count, and what was sent is the rest.
    """
    mine, by = d.c.article_id == article_id, (d.c.channel, d.c.state)
    every = sa.select(d.c.channel, sa.func.count()).where(mine).group_by(d.c.channel)
    posts = set(connection.execute(sa.select(d.c.channel).where(mine, t.IS_TO_CHANNELS)).scalars())
    mails = {row[0]: int(row[1]) for row in connection.execute(every) if row[0] not in posts}
    found: dict[str, dict[State, int]] = {name: {} for name in mails}
    for where in (t.IS_UNSETTLED, t.IS_LOST):
        for channel, state, number in connection.execute(
            sa.select(*by, sa.func.count()).where(mine, where, d.c.channel.in_(list(mails))).group_by(*by)
        ):
            found[channel][State(state)] = number
            mails[channel] -= number
    return {name: {**found[name], **({State.SENT: rest} if rest else {})} for name, rest in sorted(mails.items())}


def held_reasons(connection: sa.Connection) -> list[tuple[str, str, str, int]]:
    """What waits for a person: (source, channel, reason, how many). Digests have no source."""
    source = sa.func.coalesce(t.article.c.source, "")
    query = (
        sa.select(source, d.c.channel, d.c.reason, sa.func.count())
        .select_from(d.outerjoin(t.article, t.article.c.id == d.c.article_id))
        .where(t.IS_UNSETTLED, d.c.state == State.HELD.value)
        .group_by(source, d.c.channel, d.c.reason)
    )
    return [tuple(row) for row in connection.execute(query)]


def latencies(connection: sa.Connection, since: datetime, channels: Sequence[str]) -> list[timedelta]:
    """From seeing an article to its post being taken, for every post sent since then on these channels."""
    query = (
        sa.select(d.c.settled_at, d.c.planned_at)
        .where(
            d.c.channel.in_(channels),
            d.c.claimed_at >= since,
            d.c.state == State.SENT.value,
            d.c.kind == Kind.POST.value,
            d.c.settled_at >= since,
        )
        .order_by(d.c.claimed_at.desc())
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
