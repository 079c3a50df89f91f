"""Reading a source to see what is there: nothing is stored."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from distributor.errors import SourceError, Unreachable, Unreadable

if TYPE_CHECKING:
    from distributor.config import Settings, SourceSettings
    from distributor.fetching import Fetcher
    from distributor.sources import Fetched

__all__ = ["Found", "look", "read"]


@dataclass(frozen=True)
class Found:
    """What a source says now. `words` are its category words, the most frequent first; `date` is the server's."""

    feed: str
    fetched: Fetched
    words: list[str]
    data: dict[str, Any]
    date: datetime | None = None


def read(fetcher: Fetcher, url: str) -> tuple[str, Fetched, datetime | None]:
    """(the feed's address, what it holds, the server's clock); the feed is discovered from a page.

    Raises SourceError.
    """
    from email.utils import parsedate_to_datetime

    from distributor.sources import Cursor, discovery, feed

    def ask(address: str) -> tuple[Fetched, datetime | None]:
        cursor = Cursor(address)
        answer = fetcher.get(address, feed.request_headers(cursor), max_bytes=feed.MAX_BYTES)
        try:
            date = parsedate_to_datetime(answer.headers.get("Date") or "")
        except ValueError:
            date = None
        return feed.read(answer, cursor), date if date and date.tzinfo else None

    try:
        fetched, date = ask(url)
        address = fetched.moved_to or url
    except Unreadable:
        address = discovery.discover(url, fetcher.get)
        fetched, date = ask(address)
    if fetched.gone:
        raise Unreachable(f"{url} answered 410: the feed is gone for good", status=410)
    return address, fetched, date


def look(fetcher: Fetcher, settings: Settings, source: SourceSettings) -> Found:
    """One source as its next poll would find it. Raises SourceError."""
    from distributor import watching
    from distributor.app import utc_now
    from distributor.config.values import cut
    from distributor.publish import map_words

    if source.kind != "feed":
        raise SourceError(f"{source.name} is of the kind {source.kind}, which cannot be looked at here")
    address, fetched, date = read(fetcher, str(source.url))
    dates = [one.published_at for one in fetched.entries if one.published_at]
    counted = Counter(word for one in fetched.entries for word in one.words)
    plain = {word: title for word, title in source.category_map.items() if word.casefold() != "default"}
    mapped: dict[str, tuple[str, int]] = {}
    unmapped: dict[str, int] = {}
    for word, count in counted.most_common():
        titles, _ = map_words((word,), plain, settings.site.categories)
        if titles:
            mapped[word] = (titles[0], count)
        else:
            unmapped[word] = count
    bounds = watching.Bounds(source.interval_min, source.interval_max)
    data = {
        "feed": cut(address),
        "title": fetched.title,
        "site_url": fetched.site_url,
        "language": fetched.language,
        "items": len(fetched.entries),
        "newest": max(dates, default=None),
        "oldest": min(dates, default=None),
        "titles": [one.title for one in fetched.entries[:5]],
        "mapped": mapped,
        "unmapped": unmapped,
        "default": next((title for word, title in source.category_map.items() if word.casefold() == "default"), ""),
        "interval_s": watching.interval(bounds, dates, utc_now(), fetched.ttl).total_seconds(),
    }
    return Found(address, fetched, [word for word, _ in counted.most_common()], data, date)
