"""What is remembered of each source between polls. Each function works on the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from distributor.store import tables as t
from distributor.store.articles import upsert

__all__ = [
    "SourceState",
    "due",
    "forget",
    "give_back",
    "hurry",
    "lease",
    "pollers",
    "register",
    "save",
    "states",
    "unmapped_words",
    "wake",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """A source as the bot knows it. `url` is the address in the settings, `feed` where the feed is by now.

    `interval` is in seconds. `paused` is why it is not polled (gone), or empty. `good_at` is the last poll that gave
    a readable feed, `new_at` the last one that gave a new article; None: never.
    """

    name: str
    url: str
    feed: str = ""
    cursor: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    site_url: str = ""
    language: str = ""
    interval: float = 0.0
    next_poll_at: datetime
    polled_at: datetime | None = None
    good_at: datetime | None = None
    new_at: datetime | None = None
    failures: int = 0
    error: str = ""
    paused: str = ""


def register(connection: sa.Connection, sources: Mapping[str, str], now: datetime) -> None:
    """Makes the store know the settings' sources: name to address, without its login.

    One whose address changed on the same host is the same source, read from its new place; another host's is a new
    source, whose first poll is recorded.
    """
    known = {row.name: row.url for row in connection.execute(sa.select(t.source.c.name, t.source.c.url))}
    for name, url in sources.items():
        if known.get(name) == url:
            continue
        if name in known and _host(known[name]) == _host(url):
            place = sa.update(t.source).where(t.source.c.name == name)
            connection.execute(place.values(url=url, feed="", cursor={}, next_poll_at=now, paused="", failures=0))
            continue
        if name in known:
            connection.execute(sa.delete(t.source).where(t.source.c.name == name))
        fresh = SourceState(name=name, url=url, next_poll_at=now)
        connection.execute(upsert(connection, t.source).values(_values(fresh)).on_conflict_do_nothing())


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower().removeprefix("www.")


def due(
    connection: sa.Connection, names: Sequence[str], now: datetime, *, dead: Sequence[str] = (), limit: int = 2000
) -> list[SourceState]:
    """The sources to be polled now, those that waited longest first; also those that a dead process was polling."""
    query = (
        sa.select(t.source)
        .where(_free(now, dead), t.source.c.paused == "")
        .order_by(t.source.c.next_poll_at)
        .limit(limit)
    )
    wanted = set(names)
    return [_from(row) for row in connection.execute(query) if row.name in wanted]


def lease(
    connection: sa.Connection,
    due_sources: Sequence[SourceState],
    until: timedelta,
    now: datetime,
    *,
    owner: str = "",
    dead: Sequence[str] = (),
) -> list[SourceState]:
    """Those of these sources that nobody else took meanwhile; they are not due again until `until` has passed."""
    taken: list[SourceState] = []
    for start in range(0, len(due_sources), 500):
        chunk = {one.name: one for one in due_sources[start : start + 500]}
        statement = (
            sa.update(t.source)
            .where(t.source.c.name.in_(list(chunk)), _free(now, dead))
            .values(next_poll_at=now + until, poller=owner)
            .returning(t.source.c.name)
        )
        taken += [chunk[name] for name in connection.execute(statement).scalars()]
    return taken


def pollers(connection: sa.Connection) -> set[str]:
    """Everyone who is polling a source, or died over it."""
    return set(connection.execute(sa.select(t.source.c.poller).where(t.source.c.poller != "").distinct()).scalars())


def give_back(connection: sa.Connection, owner: str, at: datetime) -> None:
    """What this owner leased and could not finish is due again at that moment."""
    connection.execute(sa.update(t.source).where(t.source.c.poller == owner).values(next_poll_at=at, poller=""))


def save(connection: sa.Connection, updates: Sequence[SourceState]) -> None:
    """Stores what polls told; with that, nobody polls these sources any more."""
    if not updates:
        return
    connection.execute(_SAVE, [{f"new_{name}": value for name, value in _values(one).items()} for one in updates])


def states(connection: sa.Connection) -> dict[str, SourceState]:
    """All sources that the store knows, by name."""
    return {row.name: _from(row) for row in connection.execute(sa.select(t.source).order_by(t.source.c.name))}


def wake(connection: sa.Connection, name: str, now: datetime) -> None:
    """A person wants it polled now: a pause or a back-off ends."""
    connection.execute(
        sa.update(t.source).where(t.source.c.name == name).values(next_poll_at=now, paused="", failures=0, error="")
    )


def hurry(connection: sa.Connection, now: datetime) -> None:
    """A person does not want to wait for the next poll; sources that fail keep the patience their servers asked for."""
    healthy = sa.update(t.source).where(t.source.c.failures == 0, t.source.c.paused == "")
    connection.execute(healthy.values(next_poll_at=now))


def forget(connection: sa.Connection, name: str) -> None:
    connection.execute(sa.delete(t.source).where(t.source.c.name == name))
    connection.execute(sa.delete(t.unmapped).where(t.unmapped.c.source == name))


def count_unmapped(connection: sa.Connection, source: str, words: Iterable[str], now: datetime) -> None:
    """Counts the category words of a source that map to none of the publisher's categories."""
    for word in words:
        statement = upsert(connection, t.unmapped).values(source=source, word=word[:200], times=1, seen_at=now)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["source", "word"], set_={"times": t.unmapped.c.times + 1, "seen_at": now}
            )
        )


def unmapped_words(connection: sa.Connection, since: datetime) -> list[tuple[str, str, int]]:
    """(source, word, how often), the most frequent first."""
    query = sa.select(t.unmapped).where(t.unmapped.c.seen_at >= since).order_by(t.unmapped.c.times.desc())
    return [(row.source, row.word, row.times) for row in connection.execute(query.limit(200))]


def _free(now: datetime, dead: Sequence[str]) -> sa.ColumnElement[bool]:
    passed = t.source.c.next_poll_at <= now
    return sa.or_(passed, t.source.c.poller.in_(dead)) if dead else passed


def _from(row: Any) -> SourceState:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return SourceState(**values | {"cursor": row.cursor or {}})


def _values(state: SourceState) -> dict[str, Any]:
    values = {name: getattr(state, name) for name in _COLUMNS}
    return values | {"cursor": dict(state.cursor)}


_COLUMNS = tuple(column.name for column in t.source.columns if column is not t.source.c.poller)
_SAVE = (
    sa.update(t.source)
    .where(t.source.c.name == sa.bindparam("new_name"))
    .values({name: sa.bindparam(f"new_{name}") for name in _COLUMNS if name != "name"} | {"poller": ""})
)
