"""What is deleted when its time is over, a bounded piece at a time. Each function works on the caller's transaction.

Every one returns how many rows went, and is called again until nothing is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from distributor.model import Kind, State
from distributor.store import erasing
from distributor.store import tables as t
from distributor.store.census import LETTERS_PLANNED

__all__ = ["CHUNK", "asked", "bounces", "facts", "heard", "mails", "readers"]

CHUNK = 500
d, s = t.delivery, t.subscriber
_SETTLED = (State.SENT.value, State.FAILED.value, State.SKIPPED.value)


def readers(connection: sa.Connection, status: str, before: datetime, now: datetime) -> int:
    """Readers of this status since before then, with all that is known of them.

    Since when: their latest act, for each leaves a row of consent.
    """
    acts = sa.select(t.consent.c.id).where(t.consent.c.subscriber_id == s.c.id, t.consent.c.at >= before)
    query = (
        sa.select(s.c.id)
        .where(s.c.status == status, s.c.created_at < before, ~sa.exists(acts))
        .order_by(s.c.created_at)
        .limit(CHUNK)
    )
    ids = connection.execute(query).scalars().all()
    for number in ids:
        erasing.erase(connection, number, "gone", now)
    return len(ids)


def mails(connection: sa.Connection, before: datetime, after: int) -> tuple[int, int, bool]:
    """Mails settled before then, of ids beyond `after`: (how many went, the id to go on from, whether that was all).

    What was planned is counted down with them, so that the law stays true.
    """
    query = (
        sa.select(d.c.id, d.c.recipient_id, d.c.state, d.c.kind, d.c.planned_at, d.c.settled_at, d.c.message_id)
        .add_columns(d.c.edition_id, d.c.article_id)
        .where(d.c.id > after, d.c.recipient_id > 0)
        .order_by(d.c.id)
        .limit(CHUNK)
    )
    rows = connection.execute(query).all()
    old = [
        row
        for row in rows
        if row.recipient_id and row.state in _SETTLED and row.settled_at is not None and row.settled_at < before
    ]
    # Ids grow with time: where a whole piece was planned later than that, nothing old comes behind it.
    over = len(rows) < CHUNK or all(row.planned_at >= before for row in rows)
    if old:
        _count_down(connection, old)
        _delete_letters(connection, [row.message_id for row in old if row.kind == Kind.LETTER.value])
        connection.execute(sa.delete(d).where(d.c.id.in_([row.id for row in old])))
    return len(old), rows[-1].id if rows else after, over


def bounces(connection: sa.Connection, before: datetime) -> int:
    """They are written in order of time, so the lowest ids are the oldest."""
    rows = connection.execute(sa.select(t.bounce.c.id, t.bounce.c.at).order_by(t.bounce.c.id).limit(CHUNK))
    ids = [row.id for row in rows if row.at < before]
    connection.execute(sa.delete(t.bounce).where(t.bounce.c.id.in_(ids)))
    return len(ids)


def heard(connection: sa.Connection, before: datetime) -> int:
    return connection.execute(sa.delete(t.heard).where(t.heard.c.at < before)).rowcount


def asked(connection: sa.Connection, before: datetime) -> int:
    return connection.execute(sa.delete(t.asked).where(t.asked.c.last_at < before)).rowcount


def facts(connection: sa.Connection, prefix: str, before: datetime) -> int:
    """Facts whose key begins so, noted before then."""
    statement = sa.delete(t.fact).where(t.fact.c.key.startswith(prefix, autoescape=True), t.fact.c.at < before)
    return connection.execute(statement).rowcount


def _count_down(connection: sa.Connection, rows: Sequence[Any]) -> None:
    editions: dict[int, int] = {}
    articles: dict[int, int] = {}
    letters = 0
    for row in rows:
        if row.kind == Kind.LETTER.value:
            letters += 1
        elif row.edition_id:
            editions[row.edition_id] = editions.get(row.edition_id, 0) + 1
        else:
            articles[row.article_id] = articles.get(row.article_id, 0) + 1
    e, a = t.edition, t.article
    for number, mails in sorted(editions.items()):
        connection.execute(sa.update(e).where(e.c.id == number).values(readers=e.c.readers - mails))
    for number, mails in sorted(articles.items()):
        connection.execute(sa.update(a).where(a.c.id == number).values(planned=a.c.planned - mails))
    if letters:
        _count_letters(connection, -letters)


def _count_letters(connection: sa.Connection, by: int) -> None:
    f = t.fact
    query = sa.select(f.c.value).where(f.c.key == LETTERS_PLANNED).with_for_update()
    value = connection.execute(query).scalar_one_or_none()
    connection.execute(sa.update(f).where(f.c.key == LETTERS_PLANNED).values(value=int(value or 0) + by))


def _delete_letters(connection: sa.Connection, message_ids: Sequence[int]) -> None:
    ids = [number for number in message_ids if number]
    for start in range(0, len(ids), CHUNK):
        connection.execute(sa.delete(t.message).where(t.message.c.id.in_(ids[start : start + CHUNK])))
