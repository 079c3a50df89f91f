"""When digests are due, on every clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.model import Schedule
from distributor.schedules import latest_slot, next_slot, schedule_of

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia",
    "Africa/Casablanca", "America/Nuuk", "Asia/Kathmandu", "America/Havana", "Africa/Cairo", "Pacific/Chatham",
    "Europe/Dublin", "Asia/Tehran", "America/St_Johns", "Pacific/Kiritimati", "Antarctica/Troll",
)  # fmt: skip
schedules = st.builds(
    Schedule,
    digest=st.just("daily"),
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    hour=st.integers(0, 23),
    timezone=st.sampled_from(ZONES),
)
moments = st.datetimes(datetime(2008, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def slots(schedule: Schedule, start: str, count: int) -> list[datetime]:
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    found = []
    for _ in range(count):
        moment = next_slot(schedule, moment)
        found.append(moment)
    return found


def daily(zone: str, hour: int) -> Schedule:
    return Schedule("daily", (0, 1, 2, 3, 4, 5, 6), hour, zone)


def local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("zone", "hour", "start", "shown"),
    [
        ("Europe/Berlin", 2, "2026-03-28T12:00", ["03-29 03:00", "03-30 02:00"]),
        ("Europe/Berlin", 2, "2026-10-24T12:00", ["10-25 02:00", "10-26 02:00"]),
        ("Australia/Lord_Howe", 2, "2026-10-03T00:00", ["10-04 02:30", "10-05 02:00"]),
        ("America/Havana", 0, "2026-03-07T12:00", ["03-08 01:00", "03-09 00:00"]),
        ("America/Nuuk", 23, "2024-03-30T12:00", ["03-31 00:00", "03-31 23:00"]),
        ("Africa/Casablanca", 2, "2026-03-21T12:00", ["03-22 03:00", "03-23 02:00"]),
        ("Africa/Cairo", 0, "2026-04-23T12:00", ["04-24 01:00", "04-25 00:00"]),
        ("UTC", 7, "2028-02-28T12:00", ["02-29 07:00", "03-01 07:00"]),
    ],
)
def test_an_hour_that_is_missing_is_the_first_moment_after_the_gap(
    zone: str, hour: int, start: str, shown: list[str]
) -> None:
    assert [local(slot, zone) for slot in slots(daily(zone, hour), start, len(shown))] == shown


def test_an_hour_that_comes_twice_is_a_slot_once_the_first_time() -> None:
    first, second = slots(daily("Europe/Berlin", 2), "2026-10-24T12:00", 2)
    assert first == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert second - first == timedelta(hours=25)


def test_a_date_that_a_zone_left_out_has_no_slot() -> None:
    found = slots(daily("Pacific/Apia", 7), "2011-12-29T00:00", 3)
    assert [local(slot, "Pacific/Apia") for slot in found] == ["12-29 07:00", "12-31 07:00", "01-01 07:00"]
    friday = Schedule("weekly", (4,), 7, "Pacific/Apia")
    assert [local(slot, "Pacific/Apia") for slot in slots(friday, "2011-12-20T00:00", 2)] == [
        "12-23 07:00",
        "01-06 07:00",
    ]


@given(schedules, moments)
def test_the_next_slot_is_the_first_after_and_the_latest_the_last_before(schedule: Schedule, moment: datetime) -> None:
    following, before = next_slot(schedule, moment), latest_slot(schedule, moment)
    assert before <= moment < following
    assert next_slot(schedule, before) == following
    assert latest_slot(schedule, following) == following
    assert latest_slot(schedule, following - timedelta(microseconds=1)) == before


@given(schedules, moments)
def test_a_slot_shows_its_hour_unless_the_clock_leaves_it_out(schedule: Schedule, moment: datetime) -> None:
    slot = next_slot(schedule, moment)
    zone = ZoneInfo(schedule.timezone)
    shown = slot.astimezone(zone)
    if shown.hour == schedule.hour and shown.minute == 0:
        assert shown.weekday() in schedule.weekdays
        assert shown.fold == 0
        return
    before = (slot - timedelta(microseconds=1)).astimezone(zone)
    assert shown.utcoffset() != before.utcoffset(), "only where the clock was put forward"
    assert before.replace(tzinfo=None) < shown.replace(tzinfo=None)


@settings(max_examples=200)
@given(schedules, st.integers(2009, 2034), st.sampled_from([(1, 1), (2, 20), (3, 20), (4, 1), (9, 20), (10, 15)]))
def test_each_date_has_one_slot_through_every_change_of_the_clock(
    schedule: Schedule, year: int, start: tuple[int, int]
) -> None:
    begin = datetime(year, *start, tzinfo=UTC)
    moment, found = begin, []
    while moment < begin + timedelta(days=45):
        moment = next_slot(schedule, moment)
        found.append(moment)
    zone = ZoneInfo(schedule.timezone)
    shown = [slot.astimezone(zone) for slot in found]
    # The last second before a gap is of the date that the slot stands for.
    before = [(slot - timedelta(seconds=1)).astimezone(zone) for slot in found]
    dates = [(at if at.hour == schedule.hour else last).date() for at, last in zip(shown, before, strict=True)]
    if schedule.hour:
        assert len(set(dates)) == len(dates)
        assert all(day.weekday() in schedule.weekdays for day in dates)
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert all(gap >= timedelta(hours=22) for gap in gaps)
    if len(schedule.weekdays) == 7:
        assert all(gap <= timedelta(hours=26) for gap in gaps)


@given(schedules, st.lists(st.timedeltas(timedelta(days=-3), timedelta(days=5)), max_size=30), moments)
def test_a_clock_that_jumps_forth_and_back_sends_no_slot_twice(
    schedule: Schedule, jumps: list[timedelta], start: datetime
) -> None:
    now, due = start, next_slot(schedule, start)
    sent = []
    for jump in jumps:
        now += jump
        if due <= now:
            sent.append(latest_slot(schedule, now))
            due = next_slot(schedule, sent[-1])
    assert sent == sorted(set(sent))


def test_what_a_reader_does_not_wish_is_the_digests_own() -> None:
    digests = {"daily": ((0, 1, 2, 3, 4, 5, 6), 7), "weekly": ((0,), 8)}
    assert schedule_of("weekly", (), None, "UTC", digests) == Schedule("weekly", (0,), 8, "UTC")
    assert schedule_of("daily", (4, 2, 2), 0, "Asia/Tokyo", digests) == Schedule("daily", (2, 4), 0, "Asia/Tokyo")
    assert schedule_of("instant", (), None, "UTC", digests) is None
    assert schedule_of("gone", (), None, "UTC", digests) is None
