"""Editions: digests as they were frozen, and the archive. Each function works on the caller's transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from distributor.model import Article, Choice, Edition, Section
from distributor.store import tables as t
from distributor.store.articles import CHUNK, upsert
from distributor.store.idlists import as_text, ids_of
from distributor.store.rows import article_from

__all__ = [
    "archived",
    "choices",
    "clock_of",
    "count_planned",
    "find",
    "first_of_slot",
    "get",
    "last_archived",
    "listed",
    "live_articles",
    "make",
]

ARCHIVE = "archive:"
s, e, d = t.subscriber, t.edition, t.delivery


def choices(connection: sa.Connection, ids: Iterable[int] | None = None) -> dict[int, Choice]:
    """Choices by their rows' ids: all, or some."""
    query = sa.select(t.choice) if ids is None else sa.select(t.choice).where(t.choice.c.id.in_(list(ids)))
    return {row.id: _choice_from(row) for row in connection.execute(query)}


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
        "left_out": as_text(edition.left_out),
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


def first_of_slot(connection: sa.Connection, digest: str, slot: datetime) -> int:
    """The lowest id of a slot's editions, which stands for all of them; 0 where there is none."""
    query = sa.select(sa.func.min(e.c.id)).where(e.c.digest == digest, e.c.slot == slot)
    return connection.execute(query).scalar_one() or 0


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


def count_planned(connection: sa.Connection, edition_id: int, added: int) -> None:
    """Adds to what the ledger's law is checked against."""
    if added:
        connection.execute(sa.update(e).where(e.c.id == edition_id).values(readers=e.c.readers + added))


def live_articles(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Article]:
    """Those of these articles that are live."""
    found: dict[int, Article] = {}
    for start in range(0, len(ids), CHUNK):
        query = sa.select(t.article).where(t.article.c.id.in_(ids[start : start + CHUNK]), t.article.c.status == "live")
        found |= {row.id: article_from(row) for row in connection.execute(query)}
    return found


def clock_of(connection: sa.Connection, edition_id: int) -> str:
    """The time zone of an edition's readers (of its first one: their hour is the same); "" when it has none."""
    query = (
        sa.select(s.c.timezone)
        .join(d, d.c.recipient_id == s.c.id)
        .where(d.c.edition_id == edition_id, d.c.edition_id != 0, d.c.recipient_id != 0)
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none() or ""


_EDITIONS = sa.select(e, t.choice.c.categories, t.choice.c.trending, t.choice.c.language).outerjoin(
    t.choice, t.choice.c.id == e.c.choice_id
)
_IN_ARCHIVE = (e.c.key >= ARCHIVE, e.c.key < ARCHIVE[:-1] + ";")


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
        left_out=ids_of(row.left_out),
        sections=tuple(Section(title, tuple(ids), tuple(rest)) for title, ids, rest in row.sections or ()),
        readers=row.readers,
        status=row.status or "open",
        by_hand=bool(row.by_hand),
        message_id=row.message_id,
        made_at=row.made_at,
    )


def _choice_from(row: Any) -> Choice:
    return Choice(tuple(row.categories or ()), bool(row.trending), row.language or "en")
