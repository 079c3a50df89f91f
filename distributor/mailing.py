"""Mails out: one drain holds one conversation with a relay, and works the ledger off batch by batch.

    drain_mail(account): slot -> connect -> [ journal -> due -> claim (durable) -> letters -> session ]... -> settle

A batch is claimed before its first byte leaves; right before each final dot, and right after each answer, the journal
is told. So a process that dies leaves at most one letter whose outcome nobody knows. What a batch came to is settled
in the same transaction that claims the next: one durable commit for hundreds of letters.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from distributor import owners
from distributor.amends import insist
from distributor.context import App
from distributor.ended import REFUSALS, Batch, settle_batch
from distributor.errors import ChannelError, RetryLater, StoreError
from distributor.mail import Letter, Session, Transport, Verdict
from distributor.mail.journal import FileJournal
from distributor.mailroom import MAIN, OWN_CHANNELS, SIGN_THEMSELVES, Mailroom
from distributor.model import Kind, State
from distributor.penning import Pen, Unfit
from distributor.renewing import renew
from distributor.store import accounts, mailing, windows
from distributor.store.mailing import Claimed, Due
from distributor.throttle import room as room_for

__all__ = ["Mailed", "channels_of", "drain_mail", "mail_accounts", "mail_is_due", "open_channels"]

log = structlog.get_logger(__name__)

BATCH = 250
TURN = timedelta(seconds=60)
# One letter may take 13 minutes (RFC 5321 4.5.3.2); no letter is begun when a third of the lease is gone.
LEASE = timedelta(minutes=45)
BEGIN_WITHIN = timedelta(minutes=15)
LONGEST_NAP = 1.0
SOON = timedelta(seconds=2)


@dataclass(slots=True)
class Mailed:
    """What one drain did. `busy`: every conversation was taken. `sent` counts the letters that were taken."""

    busy: bool = False
    more: bool = False
    sent: int = 0
    settled: Counter[State] = field(default_factory=Counter)


def mail_accounts(app: App) -> list[str]:
    """The accounts that mails leave by; none without [mail], or while mail is not ready."""
    room = app.mailroom
    return [] if room is None or room.unready else list(room.relays)


def channels_of(app: App) -> list[str]:
    """What is mailed, in the order of its urgency: letters that a reader waits for, alerts, digests."""
    return [*OWN_CHANNELS, *app.settings.digests]


def open_channels(connection: sa.Connection, app: App) -> list[str]:
    """Those that no person switched off; "mail" switches all of them off."""
    off = accounts.paused(connection)
    if "*" in off or MAIN in off:
        return []
    return [name for name in channels_of(app) if name not in off]


def drain_mail(app: App, account: str) -> Mailed:
    """Mails what is due, until nothing is or the turn is over.

    Raises StoreError when the ledger cannot be written; the journal then tells a later sweep what left.
    """
    with app.store.read() as connection:
        renew(app, connection)
    room = app.mailroom
    transport = room.relays.get(account) if room and not room.unready else None
    if room is None or transport is None or not mail_is_due(app, account):
        return Mailed()
    owner = owners.current()
    slot = _take_slot(app, account, transport, owner)
    if slot is None:
        return Mailed(busy=True)
    done = Mailed()
    if slot < _sessions(app, transport) - 1:
        app.waker.wake(account)  # one more conversation, if there is a worker for it and work is left
    try:
        _Drain(app, room, account, transport, done).run()
    finally:
        insist(
            app,
            lambda connection: accounts.leave_slot(connection, account, slot, owner=owner),
            what="give a slot back",
            durable=True,
        )
    return done


def mail_is_due(app: App, account: str) -> bool:
    """Whether anything can be mailed by an account now."""
    now = app.clock()
    with app.store.read() as connection:
        state = accounts.state(connection, account)
        if state.stopped or (state.paused_until and state.paused_until > now):
            return False
        return mailing.any_due(connection, open_channels(connection, app), now)


def _sessions(app: App, transport: Transport) -> int:
    sessions = min(transport.sessions, app.mail_sessions or transport.sessions)
    if transport.per_second:
        # Each conversation keeps to its share of the rate, so there are none that would have less than one a second.
        sessions = max(1, min(sessions, int(transport.per_second)))
    return sessions


def _take_slot(app: App, account: str, transport: Transport, owner: str) -> int | None:
    now = app.clock()
    with app.store.write() as connection:
        dead = [holder for holder in accounts.slot_owners(connection) if owners.is_dead(holder)]
        return accounts.take_slot(
            connection, account, _sessions(app, transport), owner=owner, now=now, until=now + LEASE, dead=dead
        )


class _Drain:
    """One conversation's work: the batch at hand, and the one before it that is not settled yet."""

    def __init__(self, app: App, room: Mailroom, account: str, transport: Transport, done: Mailed) -> None:
        self.app, self.room, self.account, self.transport, self.done = app, room, account, transport, done
        self.pen = Pen(app, room, transport)
        self.ended: Batch | None = None
        self.session: Session | None = None
        self.every = _sessions(app, transport) / transport.per_second if transport.per_second else 0.0
        self.next_at = 0.0

    def run(self) -> None:
        until = self.app.clock() + TURN
        try:
            while True:
                over = self.app.clock() >= until or self.app.stopping.is_set()
                batch = None if over else self._next_batch()
                if batch is None:
                    self.done.more = over
                    break
                if not self._send(batch):
                    break
        finally:
            self._settle_last()
            if self.session is not None:
                self.session.close()

    def _next_batch(self) -> Batch | None:
        """Settles the batch before and claims the next, in one durable transaction; None when nothing is due."""
        journal = FileJournal(self.room.journals, owners.current())
        now = self.app.clock()
        owner = f"{owners.current()}/{journal.path.stem.rpartition('~')[2]}"
        ended = self.ended
        try:
            with self.app.store.write(durable=True) as connection:
                stopped = settle_batch(self.app, connection, self.account, ended, now) if ended else False
                claimed = [] if stopped else self._claim(connection, owner, now)
        except BaseException:
            journal.remove()
            raise
        self._put_away(ended)
        if not claimed:
            journal.remove()
            return None
        named = self.transport.kind in SIGN_THEMSELVES
        return Batch(owner, journal, {one.due.id: one for one in claimed}, now, named=named)

    def _claim(self, connection: sa.Connection, owner: str, now: datetime) -> list[Claimed]:
        wanted: list[Due] = []
        for channel in open_channels(connection, self.app):
            if len(wanted) < BATCH:
                wanted += self._fit(connection, mailing.due(connection, channel, now, BATCH - len(wanted)), now)
        if wanted:
            mailing.claim(connection, [due.id for due in wanted], owner=owner, now=now, until=now + LEASE)
        return [Claimed(due, due.attempt + 1) for due in wanted]

    def _fit(self, connection: sa.Connection, found: Sequence[Due], now: datetime) -> list[Due]:
        """What may leave of what is due: wanted by its reader still, not too old, its domain willing."""
        fit, later = [], {}
        gone: dict[str, list[int]] = {}
        untold: dict[int, list[int]] = {}
        given: Counter[str] = Counter()
        for due in found:
            reason = _unwanted(due, now)
            if reason:
                gone.setdefault(reason, []).append(due.id)
                if due.kind is Kind.ALERT:
                    untold.setdefault(due.article_id, []).append(due.recipient_id)
            elif due.throttled is not None and given[due.domain] >= room_for(due.throttled, now):
                paused = due.throttled.paused_until
                wait = paused if paused and paused > now else now
                later[due.id] = wait + SOON * (1 + self.app.jitter())
            else:
                given[due.domain] += 1
                fit.append(due)
        for reason, ids in gone.items():
            mailing.skip(connection, ids, reason, now)
            self.done.settled[State.SKIPPED] += len(ids)
        for article, readers in untold.items():
            windows.unsee(connection, readers, article)
        mailing.postpone(connection, later)
        return fit

    def _send(self, batch: Batch) -> bool:
        """Sends a batch; False when the conversation is over and no other is to be begun now."""
        self.ended = batch
        try:
            if self.session is None or not self.session.alive:
                self._close()
                self.session = self.transport.connect()
        except ChannelError as error:
            batch.broken = error
            log.warning("no way out for mail", account=self.account, error=str(error))
            return False
        assert batch.journal is not None
        for outcome in self.session.send(self._letters(batch), batch.journal):
            batch.outcomes.append(outcome)
            if outcome.verdict is Verdict.TAKEN:
                self.done.sent += 1
                batch.streak = 0
            elif outcome.verdict is Verdict.REFUSED:
                batch.streak += 1
        if batch.barred:
            return False
        self._count(batch)
        return True

    def _count(self, batch: Batch) -> None:
        """A conversation that breaks is begun anew for the next batch, as long as it got anything done."""
        if self.session is not None and not self.session.alive and not batch.progress:
            batch.broken = RetryLater("the relay ends the conversation before it takes a letter", outage=True)

    def _letters(self, batch: Batch) -> Iterator[Letter]:
        """Written one by one, while the server thinks about the one before."""
        begin_until = batch.claimed_at + BEGIN_WITHIN
        for number, claimed in batch.claimed.items():
            if batch.streak >= REFUSALS or self.app.stopping.is_set() or not self._in_time(begin_until):
                return
            letter = self.pen.letter(claimed)
            if isinstance(letter, Unfit):
                batch.unfit[number] = letter
                continue
            yield letter

    def _in_time(self, until: datetime) -> bool:
        if self.every:
            nap = self.next_at - time.monotonic()
            while nap > 0:
                time.sleep(min(nap, LONGEST_NAP))
                nap = self.next_at - time.monotonic()
                if self.app.stopping.is_set():
                    return False
            self.next_at = max(self.next_at, time.monotonic() - 1.0) + self.every
        return self.app.clock() < until

    def _settle_last(self) -> None:
        """What is known must be written: it waits for the database rather than forget."""
        ended = self.ended
        if ended is None:
            return

        def act(connection: sa.Connection) -> None:
            settle_batch(self.app, connection, self.account, ended, self.app.clock())

        try:
            insist(self.app, act, what="settle mails", durable=True)
        except StoreError:
            if ended.journal is not None:
                ended.journal.close()
            raise
        self._put_away(ended)

    def _put_away(self, ended: Batch | None) -> None:
        if ended is not None:
            assert ended.journal is not None
            ended.journal.remove()
            self.done.settled.update(ended.states)
            self.ended = None

    def _close(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None


def _unwanted(due: Due, now: datetime) -> str:
    """Why nothing is mailed to this reader any more; "" when it is."""
    if due.expires_at is not None and due.expires_at <= now:
        return "too-old"
    if not due.status:
        return "gone"
    if due.status == "suppressed":
        return "suppressed"
    if due.status != "active" and due.kind.value != "letter":
        return "unsubscribed"
    return ""
