"""The score: what readers did lately, against what is usual on each channel, and how fresh the article is."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import fsum, isfinite, log, log1p

from distributor.model import Ranking
from distributor.ranking.evidence import Evidence, Usual, utc
from distributor.ranking.items import Item, RankingSettings

__all__ = ["by_category", "rank"]

HOUR = timedelta(hours=1)
LOG_2 = log(2)
# Attention on this scale: what no reader has seen yet has 0, and freshness adds at most 1.
SCALE = 8.0
# How fast it ends after its time: half at `lives`, a thousandth at twice that.
END = 10
# The usual of each channel is learned from so many articles, the newest.
SAMPLE = 200
BOOST_AT_MOST = 100.0
PIN = 1000.0


def rank(items: Iterable[Item], now: datetime, settings: RankingSettings) -> list[Ranking]:
    """Best first; what scores the same goes newest first. A ranking's parts add up to its score (to 1e-9).

    A bucket that begins after `now` does not count yet, and an article of the future is one of now. A count that is
    negative, infinite or no number is 0; a time without a zone is in UTC. The usual of each channel is learned from
    these items, so scores of two calls can be compared only when the calls were given about the same.
    """
    table = _Table(items, now, settings)
    return table.rankings(sorted(range(len(table.items)), key=table.order, reverse=True))


def by_category(items: Iterable[Item], now: datetime, settings: RankingSettings, top: int) -> dict[str, list[Ranking]]:
    """The first `top` of each category, as `rank` would order them, without ranking the rest in full."""
    table = _Table(items, now, settings)
    groups: dict[str, list[int]] = defaultdict(list)
    for n, item in enumerate(table.items):
        groups[item.category].append(n)
    return {category: table.rankings(table.first(group, top)) for category, group in sorted(groups.items())}


class _Table:
    """Every item's score, at its number in `items`; columns of numbers, since there may be very many."""

    def __init__(self, items: Iterable[Item], now: datetime, settings: RankingSettings) -> None:
        now = utc(now)
        self.items = list(items)
        self._ages = [max(0.0, (now - utc(item.published_at)) / HOUR) for item in self.items]
        half_life, lives, ageing = settings.freshness_half_life / HOUR, settings.lives / HOUR, -settings.ageing
        self._freshness = [0.5 ** (age / half_life) for age in self._ages]
        self._fading = [SCALE * (1 + age) ** ageing / (1 + (age / lives) ** END) for age in self._ages]
        self._evidence = Evidence(Usual(self._newest()), now, settings)
        self._scores = self._scored()

    def order(self, n: int) -> tuple[float, float, int]:
        """The score, then the newest, then the id: the greatest is the best."""
        return self._scores[n], -self._ages[n], self.items[n].article_id

    def first(self, numbers: Sequence[int], top: int) -> list[int]:
        """The best `top` of these, best first. Only what scores as well as the last of them is sorted in full."""
        least = min(heapq.nlargest(top, [self._scores[n] for n in numbers]), default=0.0)
        return sorted((n for n in numbers if self._scores[n] >= least), key=self.order, reverse=True)[:top]

    def rankings(self, numbers: Iterable[int]) -> list[Ranking]:
        return [Ranking(self.items[n].article_id, self._scores[n], self._parts(n)) for n in numbers]

    def _scored(self) -> list[float]:
        scores = []
        for item, freshness, fading in zip(self.items, self._freshness, self._fading, strict=True):
            score = log1p(freshness + fading * fsum(self._evidence.of(item))) / LOG_2
            if item.boost or item.pinned or item.buried:
                score += _boost(item) + _place(item)
            scores.append(score)
        return scores

    def _parts(self, n: int) -> dict[str, float]:
        """The logarithm is split in proportion to what it is taken of."""
        item, freshness = self.items[n], self._freshness[n]
        shares = [found * self._fading[n] for found in self._evidence.of(item)]
        whole = freshness + fsum(shares)
        scale = log1p(whole) / LOG_2 / whole if whole > 0 else 0.0
        parts = {"freshness": freshness * scale, "boost": _boost(item)}
        for (channel, kind), share in zip(item.signals, shares, strict=True):
            if share:
                name = f"{channel} {kind}"
                parts[name] = parts.get(name, 0.0) + share * scale
        if place := _place(item):
            parts["pinned" if place > 0 else "buried"] = place
        return parts

    def _newest(self) -> list[Item]:
        """What the usual is learned from. Which articles these are does not depend on what was counted."""
        oldest = max(heapq.nsmallest(SAMPLE, self._ages), default=0.0)
        return [item for item, age in zip(self.items, self._ages, strict=True) if age <= oldest]


def _boost(item: Item) -> float:
    return max(-BOOST_AT_MOST, min(BOOST_AT_MOST, item.boost)) if isfinite(item.boost) else 0.0


def _place(item: Item) -> float:
    """Buried wins over pinned: what a person took away does not come back by another's pin."""
    return -PIN if item.buried else PIN if item.pinned else 0.0
