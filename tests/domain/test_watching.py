"""How often a source is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from distributor.watching import Bounds, flood_limit, interval, is_too_old, retry_at

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BOUNDS = Bounds()

published = st.lists(st.integers(-100, 100_000).map(lambda minutes: NOW - minutes * MINUTE), max_size=30)
asked = st.none() | st.timedeltas(timedelta(0), 30 * DAY)
jitters = st.floats(0, 1, exclude_max=True)
bounds = st.tuples(st.integers(1, 5000), st.integers(0, 90_000)).map(
    lambda pair: Bounds(timedelta(seconds=pair[0]), timedelta(seconds=pair[0] + pair[1]))
)


@given(bounds=bounds, published=published, asked=asked)
def test_an_interval_keeps_its_bounds_and_what_the_server_asks(
    bounds: Bounds, published: list[datetime], asked: timedelta | None
) -> None:
    wait = interval(bounds, published, NOW, asked)
    assert bounds.shortest <= wait <= bounds.longest
    if asked is not None:
        assert wait >= min(asked, bounds.longest)
    assert wait == interval(bounds, published[::-1], NOW, asked)


@given(published=published, asked=asked, minutes=st.integers(0, 10_000))
def test_a_source_that_falls_silent_is_never_looked_at_more_often(
    published: list[datetime], asked: timedelta | None, minutes: int
) -> None:
    past = [moment for moment in published if moment <= NOW]
    assert interval(BOUNDS, past, NOW, asked) <= interval(BOUNDS, past, NOW + minutes * MINUTE, asked)


def test_a_busy_source_is_looked_at_more_often_than_it_publishes() -> None:
    busy = [NOW - minutes * 8 * MINUTE for minutes in range(1, 11)]
    assert interval(BOUNDS, busy, NOW) == 2 * MINUTE


def test_a_source_that_never_published_is_looked_at_seldom() -> None:
    assert interval(BOUNDS, [], NOW) == HOUR


@given(bounds=bounds, failures=st.integers(1, 10_000), jitter=jitters, asked=asked)
def test_a_failing_source_is_tried_again_within_reason(
    bounds: Bounds, failures: int, jitter: float, asked: timedelta | None
) -> None:
    wait = retry_at(bounds, failures, NOW, jitter, asked) - NOW
    assert bounds.shortest <= wait <= max(bounds.longest, min(asked or timedelta(0), DAY))
    if asked is not None:
        assert wait >= min(asked, DAY)


@given(failures=st.integers(1, 50), jitter=jitters)
def test_a_failing_source_is_tried_less_and_less(failures: int, jitter: float) -> None:
    assert retry_at(BOUNDS, failures, NOW, jitter) <= retry_at(BOUNDS, failures + 1, NOW, jitter)


@given(guard=st.integers(1, 1000), hours=st.floats(0, 10_000))
def test_the_flood_guard_grows_with_the_outage(guard: int, hours: float) -> None:
    limit = flood_limit(guard, timedelta(hours=hours))
    assert limit >= guard
    assert limit >= min(guard * hours, guard * 24 * 14) - 1e-6
    assert flood_limit(guard, timedelta(hours=hours + 1)) >= limit


def test_no_flood_guard_lets_everything_through() -> None:
    assert flood_limit(0, None) > 10**6
    assert flood_limit(10, None) == 10


def test_an_article_is_too_old_after_its_age() -> None:
    assert not is_too_old(NOW - DAY, NOW, DAY)
    assert is_too_old(NOW - DAY - MINUTE, NOW, DAY)
    assert not is_too_old(NOW + DAY, NOW, DAY)
