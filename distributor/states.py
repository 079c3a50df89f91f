"""The delivery's states, the moves allowed between them, and what each outcome of an attempt leads to. Pure.

pending --claim--> sending --Receipt--> sent
   ^                  |--RetryLater--> pending (due later; past its limit or its age -> failed)
   |                  |--Rejected----> failed
   |                  '--Uncertain, or the lease ran out--> uncertain
   |                                                            |--found, or a late Receipt--> sent
   '----not there, or a repeat makes no second post-------------'  else a person decides
pending <--> held        pending --too old, withdrawn, out of budget--> skipped <--withdrawn-- held
A pending repeat is no plain pending row: given up, or too late, it is uncertain again; a late Receipt settles it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from distributor.errors import ChannelError, ChannelPaused, Rejected, RetryLater
from distributor.model import Delivery, Doubt, Receipt, State

__all__ = [
    "MOVES",
    "UNMADE",
    "NextStep",
    "Pause",
    "Settlement",
    "Step",
    "after",
    "after_overrun",
    "after_search",
    "backoff",
    "breaker",
    "in_doubt",
    "left_open",
    "repeat",
    "too_late_to_repeat",
]

MOVES: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.SENDING, State.HELD, State.SKIPPED, State.UNCERTAIN, State.SENT}),
    State.HELD: frozenset({State.PENDING, State.SKIPPED}),
    State.SENDING: frozenset({State.SENT, State.PENDING, State.FAILED, State.UNCERTAIN}),
    State.UNCERTAIN: frozenset({State.SENT, State.PENDING}),
    State.SENT: frozenset(),
    State.FAILED: frozenset(),
    State.SKIPPED: frozenset(),
}

# Why a held delivery has no message: its template failed, or what it made does not fit.
UNMADE = ("template", "unfit")

MAX_FAILURES = 25
BACKOFF_BASE = timedelta(seconds=2)
BACKOFF_CAP = timedelta(minutes=15)
BREAKER_AFTER = 5
# Between one repeat and the next, four times as long each time: a short outage must not use them all up.
SECOND_REPEAT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Pause:
    """The whole account waits, or one channel of it: until a moment, or, with None, until a person acts.

    `why` is one line.
    """

    until: datetime | None
    why: str
    channel_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What an attempt comes to: the row's new state, and what it means for the account.

    `outage` is True for a fault that counts towards the account's breaker, False for an answer that closes it
    again, None where neither is known.
    """

    state: State
    reason: str = ""
    error: str = ""
    due_at: datetime | None = None
    receipt: Receipt | None = None
    failures: int = 0
    doubts: int = 0
    doubt_since: datetime | None = None
    resolve_at: datetime | None = None
    pause: Pause | None = None
    outage: bool | None = None


class Step(Enum):
    """What to do with a delivery whose outcome is unknown."""

    WAIT = "wait"
    REPEAT = "repeat"
    FIND = "find"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class NextStep:
    """`at` is the moment to take the step; for ASK there is none."""

    step: Step
    at: datetime | None = None


def after(
    delivery: Delivery, outcome: Receipt | ChannelError, *, doubt: Doubt, finds: bool, now: datetime, jitter: float
) -> Settlement:
    """What follows from an attempt at `delivery` that ended, at `now`, in `outcome`. `jitter` is in [0, 1)."""
    if isinstance(outcome, Receipt):
        return Settlement(state=State.SENT, receipt=outcome, doubts=delivery.doubts, outage=False)
    if isinstance(outcome, Rejected):
        return _refused(delivery, outcome, doubt=doubt, finds=finds, now=now)
    if isinstance(outcome, RetryLater):
        return _postponed(delivery, outcome, doubt=doubt, finds=finds, now=now, jitter=jitter)
    reason = getattr(outcome, "reason", "") or "unknown"
    return _doubtful(delivery, doubt, finds, now, reason=reason, error=str(outcome), outage=True)


def after_overrun(delivery: Delivery, *, doubt: Doubt, finds: bool, now: datetime) -> Settlement:
    """A worker claimed the row and was not heard of again: nobody knows whether the message left."""
    error = f"the worker that sent it stopped ({delivery.lease_owner or 'unknown'})"
    return _doubtful(delivery, doubt, finds, now, reason="worker-lost", error=error, outage=None)


def after_search(
    delivery: Delivery, found: Receipt | None, *, doubt: Doubt, now: datetime, jitter: float
) -> Settlement:
    """What follows from looking for the message of an uncertain delivery."""
    if found is not None:
        return Settlement(state=State.SENT, reason="found", receipt=found, doubts=delivery.doubts, outage=False)
    failures = delivery.failures + 1
    due = now + backoff(failures, jitter)
    if doubt.absence_is_proof:
        return Settlement(state=State.PENDING, reason="not-there", due_at=due, failures=failures)
    if delivery.doubts <= doubt.repeats:
        return _again(delivery, due, reason="not-found", doubts=doubt.repeats + 1)
    return left_open(delivery, None)


def in_doubt(delivery: Delivery, doubt: Doubt, finds: bool, now: datetime) -> NextStep:
    """The next step for an uncertain delivery: see `Doubt` for the rules a channel states.

    The first attempt says how long a repeat is harmless; the last one, how soon: it may still be under way there.
    """
    since = delivery.doubt_since or delivery.claimed_at or now
    last = max(since, delivery.claimed_at or since)
    if doubt.repeat_until is not None and delivery.doubts < doubt.repeats:
        at = last + max(doubt.repeat_from, _spacing(delivery.doubts))
        if max(now, at) <= since + doubt.repeat_until:
            return _when(Step.REPEAT, at, now)
    if finds and delivery.doubts <= doubt.repeats:
        return _when(Step.FIND, last + doubt.find_from, now)
    return NextStep(Step.ASK)


def too_late_to_repeat(delivery: Delivery, doubt: Doubt, *, finds: bool, now: datetime) -> Settlement | None:
    """What becomes of a pending repeat that had to wait (a pace, quiet hours, a restart) until it was not harmless.

    None while it may go out. What goes out again because a search found nothing is not concerned.
    """
    if delivery.state is not State.PENDING or not 0 < delivery.doubts <= doubt.repeats or doubt.repeat_until is None:
        return None
    since = delivery.doubt_since or delivery.claimed_at
    if since is None or now <= since + doubt.repeat_until:
        return None
    unmade = replace(delivery, doubts=delivery.doubts - 1)
    return _doubtful(unmade, doubt, finds, now, reason="repeat-too-late", error="the repeat came too late", outage=None)


def left_open(delivery: Delivery, at: datetime | None, *, failures: int | None = None) -> Settlement:
    """Still uncertain; looked at again `at` a moment, or, with None, by a person."""
    return Settlement(
        state=State.UNCERTAIN,
        reason=delivery.reason,
        error=delivery.error,
        failures=delivery.failures if failures is None else failures,
        doubts=delivery.doubts,
        doubt_since=delivery.doubt_since,
        resolve_at=at,
    )


def repeat(delivery: Delivery, now: datetime) -> Settlement:
    """The identical message may go out once more; the doubt stays with the row until an answer settles it."""
    return _again(delivery, now, reason="repeat", doubts=delivery.doubts + 1)


def backoff(failures: int, jitter: float) -> timedelta:
    """Full jitter: a random share of base x 2^n, capped (AWS, "Exponential Backoff And Jitter")."""
    ceiling = min(BACKOFF_CAP, BACKOFF_BASE * float(2 ** min(failures, 20)))
    return max(timedelta(milliseconds=100), ceiling * jitter)


def breaker(outages: int, now: datetime, jitter: float) -> datetime | None:
    """Until when an account with so many outages in a row stays closed; None while it is open.

    When the time has passed, the next attempt is the probe: an account has one runner, so there is only one.
    """
    if outages < BREAKER_AFTER:
        return None
    ceiling = min(BACKOFF_CAP, timedelta(seconds=30) * float(2 ** min(outages - BREAKER_AFTER, 10)))
    return now + ceiling * (0.5 + jitter / 2)


def _refused(delivery: Delivery, outcome: Rejected, *, doubt: Doubt, finds: bool, now: datetime) -> Settlement:
    if not delivery.doubts:
        return Settlement(state=State.FAILED, reason=outcome.reason, error=str(outcome), outage=False)
    if outcome.reason == "duplicate":
        # The network refuses the repeat because it has the first: the post stands, only its address is unknown.
        return Settlement(state=State.SENT, reason="duplicate", doubts=delivery.doubts, outage=False)
    # That the repeat was refused says nothing of the first attempt, and it would be refused again.
    spent = replace(delivery, doubts=max(delivery.doubts, doubt.repeats))
    return _doubtful(spent, doubt, finds, now, reason=outcome.reason, error=str(outcome), outage=False)


def _postponed(
    delivery: Delivery, outcome: RetryLater, *, doubt: Doubt, finds: bool, now: datetime, jitter: float
) -> Settlement:
    pause = Pause(outcome.until, str(outcome), outcome.channel_only) if isinstance(outcome, ChannelPaused) else None
    failures = delivery.failures + (0 if pause else 1)
    due = now if pause else now + max(outcome.after or timedelta(0), backoff(failures, jitter))
    outage = True if outcome.outage else None
    if delivery.doubts:
        # The repeat surely did not leave, so it does not count; the doubt about the first attempt remains.
        at = max(due, pause.until) if pause and pause.until else due
        held = _doubtful(delivery, doubt, finds, now, reason="repeat-postponed", error=str(outcome), outage=outage)
        fewer = max(0, delivery.doubts - 1)
        return replace(held, doubts=fewer, resolve_at=at, pause=pause, failures=failures)
    if failures > MAX_FAILURES or (delivery.expires_at is not None and due >= delivery.expires_at):
        reason = "gave-up" if failures > MAX_FAILURES else "too-late"
        return Settlement(
            state=State.FAILED, reason=reason, error=str(outcome), failures=failures, pause=pause, outage=outage
        )
    return Settlement(
        state=State.PENDING,
        reason="retry",
        error=str(outcome),
        due_at=due,
        failures=failures,
        pause=pause,
        outage=outage,
    )


def _doubtful(
    delivery: Delivery, doubt: Doubt, finds: bool, now: datetime, *, reason: str, error: str, outage: bool | None
) -> Settlement:
    since = delivery.doubt_since or delivery.claimed_at or now
    step = in_doubt(replace(delivery, doubt_since=since), doubt, finds, now)
    return Settlement(
        state=State.UNCERTAIN,
        reason=reason,
        error=error,
        failures=delivery.failures,
        doubts=delivery.doubts,
        doubt_since=since,
        resolve_at=step.at,
        outage=outage,
    )


def _again(delivery: Delivery, due: datetime, *, reason: str, doubts: int) -> Settlement:
    return Settlement(
        state=State.PENDING,
        reason=reason,
        due_at=due,
        failures=delivery.failures,
        doubts=doubts,
        doubt_since=delivery.doubt_since,
    )


def _spacing(repeats: int) -> timedelta:
    return min(BACKOFF_CAP, SECOND_REPEAT * float(4 ** min(repeats - 1, 10))) if repeats else timedelta(0)


def _when(step: Step, at: datetime, now: datetime) -> NextStep:
    return NextStep(step, at) if at <= now else NextStep(Step.WAIT, at)
