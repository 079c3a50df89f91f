"""The sweep puts the ledger in order, and rings for whoever has work: a lost bell costs one sweep, nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from distributor import gates, owners, states
from distributor.context import App, Station
from distributor.doubts import doubt_of, finds
from distributor.dropping import note_dropped
from distributor.mailing import mail_accounts, mail_is_due
from distributor.model import Kind
from distributor.recovering import recover
from distributor.renewing import renew
from distributor.store import accounts, ledger, queue, windows

__all__ = ["has_work", "sweep"]

log = structlog.get_logger(__name__)


def sweep(app: App) -> list[str]:
    """Puts the ledger in order and rings for every account that has something to send; returns those accounts."""
    if app.settings.mail is not None:
        recover(app)
    now = app.clock()
    digests = list(app.settings.digests)
    with app.store.read() as connection:
        renew(app, connection)
        holders = accounts.slot_owners(connection)
        dead = [owner for owner in holders if owners.is_dead(owner)]
        tidy = (
            bool(queue.overrun(connection, now, dead)) or queue.has_expired(connection, now, but=digests) or bool(dead)
        )
    if tidy:
        _tidy(app, dead, now)
    ringing = []
    for account, stations in app.accounts().items():
        if has_work(app, account, stations, now):
            ringing.append(account)
            app.waker.wake(account)
    if app.settings.mail is not None:
        for account in mail_accounts(app):
            if mail_is_due(app, account):
                ringing.append(account)
                app.waker.wake(account)
    return ringing


def _tidy(app: App, dead: Sequence[str], now: datetime) -> None:
    with app.store.write() as connection:
        expired = queue.expire(connection, now, but=list(app.settings.digests))
        note_dropped(connection, [gone for gone in expired if gone.reason == "too-old"], "too-old", now)
        for gone in expired:
            log.info("given up", delivery=gone.id, key=gone.key, reason=gone.reason)
            if gone.kind is Kind.ALERT:
                windows.unsee(connection, [gone.recipient_id], gone.article_id)
        accounts.free_slots(connection, dead)
        for left in queue.overrun(connection, now, dead):
            settlement = states.after_overrun(left, doubt=doubt_of(app, left), finds=finds(app, left), now=now)
            log.warning("outcome unknown", delivery=left.id, key=left.key, reason=settlement.reason)
            ledger.settle(connection, left, settlement, now)


def has_work(app: App, account: str, stations: Sequence[Station], now: datetime) -> bool:
    """Whether anything can be sent, or looked up, on an account at that moment."""
    with app.store.read() as connection:
        if queue.doubtful(connection, [station.name for station in stations], now):
            return True
        if not queue.any_due(connection, [station.name for station in stations], now):
            return False
        opened = gates.account_gates(connection, account, stations, now)
        doors = [one.gate(station.name, now) for one, station in zip(opened, stations, strict=True)]
        return queue.peek(connection, doors, now) is not None
