"""Token buckets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.budgets import Bucket, Budgets, Rate, take, visitor

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_burst_is_granted_and_then_a_steady_pace() -> None:
    budgets = Budgets(each=Rate(3, 0.1), whole=Rate(100, 10))
    assert [budgets.take("one", NOW) for _ in range(5)] == [True, True, True, False, False]
    assert not budgets.take("one", NOW + 9 * SECOND)
    assert budgets.take("one", NOW + 11 * SECOND)


def test_one_visitor_cannot_use_up_what_is_for_all() -> None:
    budgets = Budgets(each=Rate(2, 0), whole=Rate(5, 0))
    assert sum(budgets.take("greedy", NOW) for _ in range(50)) == 2
    assert [budgets.take(str(number), NOW) for number in range(4)] == [True, True, True, False]


def test_who_was_long_not_seen_is_forgotten_and_memory_is_bounded() -> None:
    budgets = Budgets(each=Rate(1, 0), whole=Rate(10**6, 0), most=100)
    for number in range(1_000):
        budgets.take(str(number), NOW)
    assert len(budgets._buckets) == 100


@given(
    st.floats(1, 20),
    st.floats(0, 5),
    st.lists(st.floats(-5, 30), max_size=60),
)
def test_never_more_than_the_burst_and_the_pace(burst: float, pace: float, waits: list[float]) -> None:
    """A clock that goes back gives nothing."""
    rate, at, bucket, granted = Rate(burst, pace), NOW, None, 0
    latest = NOW
    for wait in waits:
        at += timedelta(seconds=wait)
        latest = max(latest, at)
        bucket, good = take(bucket, rate, at)
        assert isinstance(bucket, Bucket)
        assert 0 <= bucket.left <= burst
        granted += good
    span = (latest - NOW).total_seconds() + 5 * len(waits)  # the first moment may lie before NOW
    assert granted <= burst + span * pace + 1e-6


@pytest.mark.parametrize(
    ("ip", "who"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("[2001:db8::1]", "2001:db8::"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_visitor_is_an_address_or_a_household(ip: str, who: str) -> None:
    assert visitor(ip) == who
