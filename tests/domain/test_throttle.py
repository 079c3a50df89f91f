"""A receiving domain that says "slow down" is left alone, then served a little, then as before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from distributor.throttle import CAP, FREE, Domain, after_refusal, after_success, room

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def test_a_domain_of_which_nothing_is_known_may_have_all() -> None:
    assert room(None, NOW) == FREE


def test_many_refusals_at_once_count_as_one() -> None:
    once = after_refusal(Domain("a.example"), NOW, 0.5)
    assert after_refusal(once, NOW + timedelta(seconds=1), 0.5) == once
    assert room(once, NOW) == 0


def test_after_its_pause_it_gets_a_few_and_then_twice_as_many_each_time() -> None:
    slow = after_refusal(Domain("a.example"), NOW, 0.5)
    assert slow.paused_until is not None
    assert room(slow, slow.paused_until) == 5
    wider = after_success(slow)
    assert wider is not None
    assert (wider.allowance, wider.failures) == (10, 0)


@given(st.lists(st.floats(0, 0.999), min_size=1, max_size=40))
def test_the_pause_grows_and_is_never_longer_than_an_hour(jitters: list[float]) -> None:
    now, domain = NOW, Domain("a.example")
    for jitter in jitters:
        domain = after_refusal(domain, now, jitter)
        assert domain.paused_until is not None
        assert timedelta(0) < domain.paused_until - now <= CAP
        now = domain.paused_until


def test_after_enough_good_batches_nothing_holds_it_back() -> None:
    domain: Domain | None = after_refusal(Domain("a.example"), NOW, 0.5)
    batches = 0
    while domain is not None:
        domain = after_success(domain)
        batches += 1
    assert batches == 8
