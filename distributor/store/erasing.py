"""How readers go, and what is known of them. Each function works on the caller's transaction.

The ledger keeps its rows, or its law would not hold: who they were for is a number that leads nowhere any more, and
what they said is blanked where it was for one reader alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from distributor.model import Kind, Message, State
from distributor.store import ledger
from distributor.store import tables as t
from distributor.store.rows import message_data

__all__ = ["deliveries_of", "erase", "skip_waiting", "told"]

d, s = t.delivery, t.subscriber


def skip_waiting(connection: sa.Connection, subscriber_id: int, reason: str, now: datetime) -> int:
    """Gives up every mail that still waits for this reader; returns how many. What is in doubt stays for a person."""
    waiting = sa.select(d.c.id).where(
        d.c.recipient_id == subscriber_id,
        sa.text("recipient_id <> 0"),
        d.c.state.in_([State.PENDING.value, State.HELD.value]),
    )
    return ledger.skip(connection, connection.execute(waiting).scalars().all(), reason, now)


def erase(connection: sa.Connection, subscriber_id: int, reason: str, now: datetime) -> None:
    """Deletes all that is personal of one reader: the row, the consent, bounces, letters, what servers said."""
    skip_waiting(connection, subscriber_id, reason, now)
    own = (d.c.recipient_id == subscriber_id, sa.text("recipient_id <> 0"))
    letters = sa.select(d.c.message_id).where(*own, d.c.kind == Kind.LETTER.value, d.c.message_id != 0)
    blank = {"data": message_data(Message(text="")), "fingerprint": ""}
    connection.execute(sa.update(t.message).where(t.message.c.id.in_(letters)).values(blank))
    connection.execute(sa.update(d).where(*own).values(error="", receipt=None))
    for table in (t.consent, t.bounce):
        connection.execute(sa.delete(table).where(table.c.subscriber_id == subscriber_id))
    connection.execute(sa.delete(s).where(s.c.id == subscriber_id))


def told(connection: sa.Connection, subscriber_id: int) -> dict[str, Any]:
    """The reader's row as it stands, with what no other function tells: for the reader's own export."""
    query = sa.select(s, t.schedule.c.next_at).outerjoin(t.schedule, t.schedule.c.id == s.c.schedule_id)
    row = connection.execute(query.where(s.c.id == subscriber_id)).one()
    bounces = connection.execute(
        sa.select(t.bounce).where(t.bounce.c.subscriber_id == subscriber_id).order_by(t.bounce.c.id)
    )
    return {
        "domain": row.domain,
        "active_at": row.active_at,
        "next_digest_at": row.next_at,
        "bounce_points": row.points,
        "bounce_points_at": row.points_at,
        "bounces": [
            {"at": b.at, "kind": b.kind, "hard": bool(b.hard), "status": b.status, "reason": b.reason,
             "diagnostic": b.diagnostic, "delivery": b.delivery_id}
            for b in bounces
        ],
    }  # fmt: skip


def deliveries_of(connection: sa.Connection, subscriber_id: int) -> Sequence[Any]:
    """Every mail to this reader, oldest first, with the article's title, the digest's slot, or the letter's message."""
    query = (
        sa.select(d, t.article.c.title, t.article.c.url, t.edition.c.slot, t.message.c.data.label("letter"))
        .outerjoin(t.article, sa.and_(t.article.c.id == d.c.article_id, d.c.article_id != 0))
        .outerjoin(t.edition, sa.and_(t.edition.c.id == d.c.edition_id, d.c.edition_id != 0))
        .outerjoin(t.message, sa.and_(t.message.c.id == d.c.message_id, d.c.kind == Kind.LETTER.value))
        .where(d.c.recipient_id == subscriber_id, sa.text("delivery.recipient_id <> 0"))
        .order_by(d.c.id)
    )
    return connection.execute(query).all()
