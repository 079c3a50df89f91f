"""Page views that another program counted: a table or a hook of it, put beside what we count ourselves.

rows (any number, lazily) -> which article, which hours, how many -> sums on disk -> signals.put

What is put replaces what was put before for the same article, channel, kind and hour: so a file may be read twice,
and a later export of the same day corrects an earlier one. A day without hours is spread over its hours.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from urllib.parse import urljoin, urlsplit

import sqlalchemy as sa

from distributor import matching
from distributor.context import App
from distributor.errors import ConfigError
from distributor.sources import canonical
from distributor.store import articles, census, forgetting, signals, sources
from distributor.store.columns import EPOCH

__all__ = ["Counts", "View", "bring", "channel_of", "kind_of", "put"]

BATCH = 500
HOUR = timedelta(hours=1)
KINDS = {"view": "views", "views": "views", "pageviews": "views", "click": "clicks", "clicks": "clicks"}
KINDS |= {"share": "shares", "shares": "shares", "comment": "comments", "comments": "comments"}


@dataclass(frozen=True, slots=True)
class View:
    """One row: a page (its address or path, or `article_id`), seen `count` times from `at` on, within `lasts`.

    `wrong` says why it cannot be taken.
    """

    number: int
    page: str
    at: datetime = EPOCH
    lasts: timedelta = timedelta(0)
    count: int = 0
    article_id: int = 0
    wrong: str = ""


@dataclass(slots=True)
class Counts:
    """What became of the rows: `taken`, of no article of ours (`unknown`), `wrong`; `views` and `articles` in all."""

    rows: int = 0
    taken: int = 0
    unknown: int = 0
    wrong: int = 0
    views: int = 0
    articles: int = 0


Told = Callable[[View, str], None]


def channel_of(app: App, name: str) -> str:
    """Under which name imports are counted. Raises ConfigError for one under which we count ourselves."""
    ours = {"site", "radar", "trending", *app.stations, *app.settings.channels, *app.settings.digests}
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or len(name) > 40:
        raise ConfigError(f"{name[:60]!r} is no name for a channel: letters, digits, - and _")
    if name in ours:
        raise ConfigError(
            f"{name!r} is counted by distributor itself, and an import would replace that",
            hint="call it as the program that counted: --channel matomo",
        )
    return name


def kind_of(word: str) -> str:
    """As we call it. Raises ConfigError."""
    if word.lower() not in KINDS:
        raise ConfigError(f"{word[:60]!r} is nothing that ranks", hint="it is views, clicks, shares or comments")
    return KINDS[word.lower()]


def bring(
    app: App,
    rows: Iterable[View],
    *,
    who: str,
    channel: str,
    kind: str,
    site: str = "",
    dry_run: bool = False,
    told: Told | None = None,
) -> Counts:
    """Takes counts in. `site` is what paths without a host belong to; else what the sources' sites are.

    `told` hears of each row that is not taken, and why. Raises ConfigError and StoreError.
    """
    channel, kind = channel_of(app, channel), kind_of(kind)
    with closing(_Sums()) as sums:
        counts = _gather(app, rows, sums, site, told or (lambda _row, _why: None))
        if not dry_run and counts.rows:
            _write(app, sums, channel, kind)
            detail = {"channel": channel, "kind": kind, "rows": counts.rows, "views": counts.views}
            with app.store.write(durable=True) as connection:
                census.audit(connection, who, "signals import", "signals", app.clock(), detail)
    return counts


def put(app: App, rows: Sequence[View], *, channel: str, kind: str) -> Counts:
    """The same for the few rows of a hook."""
    with closing(_Sums()) as sums:
        counts = _gather(app, rows, sums, "", lambda _row, _why: None)
        _write(app, sums, channel_of(app, channel), kind_of(kind))
    return counts


def _gather(app: App, rows: Iterable[View], sums: _Sums, site: str, told: Told) -> Counts:
    counts, source, now = Counts(), iter(rows), app.clock()
    with app.store.read() as connection:
        homes = [site] if site else _homes(app, connection)
    while batch := list(islice(source, BATCH)):
        with app.store.read() as connection:
            numbers = _articles(connection, batch, homes)
        for view in batch:
            counts.rows += 1
            number = 0 if view.wrong else numbers.get(view.number, 0)
            late = not view.wrong and view.at > now + timedelta(days=1)
            if view.wrong or late:
                counts.wrong += 1
                told(view, view.wrong or "is in the future")
            elif not number:
                counts.unknown += 1
                told(view, "is no article of ours")
            else:
                counts.taken += 1
                counts.views += view.count
                sums.add(number, view)
    counts.articles = sums.articles()
    return counts


def _homes(app: App, connection: sa.Connection) -> list[str]:
    """Where the publisher's own pages are: the hosts of the latest articles, and of the sources."""
    latest = (one.url for one in articles.latest(connection, limit=100))
    own = {name for name, one in app.settings.sources.items() if not one.radar}
    known = [state for name, state in sources.states(connection).items() if name in own]
    found = dict.fromkeys(map(_origin, (*latest, *(url for state in known for url in (state.site_url, state.url)))))
    return [home for home in found if home][:20]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/" if parts.scheme in ("http", "https") else ""


def _articles(connection: sa.Connection, batch: Sequence[View], homes: Sequence[str]) -> dict[int, int]:
    """The article of each row, by the row's number."""
    keys = {view.number: _keys(view.page, homes) for view in batch if not view.wrong and not view.article_id}
    known = articles.marks(connection, list(dict.fromkeys(key for own in keys.values() for key in own)))
    found = {number: next((known[key].article_id for key in own if key in known), 0) for number, own in keys.items()}
    ids = {view.article_id for view in batch if view.article_id}
    there = {number for number in ids if articles.get(connection, number) is not None}
    return found | {view.number: view.article_id for view in batch if view.article_id in there}


def _keys(page: str, homes: Sequence[str]) -> list[str]:
    """What the store may know a page by: an address, a host and path, or a path of one of the publisher's sites."""
    urls = [page]
    if "://" not in page:
        urls = [urljoin(home, "/" + page.lstrip("/")) for home in homes]
        urls += [] if page.startswith("/") else [f"https://{page}", f"http://{page}"]
    spelled = dict.fromkeys(one for url in urls for one in (canonical.canonical(url), url) if one)
    return [matching.url_key(url) for url in spelled if matching.tells(url)]


def _write(app: App, sums: _Sums, channel: str, kind: str) -> None:
    """In short transactions. Days that are kept as whole days are put as such."""
    over = (app.clock() - forgetting.FINE).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = sums.rows(over)
    while piece := list(islice(rows, BATCH)):
        with app.store.write() as connection:
            app.store.lock(connection, "signals")
            old = [(number, at) for number, at, _ in piece if at < over]
            forgetting.hours(connection, old, channel, kind)
            signals.put(connection, {(number, at, channel, kind): count for number, at, count in piece})


class _Sums:
    """Counts by article and hour, in a nameless database that spills to a file: a million take no memory."""

    def __init__(self) -> None:
        self._kept = sqlite3.connect("", isolation_level=None)
        self._kept.execute("PRAGMA journal_mode = OFF")
        self._kept.execute("CREATE TABLE kept (article, hour, views, PRIMARY KEY (article, hour)) WITHOUT ROWID")
        self._kept.execute("BEGIN")

    def add(self, article_id: int, view: View) -> None:
        upsert = "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET views = views + excluded.views"
        self._kept.executemany(upsert, [(article_id, at, count) for at, count in _spread(view)])

    def articles(self) -> int:
        return int(self._kept.execute("SELECT COUNT(DISTINCT article) FROM kept").fetchone()[0])

    def rows(self, over: datetime) -> Iterator[tuple[int, datetime, int]]:
        """(article, begin, count): by hours, but by days (UTC) for what was before `over`."""
        day, limit = 86_400, (over - EPOCH) // timedelta(seconds=1)
        query = """SELECT article, CASE WHEN hour < ? THEN hour - hour % ? ELSE hour END AS begin, SUM(views) FROM kept
            GROUP BY article, begin ORDER BY article, begin"""
        for number, begin, count in self._kept.execute(query, (limit, day)):
            yield number, EPOCH + timedelta(seconds=begin), count

    def close(self) -> None:
        self._kept.close()


def _spread(view: View) -> Iterator[tuple[int, int]]:
    """(begin in seconds since 1970, count) for each bucket; a day's count is shared out among its hours."""
    if view.lasts <= HOUR:
        begin = signals.bucket_of(view.at)
        yield (begin - EPOCH) // timedelta(seconds=1), view.count
        return
    hours = max(1, round(view.lasts / HOUR))
    start = (signals.bucket_of(view.at) - EPOCH) // timedelta(seconds=1)
    for hour in range(hours):
        count = view.count * (hour + 1) // hours - view.count * hour // hours
        if count:
            yield start + hour * 3600, count
