"""As it happens: articles to readers who want each one, and breaking news to who asked for it.

A cap a day for each reader, counted on the reader's own clock; in quiet hours breaking news is left to the digest, and
what an instant reader gets waits until they end. What was sent by itself is left out of that reader's next digest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog

from distributor import composing, editions, pacing
from distributor.context import App
from distributor.mailroom import ALERTS, INSTANT, relay_names
from distributor.model import Article, Lane
from distributor.pacing import Timetable
from distributor.store import alerts, articles, windows
from distributor.store import editions as stored
from distributor.store.alerts import Listener

__all__ = ["build_alerts"]

log = structlog.get_logger(__name__)

CHUNK = 10_000
# Breaking news that was not told by then is told by the digest; each article is worth a mail for a day.
FRESH = timedelta(hours=12)
LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of alert: its channel, and how many a reader gets a day."""

    channel: str
    cap: int
    instant: bool


@dataclass(slots=True)
class _Place:
    """How far an article got: choices before it are done, and of the choice itself the readers up to `after`."""

    choice: int = 0
    after: int = 0


def build_alerts(app: App, until: float) -> bool:
    """Plans the alerts for what became live since the last time; True when the turn (time.monotonic) ended before."""
    while not app.stopping.is_set():
        with app.store.read() as connection:
            begun = alerts.done(connection)
            moment = alerts.next_moment(connection, begun)
            kinds = _kinds(app, connection)
            if moment is not None and not kinds:
                moment = alerts.next_moment(connection, begun, last=True)
        if moment is None:
            return False
        if time.monotonic() >= until:
            return True
        with app.store.write() as connection:
            # Nothing becomes live at that moment or before any more; what does afterwards is looked at later.
            windows.close_window(connection, articles.ALERTS_UNTIL, moment, app.clock())
            earlier = alerts.next_moment(connection, begun) if kinds else moment
            moment = min(moment, earlier or moment)
            told = alerts.at(connection, moment) if kinds else []
        for article in told:
            for kind in kinds:
                if kind.instant or article.lane is Lane.BREAKING:
                    _tell(app, article, moment, kind)
        with app.store.write() as connection:
            alerts.set_done(connection, moment, app.clock())
    return True


def _kinds(app: App, connection: sa.Connection) -> list[_Kind]:
    """What is offered, and wanted by anybody."""
    settings = app.settings.subscribers
    kinds = []
    if settings.breaking and settings.alerts_per_day and alerts.has_listeners(connection, instant=False):
        kinds.append(_Kind(ALERTS, settings.alerts_per_day, instant=False))
    if settings.instant and settings.instant_per_day and alerts.has_listeners(connection, instant=True):
        kinds.append(_Kind(INSTANT, settings.instant_per_day, instant=True))
    return kinds


def _tell(app: App, article: Article, live_at: datetime, kind: _Kind) -> None:
    """Plans an article for all who want it, some thousand readers a transaction."""
    if not kind.instant and app.clock() - live_at > FRESH:
        return
    offered = composing.offered(app)
    with app.store.read() as connection:
        choices = stored.choices(connection)
    wanting = sorted(number for number, choice in choices.items() if editions.taken(article, choice, offered))
    place, planned = _Place(), 0
    while place.choice < len(wanting):
        with app.store.write() as connection:
            added = _some(app, connection, article, live_at, kind, wanting, place)
        planned += added
        if added:
            for account in relay_names(app.settings):
                app.waker.wake(account)
    if planned:
        log.info("alert planned", article=article.id, channel=kind.channel, readers=planned)


def _some(
    app: App,
    connection: sa.Connection,
    article: Article,
    live_at: datetime,
    kind: _Kind,
    wanting: Sequence[int],
    place: _Place,
) -> int:
    """Goes on from `place` for some thousand readers; says how many mails were planned."""
    now, left, planned = app.clock(), CHUNK, 0
    while left and place.choice < len(wanting):
        found = alerts.listeners(
            connection,
            article.id,
            live_at,
            choice=wanting[place.choice],
            instant=kind.instant,
            now=now,
            after=place.after,
            limit=left,
        )
        planned += _plan(app, connection, article, live_at, kind, found, now)
        if len(found) == left:
            place.after = found[-1].id
        else:
            place.choice, place.after = place.choice + 1, 0
        left -= len(found)
    return planned


def _plan(
    app: App,
    connection: sa.Connection,
    article: Article,
    live_at: datetime,
    kind: _Kind,
    found: Sequence[Listener],
    now: datetime,
) -> int:
    by_zone: dict[str, list[Listener]] = {}
    for one in found:
        by_zone.setdefault(one.timezone, []).append(one)
    planned = 0
    for zone, readers in by_zone.items():
        opens = pacing.opens(Timetable(zone=zone, quiet=app.settings.subscribers.quiet_hours), None, now)
        if opens > now and not kind.instant:
            continue
        day = opens.astimezone(ZoneInfo(zone)).date().toordinal() - _FIRST_DAY
        ids = [one.id for one in readers if one.day != day or one.told < kind.cap]
        if ids:
            planned += alerts.add(
                connection, article, kind.channel, ids, due_at=opens, expires_at=opens + LIFE, now=now
            )
            alerts.told(connection, article.id, live_at, ids, day)
    return planned


_FIRST_DAY = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001  # a day, not a moment
