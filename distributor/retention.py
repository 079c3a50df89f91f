"""Nothing is kept longer than the settings say: requests, who left, mails, bounces, and what guards against floods."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from distributor.context import App
from distributor.store import coverage, forgetting, links, readings
from distributor.store import retention as store
from distributor.store.census import LETTERS_PLANNED

__all__ = ["Deleted", "retention"]

log = structlog.get_logger(__name__)

_TURN = 20.0
# A hook is signed for five minutes; the provider's own repeats end within a day.
_HEARD = timedelta(hours=24)
# "Three times ever" must remember for long; a year later the address may be another person's.
_ASKED = timedelta(days=365)
# A month's budget looks back so far, and a post is read back for a week.
_READ = timedelta(days=40)


@dataclass(slots=True)
class Deleted:
    """How many of each went. `more` is set where the turn ended first."""

    requests: int = 0
    left: int = 0
    mails: int = 0
    links: int = 0
    bounces: int = 0
    heard: int = 0
    asked: int = 0
    files: int = 0
    more: bool = False


def retention(app: App, *, turn_s: float = _TURN) -> Deleted:
    """Deletes what is over, in short transactions, at most for one turn. Raises StoreError."""
    now, keep, until = app.clock(), app.settings.subscribers, time.monotonic() + turn_s
    gone = Deleted()

    def each(work: Callable[[sa.Connection], int]) -> int:
        """Pieces of one kind until there are none; readers that other work waits for come in between."""
        total = 0
        while not (over := _is_over(app, until)):
            with app.store.write() as connection:
                app.store.lock(connection, "retention")
                number = work(connection)
            total += number
            if number < store.CHUNK:
                break
        gone.more = gone.more or over
        return total

    gone.requests = each(lambda c: store.readers(c, "pending", now - keep.keep_requests, now))
    for status in ("left", "suppressed"):
        gone.left += each(lambda c, status=status: store.readers(c, status, now - keep.keep_left, now))  # type: ignore[misc]
    gone.bounces = each(lambda c: store.bounces(c, now - keep.keep_bounces))
    with app.store.write() as connection:
        gone.heard = store.heard(connection, now - _HEARD)
        gone.asked = store.asked(connection, now - _ASKED)
        store.facts(connection, "alert-message:", now - keep.keep_mails)
    _fade(app, now, until)
    gone.links = _links(app, now - app.settings.signals.keep, until, gone)
    gone.files = _outbox(app, now - keep.keep_mails)
    gone.mails = _mails(app, now - keep.keep_mails, until, gone)
    if any(asdict(gone).values()):
        log.info("deleted what is kept no longer", **{name: number for name, number in asdict(gone).items() if number})
    return gone


def _fade(app: App, now: datetime, until: float) -> None:
    """Counts of what readers did become coarser with the weeks, and go."""
    while not _is_over(app, until):
        with app.store.write() as connection:
            app.store.lock(connection, "signals")
            if not forgetting.roll_up(connection, now):
                forgetting.counts(connection, now - app.settings.signals.keep)
                readings.forget(connection, now - _READ)
                coverage.forget(connection, now)
                break


def _links(app: App, before: datetime, until: float, gone: Deleted) -> int:
    """Links of old mails and lists, as old as counts become. What is looked through holds up nobody that writes."""
    total, after = 0, 0
    while not _is_over(app, until):
        with app.store.read() as connection:
            found = links.over(connection, before, after, store.CHUNK)
        if not found:
            return total
        with app.store.write() as connection:
            links.drop(connection, found)
        total, after = total + len(found), found[-1]
    gone.more = True
    return total


def _mails(app: App, before: datetime, until: float, gone: Deleted) -> int:
    total, after, over = 0, 0, False
    while not over:
        if _is_over(app, until):
            gone.more = True
            break
        with app.store.write() as connection:
            app.store.lock(connection, "retention")
            app.store.lock(connection, LETTERS_PLANNED)  # whoever plans a letter counts under this lock
            number, after, over = store.mails(connection, before, after)
        total += number
    return total


def _outbox(app: App, before: datetime) -> int:
    """Letters in our own folder; another's Maildir is theirs to empty."""
    mail = app.settings.mail
    if mail is None or not str(mail.smtp).startswith("outbox:"):
        return 0
    number = 0
    for folder in ("new", "cur"):
        with contextlib.suppress(OSError):
            for path in (app.settings.site.data / "outbox" / folder).iterdir():
                with contextlib.suppress(OSError):
                    if ".distributor" in path.name and path.stat().st_mtime < before.timestamp():
                        path.unlink()
                        number += 1
    return number


def _is_over(app: App, until: float) -> bool:
    return app.stopping.is_set() or time.monotonic() >= until
