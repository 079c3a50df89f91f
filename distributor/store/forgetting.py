"""What is kept of readers' doings fades: events within a day, salts with theirs, counts into days, and days at last.

On the caller's transaction, a bounded piece at a time: what says that there is more is called again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from distributor.store import tables as t
from distributor.store.articles import insert_into
from distributor.store.columns import MICROSECOND
from distributor.store.signals import MOST_EVENTS, SALT

__all__ = ["FINE", "counts", "events", "hours", "roll_up", "salts"]

DAY = timedelta(days=1)
PIECE = 5_000
# The last seconds of a day are written on the next one.
GRACE = timedelta(hours=1)
# Of MOST_EVENTS, so many are kept while they come faster than their time ends: the rest is room for new ones.
KEPT = 0.8
FINE = timedelta(days=14)

e, g = t.event.c, t.signal.c
_DAY = DAY // MICROSECOND


def events(connection: sa.Connection, before: datetime, now: datetime) -> bool:
    """Judged events from before then, whatever is a day old, and the oldest of too many; whether there may be more.

    An event of the future is a clock's that was wrong: it would wait for that day, and its salt with it.
    """
    first, last = connection.execute(sa.select(sa.func.min(e.id), sa.func.max(e.id))).one()
    if first is None:
        return False
    judged = sa.select(e.id).where(e.at < before, e.judged != 0)
    dated = sa.select(e.id).where(sa.or_(e.at < now - DAY, e.at > now + GRACE))
    crowded = sa.select(e.id).where(e.id <= last - int(KEPT * MOST_EVENTS), e.judged != 0)
    gone = sa.union_all(judged, dated, crowded).limit(PIECE)
    found = list(connection.execute(gone).scalars())
    if not found and last - first >= MOST_EVENTS:
        found = list(range(first, min(first + PIECE, last - MOST_EVENTS + 1)))
    for start in range(0, len(found), 500):
        connection.execute(sa.delete(t.event).where(e.id.in_(found[start : start + 500])))
    return len(found) >= PIECE


def salts(connection: sa.Connection, now: datetime) -> None:
    """The salts of days that are over: what was hashed with them can be told from nothing any more. Likewise those of
    days to come, of a clock that was wrong.
    """
    kept, last = (SALT + (now + by).astimezone(UTC).date().isoformat() for by in (-GRACE, GRACE))
    f = t.fact.c
    ours = f.key.startswith(SALT, autoescape=True)
    connection.execute(sa.delete(t.fact).where(ours, sa.or_(f.key < kept, f.key > last)))


def roll_up(connection: sa.Connection, now: datetime) -> bool:
    """The counts of the oldest day that is past its two weeks become one for each article, channel and kind.

    Whether there was such a day.
    """
    over = _midnight(now - FINE)
    whole = sa.type_coerce(g.bucket, sa.BigInteger)
    fine = whole % _DAY != 0
    oldest = connection.execute(sa.select(sa.func.min(g.bucket)).where(g.bucket < over, fine)).scalar_one()
    if oldest is None:
        return False
    day = _midnight(oldest)
    mine = (g.bucket > day, g.bucket < day + DAY)
    names = ("article_id", "bucket", "channel", "kind", "raw", "counted")
    sums = sa.select(
        g.article_id,
        sa.literal(day, t.Moment),
        g.channel,
        g.kind,
        sa.cast(sa.func.sum(g.raw), sa.BigInteger),
        sa.cast(sa.func.sum(g.counted), sa.BigInteger),
    ).where(*mine)
    statement = insert_into(connection.dialect.name, t.signal).from_select(
        names, sums.group_by(g.article_id, g.channel, g.kind)
    )
    more = {name: g[name] + statement.excluded[name] for name in ("raw", "counted")}
    connection.execute(statement.on_conflict_do_update(index_elements=list(names[:4]), set_=more))
    connection.execute(sa.delete(t.signal).where(*mine))
    return True


def hours(connection: sa.Connection, days: Sequence[tuple[int, datetime]], channel: str, kind: str) -> None:
    """What is finer than these days (article, midnight in UTC) goes, before the whole day is put in its place."""
    for article_id, day in days:
        of = (g.article_id == article_id, g.channel == channel, g.kind == kind)
        connection.execute(sa.delete(t.signal).where(*of, g.bucket > day, g.bucket < day + DAY))


def counts(connection: sa.Connection, before: datetime) -> None:
    """Counts of buckets that began before then, and totals that were last heard of before then."""
    connection.execute(sa.delete(t.signal).where(g.bucket < before))
    connection.execute(sa.delete(t.total).where(t.total.c.at < before))


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
