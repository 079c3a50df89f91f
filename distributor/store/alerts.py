"""Articles that go to readers by themselves, as they happen. Each function works on the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.model import Article, Kind, Lane
from distributor.store import articles, census
from distributor.store import tables as t
from distributor.store.circulation import insert_mails
from distributor.store.idlists import among, among_them
from distributor.store.rows import article_from

__all__ = [
    "Listener",
    "add",
    "at",
    "count_instant",
    "done",
    "has_listeners",
    "listeners",
    "next_moment",
    "set_done",
    "skip",
    "told",
]

DONE = "alerts-done"
INSTANT, BREAKING = "status = 'active' and frequency = 'instant'", "status = 'active' and breaking"
s, a, d = t.subscriber, t.article.c, t.delivery


@dataclass(frozen=True, slots=True)
class Listener:
    """A reader who may be told of an article: `told` alerts were planned on the day `day` (since 1970, own clock)."""

    id: int
    timezone: str
    day: int
    told: int


def done(connection: sa.Connection) -> datetime:
    """Articles that became live up to here were told."""
    known = census.fact(connection, DONE)
    return t.EPOCH if known is None else t.EPOCH + known[0] * t.MICROSECOND


def set_done(connection: sa.Connection, moment: datetime, now: datetime) -> None:
    census.remember(connection, DONE, (moment - t.EPOCH) // t.MICROSECOND, now)


def next_moment(connection: sa.Connection, after: datetime, *, last: bool = False) -> datetime | None:
    """The first moment (or the last) after that one at which something became live."""
    moment = sa.func.max(a.live_at) if last else sa.func.min(a.live_at)
    found: datetime | None = connection.execute(sa.select(moment).where(a.live_at > after)).scalar_one()
    return found


def at(connection: sa.Connection, moment: datetime) -> list[Article]:
    """What became live then and is news."""
    query = sa.select(t.article).where(
        a.live_at == moment, a.status == "live", a.same_as == 0, a.note.not_in(articles.OLD_NEWS)
    )
    return [article_from(row) for row in connection.execute(query.order_by(a.id))]


def has_listeners(connection: sa.Connection, *, instant: bool) -> bool:
    """Whether anybody at all wants each article, or breaking news."""
    # By the few choices: SQLite would look through all active readers otherwise.
    some = sa.exists().where(sa.text(INSTANT if instant else BREAKING), s.c.choice_id == t.choice.c.id)
    return connection.execute(sa.select(t.choice.c.id).where(some).limit(1)).one_or_none() is not None


def count_instant(connection: sa.Connection) -> int:
    """How many readers want each article."""
    query = sa.select(sa.func.count()).select_from(s).where(sa.text(INSTANT))
    return int(connection.execute(query).scalar_one())


def listeners(
    connection: sa.Connection,
    article_id: int,
    live_at: datetime,
    *,
    choice: int,
    instant: bool,
    now: datetime,
    after: int,
    limit: int,
) -> list[Listener]:
    """Readers of this choice, from the id `after` on, who were not told of the article, nor had it in a digest.

    They are the caller's until the transaction ends.
    """
    channel = "instant" if instant else "alerts"
    key = sa.literal(f"alert:{channel}:").concat(sa.cast(s.c.id, sa.Text)).concat(f":a{article_id}:g0")
    query = sa.select(s.c.id, s.c.timezone, s.c.alert_day, s.c.alert_count).where(
        sa.text(INSTANT if instant else BREAKING),
        s.c.choice_id == choice,
        s.c.id > after,
        sa.or_(s.c.watermark < live_at, sa.and_(s.c.schedule_id == 0, s.c.watermark == live_at)),
        sa.or_(s.c.paused_until.is_(None), s.c.paused_until <= now),
        ~sa.exists().where(d.c.key == key),
    )
    if not instant:
        query = query.where(s.c.frequency != "instant")
    rows = connection.execute(query.order_by(s.c.id).limit(limit).with_for_update())
    return [Listener(row.id, row.timezone, row.alert_day, row.alert_count) for row in rows]


def add(
    connection: sa.Connection,
    article: Article,
    channel: str,
    readers: Sequence[int],
    *,
    due_at: datetime,
    expires_at: datetime,
    now: datetime,
) -> int:
    """Plans the article for these readers, and counts them."""
    values = {
        "prefix": f"alert:{channel}:",
        "suffix": f":a{article.id}:g0",
        "kind": Kind.ALERT.value,
        "channel": channel,
        "article": article.id,
        "edition": 0,
        "revision": article.revision,
        "lane": int(Lane.BREAKING),
        "by_hand": False,
        "state": "pending",
        "reason": "",
        "planned_at": now,
        "due_at": due_at,
        "expires_at": expires_at,
    }
    added = insert_mails(connection, readers, values)
    if added:
        articles.count_planned(connection, article.id, added)
    return added


def told(connection: sa.Connection, article_id: int, live_at: datetime, readers: Sequence[int], day: int) -> None:
    """Their next digest leaves the article out; who has none begins after it when they choose one."""
    values = {
        "readers": among(connection, readers),
        "day": day,
        "mark": f"{article_id},",
        "first": f",{article_id},",
        "live_at": live_at,
    }
    connection.execute(_told(connection.dialect.name), values)


def skip(connection: sa.Connection, article_id: int, reason: str, now: datetime) -> int:
    """Gives up what waits of an article's alerts: it was withdrawn."""
    waits = sa.and_(d.c.state.in_(["pending", "held"]), d.c.doubts == 0, d.c.kind == Kind.ALERT.value)
    statement = sa.update(d).where(d.c.article_id == article_id, d.c.recipient_id != 0, waits)
    told = statement.values(state="skipped", reason=reason, settled_at=now).execution_options(preserve_rowcount=True)
    return int(connection.execute(told).rowcount)


@cache
def _told(dialect: str) -> Any:
    statement = sa.text(
        "UPDATE subscriber SET alert_count = CASE WHEN alert_day = :day THEN alert_count + 1 ELSE 1 END,"  # noqa: S608
        " alert_day = :day,"
        " seen = CASE WHEN schedule_id = 0 THEN seen WHEN seen = '' THEN CAST(:first AS text)"
        " ELSE seen || CAST(:mark AS text) END,"
        " watermark = CASE WHEN schedule_id = 0 THEN :live_at ELSE watermark END"
        f" WHERE {among_them(dialect)}"
    )
    return statement.bindparams(sa.bindparam("live_at", type_=t.Moment))
