"""What other outlets report, and which article of ours is on the same story. On the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from distributor.store import signals
from distributor.store import tables as t
from distributor.store.articles import CHUNK, insert_into

__all__ = ["Heard", "Ours", "add", "forget", "known", "latest", "match", "of_article", "ours", "recent"]

c, a = t.coverage.c, t.article.c
CHANNEL, KIND = "radar", "coverage"


@dataclass(frozen=True, slots=True)
class Heard:
    """One report of an outlet; `words` as it was stored."""

    id: int
    article_id: int
    words: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Ours:
    """What is compared of an article of ours."""

    id: int
    title: str
    summary: str


def add(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Columns of the table `coverage`; what an outlet told before is left as it is."""
    if rows:
        statement = insert_into(connection.dialect.name, t.coverage).on_conflict_do_nothing()
        connection.execute(statement, [dict(row) for row in rows])


def known(connection: sa.Connection, outlet: str, guids: Sequence[str]) -> set[str]:
    """Which of these an outlet told before."""
    query = sa.select(c.guid).where(c.outlet == outlet, c.guid.in_(guids))
    return set(connection.execute(query).scalars())


def latest(connection: sa.Connection) -> tuple[int, int]:
    """The highest ids: of a report, and of an article of ours."""
    report = connection.execute(sa.select(sa.func.max(c.id))).scalar_one()
    return report or 0, connection.execute(sa.select(sa.func.max(a.id))).scalar_one() or 0


def recent(connection: sa.Connection, since: datetime, most: int) -> list[Heard]:
    """What was published since then, the newest of it, by id."""
    query = sa.select(c.id, c.article_id, c.words).where(c.at >= since).order_by(c.id.desc()).limit(most)
    return [Heard(row.id, row.article_id, row.words or {}) for row in connection.execute(query)][::-1]


def ours(connection: sa.Connection, since: datetime, most: int) -> list[Ours]:
    """Our live articles since then, each story once: what is another's near-duplicate is left out."""
    query = sa.select(a.id, a.title, a.summary).where(a.published_at >= since, a.status == "live", a.same_as == 0)
    return [Ours(*row) for row in connection.execute(query.order_by(a.published_at.desc()).limit(most))]


def match(connection: sa.Connection, found: Mapping[int, int]) -> int:
    """Reports to our articles, by ids. An outlet counts once for an article, at the time of its first report.

    What was matched meanwhile stays as it is. How many outlets were counted.
    """
    counted = 0
    for number, article_id in sorted(found.items()):
        free = sa.update(t.coverage).where(c.id == number, c.article_id == 0)
        row = connection.execute(free.values(article_id=article_id).returning(c.outlet, c.at)).one_or_none()
        if row is None:
            continue
        others = sa.select(c.id).where(c.article_id == article_id, c.outlet == row.outlet, c.id != number).limit(1)
        if connection.execute(others).one_or_none() is None:
            signals.add(connection, article_id, CHANNEL, KIND, row.at, 1, 1)
            counted += 1
    return counted


def of_article(connection: sa.Connection, article_ids: Sequence[int]) -> dict[int, list[Any]]:
    """Rows (article_id, outlet, title, url, at): of each outlet the first report, the earliest outlet first."""
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(article_ids), CHUNK):
        query = sa.select(c.article_id, c.outlet, c.title, c.url, c.at)
        mine = c.article_id.in_(article_ids[start : start + CHUNK])
        for row in connection.execute(query.where(mine, c.article_id != 0).order_by(c.at, c.id)):
            found.setdefault(row.article_id, {}).setdefault(row.outlet, row)
    return {number: list(outlets.values()) for number, outlets in found.items()}


def forget(connection: sa.Connection, now: datetime) -> None:
    """What was to be kept until now at the longest."""
    connection.execute(sa.delete(t.coverage).where(c.until < now))
