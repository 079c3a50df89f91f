"""Articles and the names they are known by. Each function works on the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from distributor.matching import url_key
from distributor.model import Article
from distributor.store import tables as t
from distributor.store.rows import article_from, article_values

__all__ = [
    "Known",
    "Mark",
    "Recent",
    "add",
    "alias",
    "count_planned",
    "find",
    "get",
    "go_live",
    "held",
    "insert_into",
    "known",
    "latest",
    "live_from",
    "mark_missing",
    "marks",
    "recent",
    "set_boost",
    "set_comments",
    "set_place",
    "set_status",
    "stories",
    "take_back",
    "update",
    "upsert",
]

_a = t.article.c
# SQLite takes at most 32,766 parameters in one statement.
CHUNK = 500
# Facts: what became live up to here may be in a digest that was planned, or in an alert.
DIGEST_BOUNDARY, ALERTS_UNTIL = "digest-boundary", "alerts-until"
# Recorded, but no news any more: a digest may have it only if it falls into a window by its date.
OLD_NEWS = frozenset({"first-poll", "too-old"})


@dataclass(frozen=True, slots=True)
class Known:
    """An article already in the store, with the digest of what readers saw of it, and since when it is missing."""

    article: Article
    digest: str
    missing_since: datetime | None


class Mark(NamedTuple):  # a poll makes one of every entry, and a tuple is made faster than a dataclass
    """What tells whether an entry is news: its article's id, source, digest of what readers saw, status, comments."""

    article_id: int
    source: str
    digest: str
    status: str
    comments: int | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """What tells whether a published article is still in its feed. `missing_since` is None while it is."""

    id: int
    guid: str
    url: str
    published_at: datetime
    missing_since: datetime | None


def upsert(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that can say ON CONFLICT, in the words of the connection's own database."""
    return insert_into(connection.dialect.name, table)


def insert_into(dialect: str, table: sa.Table) -> Any:
    """The same by the dialect's name, for statements that are built once."""
    return pg_insert(table) if dialect == "postgresql" else sqlite_insert(table)


def add(connection: sa.Connection, article: Article, *, keys: Iterable[str], digest: str, story: int) -> Article:
    """Stores a new article; its id is in the article returned."""
    values = article_values(article) | {"digest": digest, "story": story, "live_at": _live_at(connection, article)}
    number = connection.execute(_ADD, values).scalar_one()
    alias(connection, number, keys)
    return replace(article, id=number)


def update(connection: sa.Connection, article: Article, *, digest: str) -> None:
    """Stores a new revision of an article; boost and status stay as a person set them."""
    values = article_values(article)
    for kept in ("seen_at", "boost", "status", "note", "same_as"):
        del values[kept]
    values |= {"digest": digest, "missing_since": None}
    connection.execute(sa.update(t.article).where(t.article.c.id == article.id).values(values))


def alias(connection: sa.Connection, article_id: int, keys: Iterable[str]) -> None:
    """Lets an article be known by more names; a name that is taken stays with its first article."""
    rows = [{"key": key, "article_id": article_id} for key in dict.fromkeys(keys)]
    if rows:
        connection.execute(_insert_alias(connection.dialect.name), rows)


def known(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Known]:
    """Which of these names are known, and of which article."""
    found: dict[str, Known] = {}
    for start in range(0, len(keys), CHUNK):
        query = (
            sa.select(t.alias.c.key.label("alias_key"), t.article)
            .join(t.article, t.article.c.id == t.alias.c.article_id)
            .where(t.alias.c.key.in_(keys[start : start + CHUNK]))
        )
        for row in connection.execute(query):
            found[row.alias_key] = Known(article_from(row), row.digest, row.missing_since)
    return found


def marks(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Mark]:
    """The same without the articles themselves: a poll asks it of every entry, and most are known and unchanged."""
    found: dict[str, Mark] = {}
    for start in range(0, len(keys), CHUNK):
        for key, *rest in connection.execute(_MARKS, {"of_keys": keys[start : start + CHUNK]}):
            found[key] = Mark(*rest)
    return found


def get(connection: sa.Connection, article_id: int) -> Article | None:
    row = connection.execute(_GET, {"of_id": article_id}).one_or_none()
    return None if row is None else article_from(row)


def find(connection: sa.Connection, url: str) -> Article | None:
    """The article of a canonical address."""
    query = (
        sa.select(t.article).join(t.alias, t.alias.c.article_id == t.article.c.id).where(t.alias.c.key == url_key(url))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else article_from(row)


def latest(
    connection: sa.Connection,
    *,
    limit: int = 50,
    source: str = "",
    category: str = "",
    status: str = "",
    word: str = "",
) -> list[Article]:
    """The newest articles first."""
    query = sa.select(t.article).order_by(t.article.c.published_at.desc(), t.article.c.id.desc()).limit(limit)
    if source:
        query = query.where(t.article.c.source == source)
    if status:
        query = query.where(t.article.c.status == status)
    if word:
        query = query.where(t.article.c.title.icontains(word, autoescape=True))
    if category:
        # JSON keeps non-ASCII letters escaped on some databases: compare in Python, over a bounded window.
        rows = connection.execute(query.limit(limit * 40))
        return [article for article in map(article_from, rows) if category in article.categories][:limit]
    return [article_from(row) for row in connection.execute(query)]


def stories(connection: sa.Connection, since: datetime, *, after: int) -> list[Any]:
    """What was told first since then, of ids beyond `after`: (id, source, title, story), oldest first."""
    a = t.article.c
    query = sa.select(a.id, a.source, a.title, a.story).where(
        a.id > after, a.published_at >= since, a.same_as == 0, a.story != 0
    )
    return list(connection.execute(query.order_by(a.id)))


def recent(connection: sa.Connection, source: str, since: datetime) -> list[Recent]:
    """The live articles of a source published since then."""
    return [Recent(*row) for row in connection.execute(_RECENT, {"of_source": source, "since": since})]


def count_planned(connection: sa.Connection, article_id: int, posts: int) -> None:
    """Adds to the number of posts that rules or people called for: the ledger's law is checked against it."""
    connection.execute(_COUNT_PLANNED, {"of_id": article_id, "posts": posts})


def mark_missing(connection: sa.Connection, article_ids: Sequence[int], now: datetime | None) -> None:
    """Remembers since when articles are missing from their feed; None when they are back."""
    if article_ids:
        connection.execute(sa.update(t.article).where(t.article.c.id.in_(article_ids)).values(missing_since=now))


def set_status(connection: sa.Connection, article_id: int, status: str, note: str = "") -> None:
    connection.execute(sa.update(t.article).where(t.article.c.id == article_id).values(status=status, note=note))


def set_boost(connection: sa.Connection, article_id: int, boost: float) -> None:
    connection.execute(sa.update(t.article).where(t.article.c.id == article_id).values(boost=boost))


def set_comments(connection: sa.Connection, article_id: int, comments: int) -> None:
    """How many its feed told of last."""
    connection.execute(sa.update(t.article).where(_a.id == article_id).values(comments=comments))


def set_place(connection: sa.Connection, article_id: int, place: str, until: datetime | None) -> None:
    """An editor's "pin" or "bury", until then or for good; "" leaves it to the ranking."""
    connection.execute(sa.update(t.article).where(_a.id == article_id).values(place=place, place_until=until))


def live_from(connection: sa.Connection, now: datetime) -> datetime:
    """The moment at which an article becomes live for readers: now, but later than every window that was closed.

    A window is closed under the lock "digest-window": what is stamped before is seen by it, what is stamped after
    comes after it. SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock_shared(hashtext('digest-window'))"))
    bounds = [_moment(row.value) for row in connection.execute(_BOUNDS)]
    return max([now, *(bound + t.MICROSECOND for bound in bounds)])


def go_live(connection: sa.Connection, article_ids: Sequence[int], now: datetime) -> None:
    """Articles that were held are live now; what readers may have had before keeps its moment."""
    if article_ids:
        waits = (_a.id.in_(article_ids), _a.live_at.is_(None))
        connection.execute(sa.update(t.article).where(*waits).values(live_at=live_from(connection, now)))


def take_back(connection: sa.Connection, article_id: int, now: datetime) -> None:
    """An article is held: if no digest can have it yet, it becomes live with its release."""
    live_from(connection, now)
    planned = connection.execute(_BOUNDS.where(t.fact.c.key == DIGEST_BOUNDARY)).one_or_none()
    waits = sa.update(t.article).where(_a.id == article_id)
    if planned is not None:
        waits = waits.where(_a.live_at > _moment(planned.value))
    connection.execute(waits.values(live_at=None))


def _live_at(connection: sa.Connection, article: Article) -> datetime | None:
    if article.status != "live":
        return None
    return article.published_at if article.note in OLD_NEWS else live_from(connection, article.seen_at)


def _moment(microseconds: int) -> datetime:
    return t.EPOCH + microseconds * t.MICROSECOND


def held(connection: sa.Connection, *, source: str = "") -> list[Article]:
    """The articles that wait for a person, oldest first."""
    query = sa.select(t.article).where(t.article.c.status == "held").order_by(t.article.c.published_at, t.article.c.id)
    if source:
        query = query.where(t.article.c.source == source)
    return [article_from(row) for row in connection.execute(query)]


# What every poll does is built once: building a statement costs more than running it.
_ADD = sa.insert(t.article).returning(_a.id)
_BOUNDS = sa.select(t.fact.c.value).where(t.fact.c.key.in_([DIGEST_BOUNDARY, ALERTS_UNTIL]))
_GET = sa.select(t.article).where(_a.id == sa.bindparam("of_id"))
_COUNT_PLANNED = (
    sa.update(t.article)
    .where(_a.id == sa.bindparam("of_id"))
    .values(planned=_a.planned + sa.bindparam("posts", type_=sa.Integer))
)
_MARKS = (
    sa.select(t.alias.c.key, _a.id, _a.source, _a.digest, _a.status, _a.comments)
    .join(t.article, _a.id == t.alias.c.article_id)
    .where(t.alias.c.key.in_(sa.bindparam("of_keys", expanding=True)))
)
_RECENT = sa.select(_a.id, _a.guid, _a.url, _a.published_at, _a.missing_since).where(
    _a.source == sa.bindparam("of_source"), _a.published_at >= sa.bindparam("since"), _a.status != "withdrawn"
)


@cache
def _insert_alias(dialect: str) -> Any:
    return insert_into(dialect, t.alias).on_conflict_do_nothing()
