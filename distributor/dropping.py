"""What fell out of a queue without being sent, written down: the trending went first, the stale is given up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from distributor.model import Delivery, Kind
from distributor.store import census, queue, snapshot

__all__ = ["WHO", "note_dropped"]

WHO = "distributor"  # in the audit, for what no person did


def note_dropped(connection: sa.Connection, rows: Iterable[Delivery], reason: str, now: datetime) -> None:
    """A line of the audit for each post: how long it waited, its score, how many others were sent meanwhile."""
    for row in rows:
        if row.kind is not Kind.POST or not row.article_id:
            continue
        ranking = snapshot.of(connection, row.article_id)
        detail = {
            "reason": reason,
            "channel": row.channel,
            "article": row.article_id,
            "waited_s": round((now - row.planned_at).total_seconds()),
            "score": None if ranking is None else round(ranking.score, 4),
            "sent_meanwhile": queue.sent_since(connection, row.channel, row.planned_at),
        }
        census.audit(connection, WHO, "drop", f"delivery:{row.id}", now, detail)
