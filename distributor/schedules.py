"""When digests are due: slots on a reader's own clock, as moments in UTC. Pure.

A slot is the schedule's hour on one of its weekdays. Where the clock is put forward over that hour, it is the first
moment after the gap; where the hour comes twice, the first. A date that a zone left out (Apia, 30 December 2011) has
no slot: the next digest tells of that day too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from distributor.model import Schedule

__all__ = ["latest_slot", "next_slot", "schedule_of"]

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
# A weekly slot may be two weeks away when its date was left out; a day more on each side for the zones.
SPAN = 16


def schedule_of(
    frequency: str,
    weekdays: Iterable[int],
    hour: int | None,
    timezone: str,
    digests: Mapping[str, tuple[tuple[int, ...], int]],
) -> Schedule | None:
    """The schedule that a reader's wishes come to; None for "instant", or a digest that is not offered (any more).

    `digests` has the weekdays (0 is Monday) and the hour of each digest by name: they stand in for what is not wished.
    """
    if frequency not in digests:
        return None
    own_days, own_hour = digests[frequency]
    days = tuple(sorted(set(weekdays) or set(own_days) or set(EVERY_DAY)))
    return Schedule(digest=frequency, weekdays=days, hour=own_hour if hour is None else hour, timezone=timezone)


def next_slot(schedule: Schedule, after: datetime) -> datetime:
    """The first slot later than `after` (both UTC)."""
    today = after.astimezone(_zone(schedule.timezone)).date()
    slots = (_slot(schedule, today + timedelta(days=offset)) for offset in range(-2, SPAN))
    return next(slot for slot in slots if slot is not None and slot > after)


def latest_slot(schedule: Schedule, now: datetime) -> datetime:
    """The last slot that is not later than `now` (both UTC)."""
    today = now.astimezone(_zone(schedule.timezone)).date()
    slots = (_slot(schedule, today - timedelta(days=offset)) for offset in range(-2, SPAN))
    return next(slot for slot in slots if slot is not None and slot <= now)


def _slot(schedule: Schedule, day: date) -> datetime | None:
    """The slot of this date on the schedule's clock, None when it has none."""
    if schedule.weekdays and day.weekday() not in schedule.weekdays:
        return None
    return _moment(schedule.timezone, day, schedule.hour)


@lru_cache(maxsize=4096)
def _moment(timezone: str, day: date, hour: int) -> datetime | None:
    zone = _zone(timezone)
    wanted = datetime.combine(day, time(hour))
    first = wanted.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wanted:
        return first
    # PEP 495: in a gap, the offset after it gives a moment before the gap, the offset before it one after the gap.
    before = wanted.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = _end_of_gap(zone, wanted, before, first)
    shown = (after - timedelta(seconds=1)).astimezone(zone).date(), after.astimezone(zone).date()
    return None if shown[0] < day < shown[1] else after


def _end_of_gap(zone: ZoneInfo, wanted: datetime, before: datetime, after: datetime) -> datetime:
    """The first whole second at which the clock shows more than `wanted`: it does so at `after`, not at `before`."""
    span = int((after - before).total_seconds())
    low, high = 0, span
    while high - low > 1:
        middle = (low + high) // 2
        shown = (before + timedelta(seconds=middle)).astimezone(zone).replace(tzinfo=None)
        low, high = (low, middle) if shown > wanted else (middle, high)
    return before + timedelta(seconds=high)


@lru_cache(maxsize=512)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)
