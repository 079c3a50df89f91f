"""The readers as numbers: how many there are, what they chose, who came and who left. Reads only; no address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from distributor.store import tables as t

__all__ = ["Day", "Readership", "growth", "readership"]

s = t.subscriber
DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Readership:
    """Readers counted. All but `statuses` count active ones only; `categories` counts who chose each, those who take
    all of them under "", Trending alone under NO_CATEGORY. `paused` are active ones who wait until a date.
    """

    statuses: Mapping[str, int]
    frequencies: Mapping[str, int]
    languages: Mapping[str, int]
    categories: Mapping[str, int]
    trending: int
    breaking: int
    paused: int
    suppressed: int

    @property
    def active(self) -> int:
        return self.statuses.get("active", 0)


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC): readers who confirmed, and who left or were taken off."""

    day: date
    joined: int
    left: int


def readership(connection: sa.Connection, now: datetime) -> Readership:
    active = s.c.status == "active"
    categories: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    trending = 0
    by_choice = sa.select(s.c.choice_id, sa.func.count().label("readers")).where(active).group_by(s.c.choice_id)
    counted = by_choice.subquery()
    chosen = sa.select(t.choice, counted.c.readers).join(counted, counted.c.choice_id == t.choice.c.id)
    for row in connection.execute(chosen):
        languages[row.language] += row.readers
        trending += row.readers if row.trending else 0
        for title in row.categories or [""]:
            categories[title] += row.readers
    return Readership(
        statuses=_counted(connection, s.c.status),
        frequencies=_counted(connection, s.c.frequency, active),
        languages=dict(languages.most_common()),
        categories=dict(categories.most_common()),
        trending=trending,
        breaking=_many(connection, s, active, s.c.breaking),
        paused=_many(connection, s, active, s.c.paused_until > now),
        suppressed=_many(connection, t.suppression),
    )


def growth(connection: sa.Connection, now: datetime, days: int = 30) -> list[Day]:
    """The last days, oldest first. Who was forgotten is counted on no day: nothing of them is kept."""
    first = now.date() - timedelta(days=days - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=now.tzinfo)
    c = t.consent
    gone = sa.select(_day(c.c.at), sa.func.count(sa.distinct(c.c.subscriber_id))).where(c.c.at >= since, t.HAS_GONE)
    came = sa.select(_day(s.c.confirmed_at), sa.func.count()).where(s.c.confirmed_at >= since)
    joined = _by_day(connection, came, s.c.confirmed_at)
    left = _by_day(connection, gone, c.c.at)
    listed = [first + timedelta(days=number) for number in range(days)]
    return [Day(day, joined.get(day, 0), left.get(day, 0)) for day in listed]


def _counted(connection: sa.Connection, column: sa.Column[Any], *conditions: Any) -> dict[str, int]:
    many = sa.func.count()
    query = sa.select(column, many).where(*conditions).group_by(column).order_by(many.desc(), column)
    return {row[0]: row[1] for row in connection.execute(query)}


def _many(connection: sa.Connection, table: sa.Table, *conditions: Any) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one())


def _day(column: Any) -> Any:
    """Days since 1970. Division of whole numbers, which every database does alike for positive ones."""
    return sa.type_coerce(column, sa.BigInteger).op("/")(sa.literal_column(str(DAY)))


def _by_day(connection: sa.Connection, query: Any, column: Any) -> dict[date, int]:
    rows = connection.execute(query.group_by(_day(column)))
    return {date(1970, 1, 1) + timedelta(days=int(row[0])): int(row[1]) for row in rows}
