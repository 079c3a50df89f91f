"""When posts are read back, and what that cost. Each function works on the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from distributor.model import Kind, Receipt, State
from distributor.store import tables as t
from distributor.store.articles import CHUNK, insert_into

__all__ = ["Reading", "begin", "due", "forget", "lease", "put_off", "save", "spend", "spent", "troubles"]

r, d, x = t.reading.c, t.delivery.c, t.expense.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A post that is read back. `times` it was, `failures` in a row it was not; `next_at` None: no more."""

    delivery_id: int
    article_id: int
    channel: str
    posted_at: datetime
    receipt: Receipt
    times: int = 0
    failures: int = 0
    next_at: datetime | None = None
    error: str = ""


def begin(connection: sa.Connection, channels: Sequence[str], since: datetime, after: timedelta) -> None:
    """Posts that went out since then on these channels, and are not known here, are read `after` they did."""
    known = sa.select(r.delivery_id).where(r.delivery_id == d.id).exists()
    sent = sa.select(d.id, d.article_id, d.channel, d.claimed_at, d.receipt).where(
        d.channel.in_(channels),
        d.claimed_at >= since,
        d.kind == Kind.POST.value,
        d.state == State.SENT.value,
        ~known,
    )
    rows = [
        {
            "delivery_id": row.id,
            "article_id": row.article_id,
            "channel": row.channel,
            "posted_at": row.claimed_at,
            # What has no receipt cannot be found there.
            "next_at": row.claimed_at + after if row.receipt else None,
        }
        for row in connection.execute(sent.limit(5_000))
    ]
    statement = insert_into(connection.dialect.name, t.reading).on_conflict_do_nothing()
    for start in range(0, len(rows), CHUNK):
        connection.execute(statement, rows[start : start + CHUNK])


def due(connection: sa.Connection, channel: str, now: datetime, limit: int) -> list[Reading]:
    """What is to be read now, the longest due first."""
    columns = (r.delivery_id, r.article_id, r.channel, r.posted_at, r.times, r.failures, r.next_at, r.error)
    query = (
        sa.select(*columns, d.receipt)
        .join(t.delivery, d.id == r.delivery_id)
        .where(r.next_at <= now, r.channel == channel)
        .order_by(r.next_at)
        .limit(limit)
    )
    found = []
    for row in connection.execute(query).mappings():
        values = dict(row)
        receipt = values.pop("receipt") or {"remote_id": "", "url": ""}
        found.append(Reading(**values, receipt=Receipt(**receipt)))
    return found


def lease(connection: sa.Connection, readings: Sequence[Reading], now: datetime, until: datetime) -> list[Reading]:
    """Those that nobody else took meanwhile; they are not due again before `until`."""
    mine: set[int] = set()
    for start in range(0, len(readings), CHUNK):
        numbers = [one.delivery_id for one in readings[start : start + CHUNK]]
        statement = sa.update(t.reading).where(r.delivery_id.in_(numbers), r.next_at <= now)
        mine.update(connection.execute(statement.values(next_at=until).returning(r.delivery_id)).scalars())
    return [one for one in readings if one.delivery_id in mine]


def save(connection: sa.Connection, readings: Sequence[Reading]) -> None:
    """What was learned of when to read them again."""
    rows = [
        {
            "of_id": one.delivery_id,
            "new_times": one.times,
            "new_failures": one.failures,
            "new_next": one.next_at,
            "new_error": one.error,
        }
        for one in readings
    ]
    if rows:
        connection.execute(_SAVE, rows)


def put_off(connection: sa.Connection, channel: str, until: datetime, error: str) -> bool:
    """Nothing of a channel is read before then. Whether the error is news."""
    mine = (r.channel == channel, r.next_at.is_not(None))
    told = sa.select(r.delivery_id).where(*mine, r.error == error).limit(1)
    known = connection.execute(told).one_or_none() is not None
    later = sa.update(t.reading).where(*mine)
    connection.execute(later.values(error=error))
    connection.execute(later.where(r.next_at < until).values(next_at=until))
    return not known


def troubles(connection: sa.Connection, now: datetime) -> dict[str, str]:
    """Why channels are not read that should be, by channel."""
    # What failed by itself (a post that is gone) is no trouble of the channel.
    query = sa.select(r.channel, sa.func.max(r.error)).where(r.next_at >= now, r.error != "", r.failures == 0)
    query = query.group_by(r.channel)
    return {row[0]: row[1] for row in connection.execute(query)}


def spend(connection: sa.Connection, channel: str, cost: float, now: datetime) -> None:
    if cost > 0:
        connection.execute(sa.insert(t.expense).values(channel=channel, at=now, cost=cost))


def spent(connection: sa.Connection, channel: str, since: datetime) -> float:
    """What reading a channel's posts cost since then, in USD."""
    return float(connection.execute(_SPENT, {"of_channel": channel, "since": since}).scalar_one())


def forget(connection: sa.Connection, before: datetime) -> None:
    """Readings that ended, of posts of before then; what was spent, for the months that budgets look back."""
    connection.execute(sa.delete(t.reading).where(r.next_at.is_(None), r.posted_at < before))
    connection.execute(sa.delete(t.expense).where(x.at < before))


# Asked before every post: building a statement costs more than running it.
_SPENT = sa.select(sa.func.coalesce(sa.func.sum(x.cost), 0.0)).where(
    x.channel == sa.bindparam("of_channel"), x.at >= sa.bindparam("since", type_=t.Moment)
)
_SAVE = (
    sa.update(t.reading)
    .where(r.delivery_id == sa.bindparam("of_id"))
    .values(
        times=sa.bindparam("new_times"),
        failures=sa.bindparam("new_failures"),
        next_at=sa.bindparam("new_next", type_=t.Moment),
        error=sa.bindparam("new_error"),
    )
)
