"""What becomes of readers whose mails came back, who complained, or who left by mail.

    a report by mail (anybody can write one)   believed where it names a delivery by our own return path (VERP)
    a provider's event (authenticated)         believed as it is
    a relay's refusal while sending            the drain tells it: refused()

Everything is idempotent: the same report again counts once, whoever reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

import sqlalchemy as sa
import structlog

from distributor import mailkeys, passes
from distributor.context import App
from distributor.mail import Outcome, Scope, Verdict
from distributor.mail.bounces import Report
from distributor.mail.bounces.reasons import CONTENT_REASONS, judged
from distributor.mail.bounces.scores import Rules, Score, scored, settled
from distributor.mail.hooks import Event
from distributor.store import bounces, subscribers
from distributor.store.bounces import Mailed, Reader

__all__ = ["Word", "heed", "refused"]

log = structlog.get_logger(__name__)

# What a report came to: not believed; no reader of ours; told before; nothing to be done; counted; written to no more.
Word = Literal["unproven", "unknown", "known", "noted", "scored", "suppressed", "left"]
_MOST_GOOD = 40


@dataclass(frozen=True, slots=True)
class _Told:
    """A report or an event, in the words that both share."""

    kind: Literal["bounce", "complaint", "unsubscribe"]
    recipient: str
    hard: bool = False
    status: str = ""
    reason: str = ""
    diagnostic: str = ""
    block: bool = False


def heed(app: App, told: Event | Report, *, proven: bool) -> Word:
    """Does what a report asks for, durably. `proven` says that its sender was authenticated; else only what names one
    of our own return paths is believed. Raises StoreError.
    """
    what = _understood(told)
    if what is None:
        return "noted"
    room = app.mailroom
    if room is None:
        return "unproven"
    keys = passes.keys(app)
    number = mailkeys.delivery_of_paths(keys, told.original.return_paths) if isinstance(told, Report) else None
    if number is None and not proven:
        return "unproven"
    with app.store.write(durable=True) as connection:
        mail = bounces.mailed(connection, number) if number is not None else _named(connection, keys, told)
        word = _heeded(app, connection, room.key, what, mail, app.clock(), by_address=proven and number is None)
    if word in {"suppressed", "left"}:
        log.info("a reader gets no more mail", why=what.kind, outcome=word, delivery=mail.delivery_id if mail else 0)
    return word


def refused(
    app: App, connection: sa.Connection, subscriber_id: int, delivery_id: int, outcome: Outcome, now: datetime
) -> Word:
    """A mail that was refused for good while it was sent, or that ran out of tries: in the drain's own transaction.

    Counts only what concerns the reader's address or its domain; a refused content, sender or relay counts nothing.
    """
    if outcome.verdict not in (Verdict.REFUSED, Verdict.LATER) or outcome.scope is Scope.ACCOUNT:
        return "noted"
    said = " ".join(word for word in (str(outcome.code or ""), outcome.status, outcome.text) if word)
    found = judged(said, status=outcome.status, context="in reply to RCPT TO")
    block = outcome.scope is Scope.MESSAGE or found.reason in CONTENT_REASONS or outcome.status[1:4] == ".7."
    hard = outcome.verdict is Verdict.REFUSED and not block and (found.hard or outcome.status.startswith("5.1."))
    what = _Told("bounce", "", hard, outcome.status, found.reason, outcome.text, block)
    room, mail = app.mailroom, bounces.mailed(connection, delivery_id)
    if room is None or mail is None or mail.subscriber_id != subscriber_id:
        return "unknown"
    return _heeded(app, connection, room.key, what, mail, now)


def _understood(told: Event | Report) -> _Told | None:
    """None for what changes nothing: a delay, a delivery, an answer by itself."""
    if told.kind not in ("bounce", "complaint", "unsubscribe"):
        return None
    block = told.content_block or (isinstance(told, Report) and told.reason in CONTENT_REASONS and not told.hard)
    status = told.status if isinstance(told, Report) else ""
    return _Told(told.kind, told.recipient, told.hard, status, told.reason, told.diagnostic, block)


def _named(connection: sa.Connection, keys: Sequence[bytes], told: Event | Report) -> Mailed | None:
    """The mail that an event names by our own Message-ID."""
    if not isinstance(told, Event):
        return None
    found = mailkeys.delivery_of_message_id(told.message_id)
    mail = bounces.mailed(connection, found[0]) if found else None
    return mail if found and mail and mailkeys.is_own(keys, found[1], mail.subscriber_id) else None


def _heeded(
    app: App,
    connection: sa.Connection,
    key: bytes,
    what: _Told,
    mail: Mailed | None,
    now: datetime,
    *,
    by_address: bool = False,
) -> Word:
    if mail is not None and mail.other_address:
        return _of_other(connection, key, what, mail, now)
    reader = bounces.reader(connection, mail.subscriber_id) if mail else None
    if reader is None and by_address:
        address_key = _address_key(what.recipient)
        reader = bounces.reader_by_key(connection, address_key) if address_key else None
        if reader is None and address_key and what.kind == "complaint":
            subscribers.suppress(connection, mailkeys.suppression_key(key, address_key), "complaint", now)
            return "suppressed"
        if reader is not None:
            mail = Mailed(bounces.latest_mail(connection, reader.id), reader.id)
    if reader is None or mail is None:
        return "unknown"
    if what.kind == "unsubscribe":
        return _leave(connection, key, reader, now)
    return _count(app, connection, key, what, mail, reader, now)


def _of_other(connection: sa.Connection, key: bytes, what: _Told, mail: Mailed, now: datetime) -> Word:
    """A letter to an address that is not the reader's (yet): its bounce is not the reader's, its complaint is heard."""
    address_key = _address_key(mail.other_address)
    if what.kind != "complaint" or not address_key:
        return "noted"
    subscribers.suppress(connection, mailkeys.suppression_key(key, address_key), "complaint", now)
    return "suppressed"


def _leave(connection: sa.Connection, key: bytes, reader: Reader, now: datetime) -> Word:
    if reader.status in ("left", "suppressed"):
        return "known"
    bounces.end(connection, reader.id, "left", "unsubscribed", now, source="mail")
    # An old list that is imported later must not bring back who left.
    subscribers.suppress(connection, mailkeys.suppression_key(key, reader.address_key), "left", now)
    return "left"


def _count(
    app: App, connection: sa.Connection, key: bytes, what: _Told, mail: Mailed, reader: Reader, now: datetime
) -> Word:
    kind = "block" if what.block else what.kind
    before = bounces.of_delivery(connection, reader.id, mail.delivery_id, kind)
    if before and (kind != "bounce" or any(before) or not what.hard):
        return "known"
    rules = Rules(threshold=app.settings.subscribers.bounce_threshold)
    state = _score(connection, reader, now, rules)
    bounces.add(
        connection,
        at=now,
        subscriber_id=reader.id,
        delivery_id=mail.delivery_id,
        kind=kind,
        hard=what.hard and not what.block,
        status=what.status,
        reason=what.reason,
        diagnostic=what.diagnostic,
    )
    # "Suppressed" is for good to a score; a complaint of who had bounced or left away is still written down.
    after = scored(state, what.kind, now=now, hard=what.hard, content_block=what.block, rules=rules)
    if after == state:
        return "noted"
    if kind == "bounce":
        bounces.keep_points(connection, reader.id, after.points, now)
    if not after.suppress:
        return "scored"
    why = "complaint" if kind == "complaint" else "bounced"
    bounces.end(connection, reader.id, "suppressed", why, now, source=what.kind)
    subscribers.suppress(connection, mailkeys.suppression_key(key, reader.address_key), why, now)
    return "suppressed"


def _score(connection: sa.Connection, reader: Reader, now: datetime, rules: Rules) -> Score:
    """The reader's record as of now, with what went well since the last bounce taken off."""
    if reader.status == "suppressed":
        return Score(reader.points, suppressed="bounces")
    if reader.points_at is None:
        return Score(reader.points)
    day = datetime.combine(reader.points_at.astimezone(UTC).date(), time(), UTC)
    weights = [rules.hard if row.hard else rules.soft for row in bounces.of_reader(connection, reader.id, day)]
    state = Score(reader.points, day.date(), max(weights, default=0.0))
    if state.points:
        for at in bounces.delivered_since(connection, reader.id, day + timedelta(days=1), _MOST_GOOD):
            state = settled(state, accepted_at=at, now=now, rules=rules)
    return state


def _address_key(address: str) -> str:
    """The normalised address, "" for what is none."""
    from distributor.addressing import normalised

    try:
        return normalised(address)[1]
    except ValueError:
        return ""
