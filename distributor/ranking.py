"""How trending an article is, the order that follows, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from distributor.model import Ranking

__all__ = ["Item", "RankingSettings", "rank"]

Series = Sequence[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Item:
    """What ranking knows of an article: when it came out, what readers did (per channel and kind), the editor's boost.

    `signals` maps (channel, kind) to a series of (start of the bucket in UTC, count in it).
    """

    article_id: int
    published_at: datetime
    category: str = ""
    signals: Mapping[tuple[str, str], Series] = field(default_factory=dict)
    boost: float = 0.0


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """`freshness_half_life`: after this time an article's freshness, 1 at publication, is worth half."""

    freshness_half_life: timedelta = timedelta(hours=6)


def rank(items: Iterable[Item], now: datetime, settings: RankingSettings) -> list[Ranking]:
    """Best first; what scores the same goes newest first. A ranking's parts add up to its score."""
    scored = [(item, _parts(item, now, settings)) for item in items]
    scored.sort(key=lambda pair: (-sum(pair[1].values()), -pair[0].published_at.timestamp(), -pair[0].article_id))
    return [Ranking(item.article_id, sum(parts.values()), parts) for item, parts in scored]


def _parts(item: Item, now: datetime, settings: RankingSettings) -> dict[str, float]:
    age = max(timedelta(0), now - item.published_at)
    return {"freshness": 0.5 ** (age / settings.freshness_half_life), "boost": item.boost}
