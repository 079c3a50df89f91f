"""The law of states: no sequence of outcomes sends again what may be out, unless the channel allows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from distributor import states
from distributor.errors import Rejected, RetryLater
from distributor.model import Delivery, Doubt, Receipt, State
from distributor.states import Step
from tests.domain.test_states import DOUBTS, NOW, OUTCOMES, TAKEN, claimed, sending, settled

# -- the law


@dataclass
class World:
    """A network that takes messages or not, and what is known of it for certain."""

    first_doubt: datetime | None = None
    repeats: int = 0
    absent: int = 0
    proven: bool = True


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(sorted(DOUBTS)),
    script=st.lists(
        st.tuples(st.integers(0, len(OUTCOMES)), st.integers(0, 4000), st.booleans()), min_size=1, max_size=14
    ),
)
def test_no_sequence_of_outcomes_resends_what_may_be_out_unless_the_channel_allows_it(
    name: str, script: list[tuple[int, int, bool]]
) -> None:
    doubt, finds = DOUBTS[name]
    world, row, now = World(), replace(sending(), state=State.PENDING, attempt=0, claimed_at=None), NOW
    for pick, seconds, is_there in script:
        now += timedelta(seconds=seconds)
        if row.state is State.PENDING:
            late = states.too_late_to_repeat(row, doubt, finds=finds, now=now)
            if late is not None:
                row = settled(row, late)
                continue
            _judge(world, doubt, now)
            row = claimed(row, now)
            row = _attempted(row, world, doubt, finds, pick, now)
        elif row.state is State.UNCERTAIN:
            row = _looked_into(row, world, doubt, finds, is_there, now)
        else:
            assert row.state is not State.FAILED or world.first_doubt is None
            return


def _judge(world: World, doubt: Doubt, now: datetime) -> None:
    """May this attempt be made?"""
    if world.first_doubt is None or world.proven:
        return
    if world.absent:
        world.absent -= 1
        return
    assert doubt.repeat_until is not None
    assert world.first_doubt + doubt.repeat_from <= now <= world.first_doubt + doubt.repeat_until
    world.repeats += 1
    assert world.repeats <= doubt.repeats


def _attempted(row: Delivery, world: World, doubt: Doubt, finds: bool, pick: int, now: datetime) -> Delivery:
    if pick == len(OUTCOMES):
        settlement = states.after_overrun(row, doubt=doubt, finds=finds, now=now)
        unknown = True
    else:
        outcome = OUTCOMES[pick]
        settlement = states.after(row, outcome, doubt=doubt, finds=finds, now=now, jitter=0.3)
        unknown = not isinstance(outcome, Receipt | Rejected | RetryLater)
        if isinstance(outcome, RetryLater) and world.first_doubt and not world.proven:
            world.repeats = max(0, world.repeats - 1)  # it surely did not leave
    if unknown:
        world.first_doubt, world.proven = world.first_doubt or now, False
    doubtful = world.first_doubt is not None and not world.proven
    if doubtful:
        assert settlement.state in {State.SENT, State.UNCERTAIN}, "the doubt was lost"
    return settled(row, settlement)


def _looked_into(row: Delivery, world: World, doubt: Doubt, finds: bool, is_there: bool, now: datetime) -> Delivery:
    found = states.in_doubt(row, doubt, finds, now)
    if found.step is Step.REPEAT:
        return settled(row, states.repeat(row, now))
    if found.step is Step.FIND:
        assert finds
        settlement = states.after_search(row, TAKEN if is_there else None, doubt=doubt, now=now, jitter=0.3)
        if settlement.state is State.PENDING:
            world.absent += 1
            if doubt.absence_is_proof:
                world.first_doubt, world.proven, world.absent, world.repeats = None, True, 0, 0
        return settled(row, settlement)
    return settled(row, states.left_open(row, found.at))
