"""The baselines of ../shared/data/popularity/README.md, and ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import log10

from benchmarks.trending.judging import Hour, Ranker, Seen
from distributor.ranking import RankingSettings, rank

__all__ = ["BASELINES", "README", "ours"]

SLICES_AN_HOUR = 3

README: Mapping[str, tuple[float, float]] = {
    "newest first": (0.160, 0.070),
    "most popular": (0.729, 0.519),
    "Reddit hot": (0.751, 0.525),
    "gain of the last hour": (0.760, 0.522),
    "Hacker News": (0.808, 0.602),
    "decayed 4 h": (0.823, 0.609),
    "decayed 6 h / (hours + 2)^0.6": (0.830, 0.618),
}
"""What the README gives for each: NDCG@10 and caught."""


def ours(settings: RankingSettings) -> Ranker:
    return lambda hour: [one.article_id for one in rank([seen.item() for seen in hour.seen], hour.at, settings)]


def _by(score: Callable[[Seen], float]) -> Ranker:
    """Best first; what scores the same goes newest first."""

    def ranker(hour: Hour) -> Sequence[int]:
        return [one.curve.number for one in sorted(hour.seen, key=lambda seen: (-score(seen), seen.age))]

    return ranker


def _decayed(half_life: float) -> Callable[[Seen], float]:
    """What was counted, each slice worth half after so many hours."""
    keep = 0.5 ** (1 / (SLICES_AN_HOUR * half_life))
    curves: dict[int, list[float]] = {}

    def score(seen: Seen) -> float:
        number = seen.curve.number
        if number not in curves:
            decayed, total = [0.0], seen.curve.total
            for before, after in pairwise(total):
                decayed.append(decayed[-1] * keep + after - before)
            curves[number] = decayed
        return curves[number][seen.slices]

    return score


def _last_hour(seen: Seen) -> float:
    return seen.count - seen.curve.total[max(0, seen.slices - SLICES_AN_HOUR)]


def _baselines() -> dict[str, Ranker]:
    six = _decayed(6)
    return {
        "newest first": _by(lambda seen: -seen.age),
        "most popular": _by(lambda seen: seen.count),
        "Reddit hot": _by(lambda seen: log10(max(1, seen.count)) - seen.age * 60 / 45000),
        "gain of the last hour": _by(_last_hour),
        "Hacker News": _by(lambda seen: seen.count / (seen.age / 60 + 2) ** 1.8),
        "decayed 4 h": _by(_decayed(4)),
        "decayed 6 h / (hours + 2)^0.6": _by(lambda seen: six(seen) / (seen.age / 60 + 2) ** 0.6),
    }


BASELINES = _baselines()
