"""The score: what readers did lately, against what is usual on each channel, and how fresh the article is."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import fsum, isfinite, log2
from typing import NamedTuple

from distributor.model import Ranking
from distributor.ranking.evidence import Evidence, Usual, utc
from distributor.ranking.items import Item, RankingSettings

__all__ = ["by_category", "rank"]

HOUR = timedelta(hours=1)
# Attention on this scale: what no reader has seen yet has 0, and freshness adds at most 1.
SCALE = 8.0
# Attention is divided by (1 + age)^AGEING: an old article with the same evidence has less to come.
AGEING = 0.4
# How fast it ends after its time: half at `lives`, a thousandth at twice that.
END = 10
# The usual of each channel is learned from so many articles.
SAMPLE = 500
BOOST_AT_MOST = 100.0
PIN = 1000.0


class _Scored(NamedTuple):
    """Sorts as the ranking does: the score, then the newest (`born`: hours before now, below 0), then the id."""

    score: float
    born: float
    article_id: int
    item: Item
    freshness: float
    shares: Sequence[float]


def rank(items: Iterable[Item], now: datetime, settings: RankingSettings) -> list[Ranking]:
    """Best first; what scores the same goes newest first. A ranking's parts add up to its score (to 1e-9).

    A bucket that begins after `now` does not count yet. A count that is negative, infinite or no number is 0; a time
    without a zone is in UTC. The usual of each channel is learned from these items, so scores of two calls can be
    compared only when the calls were given about the same.
    """
    return [_ranking(one) for one in sorted(_scored(items, now, settings), key=_order, reverse=True)]


def by_category(items: Iterable[Item], now: datetime, settings: RankingSettings, top: int) -> dict[str, list[Ranking]]:
    """The first `top` of each category, as `rank` would order them, without ranking the rest in full."""
    groups: dict[str, list[_Scored]] = defaultdict(list)
    for one in _scored(items, now, settings):
        groups[one.item.category].append(one)
    return {
        category: [_ranking(one) for one in heapq.nlargest(top, group, key=_order)]
        for category, group in sorted(groups.items())
    }


def _order(one: _Scored) -> tuple[float, float, int]:
    return one[:3]


def _scored(items: Iterable[Item], now: datetime, settings: RankingSettings) -> list[_Scored]:
    now = utc(now)
    found = [((utc(item.published_at) - now) / HOUR, item) for item in items]
    evidence = Evidence(Usual(_newest(found)), now, settings)
    half_life, lives = settings.freshness_half_life / HOUR, settings.lives / HOUR
    scored = []
    for born, item in found:
        age = max(0.0, -born)
        freshness = 0.5 ** (age / half_life)
        shares: list[float] = []
        if item.signals:
            fading = SCALE * (1 + age) ** -AGEING / (1 + (age / lives) ** END)
            shares = [one * fading for one in evidence.of(item)]
        score = log2(1 + fsum(shares) + freshness) + _boost(item) + _place(item)
        scored.append(_Scored(score, born, item.article_id, item, freshness, shares))
    return scored


def _newest(found: Sequence[tuple[float, Item]]) -> list[Item]:
    """What the usual is learned from. Which articles these are does not depend on what was counted."""
    if len(found) <= SAMPLE:
        return [item for _, item in found]
    newest = heapq.nlargest(SAMPLE, ((born, item.article_id, n) for n, (born, item) in enumerate(found)))
    return [found[n][1] for _, _, n in newest]


def _ranking(one: _Scored) -> Ranking:
    """The logarithm is split in proportion to what it is taken of."""
    item, whole = one.item, fsum(one.shares) + one.freshness
    scale = log2(1 + whole) / whole if whole > 0 else 0.0
    parts = {"freshness": one.freshness * scale, "boost": _boost(item)}
    parts |= {" ".join(key): share * scale for key, share in zip(item.signals, one.shares, strict=False) if share}
    if place := _place(item):
        parts["pinned" if place > 0 else "buried"] = place
    return Ranking(item.article_id, one.score, parts)


def _boost(item: Item) -> float:
    return max(-BOOST_AT_MOST, min(BOOST_AT_MOST, item.boost)) if isfinite(item.boost) else 0.0


def _place(item: Item) -> float:
    """Buried wins over pinned: what a person took away does not come back by another's pin."""
    return -PIN if item.buried else PIN if item.pinned else 0.0
