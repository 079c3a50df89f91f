"""Which article a page of the publisher's is: looked up once, remembered a while. Bounded, whatever is asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool

from distributor.context import App
from distributor.matching import tells, url_key
from distributor.rendering.content import clean
from distributor.sources.canonical import canonical
from distributor.store import articles

__all__ = ["Known", "Page"]

LONGEST = 2_048  # characters of an address
REMEMBERED = 20_000
UNKNOWN_REMEMBERED = 5_000  # apart, so that invented addresses push out nothing that is real
KNOWN_FOR, UNKNOWN_FOR = timedelta(minutes=5), timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Page:
    """An article as the publisher's page of it: `url` is the one that we have stored."""

    article_id: int
    url: str
    title: str
    language: str
    live: bool


class Known:
    """Finds articles by any of their addresses. Safe for threads."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._found: OrderedDict[str, tuple[datetime, Page | None]] = OrderedDict()
        self._unknown: OrderedDict[str, tuple[datetime, Page | None]] = OrderedDict()

    async def page(self, url: str) -> Page | None:
        """The article of an address that somebody sent; None for what is none of ours, or withdrawn."""
        address = _address(url)
        if not address:
            return None
        remembered = self._recall(address)
        return remembered[1] if remembered else await run_in_threadpool(self._look, address)

    def _recall(self, address: str) -> tuple[datetime, Page | None] | None:
        now = self._app.clock()
        with self._lock:
            for memory in (self._found, self._unknown):
                entry = memory.get(address)
                if entry and entry[0] > now:
                    memory.move_to_end(address)
                    return entry
        return None

    def _look(self, address: str) -> Page | None:
        keys = [url_key(one) for one in _likely(address)]
        with self._app.store.read() as connection:
            found = articles.known(connection, keys)
        article = next((found[key].article for key in keys if key in found), None)
        page = None
        if article is not None and article.status != "withdrawn":
            live = article.status == "live"
            page = Page(article.id, article.url, clean(article.title), article.language, live)
        self._remember(address, page)
        return page

    def _remember(self, address: str, page: Page | None) -> None:
        memory, most, lasts = (
            (self._found, REMEMBERED, KNOWN_FOR) if page else (self._unknown, UNKNOWN_REMEMBERED, UNKNOWN_FOR)
        )
        with self._lock:
            self._found.pop(address, None)
            self._unknown.pop(address, None)
            memory[address] = (self._app.clock() + lasts, page)
            while len(memory) > most:
                memory.popitem(last=False)


def _address(url: str) -> str:
    """The canonical address, "" for what cannot be an article's: too long, broken, a front page."""
    try:
        address = canonical(url) if len(url) <= LONGEST else ""
        return address if address.isascii() and tells(address) else ""
    except ValueError:
        return ""


def _likely(address: str) -> list[str]:
    """The address, then as feeds and pages differ about it: a slash at its end, the other scheme, `www.`"""
    scheme, _, rest = address.partition("://")
    name = rest.removeprefix("www.")
    slash = name if "?" in name else name[:-1] if name.endswith("/") else f"{name}/"
    hosts = ("", "www.") if name == rest else ("www.", "")
    schemes = ("https", "http") if scheme == "https" else ("http", "https")
    return [f"{one}://{host}{tail}" for host in hosts for one in schemes for tail in dict.fromkeys((name, slash))]
