"""What is trending now, as people and programs see it: the one list of the command line, the pages, the feeds.

snapshot (standings.py) -> store.trends.top -> listing: lines, best first, each with why
                                            -> Lists: the same for the public, remembered until the next snapshot
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from distributor import tracking
from distributor.context import App
from distributor.errors import NotFound, StoreError
from distributor.model import Article
from distributor.ranking import Item, spread
from distributor.rendering.content import clean
from distributor.store import trends
from distributor.store.trends import Trend

__all__ = ["LONGEST", "PLACED", "Count", "Line", "Listing", "Lists", "category_of", "listing", "slug"]

log = structlog.get_logger(__name__)

CHANNEL = "trending"  # where clicks on the public lists come from
LONGEST = 50
EXTRA = 150
PLACED = ("pinned", "buried")  # parts that are no evidence: an editor's word
# Beat renews the snapshot each minute; a list that is asked for looks whether there is a new one, but not each time.
LOOKS_EVERY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Count:
    """What readers did on one channel: `raw` is everything, `counted` without robots and repeats."""

    channel: str
    kind: str
    raw: int
    counted: int


@dataclass(frozen=True, slots=True)
class Line:
    """One article in its place, from 1. `parts` add up to `score`; `hours` are counts of the last 48, the oldest first.

    `link` is where the public list leads: counted where links are, else the article's own address.
    """

    place: int
    article: Article
    score: float
    parts: Mapping[str, float]
    counts: Sequence[Count]
    hours: Sequence[int]
    link: str = ""

    @property
    def earned(self) -> float:
        """The score without an editor's pin or bury, which is only about the place."""
        return self.score - sum(self.parts.get(name, 0.0) for name in PLACED)


@dataclass(frozen=True, slots=True)
class Listing:
    """What is trending, in all or in one category. `at` is when the snapshot was made; None: there is none yet."""

    site: str
    category: str
    at: datetime | None
    lines: Sequence[Line] = ()

    def to_json(self) -> dict[str, Any]:
        """For the staff: with counts, and why: `parts` add up to `score`, also where an editor pins or buries."""
        return {
            "site": self.site,
            "category": self.category,
            "at": self.at,
            "articles": [
                public(line)
                | {
                    "score": round(line.score, 6),
                    "parts": dict(line.parts),
                    "counts": [
                        {"channel": one.channel, "kind": one.kind, "raw": one.raw, "counted": one.counted}
                        for one in line.counts
                    ],
                    "hours": list(line.hours),
                }
                for line in self.lines
            ],
        }


def public(line: Line) -> dict[str, Any]:
    """What anybody may know of an article that trends."""
    article, image = line.article, line.article.image
    return {
        "rank": line.place,
        "id": article.id,
        "title": clean(article.title),
        "url": article.url,
        "link": line.link or article.url,
        "summary": clean(article.summary),
        "image": {"url": image.url, "alt": image.alt} if image else None,
        "categories": [clean(one) for one in article.categories],
        "language": article.language,
        "published_at": article.published_at,
        "score": round(line.earned, 6),
    }


def listing(app: App, category: str = "", limit: int = 10) -> Listing:
    """The trending articles of all categories, or of one (its title, or its slug). Raises NotFound."""
    title = category_of(app.settings.site.categories, category) if category else ""
    with app.store.read() as connection:
        return _read(app, connection, title, limit)


def category_of(categories: Sequence[str], word: str) -> str:
    """The category of this title or slug. Raises NotFound, naming what there is."""
    for same in (lambda title: title == word, lambda title: title.casefold() == word.casefold()):
        if found := next(filter(same, categories), ""):
            return found
    wanted = slug(word)
    if found := next((title for title in categories if slug(title) == wanted), ""):
        return found
    raise NotFound(f"there is no category {word[:60]!r}", hint=f"the categories are: {', '.join(categories)}")


def slug(title: str) -> str:
    """A category's title as a part of an address: "World News" is world-news."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", title).casefold()).strip("-")


class Lists:
    """The public's lists, in memory from one snapshot to the next. Safe for threads; bounded by the categories."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._known: dict[str, tuple[datetime, Listing]] = {}

    def get(self, category: str = "") -> Listing:
        """The first LONGEST. `category` is a title. What the store does not give just now is as it was."""
        now = self._app.clock()
        with self._lock:
            known = self._known.get(category)
            if known and abs(now - known[0]) < LOOKS_EVERY:
                return known[1]
            try:
                found = self._renewed(category, known[1] if known else None)
            except StoreError as error:
                if known is None:
                    raise
                log.warning("what is trending cannot be read", error=str(error))
                found = known[1]
            self._known[category] = now, found
            return found

    def _renewed(self, category: str, before: Listing | None) -> Listing:
        with self._app.store.read() as connection:
            if before is not None and _is_current(connection, before):
                return before
            found = _read(self._app, connection, category, LONGEST)
        return replace(found, lines=_linked(self._app, found.lines))


def _is_current(connection: sa.Connection, known: Listing) -> bool:
    """Of the newest snapshot, and with nothing that was withdrawn or corrected since."""
    if known.at is None or known.at != trends.made_at(connection):
        return False
    return trends.are_current(connection, [line.article for line in known.lines])


def _read(app: App, connection: sa.Connection, category: str, limit: int) -> Listing:
    # With as many more as variety may move behind those that are shown.
    found = trends.top(connection, app.clock(), category=category, limit=limit + EXTRA)
    lines = [_line(place, trend) for place, trend in enumerate(_varied(app, found, category)[:limit], 1)]
    return Listing(app.settings.site.name, category, trends.made_at(connection), tuple(lines))


def _varied(app: App, found: Sequence[Trend], category: str) -> list[Trend]:
    """One story, or one category, does not fill the front; a list of one category is full of it by wish."""
    settings, by_id = app.settings.ranking, {trend.article.id: trend for trend in found}
    items = {
        number: Item(number, trend.article.published_at, (trend.article.categories or ("",))[0], story=trend.story)
        for number, trend in by_id.items()
    }
    order = spread(
        [trend.ranking for trend in found],
        items,
        top=settings.top,
        per_category=0 if category else settings.per_category,
        per_story=settings.per_story,
    )
    return [by_id[one.article_id] for one in order]


def _line(place: int, trend: Trend) -> Line:
    counts = [Count(channel, kind, raw, counted) for (channel, kind), (raw, counted) in trend.counts.items()]
    counts.sort(key=lambda one: (-one.counted, -one.raw, one.channel, one.kind))
    return Line(place, trend.article, trend.ranking.score, trend.ranking.parts, tuple(counts), tuple(trend.hours))


def _linked(app: App, lines: Iterable[Line]) -> tuple[Line, ...]:
    """Each with its counted link; with plain addresses while nothing can be written."""
    lines = tuple(lines)
    if not lines or not tracking.is_on(app):
        return lines
    try:
        with app.store.write() as connection:
            return tuple(replace(one, link=tracking.link(app, connection, one.article, CHANNEL)) for one in lines)
    except StoreError as error:
        log.warning("the trending list's links are not counted", error=str(error))
        return lines
