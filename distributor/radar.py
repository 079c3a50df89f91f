"""What other outlets report (sources with `radar`): nothing of it is posted, it counts for ours on the same story.

poll -> hear: rows, in the transaction of the source's cursor
beat -> match_due: new reports against our articles, new articles of ours against older reports -> signals

An outlet counts once for an article, at the time when it reported. Whoever came first, they or we, is all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from distributor.context import App
from distributor.model import Entry
from distributor.store import census, coverage
from distributor.store.coverage import Heard
from distributor.text.outlets import Index, Report, report

__all__ = ["WINDOW", "hear", "match_due"]

log = structlog.get_logger(__name__)

WINDOW = timedelta(hours=72)
# A report without a date is known for as long as it may stand in its feed: it must not be news again.
UNDATED = timedelta(days=30)
# Of one poll, and in one comparison.
MOST_ENTRIES, MOST_REPORTS, MOST_OURS = 200, 30_000, 5_000
FACT = "radar"
LONGEST = 500


def hear(connection: sa.Connection, outlet: str, entries: Sequence[Entry], now: datetime, *, first: bool) -> None:
    """Takes in what a poll of another outlet gave. Of its first poll, what has no date is only remembered."""
    rows = []
    newest = sorted(entries, key=lambda one: one.published_at or now, reverse=True)[:MOST_ENTRIES]
    known = coverage.known(connection, outlet, [one.guid[:LONGEST] for one in newest])
    for entry in newest:
        at = min(entry.published_at or (now - WINDOW if first else now), now)
        if entry.title and at >= now - WINDOW and entry.guid[:LONGEST] not in known:
            told = report(entry.title, entry.summary)
            rows.append(
                {
                    "outlet": outlet,
                    "guid": entry.guid[:LONGEST],
                    "title": entry.title[:LONGEST],
                    "url": entry.url,
                    "at": at,
                    "until": at + WINDOW if entry.published_at else now + UNDATED,
                    "words": {"title": sorted(told.title), "lead": sorted(told.lead), "names": sorted(told.names)},
                }
            )
    coverage.add(connection, rows)


def match_due(app: App) -> int:
    """Finds our articles for what is new; how many outlets were counted. Raises StoreError."""
    if not any(one.radar for one in app.settings.sources.values()):
        return 0
    now = app.clock()
    with app.store.read() as connection:
        newest, known = coverage.latest(connection), _known(connection)
        if newest == known:
            return 0
        heard = coverage.recent(connection, now - WINDOW, MOST_REPORTS)
        mine = coverage.ours(connection, now - WINDOW, MOST_OURS)
    found = matches(heard, {one.id: report(one.title, one.summary) for one in mine}, known)
    with app.store.write() as connection:
        app.store.lock(connection, FACT)
        counted = coverage.match(connection, found)
        census.remember(connection, FACT, list(newest), now)
    if counted:
        log.info("other outlets report it too", outlets=counted)
    return counted


def matches(heard: Sequence[Heard], ours: Mapping[int, Report], known: tuple[int, int]) -> dict[int, int]:
    """Which of our articles each report is about, by ids, of pairs that have something new in them. Pure.

    `known` are the highest ids of a report and of an article that were compared before.
    """
    reports = {one.id: _report(one) for one in heard}
    index = Index()
    index.weigh([*reports.values(), *ours.values()])
    for number, article in ours.items():
        index.add(number, article)
    found = {}
    for one in heard:
        if one.article_id == 0:
            after = 0 if one.id > known[0] else known[1]
            if number := index.best(reports[one.id], after=after):
                found[one.id] = number
    return found


def _report(one: Heard) -> Report:
    return Report(*(frozenset(one.words.get(part, ())) for part in ("title", "lead", "names")))


def _known(connection: sa.Connection) -> tuple[int, int]:
    fact = census.fact(connection, FACT)
    return (int(fact[0][0]), int(fact[0][1])) if fact else (0, 0)
