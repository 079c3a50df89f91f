"""What each outcome leads to, and what no sequence of outcomes may ever lead to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor import states
from distributor.channels.bluesky import Bluesky
from distributor.channels.mastodon import Mastodon
from distributor.channels.telegram import Telegram
from distributor.channels.webhook import Webhook
from distributor.channels.x import X
from distributor.errors import ChannelError, ChannelPaused, Rejected, RetryLater, Uncertain
from distributor.model import Delivery, Doubt, Kind, Receipt, State
from distributor.states import MOVES, Settlement, Step

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
TAKEN = Receipt("42", "https://example.org/42")

OUTCOMES: list[Receipt | ChannelError] = [
    TAKEN,
    RetryLater("busy"),
    RetryLater("down", outage=True),
    RetryLater("wait", after=HOUR),
    ChannelPaused("wait", until=NOW + HOUR),
    ChannelPaused("401"),
    Rejected("no"),
    Rejected("again?", reason="duplicate"),
    Uncertain("lost"),
    ChannelError("something of a third party"),
]
DOUBTS = {
    "mastodon": (Mastodon.doubt, True),
    "bluesky": (Bluesky.doubt, True),
    "x": (X.doubt, False),
    "telegram": (Telegram.doubt, False),
    "webhook": (Webhook.doubt, False),
    "nothing, but it can look": (Doubt(), True),
}


def sending(**changes: object) -> Delivery:
    first = Delivery(
        id=1,
        key="post:x:0:a1:g0",
        kind=Kind.POST,
        channel="x",
        article_id=1,
        state=State.SENDING,
        planned_at=NOW,
        due_at=NOW,
        expires_at=NOW + 12 * HOUR,
        attempt=1,
        claimed_at=NOW,
        lease_owner="me",
    )
    return replace(first, **changes)  # type: ignore[arg-type]


def after(
    delivery: Delivery, outcome: Receipt | ChannelError, name: str = "telegram", at: datetime = NOW
) -> Settlement:
    doubt, finds = DOUBTS[name]
    return states.after(delivery, outcome, doubt=doubt, finds=finds, now=at, jitter=0.5)


def settled(row: Delivery, settlement: Settlement) -> Delivery:
    """The row as the ledger keeps it."""
    return replace(
        row,
        state=settlement.state,
        reason=settlement.reason,
        error=settlement.error,
        failures=settlement.failures,
        doubts=settlement.doubts,
        doubt_since=settlement.doubt_since,
        resolve_at=settlement.resolve_at,
        due_at=settlement.due_at or row.due_at,
        receipt=settlement.receipt or row.receipt,
        lease_owner="",
    )


def claimed(row: Delivery, at: datetime) -> Delivery:
    assert row.state is State.PENDING
    return replace(row, state=State.SENDING, attempt=row.attempt + 1, claimed_at=at, lease_owner="me")


def step(row: Delivery, name: str, at: datetime) -> states.NextStep:
    doubt, finds = DOUBTS[name]
    return states.in_doubt(row, doubt, finds, at)


@pytest.mark.parametrize("name", DOUBTS)
@pytest.mark.parametrize("doubts", [0, 1, 2, 3])
@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: f"{type(outcome).__name__}-{outcome}")
def test_every_outcome_leads_where_the_moves_allow(name: str, doubts: int, outcome: Receipt | ChannelError) -> None:
    row = sending(doubts=doubts, doubt_since=NOW - MINUTE if doubts else None)

    settlement = after(row, outcome, name)

    assert settlement.state in MOVES[State.SENDING]
    if settlement.state is State.PENDING:
        assert settlement.due_at
        assert settlement.due_at >= NOW
    if settlement.state is State.UNCERTAIN:
        assert settlement.doubt_since is not None


@pytest.mark.parametrize("name", DOUBTS)
def test_a_search_and_an_overrun_lead_where_the_moves_allow(name: str) -> None:
    doubt, finds = DOUBTS[name]
    lost = states.after_overrun(sending(), doubt=doubt, finds=finds, now=NOW + HOUR)
    row = settled(sending(), lost)
    for found in (None, TAKEN):
        settlement = states.after_search(row, found, doubt=doubt, now=NOW + HOUR, jitter=0.5)
        assert settlement.state in MOVES[State.UNCERTAIN] | {State.UNCERTAIN}


def test_what_is_settled_for_good_never_moves() -> None:
    assert all(not MOVES[state] for state in (State.SENT, State.FAILED, State.SKIPPED))
    assert set(MOVES) == set(State)


def test_a_receipt_settles_it_and_is_kept() -> None:
    settlement = after(sending(failures=3), TAKEN)
    assert (settlement.state, settlement.receipt, settlement.outage) == (State.SENT, TAKEN, False)


def test_a_message_surely_not_taken_goes_out_later_with_full_jitter() -> None:
    settlement = after(sending(failures=2), RetryLater("down", outage=True))
    assert (settlement.state, settlement.failures, settlement.outage) == (State.PENDING, 3, True)
    assert settlement.due_at == NOW + 0.5 * 16 * SECOND


def test_what_the_network_asked_for_wins_over_the_back_off() -> None:
    settlement = after(sending(), RetryLater("wait", after=HOUR))
    assert settlement.due_at == NOW + HOUR
    assert settlement.outage is None


def test_a_retry_after_the_time_to_live_fails_and_says_so() -> None:
    settlement = after(sending(expires_at=NOW + MINUTE), RetryLater("wait", after=HOUR))
    assert (settlement.state, settlement.reason) == (State.FAILED, "too-late")


def test_retries_have_an_end() -> None:
    row = sending()
    for _ in range(states.MAX_FAILURES):
        settlement = after(row, RetryLater("down"))
        assert settlement.state is State.PENDING
        row = claimed(settled(row, settlement), NOW)
    last = after(row, RetryLater("down"))
    assert (last.state, last.reason) == (State.FAILED, "gave-up")


def test_a_pause_costs_the_post_no_failure_and_waits_for_the_account() -> None:
    settlement = after(sending(failures=24), ChannelPaused("401"))
    assert (settlement.state, settlement.failures, settlement.due_at) == (State.PENDING, 24, NOW)
    assert settlement.pause == states.Pause(None, "401")


def test_a_refusal_at_the_first_attempt_fails_with_its_reason() -> None:
    settlement = after(sending(), Rejected("too long", reason="length"))
    assert (settlement.state, settlement.reason, settlement.error) == (State.FAILED, "length", "too long")


def test_a_duplicate_at_the_first_attempt_is_a_failure_not_a_post() -> None:
    assert after(sending(), Rejected("duplicate", reason="duplicate"), "x").state is State.FAILED


def test_an_unknown_channel_error_leaves_doubt() -> None:
    settlement = after(sending(), ChannelError("?"))
    assert (settlement.state, settlement.reason, settlement.resolve_at) == (State.UNCERTAIN, "unknown", None)


# -- the table of networks.md, row by row


def test_telegram_an_unknown_outcome_waits_for_a_person() -> None:
    row = settled(sending(), after(sending(), Uncertain("lost"), "telegram"))
    assert row.state is State.UNCERTAIN
    assert row.resolve_at is None
    assert step(row, "telegram", NOW + SECOND).step is Step.ASK


def test_telegram_a_dead_worker_leaves_doubt_too() -> None:
    doubt, finds = DOUBTS["telegram"]
    settlement = states.after_overrun(sending(), doubt=doubt, finds=finds, now=NOW + HOUR)
    assert (settlement.state, settlement.reason, settlement.resolve_at) == (State.UNCERTAIN, "worker-lost", None)
    assert settlement.doubt_since == NOW
    assert "me" in settlement.error


def test_x_repeats_once_within_a_quarter_of_an_hour() -> None:
    row = settled(sending(), after(sending(), Uncertain("lost"), "x"))
    assert step(row, "x", NOW + 15 * MINUTE).step is Step.REPEAT
    assert step(row, "x", NOW + 15 * MINUTE + SECOND).step is Step.ASK


@pytest.mark.parametrize("outcome", [TAKEN, Rejected("duplicate", reason="duplicate")])
def test_x_a_repeat_that_is_taken_or_refused_as_duplicate_is_sent(outcome: Receipt | ChannelError) -> None:
    row = settled(sending(), after(sending(), Uncertain("lost"), "x"))
    row = claimed(settled(row, states.repeat(row, NOW + MINUTE)), NOW + MINUTE)
    assert after(row, outcome, "x", NOW + MINUTE).state is State.SENT


@pytest.mark.parametrize("outcome", [Uncertain("lost again"), Rejected("no credit", reason="payment")])
def test_x_a_repeat_without_an_answer_that_settles_it_is_for_a_person(outcome: ChannelError) -> None:
    row = settled(sending(), after(sending(), Uncertain("lost"), "x"))
    row = claimed(settled(row, states.repeat(row, NOW + MINUTE)), NOW + MINUTE)
    settlement = after(row, outcome, "x", NOW + MINUTE)
    assert (settlement.state, settlement.resolve_at) == (State.UNCERTAIN, None)
    assert step(settled(row, settlement), "x", NOW + 2 * MINUTE).step is Step.ASK


def test_x_a_repeat_that_surely_did_not_leave_does_not_count() -> None:
    row = settled(sending(), after(sending(), Uncertain("lost"), "x"))
    row = claimed(settled(row, states.repeat(row, NOW + MINUTE)), NOW + MINUTE)
    row = settled(row, after(row, RetryLater("429", after=2 * MINUTE), "x", NOW + MINUTE))
    assert (row.state, row.doubts, row.resolve_at) == (State.UNCERTAIN, 0, NOW + 3 * MINUTE)
    assert step(row, "x", NOW + 3 * MINUTE).step is Step.REPEAT
    assert step(row, "x", NOW + 16 * MINUTE).step is Step.ASK


def test_x_a_repeat_that_had_to_wait_past_its_window_is_not_sent() -> None:
    doubt, finds = DOUBTS["x"]
    row = settled(sending(), after(sending(), Uncertain("lost"), "x"))
    row = settled(row, states.repeat(row, NOW + MINUTE))
    assert states.too_late_to_repeat(row, doubt, finds=finds, now=NOW + 15 * MINUTE) is None
    late = states.too_late_to_repeat(row, doubt, finds=finds, now=NOW + 8 * HOUR)
    assert late is not None
    assert late.state is State.UNCERTAIN
    assert late.state in MOVES[State.PENDING]
    assert late.resolve_at is None


def test_mastodon_repeats_between_a_minute_and_55_and_then_looks() -> None:
    row = settled(sending(), after(sending(), Uncertain("lost"), "mastodon"))
    assert row.resolve_at == NOW + MINUTE
    assert step(row, "mastodon", NOW + 59 * SECOND) == states.NextStep(Step.WAIT, NOW + MINUTE)
    assert step(row, "mastodon", NOW + MINUTE).step is Step.REPEAT
    assert step(row, "mastodon", NOW + 55 * MINUTE).step is Step.REPEAT
    assert step(row, "mastodon", NOW + 55 * MINUTE + SECOND).step is Step.FIND


def test_mastodon_the_next_repeat_also_waits_a_minute_for_the_last_one() -> None:
    row = settled(sending(), after(sending(), Uncertain("lost"), "mastodon"))
    row = claimed(settled(row, states.repeat(row, NOW + MINUTE)), NOW + MINUTE)
    row = settled(row, after(row, Uncertain("500", reason="server-error"), "mastodon", NOW + 65 * SECOND))
    assert row.resolve_at == NOW + 2 * MINUTE
    assert row.doubt_since == NOW


def test_mastodon_looks_when_its_repeats_are_used_up() -> None:
    row = settled(sending(), after(sending(), Uncertain("lost"), "mastodon"))
    at = NOW
    for _ in range(Mastodon.doubt.repeats):
        at += 5 * MINUTE
        row = claimed(settled(row, states.repeat(row, at)), at)
        row = settled(row, after(row, Uncertain("500"), "mastodon", at))
    assert step(row, "mastodon", at + MINUTE).step is Step.FIND


def test_mastodon_looks_at_once_when_a_repeat_was_refused() -> None:
    row = settled(sending(), after(sending(), Uncertain("lost"), "mastodon"))
    row = claimed(settled(row, states.repeat(row, NOW + MINUTE)), NOW + MINUTE)
    row = settled(row, after(row, Rejected("422"), "mastodon", NOW + MINUTE))
    assert row.state is State.UNCERTAIN
    assert step(row, "mastodon", NOW + 2 * MINUTE).step is Step.FIND


def test_mastodon_not_found_is_one_more_retry_and_then_a_person() -> None:
    doubt, _ = DOUBTS["mastodon"]
    at = NOW + HOUR
    row = settled(sending(), after(sending(), Uncertain("lost"), "mastodon"))
    row = settled(row, states.after_search(row, None, doubt=doubt, now=at, jitter=0.5))
    assert (row.state, row.reason) == (State.PENDING, "not-found")
    assert states.too_late_to_repeat(row, doubt, finds=True, now=at + HOUR) is None
    row = settled(row, after(claimed(row, at), Uncertain("lost"), "mastodon", at))
    assert row.state is State.UNCERTAIN
    assert step(row, "mastodon", at + HOUR).step is Step.ASK
    assert states.after_search(row, None, doubt=doubt, now=at, jitter=0.5).state is State.UNCERTAIN


def test_mastodon_found_is_sent() -> None:
    doubt, _ = DOUBTS["mastodon"]
    row = settled(sending(), after(sending(), Uncertain("lost"), "mastodon"))
    settlement = states.after_search(row, TAKEN, doubt=doubt, now=NOW + HOUR, jitter=0.5)
    assert (settlement.state, settlement.receipt, settlement.reason) == (State.SENT, TAKEN, "found")


def test_bluesky_looks_at_once_and_sends_again_what_is_not_there() -> None:
    doubt, _ = DOUBTS["bluesky"]
    row = settled(sending(), after(sending(), Uncertain("lost"), "bluesky"))
    assert step(row, "bluesky", NOW).step is Step.FIND
    again = states.after_search(row, None, doubt=doubt, now=NOW, jitter=0.5)
    assert (again.state, again.doubts, again.reason) == (State.PENDING, 0, "not-there")


def test_webhook_repeats_are_spaced_so_that_a_short_outage_does_not_use_them_up() -> None:
    row, at, gaps = sending(), NOW, []
    row = settled(row, after(row, Uncertain("lost"), "webhook"))
    while (found := step(row, "webhook", at)).step is not Step.ASK:
        assert found.at is not None
        gaps.append(found.at - at)
        at = found.at
        row = claimed(settled(row, states.repeat(row, at)), at)
        row = settled(row, after(row, Uncertain("lost"), "webhook", at))
    assert gaps == sorted(gaps)
    assert sum(gaps, timedelta(0)) > 15 * MINUTE
    assert len(gaps) == Webhook.doubt.repeats


# -- back-off and breaker


@given(failures=st.integers(0, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_the_back_off_stays_between_its_bounds(failures: int, jitter: float) -> None:
    assert timedelta(milliseconds=100) <= states.backoff(failures, jitter) <= states.BACKOFF_CAP


def test_the_breaker_opens_after_five_outages_in_a_row() -> None:
    assert all(states.breaker(outages, NOW, 0.5) is None for outages in range(5))
    assert states.breaker(5, NOW, 0.0) == NOW + 15 * SECOND


@given(outages=st.integers(5, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_the_breaker_closes_an_account_for_a_quarter_of_an_hour_at_most(outages: int, jitter: float) -> None:
    until = states.breaker(outages, NOW, jitter)
    assert until is not None
    assert NOW + 15 * SECOND <= until <= NOW + states.BACKOFF_CAP
