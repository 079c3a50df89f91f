"""Editions, schedules, and the readers that a slot is planned for. Each function works on the caller's transaction.

Readers are taken some thousands at a time and their deliveries inserted by one statement: a million readers cost no
more memory than ten thousand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.model import Article, Choice, Edition, Lane, Schedule, Section
from distributor.ranking import Item
from distributor.store import census
from distributor.store import tables as t
from distributor.store.articles import upsert
from distributor.store.rows import article_from

__all__ = [
    "Due",
    "Group",
    "add_digests",
    "advance",
    "archived",
    "choices",
    "clock_of",
    "close_window",
    "count_planned",
    "count_readers",
    "due",
    "find",
    "get",
    "insert_mails",
    "last_archived",
    "later",
    "listed",
    "live_articles",
    "make",
    "move_on",
    "postponed",
    "schedules",
    "supersede",
    "unsee",
    "waiting",
    "window",
]

CHUNK = 500
ARCHIVE = "archive:"
s, e, d = t.subscriber, t.edition, t.delivery


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


def choices(connection: sa.Connection, ids: Iterable[int] | None = None) -> dict[int, Choice]:
    """Choices by their rows' ids: all, or some."""
    query = sa.select(t.choice) if ids is None else sa.select(t.choice).where(t.choice.c.id.in_(list(ids)))
    return {row.id: _choice_from(row) for row in connection.execute(query)}


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
        Group(row.choice_id, row.watermark, _ids(row.seen), bool(row.paused), tuple(json.loads(row[0])))
        for row in connection.execute(query)
    ]


def count_readers(connection: sa.Connection, schedule: Iterable[int], slot: datetime) -> int:
    """How many readers of these schedules take a digest at that moment."""
    awake = sa.or_(s.c.paused_until.is_(None), s.c.paused_until <= slot)
    query = sa.select(sa.func.count()).where(
        s.c.schedule_id.in_(list(schedule)), s.c.status == "active", s.c.watermark < slot, awake
    )
    return int(connection.execute(query).scalar_one())


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
    query = sa.select(a.id, a.published_at, a.categories, a.boost).where(
        a.live_at > since, a.live_at <= until, a.status == "live", a.same_as == 0
    )
    found = []
    for row in connection.execute(query):
        titles = tuple(row.categories or ())
        found.append((Item(row.id, row.published_at, titles[0] if titles else "", boost=row.boost), titles))
    return found


def live_articles(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Article]:
    """Those of these articles that are live."""
    found: dict[int, Article] = {}
    for start in range(0, len(ids), CHUNK):
        query = sa.select(t.article).where(t.article.c.id.in_(ids[start : start + CHUNK]), t.article.c.status == "live")
        found |= {row.id: article_from(row) for row in connection.execute(query)}
    return found


def make(
    connection: sa.Connection, edition: Edition, *, choice: int, status: str = "open", archive: bool = False
) -> Edition:
    """The edition with this digest, choice, slot and window, as it was made first: it is frozen."""
    key = _key(edition, choice, archive=archive)
    values = {
        "key": key,
        "digest": edition.digest,
        "choice_id": choice,
        "slot": edition.slot,
        "since": edition.since,
        "until": edition.until,
        "left_out": _listed(edition.left_out),
        "sections": [[one.title, list(one.articles), list(one.rest)] for one in edition.sections],
        "status": status,
        "by_hand": edition.by_hand,
        "made_at": edition.made_at,
    }
    connection.execute(upsert(connection, e).values(values).on_conflict_do_nothing())
    return _edition(connection.execute(_EDITIONS.where(e.c.key == key)).one())


def get(connection: sa.Connection, edition_id: int) -> Edition | None:
    row = connection.execute(_EDITIONS.where(e.c.id == edition_id)).one_or_none()
    return None if row is None else _edition(row)


def find(connection: sa.Connection, digest: str, slot: datetime) -> list[Edition]:
    """All editions of a digest's slot."""
    rows = connection.execute(_EDITIONS.where(e.c.digest == digest, e.c.slot == slot).order_by(e.c.id))
    return [_edition(row) for row in rows]


def listed(connection: sa.Connection, *, digest: str = "", limit: int = 50) -> list[Edition]:
    """The newest editions that anybody was planned to get."""
    query = _EDITIONS.where(e.c.readers > 0).order_by(e.c.id.desc()).limit(limit)
    query = query.where(e.c.digest == digest) if digest else query
    return [_edition(row) for row in connection.execute(query)]


def archived(
    connection: sa.Connection, *, digest: str = "", language: str = "", before: int = 0, limit: int = 50
) -> list[Edition]:
    """The archive, newest first: one edition with everything for each slot and language. What waits is not in it.

    `before` is the id of the edition that a page before this ended with.
    """
    query = _EDITIONS.where(*_IN_ARCHIVE, e.c.status == "open").order_by(e.c.id.desc()).limit(limit)
    query = query.where(e.c.digest == digest) if digest else query
    query = query.where(t.choice.c.language == language) if language else query
    query = query.where(e.c.id < before) if before else query
    return [_edition(row) for row in connection.execute(query)]


def last_archived(connection: sa.Connection, digest: str, choice: int, before: datetime) -> datetime | None:
    """Up to when the archive tells."""
    query = sa.select(sa.func.max(e.c.until)).where(
        *_IN_ARCHIVE, e.c.digest == digest, e.c.choice_id == choice, e.c.slot < before
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def add_digests(
    connection: sa.Connection,
    edition: Edition,
    readers: Sequence[int],
    *,
    due_at: datetime,
    now: datetime,
    held: str = "",
) -> int:
    """Plans an edition for these readers, and counts them; `held` is why it waits for a person."""
    values = {
        "prefix": f"digest:{edition.digest}:",
        "suffix": f":s{int(edition.slot.timestamp())}:g0",
        "kind": "digest",
        "channel": edition.digest,
        "article": 0,
        "edition": edition.id,
        "revision": 1,
        "lane": int(Lane.NORMAL),
        "by_hand": edition.by_hand,
        "state": "held" if held else "pending",
        "reason": held,
        "planned_at": now,
        "due_at": due_at,
        "expires_at": None,
    }
    added = insert_mails(connection, readers, values)
    count_planned(connection, edition.id, added)
    return added


def count_planned(connection: sa.Connection, edition_id: int, added: int) -> None:
    """Adds to what the ledger's law is checked against."""
    if added:
        connection.execute(sa.update(e).where(e.c.id == edition_id).values(readers=e.c.readers + added))


def insert_mails(connection: sa.Connection, readers: Sequence[int], values: dict[str, Any]) -> int:
    """One delivery for each of these readers, by one statement; says how many are new."""
    if not readers:
        return 0
    statement = _insert(connection.dialect.name)
    told = statement.execution_options(preserve_rowcount=True)
    return int(connection.execute(told, {**values, "readers": among(connection, readers)}).rowcount)


def later(connection: sa.Connection, ids: Sequence[int], slot: datetime) -> tuple[int, ...]:
    """Those of these articles that became live after the slot, and any that are held now and may yet."""
    if not ids:
        return ()
    a = t.article.c
    query = sa.select(a.id).where(a.id.in_(list(ids)), sa.or_(a.live_at > slot, a.live_at.is_(None)))
    return tuple(sorted(connection.execute(query).scalars()))


def advance(connection: sa.Connection, readers: Sequence[int], slot: datetime, *, seen: Sequence[int] = ()) -> None:
    """These readers have what there was up to `slot`. Who turned to instant leaves the schedule."""
    if readers:
        values = {"readers": among(connection, readers), "slot": slot, "seen": _listed(seen)}
        connection.execute(_advance(connection.dialect.name), values)


def postponed(connection: sa.Connection, digest: str, slot: datetime) -> bool:
    """Whether mails of earlier slots of this digest still wait."""
    query = sa.select(d.c.id).where(
        sa.text(t.UNSETTLED), d.c.state.in_(["pending", "held"]), d.c.channel == digest, d.c.due_at < slot
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def supersede(
    connection: sa.Connection, digest: str, group: Group, slot: datetime, now: datetime
) -> dict[int, tuple[datetime, tuple[int, ...]]]:
    """Gives up what still waits of these readers' last slot and was never tried: {reader: (since, left out)}.

    The digest that is planned now tells of that time too.
    """
    last = int(group.watermark.timestamp())
    keys = [f"digest:{digest}:{reader}:s{last}:g0" for reader in group.readers]
    given_up: dict[int, int] = {}
    for start in range(0, len(keys), CHUNK):
        # What a person paused is that person's to let go.
        untouched = sa.or_(d.c.state == "pending", sa.and_(d.c.state == "held", d.c.reason == "approval"))
        waits = sa.and_(untouched, d.c.attempt == 0, d.c.due_at < slot)
        statement = (
            sa.update(d)
            .where(d.c.key.in_(keys[start : start + CHUNK]), waits)
            .values(state="skipped", reason="superseded", settled_at=now)
            .returning(d.c.recipient_id, d.c.edition_id)
        )
        given_up |= {row.recipient_id: row.edition_id for row in connection.execute(statement)}
    ids = sorted(set(given_up.values()))
    query = sa.select(e.c.id, e.c.since, e.c.left_out)
    of = {
        row.id: (row.since, _ids(row.left_out))
        for start in range(0, len(ids), CHUNK)
        for row in connection.execute(query.where(e.c.id.in_(ids[start : start + CHUNK])))
    }
    return {reader: of[edition] for reader, edition in given_up.items()}


def unsee(connection: sa.Connection, recipient_ids: Sequence[int], article_id: int) -> None:
    """An alert did not reach these readers after all: their next digest tells of the article."""
    if recipient_ids:
        values = {"readers": among(connection, recipient_ids), "mark": f",{article_id},"}
        connection.execute(_unsee(connection.dialect.name), values)


def clock_of(connection: sa.Connection, edition_id: int) -> str:
    """The time zone of an edition's readers (of its first one: their hour is the same); "" when it has none."""
    query = (
        sa.select(s.c.timezone)
        .join(d, d.c.recipient_id == s.c.id)
        .where(d.c.edition_id == edition_id, d.c.edition_id != 0, d.c.recipient_id != 0)
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none() or ""


def among(connection: sa.Connection, numbers: Iterable[int]) -> Any:
    """Many ids as one parameter, for a statement made with `listing`."""
    return list(numbers) if connection.dialect.name == "postgresql" else json.dumps(list(numbers))


def listing(dialect: str) -> str:
    """SQL for the ids in the parameter :readers."""
    postgresql = "SELECT unnest(CAST(:readers AS bigint[])) AS value"
    return postgresql if dialect == "postgresql" else "SELECT value FROM json_each(:readers)"


def among_them(dialect: str) -> str:
    """SQL that is true where `id` is in the parameter :readers. With ANY, PostgreSQL takes the index whatever it knows
    of the table.
    """
    return "id = ANY(CAST(:readers AS bigint[]))" if dialect == "postgresql" else f"id IN ({listing(dialect)})"


_EDITIONS = sa.select(e, t.choice.c.categories, t.choice.c.trending, t.choice.c.language).outerjoin(
    t.choice, t.choice.c.id == e.c.choice_id
)
_IN_ARCHIVE = (e.c.key >= ARCHIVE, e.c.key < ARCHIVE[:-1] + ";")


@cache
def _insert(dialect: str) -> sa.TextClause:
    statement = sa.text(
        "INSERT INTO delivery (key, kind, channel, article_id, edition_id, recipient_id, revision, lane, by_hand,"  # noqa: S608
        " state, reason, planned_at, due_at, expires_at)"
        " SELECT CAST(:prefix AS text) || value || CAST(:suffix AS text), :kind, :channel, :article, :edition, value,"
        " :revision, :lane, :by_hand, :state, :reason, :planned_at, :due_at, CAST(:expires_at AS bigint)"
        f" FROM ({listing(dialect)}) AS chosen WHERE true ON CONFLICT DO NOTHING"
    )
    moments = ("planned_at", "due_at", "expires_at")
    return statement.bindparams(
        *(sa.bindparam(name, type_=t.Moment) for name in moments), sa.bindparam("by_hand", type_=sa.Boolean)
    )


@cache
def _advance(dialect: str) -> sa.TextClause:
    leaves = "CASE WHEN frequency = 'instant' THEN 0 ELSE schedule_id END"
    statement = sa.text(
        f"UPDATE subscriber SET watermark = :slot, seen = :seen, schedule_id = {leaves} WHERE {among_them(dialect)}"  # noqa: S608
    )
    return statement.bindparams(sa.bindparam("slot", type_=t.Moment))


@cache
def _unsee(dialect: str) -> sa.TextClause:
    without = "replace(seen, CAST(:mark AS text), ',')"
    return sa.text(
        f"UPDATE subscriber SET seen = CASE WHEN {without} = ',' THEN '' ELSE {without} END"  # noqa: S608
        f" WHERE {among_them(dialect)}"
    )


def _key(edition: Edition, choice: int, *, archive: bool) -> str:
    left_out = ".".join(map(str, edition.left_out))
    if len(left_out) > 60:
        left_out = hashlib.sha256(left_out.encode()).hexdigest()[:24]
    slot = int(edition.slot.timestamp())
    if archive:
        return f"{ARCHIVE}{edition.digest}:c{choice}:s{slot}"
    since = (edition.since - t.EPOCH) // t.MICROSECOND
    hand = ":by-hand" if edition.by_hand else ""
    return f"digest:{edition.digest}:c{choice}:s{slot}:f{since}:x{left_out}{hand}"


def _edition(row: Any) -> Edition:
    return Edition(
        id=row.id,
        digest=row.digest,
        choice=_choice_from(row),
        slot=row.slot,
        since=row.since,
        until=row.until,
        left_out=_ids(row.left_out),
        sections=tuple(Section(title, tuple(ids), tuple(rest)) for title, ids, rest in row.sections or ()),
        readers=row.readers,
        status=row.status or "open",
        by_hand=bool(row.by_hand),
        message_id=row.message_id,
        made_at=row.made_at,
    )


def _choice_from(row: Any) -> Choice:
    return Choice(tuple(row.categories or ()), bool(row.trending), row.language or "en")


def _due_from(row: Any) -> Due:
    days = tuple(int(day) for day in row.weekdays)
    return Due(row.id, Schedule(row.digest, days, row.hour, row.timezone), row.next_at)


def _ids(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(",") if word)


def _listed(numbers: Sequence[int]) -> str:
    return f",{','.join(map(str, numbers))}," if numbers else ""
