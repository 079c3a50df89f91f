"""How long it takes to score a large newsroom's live articles and to find the first 50 of each category."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

from distributor.ranking import Item, RankingSettings, Series, by_category, rank

__all__ = ["items", "measure"]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOURS, CATEGORIES, TOP = 48, 12, 50
CHANNELS = (("telegram", "clicks"), ("x", "likes"), ("site", "views"))
# Of the times that a newsroom has, one object each, as the store gives them: Python keeps the hash of a time in it.
BUCKETS = [NOW - timedelta(minutes=20 * n) for n in range(1, 3 * HOURS + 1)]


def items(count: int) -> list[Item]:
    """Articles of 48 hours; most have each of three signals, of 10 to 20 buckets with few readers or very many."""
    chance = random.Random(20)
    return [_item(number, chance) for number in range(count)]


def _item(number: int, chance: random.Random) -> Item:
    age = chance.random() * HOURS
    signals = {key: list(_series(age, chance)) for key in CHANNELS if chance.random() < 0.85}
    return Item(number, NOW - timedelta(hours=age), f"category {number % CATEGORIES}", signals)


def _series(age: float, chance: random.Random) -> Iterator[tuple[datetime, float]]:
    size = chance.randint(10, 20)
    held = chance.sample(range(max(size, int(age * 3))), size)
    for n in sorted(held, reverse=True):
        yield BUCKETS[n], min(10**6, int(chance.paretovariate(1)))


def measure(count: int, rounds: int) -> dict[str, float | int]:
    found, settings = items(count), RankingSettings()
    best = _times(lambda: by_category(found, NOW, settings, TOP), rounds)
    series: list[Series] = [series for item in found for series in item.signals.values()]
    return {
        "articles": count,
        "buckets": sum(map(len, series)),
        "top50_ms": round(median(best), 1),
        "top50_best_ms": round(min(best), 1),
        "rank_all_ms": round(median(_times(lambda: rank(found, NOW, settings), max(1, rounds // 3))), 1),
    }


def _times(function: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each round, after one to warm up."""
    function()
    gc.collect()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        taken.append((time.perf_counter() - start) * 1000)
    return taken
