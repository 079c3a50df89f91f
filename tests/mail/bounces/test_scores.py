from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.bounces.report import Kind
from distributor.mail.bounces.scores import Rules, Score, scored, settled

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def after(*bounces: tuple[float, bool], rules: Rules | None = None) -> Score:
    """The score after bounces, each on its day and hard or not."""
    state = Score()
    for day, hard in bounces:
        state = scored(state, "bounce", hard=hard, now=NOON + day * DAY, rules=rules)
    return state


def test_two_days_with_a_hard_bounce_suppress() -> None:
    assert not after((0, True)).suppress
    assert after((0, True), (1, True)).suppressed == "bounces"


def test_four_days_with_a_soft_bounce_suppress() -> None:
    assert not after((0, False), (1, False), (2, False)).suppress
    assert after((0, False), (1, False), (2, False), (3, False)).suppress


def test_a_day_counts_once_and_its_heaviest_bounce() -> None:
    assert after((0, True), (0.1, True), (0.2, True)).points == 1
    assert after((0, False), (0.1, True), (0.2, False)).points == 1


def test_days_are_those_of_utc_whatever_zone_the_clock_has() -> None:
    from zoneinfo import ZoneInfo

    tokyo = NOON.astimezone(ZoneInfo("Asia/Tokyo")) + timedelta(hours=10)  # tomorrow there, and at 22:00 UTC today
    assert scored(after((0, True)), "bounce", hard=True, now=tokyo).points == 1


def test_a_complaint_suppresses_at_once() -> None:
    assert scored(Score(), "complaint", now=NOON).suppressed == "complaint"


def test_a_content_block_does_not_score() -> None:
    state = Score()
    for day in range(50):
        state = scored(state, "bounce", content_block=True, now=NOON + day * DAY)
    assert state == Score()
    assert not scored(Score(), "complaint", content_block=True, now=NOON).suppress


def test_what_is_no_bounce_does_not_score() -> None:
    kinds: tuple[Kind, ...] = ("delay", "delivered", "reply", "challenge", "unsubscribe")
    for kind in kinds:
        assert scored(Score(), kind, hard=True, now=NOON) == Score()


def test_points_are_forgotten_after_a_time_without_a_bounce() -> None:
    assert after((0, True), (61, True)).points == 1
    assert after((0, True), (59, True)).suppress


def test_a_delivery_that_did_not_come_back_takes_points_away() -> None:
    state = after((0, False))
    sent = NOON + 2 * DAY
    assert settled(state, accepted_at=sent, now=sent + DAY) == state
    assert settled(state, accepted_at=sent, now=sent + 5 * DAY).points == 0


def test_a_delivery_from_before_the_bounce_takes_nothing_away() -> None:
    state = after((0, False))
    assert settled(state, accepted_at=NOON - DAY, now=NOON + 30 * DAY) == state


def test_being_suppressed_is_for_good() -> None:
    state = after((0, True), (1, True))
    assert settled(state, accepted_at=NOON + 9 * DAY, now=NOON + 90 * DAY) == state
    assert scored(state, "bounce", now=NOON + 900 * DAY) == state


def test_a_clock_that_goes_back_counts_no_day_twice() -> None:
    state = after((5, True), (0, True))
    assert state.points == 1
    assert state.counted_on == (NOON + 5 * DAY).date()


def test_the_rules_are_the_operators() -> None:
    assert after((0, True), rules=Rules(threshold=0.5)).suppress


@given(st.lists(st.tuples(st.floats(0, 40), st.booleans()), max_size=40))
def test_points_never_exceed_one_a_day(bounces: list[tuple[float, bool]]) -> None:
    rules = Rules(threshold=1000)
    days = {int(day + 0.5) for day, _ in bounces}
    assert after(*sorted(bounces), rules=rules).points <= len(days)
