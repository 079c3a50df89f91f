"""An edition's mails to its readers: planned by the thousand, each thousand by one statement, and given up where a
later one tells the same. Each function works on the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.model import Edition, Lane
from distributor.store import tables as t
from distributor.store.articles import CHUNK
from distributor.store.editions import count_planned
from distributor.store.idlists import among, ids_of, listing
from distributor.store.windows import Group

__all__ = ["add_digests", "insert_mails", "postponed", "supersede"]

d, e = t.delivery, t.edition


def add_digests(
    connection: sa.Connection,
    edition: Edition,
    readers: Sequence[int],
    *,
    due_at: datetime,
    now: datetime,
    held: str = "",
) -> int:
    """Plans an edition for these readers, and counts them; `held` is why it waits for a person."""
    values = {
        "prefix": f"digest:{edition.digest}:",
        "suffix": f":s{int(edition.slot.timestamp())}:g0",
        "kind": "digest",
        "channel": edition.digest,
        "article": 0,
        "edition": edition.id,
        "revision": 1,
        "lane": int(Lane.NORMAL),
        "by_hand": edition.by_hand,
        "state": "held" if held else "pending",
        "reason": held,
        "planned_at": now,
        "due_at": due_at,
        "expires_at": None,
    }
    added = insert_mails(connection, readers, values)
    count_planned(connection, edition.id, added)
    return added


def insert_mails(connection: sa.Connection, readers: Sequence[int], values: dict[str, Any]) -> int:
    """One delivery for each of these readers, by one statement; says how many are new."""
    if not readers:
        return 0
    statement = _insert(connection.dialect.name)
    told = statement.execution_options(preserve_rowcount=True)
    return int(connection.execute(told, {**values, "readers": among(connection, readers)}).rowcount)


def postponed(connection: sa.Connection, digest: str, slot: datetime) -> bool:
    """Whether mails of earlier slots of this digest still wait."""
    query = sa.select(d.c.id).where(
        t.IS_UNSETTLED, d.c.state.in_(["pending", "held"]), d.c.channel == digest, d.c.due_at < slot
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def supersede(
    connection: sa.Connection, digest: str, group: Group, slot: datetime, now: datetime
) -> dict[int, tuple[datetime, tuple[int, ...]]]:
    """Gives up what still waits of these readers' last slot and was never tried: {reader: (since, left out)}.

    The digest that is planned now tells of that time too.
    """
    last = int(group.watermark.timestamp())
    keys = [f"digest:{digest}:{reader}:s{last}:g0" for reader in group.readers]
    given_up: dict[int, int] = {}
    for start in range(0, len(keys), CHUNK):
        # What a person paused is that person's to let go.
        untouched = sa.or_(d.c.state == "pending", sa.and_(d.c.state == "held", d.c.reason == "approval"))
        waits = sa.and_(untouched, d.c.attempt == 0, d.c.due_at < slot)
        statement = (
            sa.update(d)
            .where(d.c.key.in_(keys[start : start + CHUNK]), waits)
            .values(state="skipped", reason="superseded", settled_at=now)
            .returning(d.c.recipient_id, d.c.edition_id)
        )
        given_up |= {row.recipient_id: row.edition_id for row in connection.execute(statement)}
    ids = sorted(set(given_up.values()))
    query = sa.select(e.c.id, e.c.since, e.c.left_out)
    of = {
        row.id: (row.since, ids_of(row.left_out))
        for start in range(0, len(ids), CHUNK)
        for row in connection.execute(query.where(e.c.id.in_(ids[start : start + CHUNK])))
    }
    return {reader: of[edition] for reader, edition in given_up.items()}


@cache
def _insert(dialect: str) -> sa.TextClause:
    statement = sa.text(
        "INSERT INTO delivery (key, kind, channel, article_id, edition_id, recipient_id, revision, lane, by_hand,"  # noqa: S608
        " state, reason, planned_at, due_at, expires_at)"
        " SELECT CAST(:prefix AS text) || value || CAST(:suffix AS text), :kind, :channel, :article, :edition, value,"
        " :revision, :lane, :by_hand, :state, :reason, :planned_at, :due_at, CAST(:expires_at AS bigint)"
        f" FROM ({listing(dialect)}) AS chosen WHERE true ON CONFLICT DO NOTHING"
    )
    moments = ("planned_at", "due_at", "expires_at")
    return statement.bindparams(
        *(sa.bindparam(name, type_=t.Moment) for name in moments), sa.bindparam("by_hand", type_=sa.Boolean)
    )
