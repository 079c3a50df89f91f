"""Chooses what the ranking's defaults are, by cross-validation over time: `python -m benchmarks.trending.tuning`.

The time is cut into five blocks. For each, the best settings of the grid are found on the others, without the 48 hours
beside it (the articles of which it shares), and judged on it: `ndcg10_cv` is what tuning gives on time it has not seen.
Takes some minutes on one core.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from statistics import fmean
from typing import Any

from benchmarks.trending import judging, rankers
from distributor.ranking import RankingSettings

__all__ = ["GRID", "cross_validated", "measure"]

GAP = 48
GRID = [
    RankingSettings(half_life=timedelta(hours=hours), burst=burst, ageing=ageing)
    for hours, burst, ageing in itertools.product((4, 5, 6), (4.0, 7.0, 12.0), (0.2, 0.3, 0.4))
]


def cross_validated(tried: Sequence[Sequence[float]]) -> tuple[list[float], list[int]]:
    """From each setting's NDCG of each hour: of each fold, the mean with the setting best outside it, and which."""
    size = len(tried[0])
    means, chosen = [], []
    for fold in range(judging.FOLDS):
        low, high = size * fold // judging.FOLDS, size * (fold + 1) // judging.FOLDS
        outside = [n for n in range(size) if n < low - GAP or n >= high + GAP]
        best = max(range(len(tried)), key=lambda number: fmean(tried[number][n] for n in outside))
        means.append(fmean(tried[best][low:high]))
        chosen.append(best)
    return means, chosen


def measure() -> dict[str, Any]:
    moments = list(judging.hours(judging.load()))
    tried = [judging.judge(moments, rankers.ours(settings)).ndcg for settings in GRID]
    means, chosen = cross_validated(tried)
    return {
        "settings_tried": len(GRID),
        "ndcg10_cv": round(fmean(means), 4),
        "folds_cv": [round(mean, 4) for mean in means],
        "chosen": [_words(GRID[number]) for number in chosen],
        "range": [round(min(map(fmean, tried)), 4), round(max(map(fmean, tried)), 4)],
    }


def _words(settings: RankingSettings) -> str:
    hours = settings.half_life / timedelta(hours=1)
    return f"half_life {hours:g} h, burst {settings.burst:g}, ageing {settings.ageing:g}"


def main() -> None:
    if not judging.CURVES.is_file():
        sys.exit(f"{judging.CURVES} is not there: its data is not part of the project")
    sys.stdout.write(json.dumps(measure()) + "\n")


if __name__ == "__main__":
    main()
