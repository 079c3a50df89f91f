"""Which hour and which weekday do best. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import log1p

__all__ = ["DAYS", "NONE", "Best", "Hits", "busiest", "to_post"]

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Below so many posts nobody can tell; and so many usual posts are added to each hour before hours are compared.
FEWEST = 8
USUAL = 3


@dataclass(frozen=True, slots=True)
class Hits:
    """How often something was done: `raw` is everything, `counted` without robots and repeats."""

    raw: int = 0
    counted: int = 0

    def __add__(self, other: Hits) -> Hits:
        return Hits(self.raw + other.raw, self.counted + other.counted)


NONE = Hits()


@dataclass(frozen=True, slots=True)
class Best:
    """The hour of the day (0 to 23) and the weekday (0 is Monday) whose posts were clicked most; None: too few."""

    hour: int | None = None
    weekday: int | None = None


def busiest(series: Iterable[tuple[datetime, int]], zone: tzinfo) -> int | None:
    """The hour of the day in `zone` in which most happened, the earlier of two alike; None where nothing did."""
    hours: defaultdict[int, int] = defaultdict(int)
    for at, count in series:
        if count > 0:
            hours[at.astimezone(zone).hour] += count
    return min(hours, key=lambda hour: (-hours[hour], hour)) if hours else None


def to_post(posts: Sequence[tuple[datetime, int]], zone: tzinfo) -> Best:
    """When to post: of (when, clicks) in the past.

    Clicks are taken by their logarithm, so that one article that everybody read does not make its hour the best, and
    hours with few posts are drawn towards the usual.
    """
    return Best(
        hour=_best(posts, lambda at: at.astimezone(zone).hour),
        weekday=_best(posts, lambda at: at.astimezone(zone).weekday()),
    )


def _best(posts: Sequence[tuple[datetime, int]], part: Callable[[datetime], int]) -> int | None:
    found: defaultdict[int, list[float]] = defaultdict(list)
    for at, clicks in posts:
        found[part(at)].append(log1p(max(0, clicks)))
    every = [value for values in found.values() for value in values]
    if len(every) < FEWEST or len(found) < 2 or not any(every):
        return None
    usual = sum(every) / len(every)
    worth = {key: (sum(values) + USUAL * usual) / (len(values) + USUAL) for key, values in found.items()}
    return min(worth, key=lambda key: (-round(worth[key], 9), key))
