"""Mails whose sender is gone: its journal says what left, and only where there is none nobody knows.

a lone start -> uncertain      an answer -> as it says      no line -> pending, if the machine is still the same boot
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from distributor import owners
from distributor.context import App
from distributor.ended import Batch, settle_batch
from distributor.mail import Outcome, Verdict
from distributor.mail.journal import Left, abandoned, read
from distributor.model import Delivery, State
from distributor.store import accounts, mailing
from distributor.store.mailing import Claimed, Due

__all__ = ["recover"]

log = structlog.get_logger(__name__)

LOST = "the worker that mailed it stopped, and its journal is not here"


def recover(app: App) -> int:
    """Settles what dead mail workers left; how many mails that were. Raises StoreError."""
    room = app.mailroom
    if room is None:
        return 0
    settled = 0
    for _, path in abandoned(room.journals):
        settled += _from_journal(app, path, read(path))
        path.unlink(missing_ok=True)
    now = app.clock()
    with app.store.read() as connection:
        dead = [owner for owner in accounts.slot_owners(connection) if owners.is_dead(owner)]
        left = mailing.left_behind(connection, now, dead)
    living = {path.stem.rpartition("~")[2] for path in room.journals.glob("*.journal")}
    lost = [row for row in left if row.lease_owner.rpartition("/")[2] not in living]
    return settled + _lost(app, lost, now)


def _from_journal(app: App, path: Path, left: Left) -> int:
    ending = "/" + path.stem.rpartition("~")[2]
    now = app.clock()
    with app.store.write(durable=True) as connection:
        rows = mailing.under_lease(connection, ending)
        if rows:
            batch = _batch(rows, left, now)
            settle_batch(app, connection, "", batch, now)
            log.warning("mails of a dead worker settled", **{state.value: n for state, n in batch.states.items()})
    return len(rows)


def _batch(rows: Sequence[Delivery], left: Left, now: datetime) -> Batch:
    batch = Batch(rows[0].lease_owner, None, {row.id: _claimed(row) for row in rows}, now)
    ended = {(one.number, one.attempt): one for one in left.ended}
    for row in rows:
        known = ended.get((row.id, row.attempt))
        if known is not None:
            batch.outcomes.append(known)
        elif (row.id, row.attempt) in left.started or not left.whole:
            batch.outcomes.append(
                Outcome(row.id, row.attempt, Verdict.UNKNOWN, text="the worker that mailed it stopped")
            )
    return batch


def _lost(app: App, rows: Sequence[Delivery], now: datetime) -> int:
    for owner in dict.fromkeys(row.lease_owner for row in rows):
        mine = [row for row in rows if row.lease_owner == owner]
        outcomes = [Outcome(row.id, row.attempt, Verdict.UNKNOWN, text=LOST) for row in mine]
        batch = Batch(owner, None, {row.id: _claimed(row) for row in mine}, now, outcomes)
        with app.store.write(durable=True) as connection:
            settle_batch(app, connection, "", batch, now)
        log.warning("outcome of mails unknown", mails=len(mine), owner=owner)
    return len(rows)


def _claimed(row: Delivery) -> Claimed:
    """A row that is being sent, as its sender held it; what is known of its reader does not matter any more."""
    due = Due(
        id=row.id,
        attempt=row.attempt - 1,
        failures=row.failures,
        kind=row.kind,
        channel=row.channel,
        recipient_id=row.recipient_id,
        article_id=row.article_id,
        edition_id=row.edition_id,
        message_id=row.message_id,
        expires_at=row.expires_at,
        address="",
        domain="",
        status=State.SENDING.value,
        choice_id=0,
        edition_message_id=0,
        throttled=None,
    )
    return Claimed(due, row.attempt)
