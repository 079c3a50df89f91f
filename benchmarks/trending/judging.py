"""The judge of ../shared/data/popularity/README.md: what a ranker sees, what came after, and how well it guessed.

Article k is published k x 10 minutes after START. At each full hour from hour 48 on a ranker sees what was counted of
the articles younger than 48 hours, in slices of 20 minutes; the truth is what each gains in the next six hours.
"""

from __future__ import annotations

import csv
import gzip
import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import log1p, log2
from pathlib import Path
from statistics import fmean

from benchmarks import stage
from distributor.ranking import Item, Series

__all__ = ["CURVES", "FOLDS", "Curve", "Figures", "Hour", "Seen", "hours", "judge", "load"]

CURVES = stage.ROOT.parent / "shared" / "data" / "popularity" / "curves.csv.gz"
START = datetime(2026, 1, 1, tzinfo=UTC)
APART, SLICE, LIVES, AHEAD = 10, 20, 48 * 60, 6 * 60
PLACES = 10
FOLDS = 5

Key = tuple[str, str]


@dataclass(frozen=True)
class Curve:
    """One article: when it came out (minutes after START), and what was counted, cumulated, at each slice from 0 on."""

    number: int
    born: int
    total: Sequence[int]
    signals: dict[Key, tuple[Series, Sequence[int]]]
    """By (platform, "shares"): the buckets that hold anything, and the slice at whose end each is known."""


@dataclass(frozen=True)
class Seen:
    """An article at a moment: its age in minutes, and in how many slices it was counted so far."""

    curve: Curve
    age: int

    @property
    def slices(self) -> int:
        return self.age // SLICE

    @property
    def count(self) -> int:
        return self.curve.total[self.slices]

    @property
    def gain(self) -> int:
        total = self.curve.total
        return total[min((self.age + AHEAD) // SLICE, len(total) - 1)] - self.count

    def item(self) -> Item:
        signals = {
            key: found
            for key, (series, known) in self.curve.signals.items()
            if (found := series[: bisect_right(known, self.slices)])
        }
        return Item(self.curve.number, START + timedelta(minutes=self.curve.born), signals=signals)


@dataclass(frozen=True)
class Hour:
    at: datetime
    seen: Sequence[Seen]


@dataclass(frozen=True)
class Figures:
    """NDCG@10 and the share caught of what the best ten gained, of each hour."""

    ndcg: list[float] = field(default_factory=list)
    caught: list[float] = field(default_factory=list)

    @property
    def means(self) -> tuple[float, float]:
        return round(fmean(self.ndcg), 4), round(fmean(self.caught), 4)

    def folds(self) -> list[float]:
        """NDCG@10 of each fifth of the time."""
        size = len(self.ndcg)
        return [round(fmean(self.ndcg[size * n // FOLDS : size * (n + 1) // FOLDS]), 4) for n in range(FOLDS)]


Ranker = Callable[[Hour], Sequence[int]]
"""Gives the numbers of the articles, best first."""


def load(path: Path = CURVES) -> list[Curve]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        platforms: dict[int, dict[str, list[int]]] = {}
        for number, platform, *counts in rows:
            platforms.setdefault(int(number), {})[platform] = [0, *map(int, counts)]
    return [_curve(number, found) for number, found in sorted(platforms.items())]


def _curve(number: int, platforms: dict[str, list[int]]) -> Curve:
    born = number * APART
    signals: dict[Key, tuple[Series, Sequence[int]]] = {}
    for platform, counts in platforms.items():
        gains = [(n, after - before) for n, (before, after) in enumerate(pairwise(counts))]
        held = [(n, gain) for n, gain in gains if gain]
        series = [(START + timedelta(minutes=born + n * SLICE), float(gain)) for n, gain in held]
        signals[platform, "shares"] = (series, [n + 1 for n, _ in held])
    return Curve(number, born, [sum(column) for column in zip(*platforms.values(), strict=True)], signals)


def hours(curves: Sequence[Curve], step: int = 1) -> Iterator[Hour]:
    """Until six hours before the last publication: to the end of the truth, news goes on coming in."""
    for minutes in range(LIVES, curves[-1].born - AHEAD + 1, 60 * step):
        first, last = (minutes - LIVES) // APART + 1, minutes // APART
        seen = [Seen(curve, minutes - curve.born) for curve in curves[first : last + 1]]
        yield Hour(START + timedelta(minutes=minutes), seen)


def judge(moments: Sequence[Hour], ranker: Ranker) -> Figures:
    figures = Figures()
    for hour in moments:
        gains = {one.curve.number: one.gain for one in hour.seen}
        best = heapq.nlargest(PLACES, gains.values())
        taken = [gains[number] for number in ranker(hour)[:PLACES]]
        if best[0]:
            figures.ndcg.append(_discounted(taken) / _discounted(best))
            figures.caught.append(sum(taken) / sum(best))
    return figures


def _discounted(gains: Sequence[int]) -> float:
    return sum(log1p(gain) / log2(place + 2) for place, gain in enumerate(gains))
