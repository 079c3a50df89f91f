"""What readers did with an article: one number for each channel and kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import exp, log, log1p

from distributor.ranking.items import Item, RankingSettings, Series

__all__ = ["Evidence", "Usual", "utc"]

# What a bucket holds on a channel of which nothing is known, believed as firmly as FIRMNESS articles.
PRIOR_USUAL = 2.0
FIRMNESS = 5
# More than any interval has readers, and more than a good one has, as a multiple of burst x usual: a broken counter.
COUNT_AT_MOST = 1e9
BURST_AT_MOST = 1000.0
# Logarithms are kept in millionths, as whole numbers: what is added and taken out again leaves nothing behind.
MILLIONTHS = 1_000_000

Key = tuple[str, str]


class Usual:
    """What a bucket with anything in it holds, on each channel and kind: the geometric mean of these articles' means.

    An article is measured against the others, itself left out: what it gets never raises its own measure, and so
    never lowers its score. It does not depend on the moment either, so a score can only fall as time passes.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._own: dict[int, dict[Key, int]] = {}
        self._count: dict[Key, int] = defaultdict(int)
        self._sum: dict[Key, int] = defaultdict(int)
        for item in items:
            own = {key: level for key, series in item.signals.items() if (level := _level(series)) is not None}
            self._own[item.article_id] = own
            for key, level in own.items():
                self._count[key] += 1
                self._sum[key] += level

    def of(self, key: Key, article_id: int | None = None) -> float:
        """For a bucket of this article, or of any that nothing was learned from."""
        count, total = self._count.get(key, 0), self._sum.get(key, 0)
        own = self._own[article_id].get(key) if article_id in self._own else None
        if own is not None:
            count, total = count - 1, total - own
        return exp((total / MILLIONTHS + FIRMNESS * log(PRIOR_USUAL)) / (count + FIRMNESS))

    @property
    def learned_from(self) -> Collection[int]:
        return self._own.keys()


class Evidence:
    """Reads series at `now`.

    A bucket counts log(1 + count / (burst x usual)): in proportion up to some times the usual, then less and less. So
    steady interest outweighs one burst of the same size, and a flood in one interval wins little. Most buckets share
    their start and their count with others: both are looked up, since there may be a million.
    """

    def __init__(self, usual: Usual, now: datetime, settings: RankingSettings) -> None:
        self._usual = usual
        self._measured = usual.learned_from
        self._now = now
        self._half_life = settings.half_life
        self._burst = settings.burst
        self._weights = settings.weights
        self._recent: dict[datetime, float] = {}
        self._gains: dict[Key, dict[float, float]] = defaultdict(dict)

    def of(self, item: Item) -> list[float]:
        """One number for each of the item's signals, in their order; none below 0."""
        recent, shared, found = self._recent, self._gains, []
        measured = item.article_id in self._measured
        for key, series in item.signals.items():
            gains = {} if measured else shared[key]
            total = 0.0
            try:
                for start, count in series:
                    total += recent[start] * gains[count]
            except KeyError:
                self._learn(key, series, gains, item.article_id)
                total = 0.0
                for start, count in series:
                    total += recent[start] * gains[count]
            found.append(total)
        return found

    def _learn(self, key: Key, series: Series, gains: dict[float, float], article_id: int) -> None:
        weight, scale = _weight(self._weights, key), self._burst * self._usual.of(key, article_id)
        for start, count in series:
            if start not in self._recent:
                self._recent[start] = _recency(self._now - utc(start), self._half_life)
            if count not in gains:
                gains[count] = weight * log1p(min(BURST_AT_MOST, _counted(count) / scale))


def utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _recency(age: timedelta, half_life: timedelta) -> float:
    """1 now, and half of it after each half-life; a bucket that has not begun is no evidence yet."""
    return 0.0 if age < timedelta(0) else 0.5 ** (age / half_life)


def _counted(count: float) -> float:
    return min(count, COUNT_AT_MOST) if 0 < count < float("inf") else 0.0


def _level(series: Series) -> int | None:
    """The logarithm of the mean of the buckets that have anything in them, in millionths."""
    counts = [counted for _, count in series if (counted := _counted(count))]
    return round(MILLIONTHS * log(sum(counts) / len(counts))) if counts else None


def _weight(words: Mapping[str, float], key: Key) -> float:
    channel, kind = key
    exact = words.get(f"{channel} {kind}")
    weight = words.get(channel, 1.0) * words.get(kind, 1.0) if exact is None else exact
    return weight if 0 < weight < float("inf") else 0.0
