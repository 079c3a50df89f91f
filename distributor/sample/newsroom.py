"""What the sample site answers: decided from a path, the request's headers and the time, with no socket in sight."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import NamedTuple

from distributor.sample import articles, rendering
from distributor.sample.articles import SampleArticle

__all__ = ["Newsroom", "Response", "Withdrawal"]

_HTML = "text/html; charset=utf-8"
_FEEDS = {
    "/feed.xml": "application/rss+xml; charset=utf-8",
    "/atom.xml": "application/atom+xml; charset=utf-8",
    "/feed.json": "application/feed+json; charset=utf-8",
}


class Response(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Withdrawal(NamedTuple):
    """An article that was taken back, and when (UTC)."""

    guid: str
    slug: str
    when: datetime


@dataclass(frozen=True, slots=True)
class _Page:
    body: bytes
    type: str
    modified: datetime
    status: int = 200
    lasting: bool = False


class Newsroom:
    """The Harbour Courier: a site with feeds. Its timeline hangs on `started` (aware; whole seconds count).

    After six seconds an article appears live, after eight one is edited, after ten one is withdrawn; then three more
    come in, a minute apart. Feeds hold dates in whole seconds, so the timeline keeps to them: no article is ever seen
    before its own date. `base_url` is the site's address without a final slash; `at` gives the same site elsewhere.
    With `public_url`, the address of a distributor's public pages, the site has the scripts that count views, share
    and list what is trending. The same `started` and `base_url` give the same bytes.
    """

    name = rendering.NAME

    def __init__(self, *, started: datetime, base_url: str = "", public_url: str = "") -> None:
        self.started = started.astimezone(UTC).replace(microsecond=0)
        self.base_url = base_url.rstrip("/")
        self.public_url = public_url.rstrip("/")
        moments = {moment for story in articles.stories() for moment in story.moments}
        self._changes = sorted(moments)
        self._rendered: dict[tuple[str, int], _Page] = {}

    def at(self, base_url: str) -> Newsroom:
        """The same newsroom at another address."""
        return Newsroom(started=self.started, base_url=base_url, public_url=self.public_url)

    def articles_at(self, elapsed: timedelta) -> list[SampleArticle]:
        """What the site shows that long after its start, newest first."""
        seen = (articles.shown(story, self.started, elapsed) for story in articles.stories())
        return [article for article in seen if article is not None]

    def withdrawn_at(self, elapsed: timedelta) -> list[Withdrawal]:
        """What has been taken back by then."""
        return [
            Withdrawal(story.guid, story.slug, self.started + story.withdrawn)
            for story in articles.stories()
            if story.withdrawn is not None and elapsed >= story.withdrawn
        ]

    def respond(self, path: str, headers: Mapping[str, str], now: datetime) -> Response:
        """The answer to a GET (for a HEAD, leave the body out). Conditional requests: RFC 9110, section 13."""
        page = self._page(path.partition("?")[0] or "/", now - self.started)
        if page.status != 200:
            return Response(page.status, {"Content-Type": page.type, "Cache-Control": "no-cache"}, page.body)
        tag = f'"{hashlib.sha256(page.body).hexdigest()[:24]}"'
        answer = {
            "Content-Type": page.type,
            "ETag": tag,
            "Last-Modified": format_datetime(page.modified, usegmt=True),
            "Cache-Control": "max-age=3600" if page.lasting else "no-cache",
        }
        if _unchanged({name.lower(): value for name, value in headers.items()}, tag, page.modified):
            del answer["Content-Type"]
            return Response(304, answer, b"")
        return Response(200, answer, page.body)

    def _page(self, path: str, elapsed: timedelta) -> _Page:
        """The page as rendered for this stretch of the timeline: between two changes nothing is rendered twice."""
        version = bisect_right(self._changes, elapsed)
        page = self._rendered.get((path, version))
        if page is None:
            page = self._render(path, elapsed)
            if page.status == 200:  # made-up paths are without number
                self._rendered[path, version] = page
        return page

    def _render(self, path: str, elapsed: timedelta) -> _Page:
        folder, _, name = path.lstrip("/").rpartition("/")
        if folder == "media" and name in articles.pictures():
            type_ = articles.pictures()[name].type
            return _Page(articles.picture_bytes(name), type_, self.started, lasting=True)
        shown, gone = self.articles_at(elapsed), self.withdrawn_at(elapsed)
        modified = max([article.updated_at for article in shown] + [withdrawal.when for withdrawal in gone])
        if path in _FEEDS:
            return _Page(rendering.feed(path, self.base_url, shown, gone, modified), _FEEDS[path], modified)
        if path == "/":
            return _Page(rendering.front(self.base_url, shown, self.public_url), _HTML, modified)
        for article in shown if folder == "articles" else ():
            if article.slug == name:
                return _Page(rendering.article(self.base_url, article, self.public_url), _HTML, article.updated_at)
        status = 410 if folder == "articles" and any(name == one.slug for one in gone) else 404
        return _Page(rendering.notice(self.base_url, status), _HTML, modified, status)


def _unchanged(headers: Mapping[str, str], tag: str, modified: datetime) -> bool:
    """If-None-Match, compared weakly; If-Modified-Since only where that is missing (RFC 9110, 13.2.2)."""
    known = headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(","))
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and modified <= since
