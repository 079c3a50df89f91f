"""What came back of mails, and what it means for their readers. Each function works on the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from distributor.model import Kind, State
from distributor.store import erasing, ledger, subscribers
from distributor.store import tables as t
from distributor.store.subscribers import Consent

__all__ = [
    "Mailed",
    "Reader",
    "add",
    "delivered_since",
    "end",
    "keep_points",
    "latest_mail",
    "mailed",
    "of_delivery",
    "of_reader",
    "reader",
    "reader_by_key",
]

d, s, b = t.delivery, t.subscriber, t.bounce


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail of the ledger: whom it went to, and the other address that a letter was sent to, if it was."""

    delivery_id: int
    subscriber_id: int
    other_address: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """What scoring needs of a reader. `points_at` is when a bounce counted last."""

    id: int
    address: str
    address_key: str
    status: str
    points: float
    points_at: datetime | None


def mailed(connection: sa.Connection, delivery_id: int) -> Mailed | None:
    """The mail of that number; None where it is no mail, or is not kept any more."""
    row = connection.execute(_MAILED, {"of_id": delivery_id}).one_or_none()
    if row is None or not row.recipient_id:
        return None
    other = ""
    if row.kind == Kind.LETTER.value and row.message_id:
        found = ledger.message(connection, row.message_id)
        other = str(found[0].options.get("to") or "") if found else ""
    return Mailed(row.id, row.recipient_id, other)


def latest_mail(connection: sa.Connection, subscriber_id: int) -> int:
    """The number of the last mail that went to a reader; 0 where none did."""
    query = sa.select(sa.func.max(d.c.id)).where(_of(subscriber_id), d.c.state == State.SENT.value)
    return int(connection.execute(query).scalar_one() or 0)


def reader(connection: sa.Connection, subscriber_id: int) -> Reader | None:
    """Locked for this transaction: two reports at once count one after the other."""
    row = connection.execute(_BY_ID, {"of_id": subscriber_id}).one_or_none()
    return None if row is None else Reader(*row)


def reader_by_key(connection: sa.Connection, address_key: str) -> Reader | None:
    """The reader of a normalised address, locked for this transaction."""
    row = connection.execute(_BY_KEY, {"of_key": address_key}).one_or_none()
    return None if row is None else Reader(*row)


def of_reader(connection: sa.Connection, subscriber_id: int, since: datetime) -> list[Any]:
    """The reader's bounces that counted since then: hard, at, delivery_id."""
    query = sa.select(b.c.hard, b.c.at, b.c.delivery_id).where(
        b.c.subscriber_id == subscriber_id, b.c.kind == "bounce", b.c.at >= since
    )
    return list(connection.execute(query))


def of_delivery(connection: sa.Connection, subscriber_id: int, delivery_id: int, kind: str) -> list[bool]:
    """What was told of one mail before, in this kind: whether each was hard."""
    values = {"of_id": subscriber_id, "of_delivery": delivery_id, "of_kind": kind}
    return [bool(row.hard) for row in connection.execute(_TOLD, values)]


def delivered_since(connection: sa.Connection, subscriber_id: int, since: datetime, limit: int) -> list[datetime]:
    """When mails to a reader were taken after `since`, oldest first."""
    query = (
        sa.select(d.c.settled_at)
        .where(_of(subscriber_id), d.c.state == State.SENT.value, d.c.settled_at > since)
        .order_by(d.c.settled_at)
        .limit(limit)
    )
    return [row.settled_at for row in connection.execute(query)]


def add(
    connection: sa.Connection,
    *,
    at: datetime,
    subscriber_id: int,
    delivery_id: int,
    kind: str,
    hard: bool,
    status: str,
    reason: str,
    diagnostic: str,
) -> None:
    """Writes down one report. `kind`: bounce, block (the mail was refused, not the reader), complaint."""
    values = {
        "at": at,
        "subscriber_id": subscriber_id,
        "delivery_id": delivery_id,
        "kind": kind,
        "hard": hard,
        "status": status[:20],
        "reason": reason[:50],
        "diagnostic": diagnostic[:500],
    }
    connection.execute(_ADD, values)


def keep_points(connection: sa.Connection, subscriber_id: int, points: float, at: datetime) -> None:
    connection.execute(_KEEP, {"of_id": subscriber_id, "new_points": points, "new_points_at": at})


def end(connection: sa.Connection, subscriber_id: int, status: str, reason: str, now: datetime, *, source: str) -> int:
    """Ends a subscription: its status, a row of proof, and everything that waits for the reader is skipped.

    Returns how many mails that were.
    """
    subscribers.set_status(connection, subscriber_id, status)
    proof = Consent(at=now, act=status, source=source, detail={"reason": reason})
    subscribers.add_consent(connection, subscriber_id, proof)
    word = "suppressed" if status == "suppressed" else "unsubscribed"
    return erasing.skip_waiting(connection, subscriber_id, word, now)


def _of(subscriber_id: int) -> sa.ColumnElement[bool]:
    """Written so that the index over mails serves it."""
    return sa.and_(d.c.recipient_id == subscriber_id, sa.text("recipient_id <> 0"))


# A relay may refuse many a second: building a statement costs more than running it.
_READER = sa.select(s.c.id, s.c.address, s.c.address_key, s.c.status, s.c.points, s.c.points_at).with_for_update()
_BY_ID = _READER.where(s.c.id == sa.bindparam("of_id"))
_BY_KEY = _READER.where(s.c.address_key == sa.bindparam("of_key"))
_MAILED = sa.select(d.c.id, d.c.recipient_id, d.c.kind, d.c.message_id).where(d.c.id == sa.bindparam("of_id"))
_TOLD = sa.select(b.c.hard).where(
    b.c.subscriber_id == sa.bindparam("of_id"),
    b.c.delivery_id == sa.bindparam("of_delivery"),
    b.c.kind == sa.bindparam("of_kind"),
)
_ADD = sa.insert(b)
_KEEP = (
    sa.update(s)
    .where(s.c.id == sa.bindparam("of_id"))
    .values(points=sa.bindparam("new_points"), points_at=sa.bindparam("new_points_at", type_=t.Moment))
)
