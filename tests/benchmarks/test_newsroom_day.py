"""One newsroom day: 300 articles, 100,000 acts, 30 % of them robots', which change no place of any hour's top 10."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from benchmarks.newsroom_day import HOURS, Act, Day, Outcome, live, make_day

STEP = timedelta(minutes=10)


@pytest.fixture(scope="module")
def day() -> Day:
    return make_day(1)


@pytest.fixture(scope="module")
def without(day: Day) -> Outcome:
    return live(replace(day, acts=_readers(day)), STEP)


def test_the_robots_of_a_day_change_no_place(day: Day, without: Outcome) -> None:
    assert len(day.published) == 300
    assert len(day.acts) == 100_000
    assert sum(act.robot for act in day.acts) == 30_000
    found = live(day, STEP)
    assert len(found.tops) == HOURS
    assert found.tops == without.tops
    assert found.counted == without.counted


def test_unjudged_they_would_fill_it_with_what_they_push() -> None:
    day = make_day(1, count=60, acts=5_000)
    hourly = timedelta(hours=1)
    with_robots, without = (live(one, hourly, judged=False) for one in (day, replace(day, acts=_readers(day))))
    assert with_robots.tops[-1] != without.tops[-1]


def _readers(day: Day) -> list[Act]:
    return [act for act in day.acts if not act.robot]
