"""The ranking's snapshot, and what it is made of. Each function works on the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from distributor.model import Ranking
from distributor.ranking import Item, Series
from distributor.store import tables as t
from distributor.store.articles import CHUNK, insert_into

__all__ = ["ITEM", "add", "drop", "item_from", "items", "made_at", "of", "some", "tellings"]

# So many are ranked; of more, the newest.
MOST = 20_000
# Clocks of two machines differ by less.
AHEAD = timedelta(minutes=5)
# What readers did to one article, by (channel, kind).
Counted = Mapping[tuple[str, str], Series]

_a = t.article.c
# What ranking needs of an article: see item_from.
ITEM = (_a.id, _a.published_at, _a.categories, _a.boost, _a.place, _a.place_until, _a.same_as)


def items(
    connection: sa.Connection,
    now: datetime,
    *,
    since: datetime | None = None,
    only: Sequence[int] | None = None,
    counted: Mapping[int, Counted] | None = None,
) -> list[Item]:
    """What ranking needs of the live articles published since then and of all that still has something to send.

    With `only`: of those given instead, at most CHUNK. `counted` is what readers did, by article.
    """
    if only is not None:
        rows = list(connection.execute(_ITEMS, {"of": list(only)}))
    else:
        recent = connection.execute(_PUBLISHED, {"since": since}) if since else ()
        rows = list({row.id: row for found in (recent, connection.execute(_LIVE)) for row in found}.values())
    return [item_from(row, now, (counted or {}).get(row.id, {})) for row in rows]


def item_from(row: Any, now: datetime, counted: Counted = MappingProxyType({})) -> Item:
    """From a row that has ITEM's columns; `now` tells whether the editor's place still holds."""
    place = row.place if row.place_until is None or row.place_until > now else ""
    return Item(
        row.id,
        row.published_at,
        (row.categories or [""])[0],
        counted,
        row.boost,
        pinned=place == "pin",
        buried=place == "bury",
        story=str(row.same_as or row.id),
    )


def tellings(connection: sa.Connection, article_ids: Sequence[int]) -> list[Any]:
    """(id, title, summary, fingerprint of the story, same_as) of at most CHUNK articles."""
    query = sa.select(_a.id, _a.title, _a.summary, _a.story, _a.same_as)
    return list(connection.execute(query.where(_a.id.in_(article_ids))))


def add(
    connection: sa.Connection, rankings: Sequence[Ranking], now: datetime, told: Mapping[int, str] | None = None
) -> None:
    """Adds to the snapshot, or renews a part of it that is no newer. `told` maps articles to another's story."""
    rows = [
        {
            "article_id": one.article_id,
            "score": one.score,
            "parts": dict(one.parts),
            "story": (told or {}).get(one.article_id, ""),
            "at": now,
        }
        for one in rankings
    ]
    if rows:
        connection.execute(_insert(connection.dialect.name), rows)


def drop(connection: sa.Connection, before: datetime) -> None:
    """What was ranked before then and not since is live no more; what was long after, by a clock that was wrong."""
    at = t.ranking.c.at
    connection.execute(sa.delete(t.ranking).where(sa.or_(at < before, at > before + AHEAD)))


def made_at(connection: sa.Connection) -> datetime | None:
    """When the oldest part of the snapshot was made; None when there is none."""
    oldest: datetime | None = connection.execute(_RANKED_AT).scalar_one()
    return oldest


def of(connection: sa.Connection, article_id: int) -> Ranking | None:
    """How an article ranks in the latest snapshot; None when it is too old to be ranked."""
    row = connection.execute(sa.select(t.ranking).where(t.ranking.c.article_id == article_id)).one_or_none()
    return None if row is None else Ranking(row.article_id, row.score, row.parts or {})


def some(connection: sa.Connection, article_ids: Sequence[int]) -> dict[int, Ranking]:
    """Those of these articles that are in the latest snapshot."""
    found: dict[int, Ranking] = {}
    for start in range(0, len(article_ids), CHUNK):
        query = sa.select(t.ranking).where(t.ranking.c.article_id.in_(article_ids[start : start + CHUNK]))
        for row in connection.execute(query):
            found[row.article_id] = Ranking(row.article_id, row.score, row.parts or {})
    return found


# Built once: building a statement costs more than running it.
_PUBLISHED = (
    sa.select(*ITEM)
    .where(_a.published_at >= sa.bindparam("since", type_=t.Moment), _a.status == "live")
    .order_by(_a.published_at.desc())
    .limit(MOST)
)
_ITEMS = sa.select(*ITEM).where(_a.id.in_(sa.bindparam("of", expanding=True)))
_LIVE = sa.select(*ITEM).where(
    _a.id.in_(sa.select(t.delivery.c.article_id).where(t.IS_UNSETTLED, t.delivery.c.state.in_(["pending", "held"])))
)
_RANKED_AT = sa.select(sa.func.min(t.ranking.c.at))


@cache
def _insert(dialect: str) -> Any:
    insert = insert_into(dialect, t.ranking)
    given = insert.excluded
    renewed = {name: given[name] for name in ("score", "parts", "story", "at")}
    return insert.on_conflict_do_update(index_elements=["article_id"], set_=renewed, where=t.ranking.c.at <= given.at)
