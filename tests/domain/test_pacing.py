"""When a channel may speak, in every zone, through every change of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from distributor.pacing import (
    Budget,
    Pace,
    Timetable,
    affordable,
    day_start,
    left,
    month_start,
    next_in_pace,
    opens,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]

clock_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
# Around the changes of the clock in 2026 in New York, Berlin and Lord Howe, and any time.
around = [
    datetime(2026, month, day, tzinfo=UTC) for month, day in [(3, 8), (11, 1), (3, 29), (10, 25), (4, 4), (10, 3)]
]
moments = st.one_of(
    st.builds(
        lambda day, seconds: day + timedelta(seconds=seconds),
        st.sampled_from(around),
        st.integers(-DAY.seconds, 172_800),
    ),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)


def quiet_at(timetable: Timetable, moment: datetime) -> bool:
    """What a person reads off the wall clock."""
    if timetable.quiet is None:
        return False
    start, end = timetable.quiet
    clock = moment.astimezone(ZoneInfo(timetable.zone)).time()
    return start <= clock < end if start <= end else clock >= start or clock < end


def used_up(timetable: Timetable, last: datetime | None, moment: datetime) -> bool:
    """Whether a post went out since the latest slot began, by walking back minute by minute."""
    if not timetable.slots or last is None:
        return False
    zone = ZoneInfo(timetable.zone)
    walk = last.replace(second=0, microsecond=0) + MINUTE
    while walk <= moment:
        before, after = (at.astimezone(zone).replace(tzinfo=None) for at in (walk - MINUTE, walk))
        repeated = walk.astimezone(zone).fold  # an hour that comes twice has its slots the first time only
        if not repeated and any(before < datetime.combine(after.date(), slot) <= after for slot in timetable.slots):
            return False
        walk += MINUTE
    return True


timetables = st.builds(
    Timetable,
    st.sampled_from(ZONES),
    st.none() | st.tuples(clock_times, clock_times),
    st.lists(clock_times, max_size=3, unique=True).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(timetable=timetables, now=moments, ago=st.none() | st.integers(0, 3000))
@example(Timetable("America/New_York", (time(22), time(1, 30)), ()), datetime(2026, 11, 1, 6, 10, tzinfo=UTC), None)
@example(Timetable("America/New_York", (time(0), time(2, 30)), ()), datetime(2026, 3, 8, 6, 0, tzinfo=UTC), None)
def test_it_opens_outside_the_quiet_hours_and_no_later_than_needed(
    timetable: Timetable, now: datetime, ago: int | None
) -> None:
    last = None if ago is None else now - ago * MINUTE

    opened = opens(timetable, last, now)

    assert opened >= now
    assert not quiet_at(timetable, opened)
    assert opens(timetable, last, opened) == opened, "once open, it is open"
    # Whoever asks again later, as a drain does every second, hears the same.
    for share in (0.1, 0.5, 0.9, 0.999):
        between = now + (opened - now) * share
        if between < opened:
            assert opens(timetable, last, between) == opened
            assert quiet_at(timetable, between) or used_up(timetable, last, between)


@pytest.mark.parametrize(
    ("hour", "opened"), [(21, "21:00"), (22, "07:00"), (23, "07:00"), (3, "07:00"), (7, "07:00"), (8, "08:00")]
)
def test_quiet_hours_pass_midnight(hour: int, opened: str) -> None:
    night = Timetable("UTC", (time(22), time(7)))
    assert f"{opens(night, None, NOW.replace(hour=hour)):%H:%M}" == opened


def test_quiet_hours_that_end_in_the_hour_that_is_skipped_end_with_the_jump() -> None:
    now = datetime(2026, 3, 8, 0, 30, tzinfo=NEW_YORK)
    opened = opens(Timetable("America/New_York", (time(0), time(2, 30))), None, now)
    assert opened.astimezone(NEW_YORK).isoformat() == "2026-03-08T03:00:00-04:00"


def test_quiet_hours_come_back_with_the_hour_that_is_repeated() -> None:
    night = Timetable("America/New_York", (time(22), time(1, 30)))
    first = opens(night, None, datetime(2026, 11, 1, 0, 0, tzinfo=NEW_YORK))
    assert first == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    again = opens(night, None, datetime(2026, 11, 1, 6, 10, tzinfo=UTC))
    assert again == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_a_slot_lets_one_post_out() -> None:
    slots = Timetable("UTC", None, (time(9), time(18)))
    assert opens(slots, None, NOW) == NOW
    assert opens(slots, NOW.replace(hour=8), NOW) == NOW
    assert opens(slots, NOW.replace(hour=9), NOW) == NOW.replace(hour=18)
    assert opens(slots, NOW.replace(hour=19), NOW.replace(hour=20)) == NOW.replace(hour=9) + DAY


def test_a_slot_in_the_repeated_hour_comes_once() -> None:
    slots = Timetable("America/New_York", None, (time(1, 30),))
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert opens(slots, first - DAY, first - MINUTE) == first
    assert opens(slots, first, first + MINUTE) == datetime(2026, 11, 2, 6, 30, tzinfo=UTC)


def test_a_slot_in_the_skipped_hour_comes_with_the_jump() -> None:
    slots = Timetable("America/New_York", None, (time(2, 30),))
    last = datetime(2026, 3, 8, 1, 0, tzinfo=NEW_YORK)
    assert opens(slots, last, last).astimezone(NEW_YORK).isoformat() == "2026-03-08T03:00:00-04:00"


def test_a_slot_within_the_quiet_hours_opens_when_they_end() -> None:
    both = Timetable("UTC", (time(22), time(7)), (time(6, 30), time(12)))
    assert opens(both, NOW - DAY, NOW.replace(hour=5)) == NOW.replace(hour=7)


def test_a_pace_counts_any_stretch() -> None:
    pace = Pace(3, HOUR)
    assert next_in_pace(None, pace, NOW) == NOW
    assert next_in_pace(NOW - 2 * HOUR, pace, NOW) == NOW
    assert next_in_pace(NOW - 20 * MINUTE, pace, NOW) == NOW + 40 * MINUTE


@given(
    count=st.integers(1, 5),
    minutes=st.integers(1, 60),
    arrivals=st.lists(st.integers(0, 7200), max_size=40).map(sorted),
)
def test_no_stretch_ever_holds_more_than_its_pace(count: int, minutes: int, arrivals: list[int]) -> None:
    pace, sent = Pace(count, minutes * MINUTE), list[datetime]()
    for seconds in arrivals:
        now = max([NOW + timedelta(seconds=seconds), *sent[-1:]])
        nth = sent[-count] if len(sent) >= count else None
        sent.append(next_in_pace(nth, pace, now))
    assert all(later - earlier >= pace.per for earlier, later in zip(sent, sent[count:], strict=False))


def test_no_budget_limits_nothing() -> None:
    assert affordable(Budget(), 0.1, spent_month=99, spent_today=9) == 10**9
    assert affordable(Budget(monthly=1), 0, spent_month=99, spent_today=9) == 10**9


def test_float_dust_costs_no_post() -> None:
    assert affordable(Budget(daily=0.3), 0.1, spent_month=0, spent_today=0.0) == 3
    assert affordable(Budget(daily=0.3), 0.1, spent_month=0.2, spent_today=0.1 + 0.1) == 1


def test_the_tighter_of_the_month_and_the_day_counts() -> None:
    assert affordable(Budget(monthly=1.0), 0.2, spent_month=0.4, spent_today=0.4) == 3
    assert affordable(Budget(monthly=1.0, daily=0.5), 0.2, spent_month=0.4, spent_today=0.4) == 0
    assert affordable(Budget(monthly=1.0, daily=0.5), 0.2, spent_month=0.9, spent_today=0.0) == 0
    assert left(Budget(monthly=1.0), spent_month=1.2, spent_today=0.1) == 0


@settings(max_examples=60, deadline=None)
@given(
    budget=st.builds(Budget, st.floats(0.5, 500), st.just(0.0) | st.floats(0.1, 50)),
    cost=st.floats(0.005, 0.5),
    wants=st.lists(st.integers(0, 60), min_size=31, max_size=31),
)
def test_a_month_never_costs_more_than_its_budget(budget: Budget, cost: float, wants: list[int]) -> None:
    spent = 0.0
    for wanted in wants:
        today = 0.0
        for _ in range(wanted):
            if affordable(budget, cost, spent_month=spent, spent_today=today) < 1:
                break
            spent, today = spent + cost, today + cost
        assert not budget.daily or today <= budget.daily + 1e-6
    assert spent <= budget.monthly + 1e-6


def test_days_and_months_begin_at_midnight_where_the_channel_is() -> None:
    now = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    assert day_start(now, "America/New_York") == datetime(2026, 2, 28, 5, tzinfo=UTC)
    assert month_start(now, "America/New_York") == datetime(2026, 2, 1, 5, tzinfo=UTC)
    assert month_start(now, "Asia/Kathmandu") == datetime(2026, 2, 28, 18, 15, tzinfo=UTC)
