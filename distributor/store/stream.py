"""What a page of many articles needs, in few queries. Reads only, on the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from distributor.model import Message
from distributor.store import tables as t
from distributor.store.rows import message_from

__all__ = ["latest_ids", "messages"]

# SQLite takes at most 32,766 parameters in one statement.
CHUNK = 1000


def messages(connection: sa.Connection, message_ids: Sequence[int]) -> dict[int, Message]:
    """The frozen messages of these ids."""
    found: dict[int, Message] = {}
    for start in range(0, len(message_ids), CHUNK):
        query = sa.select(t.message.c.id, t.message.c.data).where(
            t.message.c.id.in_(message_ids[start : start + CHUNK])
        )
        found |= {row.id: message_from(row.data) for row in connection.execute(query)}
    return found


def latest_ids(connection: sa.Connection, channel: str, limit: int) -> list[int]:
    """The articles of a channel's newest deliveries, newest first, each once."""
    d = t.delivery
    query = sa.select(d.c.article_id).where(d.c.channel == channel, d.c.article_id > 0).group_by(d.c.article_id)
    return list(connection.execute(query.order_by(sa.func.max(d.c.id).desc()).limit(limit)).scalars())
