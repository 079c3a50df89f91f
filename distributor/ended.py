"""What a batch of mails came to, written into the ledger: by the drain that sent it, or from the journal of a dead one.

TAKEN -> sent      LATER -> pending, later      REFUSED -> failed      UNKNOWN -> uncertain, or by policy again
UNTRIED, or not begun -> pending as it was
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from distributor import bouncing
from distributor.context import App
from distributor.errors import ChannelError, ChannelPaused
from distributor.mail import Outcome, Scope, Verdict
from distributor.mail.journal import FileJournal
from distributor.model import Kind, State
from distributor.penning import Unfit
from distributor.states import breaker
from distributor.store import accounts, mailing, windows
from distributor.store.mailing import Claimed, Due
from distributor.throttle import FREE, Domain, after_refusal, after_success

__all__ = ["REFUSALS", "Batch", "settle_batch"]

log = structlog.get_logger(__name__)

# So many refusals without one letter taken are the relay's doing, not the readers'.
REFUSALS = 25
# A server that greylists wants minutes, one that is full wants hours (RFC 5321 4.5.4.1).
FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=4)
TRIES = 14
REPEAT_AFTER = timedelta(minutes=10)


@dataclass(slots=True)
class Batch:
    """Letters claimed together: under whose lease, and what became of each so far. `broken` is why none could go.

    `journal` is None for one that is settled from a dead one's journal. `streak` counts the refusals since a letter
    was last taken. `states` is what they are in now, once settled. With `named`, the other side's ids are kept: a
    provider's hooks speak of them (a relay's are in its own log, and would cost as much as the rest).
    """

    owner: str
    journal: FileJournal | None
    claimed: Mapping[int, Claimed]
    claimed_at: datetime
    outcomes: list[Outcome] = field(default_factory=list)
    unfit: dict[int, Unfit] = field(default_factory=dict)
    streak: int = 0
    broken: ChannelError | None = None
    states: Counter[State] = field(default_factory=Counter)
    named: bool = False

    @property
    def progress(self) -> bool:
        """Whether anything came of it, for better or worse."""
        settled = {Verdict.TAKEN, Verdict.REFUSED, Verdict.UNKNOWN}
        return bool(self.unfit) or any(outcome.verdict in settled for outcome in self.outcomes)

    @property
    def barred(self) -> Outcome | None:
        """The answer that concerns every further letter alike; the relay refuses the sender, or asks for patience."""
        stops = (
            outcome
            for outcome in reversed(self.outcomes)
            if outcome.scope is Scope.ACCOUNT and outcome.verdict in {Verdict.LATER, Verdict.REFUSED}
        )
        return next(stops, None)


def settle_batch(app: App, connection: sa.Connection, account: str, batch: Batch, now: datetime) -> bool:
    """Writes it all down in the caller's transaction; True when nothing more may leave by this account now.

    Bears being done twice, and by two at once: what is not this owner's any more is left alone, but for a letter that
    was taken after all.
    """
    batch.states = Counter()
    told = {outcome.number: outcome for outcome in batch.outcomes}
    stop = _refuses_all(batch)
    taken = [number for number, outcome in told.items() if outcome.verdict is Verdict.TAKEN]
    batch.states[State.SENT] += mailing.sent(connection, taken, owner=batch.owner, now=now)
    if batch.states[State.SENT] < len(taken) or (batch.named and taken):
        mailing.receive(
            connection, [(one.number, one.attempt, one.remote_id) for one in map(told.__getitem__, taken)], now
        )
        batch.states[State.SENT] = len(taken)
    pauses = _domains(app, connection, batch, told, now)
    rows = []
    for number, claimed in batch.claimed.items():
        outcome = told.get(number)
        if outcome is not None and outcome.verdict is Verdict.TAKEN:
            continue
        row = _row(app, claimed.due, outcome, batch.unfit.get(number), pauses, now, again=bool(stop))
        batch.states[State(row["state"])] += 1
        rows.append({"of_id": number, "of_attempt": claimed.attempt, **row})
    mailing.settle(connection, rows, owner=batch.owner)
    _follow(app, connection, batch, told, rows, now, refused_all=bool(stop))
    return _report(app, connection, account, batch, stop, now)


def _row(
    app: App,
    due: Due,
    outcome: Outcome | None,
    unfit: Unfit | None,
    pauses: Mapping[str, datetime],
    now: datetime,
    *,
    again: bool,
) -> dict[str, Any]:
    """The columns that change, for a letter that was not taken."""
    if unfit is not None:
        state = State.HELD if unfit.held else State.SKIPPED
        return _columns(state, unfit.reason, unfit.error, due.failures, settled_at=None if unfit.held else now)
    if outcome is None or outcome.verdict is Verdict.UNTRIED:
        return _columns(State.PENDING, "", "", due.failures)
    error = _said(outcome)
    if outcome.verdict is Verdict.UNKNOWN:
        return _unknown(app, due, error, now)
    if outcome.scope is Scope.ACCOUNT:
        return _columns(State.PENDING, "retry", error, due.failures)
    if outcome.verdict is Verdict.REFUSED:
        if again and not due.failures:
            return _columns(State.PENDING, "retry", error, due.failures + 1)
        return _columns(State.FAILED, "refused", error, due.failures, settled_at=now)
    failures = due.failures + 1
    if failures > TRIES:
        return _columns(State.FAILED, "gave-up", error, failures, settled_at=now)
    at = now + min(LAST_RETRY, FIRST_RETRY * float(2 ** min(due.failures, 12))) * (0.5 + app.jitter() / 2)
    return _columns(State.PENDING, "retry", error, failures, due_at=max(at, pauses.get(due.domain, at)))


def _unknown(app: App, due: Due, error: str, now: datetime) -> dict[str, Any]:
    """The final dot left and no answer came: a person decides, or the settings did already."""
    mail = app.settings.mail
    if mail is not None and mail.unknown == "resend":
        return _columns(State.PENDING, "resend", error, due.failures + 1, due_at=now + REPEAT_AFTER)
    return _columns(State.UNCERTAIN, "no-answer", error, due.failures, settled_at=now)


def _columns(
    state: State,
    reason: str,
    error: str,
    failures: int,
    *,
    due_at: datetime | None = None,
    settled_at: datetime | None = None,
) -> dict[str, Any]:
    return {
        "state": state.value,
        "reason": reason,
        "error": error,
        "failures": failures,
        "due_at": due_at,
        "settled_at": settled_at,
    }


def _said(outcome: Outcome) -> str:
    words = (str(outcome.code) if outcome.code else "", outcome.status, outcome.text)
    return " ".join(word for word in words if word) or "no answer"


def _refuses_all(batch: Batch) -> str:
    """What the relay said, when it refused so many in a row that it is its doing; else ""."""
    if batch.streak < REFUSALS:
        return ""
    last = next(outcome for outcome in reversed(batch.outcomes) if outcome.verdict is Verdict.REFUSED)
    fresh = [number for number, claimed in batch.claimed.items() if not claimed.due.failures]
    return _said(last) if fresh else ""


def _domains(
    app: App, connection: sa.Connection, batch: Batch, told: Mapping[int, Outcome], now: datetime
) -> dict[str, datetime]:
    """What receiving domains said; gives until when those that asked for patience are left alone."""
    refused: dict[str, Outcome] = {}
    served: dict[str, Domain] = {}
    known: dict[str, Domain] = {}
    for number, claimed in batch.claimed.items():
        outcome, due = told.get(number), claimed.due
        if due.throttled is not None:
            known[due.domain] = due.throttled
        if outcome is None or not due.domain:
            continue
        if outcome.verdict is Verdict.LATER and outcome.scope is Scope.DOMAIN:
            refused.setdefault(due.domain, outcome)
        elif outcome.verdict is Verdict.TAKEN and due.throttled is not None:
            served[due.domain] = due.throttled
    pauses = {}
    for name, outcome in refused.items():
        slower = after_refusal(known.get(name, Domain(name, allowance=FREE)), now, app.jitter())
        mailing.save_domain(connection, name, slower, _said(outcome), now)
        if slower.paused_until is not None:
            pauses[name] = slower.paused_until
    for name, domain in served.items():
        if name not in refused:
            mailing.save_domain(connection, name, after_success(domain), "", now)
    return pauses


def _follow(
    app: App,
    connection: sa.Connection,
    batch: Batch,
    told: Mapping[int, Outcome],
    rows: Sequence[Mapping[str, Any]],
    now: datetime,
    *,
    refused_all: bool,
) -> None:
    """A refusal counts against the address; an alert that never came leaves its article to the digest."""
    unseen: dict[int, list[int]] = {}
    # In one order: two batches that touch the same readers must not wait for each other.
    for row in sorted(rows, key=lambda row: batch.claimed[row["of_id"]].due.recipient_id):
        due = batch.claimed[row["of_id"]].due
        outcome = told.get(due.id)
        if row["state"] == State.FAILED.value and outcome is not None and not refused_all:
            bouncing.refused(app, connection, due.recipient_id, due.id, outcome, now)
        if row["state"] in {State.FAILED.value, State.SKIPPED.value} and due.kind is Kind.ALERT:
            unseen.setdefault(due.article_id, []).append(due.recipient_id)
    for article_id, readers in unseen.items():
        windows.unsee(connection, readers, article_id)


def _report(app: App, connection: sa.Connection, account: str, batch: Batch, stop: str, now: datetime) -> bool:
    """What it means for the account: open, paused for a while, or stopped until a person acts."""
    if not account:
        return True
    barred = batch.barred
    if isinstance(batch.broken, ChannelPaused) and batch.broken.until is None:
        stop = str(batch.broken)
    elif barred is not None and barred.verdict is Verdict.REFUSED:
        stop = _said(barred)
    elif stop:
        stop = f"{REFUSALS} letters in a row were refused: {stop}"
    if stop:
        log.error("mail stopped until a person acts", account=account, why=stop)
        accounts.stop(connection, account, stop, now)
        return True
    trouble = str(batch.broken) if batch.broken else _said(barred) if barred else ""
    state = accounts.state(connection, account)
    if not trouble:
        if state.outages or state.paused_until:
            accounts.report(connection, account, outages=0, paused_until=None, why="")
        return False
    outages = state.outages + 1
    until = breaker(outages, now, app.jitter()) or now + timedelta(seconds=2 * outages)
    accounts.report(connection, account, outages=outages, paused_until=until, why=trouble)
    return True
