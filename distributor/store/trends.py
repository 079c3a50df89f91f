"""What is trending, read from the ranking's snapshot: articles, why they stand there, and their last hours."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from distributor.model import Article, Ranking
from distributor.store import tables as t
from distributor.store.articles import CHUNK
from distributor.store.rows import article_from

__all__ = ["HOURS", "Trend", "are_current", "made_at", "top"]

HOURS = 48
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Trend:
    """An article in the snapshot. `counts` are (raw, counted) by (channel, kind), in all; `hours` what was counted in
    each of the last HOURS hours, the oldest first. `story` is one word for all that tell the same.
    """

    article: Article
    ranking: Ranking
    story: str
    counts: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    hours: Sequence[int] = ()


def made_at(connection: sa.Connection) -> datetime | None:
    """When the snapshot was made; None while there is none."""
    made: datetime | None = connection.execute(_MADE_AT).scalar_one()
    return made


def are_current(connection: sa.Connection, known: Collection[Article]) -> bool:
    """Whether these articles, of a list of at most CHUNK, are live still, and as they are known."""
    rows = connection.execute(_CURRENT, {"of": [one.id for one in known]})
    return {(row.id, row.revision, row.url) for row in rows} == {(one.id, one.revision, one.url) for one in known}


def top(connection: sa.Connection, now: datetime, *, category: str = "", limit: int = 50) -> list[Trend]:
    """The live articles of the snapshot, or of one category, best first."""
    numbers = _best(connection, category, limit)
    found: dict[int, Any] = {}
    for start in range(0, len(numbers), CHUNK):
        rows = connection.execute(_ROWS, {"of": numbers[start : start + CHUNK]})
        found |= {row.id: row for row in rows}
    counts, hours = _counts(connection, numbers), _hours(connection, numbers, now)
    return [
        Trend(
            article_from(row),
            Ranking(number, row.score, row.parts or {}),
            row.told or str(row.same_as or number),
            counts.get(number, {}),
            hours.get(number, (0,) * HOURS),
        )
        for number in numbers
        if (row := found.get(number)) is not None
    ]


def _best(connection: sa.Connection, category: str, limit: int) -> list[int]:
    """JSON keeps non-ASCII letters escaped on some databases: categories are compared here, until there are enough."""
    numbers: list[int] = []
    with connection.execute(_BEST) as rows:
        for number, categories in rows:
            if not category or category in (categories or ()):
                numbers.append(number)
                if len(numbers) >= limit:
                    break
    return numbers


def _counts(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, dict[tuple[str, str], tuple[int, int]]]:
    found: dict[int, dict[tuple[str, str], tuple[int, int]]] = {}
    for start in range(0, len(numbers), CHUNK):
        for number, channel, kind, raw, counted in connection.execute(_SUMS, {"of": numbers[start : start + CHUNK]}):
            found.setdefault(number, {})[channel, kind] = (int(raw), int(counted))
    return found


def _hours(connection: sa.Connection, numbers: Sequence[int], now: datetime) -> dict[int, tuple[int, ...]]:
    begin = now.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * HOUR
    found: dict[int, list[int]] = {}
    for start in range(0, len(numbers), CHUNK):
        given = {"of": numbers[start : start + CHUNK], "since": begin}
        for number, bucket, counted in connection.execute(_BUCKETS, given):
            place = (bucket - begin) // HOUR
            if 0 <= place < HOURS:
                found.setdefault(number, [0] * HOURS)[place] += counted
    return {number: tuple(hours) for number, hours in found.items()}


# Built once: building a statement costs more than running it.
_a, _r, _g = t.article.c, t.ranking.c, t.signal.c
_MADE_AT = sa.select(sa.func.min(_r.at))
_BEST = (
    sa.select(_a.id, _a.categories)
    .join(t.ranking, _r.article_id == _a.id)
    .where(_a.status == "live")
    .order_by(_r.score.desc(), _a.published_at.desc(), _a.id.desc())
    .execution_options(yield_per=CHUNK)
)
_of: sa.BindParameter[Any] = sa.bindparam("of", expanding=True)
_CURRENT = sa.select(_a.id, _a.revision, _a.url).where(_a.id.in_(_of), _a.status == "live")
_ROWS = (
    sa.select(t.article, _r.score, _r.parts, _r.story.label("told"))
    .join(t.ranking, _r.article_id == _a.id)
    .where(_a.id.in_(_of))
)
_SUMS = (
    sa.select(_g.article_id, _g.channel, _g.kind, sa.func.sum(_g.raw), sa.func.sum(_g.counted))
    .where(_g.article_id.in_(_of))
    .group_by(_g.article_id, _g.channel, _g.kind)
)
_BUCKETS = sa.select(_g.article_id, _g.bucket, _g.counted).where(
    _g.article_id.in_(_of), _g.bucket >= sa.bindparam("since"), _g.counted > 0
)
