"""What readers do by themselves: ask, confirm, choose, pause, leave. Nothing begins without a confirmation.

    ask --letter--> pending --confirm--> active --leave--> left --ask, letter, confirm--> active
                       '--48 h--> gone              '--bounces, complaint--> suppressed (bouncing.py)

Whoever asks learns nothing of an address: the answer is the same, and so is the work, whether there is a reader or not.
An address is written to at most once a day and three times in all until it confirms. Who left, or was forgotten, comes
back by confirming. After bounces, a complaint or a publisher's word only the publisher can lift the suppression: a
form would let strangers do it.

Data, moving and being forgotten are in personal.py, what the publisher does in enlisting.py; both are named here too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from distributor import addressing, choosing, letters, passes
from distributor.choosing import INSTANT, Ask
from distributor.context import App
from distributor.enlisting import add, suppress, unsuppress
from distributor.errors import NotFound
from distributor.mail import tokens
from distributor.mailroom import MAIN
from distributor.model import NO_CATEGORY, Message, Subscriber
from distributor.passes import CONFIRM, LINK, mark
from distributor.personal import Step, ask_switch, awaited_switch, confirm_switch, export, forget
from distributor.store import alerts, asking, erasing, subscribers

__all__ = [
    "Ask",
    "Confirmed",
    "Fresh",
    "Step",
    "add",
    "ask",
    "ask_switch",
    "awaited",
    "awaited_switch",
    "change",
    "change_in",
    "confirm",
    "confirm_switch",
    "export",
    "forget",
    "fresh",
    "leave",
    "pause",
    "reader",
    "request_link",
    "suppress",
    "unsuppress",
]

A_DAY, EVER, LINKS_A_DAY = 1, 3, 3
# Seconds: an answer about an address takes a whole number of these, so that its time does not tell who is a reader.
EVEN = 0.05
LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A reader who is confirmed, and when the first digest comes (UTC); None with instant alerts."""

    subscriber: Subscriber
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fresh:
    """Who came by a fresh link, and until when it is good (UTC)."""

    subscriber: Subscriber
    expires_at: datetime


def ask(app: App, asked: Ask, *, ip: str, source: str) -> None:
    """Somebody asks for mails to an address: at most a letter goes there. Who is a reader already gets a link to the
    settings instead; what strangers chose for them changes nothing.

    Raises ValueError (one line) for what is not offered or no address, ConfigError where no mail can leave.
    """
    wish = choosing.checked(app, asked)
    with _evenly():
        _ask(app, wish, ip=ip, source=source)
    app.waker.wake(MAIN)


def _ask(app: App, wish: Ask, *, ip: str, source: str) -> None:
    key = addressing.address_key(wish.address)
    with app.store.read() as connection:
        found = subscribers.by_address(connection, key)
    active = found is not None and found.status == "active"
    message = _letter(app, LINK, wish) if active else _letter(app, CONFIRM, wish)
    known = passes.hashes(app, key)
    with app.store.write(durable=True) as connection:
        app.store.lock(connection, f"asked:{known[0]}")
        found = subscribers.by_address(connection, key, lock=True)
        granted = asking.may_mail(connection, known[0], CONFIRM, app.clock(), a_day=A_DAY, ever=EVER)
        why = subscribers.suppression(connection, known)
        mild = subscribers.may_return(why, found.status if found else "")
        if found is not None and found.status == "active":
            if granted and mild and active:
                sealed = passes.seal(app, message, LINK, found.id, mark(found.address))
                letters.post(app, connection, sealed, found.id)
        elif mild and not active:
            _asked(app, connection, found, wish, message, granted=granted, ip=ip, source=source)


def awaited(app: App, token: str) -> Subscriber | None:
    """Whom a confirmation's token would confirm: for the page with the button. Changes nothing."""
    with app.store.read() as connection:
        return _awaited(app, connection, token)


def confirm(app: App, token: str, *, ip: str) -> Confirmed | None:
    """The reader wants it. Again is the same; None for a token that is not (or no longer) good."""
    now = app.clock()
    with app.store.write(durable=True) as connection:
        found = _awaited(app, connection, token, lock=True)
        if found is None:
            return None
        if found.status != "active":
            found = replace(
                found,
                status="active",
                watermark=choosing.started(app, found, now),
                seen=(),
                paused_until=None,
                confirmed_at=now,
            )
            _save(app, connection, found)
            act = choosing.consent(app, "confirmed", language=found.language, ip=ip)
            subscribers.add_consent(connection, found.id, act)
            for known in passes.hashes(app, addressing.address_key(found.address)):
                subscribers.unsuppress(connection, known)
                asking.unmailed(connection, known, CONFIRM)
    return Confirmed(found, choosing.slots(app, found, now)["next_at"])


def change(app: App, subscriber_id: int, ask: Ask, *, ip: str, source: str) -> Subscriber:
    """Other choices; the address stays. A window goes on where it was, whatever its schedule: nothing is lost, nothing
    comes twice. From each article as it happens it begins where these ended; a digest that waits to be mailed still is.

    Raises ValueError as `ask`, NotFound. Who goes from a digest to each article as it happens: see digest.end_digests.
    """
    with app.store.write(durable=True) as connection:
        return change_in(app, connection, subscriber_id, ask, ip=ip, source=source)


def change_in(app: App, connection: sa.Connection, subscriber_id: int, ask: Ask, *, ip: str, source: str) -> Subscriber:
    """`change`, on the caller's transaction."""
    now = app.clock()
    before = _reader(connection, subscriber_id)
    wish = choosing.checked(app, replace(ask, address=before.address), kept=before.categories)
    after = choosing.chosen(before, wish)
    if (before.frequency == INSTANT) != (after.frequency == INSTANT):
        # What a reader of each article was not told of yet is the digest's; see alerting.py.
        begins = before.watermark
        if before.frequency == INSTANT:
            begins = min(max(begins, alerts.done(connection)), now)
        after = replace(after, watermark=begins, seen=())
    if after != before:
        _save(app, connection, after)
        detail: dict[str, Any] = {
            "frequency": wish.frequency,
            "categories": list(wish.categories),
            "breaking": wish.breaking,
        }
        act = choosing.consent(app, "changed", source=source, ip=ip, **detail)
        subscribers.add_consent(connection, after.id, act)
    return after


def pause(app: App, subscriber_id: int, until: datetime | None, *, ip: str = "", source: str = "") -> Subscriber:
    """No mails until then (aware, at most a year from now); None goes on now. Raises ValueError, NotFound."""
    now = app.clock()
    if until is not None and not now < until <= now + LONGEST_PAUSE:
        raise ValueError("a pause ends later than now, and within a year")
    with app.store.write(durable=True) as connection:
        before = _reader(connection, subscriber_id)
        after = replace(before, paused_until=until)
        if after != before:
            _save(app, connection, after)
            detail: dict[str, Any] = {"until": until.isoformat()} if until else {}
            act = choosing.consent(app, "paused" if until else "resumed", source=source, ip=ip, **detail)
            subscribers.add_consent(connection, after.id, act)
    return after


def leave(app: App, subscriber_id: int, *, how: str, ip: str = "") -> bool:
    """No more mails, also none that waits; False where it was so already. `how`: one-click, page, mail, publisher.

    Once it is committed nothing more is claimed for this reader. Raises NotFound.
    """
    now = app.clock()
    with app.store.write(durable=True) as connection:
        found = _reader(connection, subscriber_id)
        gone = found.status in ("active", "pending")
        if gone:
            subscribers.set_status(connection, found.id, "left")
            subscribers.add_consent(connection, found.id, choosing.consent(app, "left", ip=ip, how=how))
            # The row goes after a time (subscribers.keep_left); a list that is imported later must not bring it back.
            known = passes.hashes(app, addressing.address_key(found.address))[0]
            subscribers.suppress(connection, known, "left", now)
        erasing.skip_waiting(connection, found.id, "unsubscribed", now)
    return gone


def reader(app: App, token: str) -> Subscriber | None:
    """Whose token of a digest it is. Digests are forwarded: it may choose, pause and leave, and see no data."""
    number = tokens.read(passes.keys(app), "reader", token)
    if number is None:
        return None
    with app.store.read() as connection:
        return subscribers.get(connection, number)


def fresh(app: App, token: str) -> Fresh | None:
    """Who holds a fresh link: may do all that a digest's may, and export, move and be forgotten."""
    found = passes.read(app, LINK, token)
    if found is None:
        return None
    with app.store.read() as connection:
        known = subscribers.get(connection, found.number)
    # A link that went to the address before a move is not the reader's any more.
    if known is None or found.words != mark(known.address):
        return None
    return Fresh(known, found.expires_at)


def request_link(app: App, address: str, *, ip: str) -> None:
    """Mails a fresh link, if a reader has this address; nobody learns whether. Raises ValueError for no address."""
    del ip  # counted by the caller's budgets
    key = addressing.address_key(address)
    with _evenly():
        _link(app, address, key)
    app.waker.wake(MAIN)


def _link(app: App, address: str, key: str) -> None:
    with app.store.read() as connection:
        found = subscribers.by_address(connection, key)
    wish = choosing.ask_of(found) if found else Ask(address=address, language=app.settings.site.language)
    message = _letter(app, LINK, wish)
    known = passes.hashes(app, key)
    with app.store.write(durable=True) as connection:
        app.store.lock(connection, f"asked:{known[0]}")
        granted = asking.may_mail(connection, known[0], LINK, app.clock(), a_day=LINKS_A_DAY)
        found = subscribers.by_address(connection, key)
        if granted and found is not None and found.status in ("active", "left"):
            letters.post(app, connection, passes.seal(app, message, LINK, found.id, mark(found.address)), found.id)


@contextmanager
def _evenly() -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        if EVEN:
            time.sleep(EVEN - (time.monotonic() - started) % EVEN)


def _letter(app: App, purpose: str, wish: Ask) -> Message:
    alone = wish.categories == (NO_CATEGORY,)
    trending = app.renderer.words(wish.language).text("digest.trending")
    facts = {
        "address": wish.address,
        "url": passes.url(app, purpose),
        "hours": max(1, int(passes.life(app, purpose) / timedelta(hours=1))),
        "choices": [trending] if alone else list(wish.categories),
    }
    return letters.made(app, purpose, wish.language, facts)


def _asked(
    app: App,
    connection: sa.Connection,
    found: Subscriber | None,
    wish: Ask,
    message: Message,
    *,
    granted: bool,
    ip: str,
    source: str,
) -> None:
    """The wish of who is no reader (any more): kept until it is confirmed, and a letter where one may go out."""
    now = app.clock()
    if found is None and not granted:
        return
    blank = found or Subscriber(address=wish.address, watermark=now, created_at=now)
    if granted and blank.status == "pending":
        blank = replace(blank, address=wish.address, created_at=now)
    kept = _save(app, connection, choosing.chosen(blank, wish))
    if granted:
        act = choosing.consent(app, "asked", language=wish.language, source=source, ip=ip)
        subscribers.add_consent(connection, kept.id, act)
        letters.post(app, connection, passes.seal(app, message, CONFIRM, kept.id, mark(kept.address)), kept.id)


def _awaited(app: App, connection: sa.Connection, token: str, *, lock: bool = False) -> Subscriber | None:
    """The reader of a confirmation, unless it was outdated: by a move, by leaving since, by a suppression."""
    found = passes.read(app, CONFIRM, token)
    known = subscribers.get(connection, found.number, lock=lock) if found else None
    if found is None or known is None or found.words != mark(known.address):
        return None
    if known.status == "active":
        return known
    left = any(one.act == "left" and one.at > found.made_at for one in subscribers.consents(connection, known.id))
    why = subscribers.suppression(connection, passes.hashes(app, addressing.address_key(known.address)))
    return None if left or not subscribers.may_return(why, known.status) else known


def _save(app: App, connection: sa.Connection, known: Subscriber) -> Subscriber:
    now = app.clock()
    saved = subscribers.save(connection, known, **choosing.slots(app, known, now))
    if saved.status == "active":
        subscribers.touch(connection, saved.id, now)
    return saved


def _reader(connection: sa.Connection, subscriber_id: int) -> Subscriber:
    found = subscribers.get(connection, subscriber_id, lock=True)
    if found is None:
        raise NotFound(f"there is no reader number {subscriber_id}")
    return found
