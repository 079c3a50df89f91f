"""When an address has bounced enough to be written to no more. Pure: the state comes in, the next state goes out.

    hard bounce  +1      at most once a day (UTC), the heavier of one day counts
    soft bounce  +0.5
    over the threshold   suppressed
    complaint            suppressed at once
    content block        nothing: the mail was refused, not the reader
    delay, delivered, reply, challenge, unsubscribe   nothing (an unsubscribe is an act, not a score)

With the default threshold of 1.5 that is two days with a hard bounce, or four with a soft one: a server's bad hour
costs nobody his newsletter, a dead address costs two mails. Points are forgotten after 60 days without a bounce, and
taken off one by one by deliveries that did not come back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from distributor.mail.bounces.report import Kind

__all__ = ["Rules", "Score", "scored", "settled"]


@dataclass(frozen=True, slots=True)
class Rules:
    """`forget_after`: so long without a bounce, and the points are gone. `settle_after`: a delivery that was accepted
    and did not come back for so long counts as good, and takes `good` points away.
    """

    hard: float = 1.0
    soft: float = 0.5
    threshold: float = 1.5
    forget_after: timedelta = timedelta(days=60)
    settle_after: timedelta = timedelta(days=5)
    good: float = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    """An address's record. `counted_on` is the last UTC day with a bounce that counted, `of_day` what it added;
    `suppressed` is why the address is written to no more (`bounces`, `complaint`), or empty.
    """

    points: float = 0.0
    counted_on: date | None = None
    of_day: float = 0.0
    suppressed: str = ""

    @property
    def suppress(self) -> bool:
        return self.suppressed != ""


def scored(
    state: Score,
    kind: Kind,
    *,
    now: datetime,
    hard: bool = False,
    content_block: bool = False,
    rules: Rules | None = None,
) -> Score:
    """The score after one report. `now` is an aware datetime. Being suppressed is for good: only people undo it."""
    rules = rules or Rules()
    if state.suppress or content_block:
        return state
    if kind == "complaint":
        return replace(state, suppressed="complaint")
    if kind != "bounce":
        return state
    today = now.astimezone(UTC).date()
    state = _remembered(state, today, rules)
    weight = rules.hard if hard else rules.soft
    if state.counted_on is not None and state.counted_on >= today:  # the same day, or a clock that went back
        added, of_day = max(0.0, weight - state.of_day), max(weight, state.of_day)
    else:
        added = of_day = weight
    points = state.points + added
    day = max(today, state.counted_on or today)
    return Score(points, day, of_day, "bounces" if points > rules.threshold else "")


def settled(state: Score, *, accepted_at: datetime, now: datetime, rules: Rules | None = None) -> Score:
    """The score after a delivery that a server accepted at `accepted_at`, if no bounce was counted since: less, once it
    is old enough to be trusted (a server may accept, and bounce later).
    """
    rules = rules or Rules()
    bounced_since = state.counted_on is not None and state.counted_on >= accepted_at.astimezone(UTC).date()
    if state.suppress or bounced_since or now - accepted_at < rules.settle_after:
        return state
    return replace(state, points=max(0.0, state.points - rules.good))


def _remembered(state: Score, today: date, rules: Rules) -> Score:
    if state.counted_on is not None and today - state.counted_on > rules.forget_after:
        return Score()
    return state
