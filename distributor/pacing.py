"""When a channel may speak: quiet hours, posting slots, paces, budgets. Pure functions over what was sent before.

Nothing here is remembered: every answer follows from the ledger's own times, so two workers always agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = [
    "Budget",
    "Pace",
    "Timetable",
    "affordable",
    "day_start",
    "left",
    "month_start",
    "next_in_pace",
    "opens",
]


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `count` attempts in any stretch of `per`."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Timetable:
    """The hours a channel keeps, in its own time zone. `quiet` may pass midnight; `slots` each let one post out."""

    zone: str = "UTC"
    quiet: tuple[time, time] | None = None
    slots: tuple[time, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """What a channel may cost, in USD; 0 is no limit."""

    monthly: float = 0.0
    daily: float = 0.0


def next_in_pace(nth_last: datetime | None, pace: Pace, now: datetime) -> datetime:
    """The first moment, from `now` on, at which one more attempt keeps the pace.

    `nth_last` is when the `pace.count`-th last attempt was made, None when there were fewer.
    """
    return now if nth_last is None else max(now, nth_last + pace.per)


def opens(timetable: Timetable, last_post: datetime | None, now: datetime) -> datetime:
    """The first moment, from `now` on, at which the timetable lets an ordinary post out.

    A slot that falls into the quiet hours, or was not used before them, is open when they end.
    """
    return _after_quiet(timetable, _after_slot(timetable, last_post, now))


def affordable(budget: Budget, cost: float, *, spent_month: float, spent_today: float) -> int:
    """How many more posts of `cost` the budget pays now; a very large number where nothing limits it."""
    if cost <= 0 or not (budget.monthly or budget.daily):
        return 10**9
    # A cent's worth of float dust must not cost a post.
    return max(0, int((left(budget, spent_month=spent_month, spent_today=spent_today) + 1e-9) / cost))


def left(budget: Budget, *, spent_month: float, spent_today: float) -> float:
    """What may still be spent now: of the month, and of the day where it has a budget of its own."""
    limits = [budget.daily - spent_today] if budget.daily else []
    if budget.monthly:
        limits.append(budget.monthly - spent_month)
    return max(0.0, min(limits))


def month_start(now: datetime, zone: str) -> datetime:
    """Midnight of the month's first day in `zone`, in UTC."""
    return day_start(now, zone, day=1)


def day_start(now: datetime, zone: str, *, day: int | None = None) -> datetime:
    """Midnight of today (or of this month's `day`) in `zone`, in UTC."""
    local = now.astimezone(ZoneInfo(zone))
    midnight = local.replace(day=day or local.day, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return midnight.astimezone(UTC)


def _after_quiet(timetable: Timetable, moment: datetime) -> datetime:
    if timetable.quiet is None or not _is_quiet(timetable, moment):
        return moment
    today = moment.astimezone(ZoneInfo(timetable.zone)).date()
    # The clock may show the hour that ends the quiet twice a day: the next one counts, if it ends it.
    ends = {
        _at(today + timedelta(days=offset), timetable.quiet[1], timetable.zone, fold=fold)
        for offset in (-1, 0, 1)
        for fold in (0, 1)
    }
    return min(end for end in ends if end > moment and not _is_quiet(timetable, end))


def _is_quiet(timetable: Timetable, moment: datetime) -> bool:
    if timetable.quiet is None:
        return False
    start, end = timetable.quiet
    clock = moment.astimezone(ZoneInfo(timetable.zone)).time()
    return start <= clock < end if start <= end else clock >= start or clock < end


def _after_slot(timetable: Timetable, last_post: datetime | None, now: datetime) -> datetime:
    """Open when no post went out since the last slot began; else at the next slot."""
    if not timetable.slots:
        return now
    around = _slots_around(timetable, now)
    latest = max(moment for moment in around if moment <= now)
    if last_post is None or last_post < latest:
        return now
    return min(moment for moment in around if moment > now)


def _slots_around(timetable: Timetable, now: datetime) -> Sequence[datetime]:
    today = now.astimezone(ZoneInfo(timetable.zone)).date()
    days = [today + timedelta(days=offset) for offset in (-2, -1, 0, 1, 2)]
    return [_at(day, slot, timetable.zone) for day in days for slot in timetable.slots]


def _at(day: date, clock: time, zone: str, *, fold: int = 0) -> datetime:
    """A wall-clock time as a moment; one that a DST change skips is the moment the clock jumps over it."""
    local = datetime.combine(day, clock, ZoneInfo(zone))
    moment = local.replace(fold=fold).astimezone(UTC)
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # PEP 495: read by the offset after the jump it lies before it, read by the offset before the jump, after it.
    before, after = local.replace(fold=1).astimezone(UTC), local.replace(fold=0).astimezone(UTC)
    offset = before.astimezone(local.tzinfo).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(local.tzinfo).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
