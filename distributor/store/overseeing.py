"""An edition's mails, counted and moved by the thousand. Each function works on the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from distributor.model import Delivery, State
from distributor.states import UNMADE
from distributor.store import tables as t
from distributor.store.idlists import among, among_them
from distributor.store.rows import delivery_from

__all__ = ["move", "progress", "rows", "set_status", "unmade", "unmade_posts"]

CHUNK = 5_000
e, d = t.edition, t.delivery
# What each act takes, by state and reason (None: any), and what becomes of it.
_TAKES: dict[str, tuple[tuple[str, str | None], ...]] = {
    "approve": (("held", "approval"),),
    "pause": (("pending", None),),
    "resume": (("held", "paused"),),
    "cancel": (("pending", None), ("held", None)),
    "release": tuple(("held", reason) for reason in UNMADE),
}


def set_status(connection: sa.Connection, ids: Sequence[int], before: Sequence[str], after: str) -> list[int]:
    """Says which editions were in one of those states, and are in this one now."""
    statement = sa.update(e).where(e.c.id.in_(ids), e.c.status.in_(before)).values(status=after).returning(e.c.id)
    return sorted(connection.execute(statement).scalars())


def unmade(connection: sa.Connection, digest: str) -> list[int]:
    """The editions of a digest that wait, wholly or in part, because their mail or their post could not be made."""
    query = (
        sa.select(e.c.id)
        .join(d, d.c.edition_id == e.c.id)
        .where(t.IS_UNSETTLED, e.c.digest == digest, d.c.state == "held", d.c.reason.in_(UNMADE))
    )
    return sorted(set(connection.execute(query.distinct()).scalars()))


def unmade_posts(connection: sa.Connection, edition: int) -> list[Delivery]:
    """An edition's posts to channels that could not be made."""
    query = sa.select(d).where(
        d.c.edition_id == edition,
        d.c.edition_id != 0,
        d.c.recipient_id == 0,
        d.c.state == "held",
        d.c.reason.in_(UNMADE),
        d.c.doubts == 0,
    )
    return [delivery_from(row) for row in connection.execute(query)]


def rows(connection: sa.Connection, edition: int, what: str, after: int) -> list[int]:
    """The next deliveries of an edition that an act concerns, by their ids. What is in doubt stays for a person."""
    fits = [
        d.c.state == state if reason is None else sa.and_(d.c.state == state, d.c.reason == reason)
        for state, reason in _TAKES[what]
    ]
    query = sa.select(d.c.id).where(
        d.c.edition_id == edition, d.c.edition_id != 0, d.c.id > after, d.c.doubts == 0, sa.or_(*fits)
    )
    if what == "release":  # a post must be made first; a mail is when it leaves
        query = query.where(d.c.recipient_id != 0)
    return list(connection.execute(query.order_by(d.c.id).limit(CHUNK)).scalars())


def move(connection: sa.Connection, ids: Sequence[int], what: str, now: datetime) -> int:
    """Does it to those that still are as they were."""
    if not ids:
        return 0
    goes_on = "state = 'pending', reason = '', error = '', due_at = CASE WHEN due_at > :now THEN due_at ELSE :now END"
    becomes = {
        "approve": goes_on,
        "resume": goes_on,
        "release": goes_on,
        "pause": "state = 'held', reason = 'paused'",
        "cancel": "state = 'skipped', reason = 'cancelled', settled_at = :now",
    }[what]
    # A post's time to live starts anew, because it waited for a person; a digest's mails have none.
    if what in {"approve", "resume", "release"}:
        becomes += ", expires_at = expires_at - planned_at + :now"
    states = ", ".join(f"'{state}'" for state, _ in _TAKES[what])
    statement = sa.text(
        f"UPDATE delivery SET {becomes} WHERE {among_them(connection.dialect.name)}"  # noqa: S608
        f" AND state IN ({states}) AND doubts = 0"
    )
    values: dict[str, Any] = {"readers": among(connection, ids)}
    if ":now" in becomes:
        statement = statement.bindparams(sa.bindparam("now", type_=t.Moment))
        values["now"] = now
    return int(connection.execute(statement.execution_options(preserve_rowcount=True), values).rowcount)


def progress(connection: sa.Connection, edition: int, since: datetime) -> tuple[dict[State, int], int]:
    """An edition's deliveries by state, and how many were settled since then."""
    lately = sa.func.sum(sa.case((d.c.settled_at > since, 1), else_=0))
    query = sa.select(d.c.state, sa.func.count(), lately).where(d.c.edition_id == edition, d.c.edition_id != 0)
    found = connection.execute(query.group_by(d.c.state)).all()
    return {State(state): count for state, count, _ in found}, sum(int(late or 0) for _, _, late in found)
