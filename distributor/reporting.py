"""The state of everything: what is wrong first, each with the command that mends it; then the channels and the law.

The law: planned = pending + sending + held + sent + failed + skipped + uncertain. *Planned* is recounted from what
each article and each edition called for, not from the deliveries; a law that does not hold means that the ledger lost
a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from distributor import pacing, postroom, troubles
from distributor.config.values import cut
from distributor.context import App, Station
from distributor.gates import Opening, channel_account
from distributor.model import State
from distributor.store import accounts, census, queue, sources
from distributor.store.census import ChannelCount
from distributor.telling import as_json, openings
from distributor.troubles import Problem

__all__ = [
    "ChannelLine",
    "Latency",
    "Law",
    "Problem",
    "SourceLine",
    "Spent",
    "Status",
    "law",
    "status",
]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Law:
    """`planned` by the articles' and editions' own count, and the deliveries by state; `holds` when they agree."""

    planned: int
    counts: Mapping[State, int]

    @property
    def holds(self) -> bool:
        return self.planned == sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """One channel, or one digest (kind "mail", whose `next_at` is its next slot).

    `state`: ok, waiting (quiet hours, pace), paused (by a person), stopped, gone (not in the settings).

    `sent`, `failed` and `skipped` are of the last 24 hours, the others all there are. `why` says what it waits for,
    `next_at` when the next post may go out.
    """

    name: str
    kind: str
    state: str
    sent: int
    waiting: int
    held: int
    uncertain: int
    failed: int
    skipped: int
    next_at: datetime | None = None
    first_expiry: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One source. `state`: ok, new (never read yet), failing, gone (410), moved; `feed` is where it is read by now."""

    name: str
    url: str
    feed: str
    state: str
    failures: int
    error: str
    good_at: datetime | None
    next_poll_at: datetime | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from planning a post to the network's answer, of the last 24 hours; None where nothing was sent."""

    posts: int
    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Spent:
    """USD, in the channel's own time zone. A limit of 0 is none; `left` is of the tighter one, today."""

    month: float
    today: float
    monthly: float
    daily: float
    left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`law` is of everything, `day` of the articles seen, editions made and letters planned in the last 24 hours.
    `since` is when the bot started.
    """

    name: str
    at: datetime
    since: datetime | None
    problems: list[Problem]
    channels: list[ChannelLine]
    sources: list[SourceLine]
    law: Law
    day: Law
    latency: Latency
    spent: Mapping[str, Spent]

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = as_json(self)
        for name, one in (("law", self.law), ("day", self.day)):
            told[name]["holds"] = one.holds
        return told


def status(app: App) -> Status:
    """Everything that a person needs at 3 a.m. Raises StoreError."""
    now = app.clock()
    with app.store.read() as connection:
        opened = openings(app, connection, now)
        counts = census.by_channel(connection, now - DAY, ending=list(app.stations))
        channels = _channels(app, connection, opened, counts, now)
        lines = _sources(app, connection)
        law_of_all, spent = law(connection), _spent(app, connection, now)
        problems = troubles.problems(app, connection, now, counts)
        problems += troubles.broken(law_of_all.planned, law_of_all.counts)
        running = census.present(connection, now - troubles.SEEN_LATELY)
        return Status(
            name=app.settings.site.name,
            at=now,
            since=min((one.started_at for one in running), default=None),
            problems=troubles.worst_first(problems),
            channels=channels,
            sources=lines,
            law=law_of_all,
            day=law(connection, now - DAY),
            latency=_latency(census.latencies(connection, now - DAY, list(app.stations))),
            spent=spent,
        )


def law(connection: sa.Connection, since: datetime | None = None) -> Law:
    """The law over everything, or the articles seen, the editions made and the letters planned since then."""
    return Law(*census.law(connection, since))


def _channels(
    app: App,
    connection: sa.Connection,
    opened: Mapping[str, Opening],
    counts: Mapping[str, ChannelCount],
    now: datetime,
) -> list[ChannelLine]:
    lines = []
    for name, station in app.stations.items():
        opening, count = opened[name], counts.get(name) or ChannelCount(name, {})
        lines.append(_line(count, station.settings.kind, _state(connection, station, opening, now), opening=opening))
    for outlet in postroom.outlets(app, connection, counts):
        line = _line(counts.get(outlet.name) or ChannelCount(outlet.name, {}), "mail", outlet.state, opening=None)
        lines.append(replace(line, next_at=outlet.next_at, why=outlet.why))
    known = {line.name for line in lines}
    gone = [count for name, count in counts.items() if name not in known and name]
    return lines + [_line(count, "", "gone", opening=None) for count in gone]


def _line(count: ChannelCount, kind: str, state: str, *, opening: Opening | None) -> ChannelLine:
    def number(*states: State) -> int:
        return sum(count.states.get(one, 0) for one in states)

    next_at = None
    if opening and opening.ordinary and count.next_due:
        next_at = max(opening.ordinary, count.next_due)
    return ChannelLine(
        name=count.channel,
        kind=kind,
        state=state,
        sent=number(State.SENT),
        waiting=number(State.PENDING, State.SENDING),
        held=number(State.HELD),
        uncertain=number(State.UNCERTAIN),
        failed=number(State.FAILED),
        skipped=number(State.SKIPPED),
        next_at=next_at,
        first_expiry=count.first_expiry,
        why=opening.why if opening else "not in the settings any more",
    )


def _state(connection: sa.Connection, station: Station, opening: Opening, now: datetime) -> str:
    if opening.ordinary is None:
        names = (station.account, channel_account(station.name))
        off = accounts.paused(connection)
        if "*" in off or station.name in off:
            return "paused"
        return "stopped" if any(accounts.state(connection, name).stopped for name in names) else "paused"
    return "ok" if opening.ordinary <= now else "waiting"


def _sources(app: App, connection: sa.Connection) -> list[SourceLine]:
    states = sources.states(connection)
    lines = []
    for name, source in app.settings.sources.items():
        if not source.enabled:
            continue
        state = states.get(name)
        lines.append(
            SourceLine(
                name=name,
                url=cut(source.url),
                feed=state.feed if state else "",
                state=troubles.source_state(source, state),
                failures=state.failures if state else 0,
                error=state.error if state else "",
                good_at=state.good_at if state else None,
                next_poll_at=state.next_poll_at if state else None,
            )
        )
    return lines


def _latency(seen: Sequence[timedelta]) -> Latency:
    """Nearest-rank percentiles."""
    ordered = sorted(one.total_seconds() for one in seen)
    if not ordered:
        return Latency(0, None, None)

    def rank(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return Latency(len(ordered), rank(0.50), rank(0.99))


def _spent(app: App, connection: sa.Connection, now: datetime) -> dict[str, Spent]:
    found = {}
    for name, station in app.stations.items():
        budget, zone = station.settings.budget, station.settings.timezone
        if not (budget.monthly or budget.daily):
            continue
        month = queue.spent(connection, name, pacing.month_start(now, zone))
        today = queue.spent(connection, name, pacing.day_start(now, zone))
        left = pacing.left(budget, spent_month=month, spent_today=today)
        found[name] = Spent(month, today, budget.monthly, budget.daily, left)
    return found
