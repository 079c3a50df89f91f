"""When to look at a source again, and what a poll tells of it. Pure.

The interval follows how often the source publishes, between the bounds in the settings; what the server asks for
(Retry-After, Cache-Control, ttl) is a lower bound up to the longest interval; a failing source is polled less and
less; a feed that is gone (410) is paused; one that moved for good (301, 308) is followed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Bounds", "flood_limit", "interval", "is_too_old", "retry_at"]

# A source is looked at this often between two articles, as it publishes on the average.
LOOKS_PER_ARTICLE = 4
RECENT = 10


@dataclass(frozen=True, slots=True)
class Bounds:
    """The shortest and the longest time between two polls."""

    shortest: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=1)


def interval(bounds: Bounds, published: Sequence[datetime], now: datetime, asked: timedelta | None = None) -> timedelta:
    """How long to wait after a good poll. `published`: when the source's articles came out, in any order."""
    recent = sorted((moment for moment in published if moment <= now), reverse=True)[:RECENT]
    wait = bounds.longest
    if recent:
        # The time since the newest article counts as a gap too: a source that fell silent is polled less.
        wait = (now - recent[-1]) / (len(recent) * LOOKS_PER_ARTICLE)
    if asked is not None:
        wait = max(wait, asked)
    return min(max(wait, bounds.shortest), bounds.longest)


def retry_at(bounds: Bounds, failures: int, now: datetime, jitter: float, asked: timedelta | None = None) -> datetime:
    """When to try a failing source again. `failures` in a row, from 1; `jitter` in [0, 1) spreads many sources."""
    ceiling = min(bounds.longest, bounds.shortest * float(2 ** min(failures, 20)))
    wait = max(bounds.shortest, ceiling * (0.5 + jitter / 2))
    # A server may ask for patience, but not for ever.
    return now + max(wait, min(asked or timedelta(0), timedelta(days=1)))


def flood_limit(guard: int, since_last_good: timedelta | None) -> int:
    """How many new articles at once are still news. It grows by `guard` for every hour since the last good poll,
    so that an outage does not hold the morning's news; 0 is no limit.
    """
    if guard <= 0:
        return 1_000_000_000
    hours = 0.0 if since_last_good is None else since_last_good / timedelta(hours=1)
    return guard * max(1, math.ceil(min(hours, 24 * 14)))


def is_too_old(published_at: datetime, now: datetime, max_age: timedelta) -> bool:
    return now - published_at > max_age
