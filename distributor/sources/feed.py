"""RSS, Atom and JSON Feed over HTTP: what to ask, and what the answer means. Pure, but for FeedSource."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from distributor.errors import Unreachable, Unreadable
from distributor.sources import Cursor, Fetched, Get, Response, caching, clean, parse

__all__ = ["MAX_BYTES", "FeedSource", "read", "request_headers"]

MAX_BYTES = 10_000_000
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
_ADVICE = {
    401: "The feed asks for a password: use an address that needs none, or one with its token.",
    403: "The server refuses us: ask the publisher to allow this bot.",
    404: "The feed is not there: check the address, or let it be discovered from the site's page.",
    429: "The server asks for patience; it is left alone for as long as it says.",
    503: "The server is busy; it is tried again later.",
}


def request_headers(cursor: Cursor) -> dict[str, str]:
    """A conditional request (RFC 9110 section 13.1): unchanged feeds are answered with 304 and no body."""
    headers = {"Accept": _ACCEPT}
    if cursor.etag:
        headers["If-None-Match"] = cursor.etag
    if cursor.last_modified:
        headers["If-Modified-Since"] = cursor.last_modified
    return headers


def read(response: Response, cursor: Cursor, now: datetime | None = None) -> Fetched:
    """What a response to `request_headers(cursor)` means.

    304, or the body of last time: `not_modified`, and no parser runs. 410: `gone`. 429 and 503 raise Unreachable with
    `retry_after` (a date in it counts from `now`, UTC, where the server sends no Date), every other status but 200 to
    299 Unreachable too. A body that is no feed raises Unreadable. A permanent redirect counts only once a feed was
    found behind it.
    """
    moved_to = clean.link(response.moved_to or "")
    moved_to = moved_to if moved_to != cursor.url else ""
    if response.status == 304:
        return _unchanged(response, cursor, moved_to)
    if response.status == 410:
        return Fetched(cursor=cursor, gone=True)
    if not 200 <= response.status < 300:
        raise _refusal(response, now)
    digest = hashlib.blake2b(response.body, digest_size=16).hexdigest()
    if digest == cursor.body_hash:
        return _unchanged(response, cursor, moved_to)
    return _changed(response, cursor, moved_to, digest)


def _changed(response: Response, cursor: Cursor, moved_to: str, digest: str) -> Fetched:
    headers = response.headers
    try:
        parsed = parse.parse(
            response.body, content_type=headers.get("content-type") or "", base_url=response.url or cursor.url
        )
    except Unreadable as error:
        raise Unreadable(f"{cursor.url} {error}", hint=error.hint) from error
    links = caching.links(headers)
    return Fetched(
        entries=parsed.entries,
        cursor=_cursor(response, Cursor(moved_to or cursor.url, body_hash=digest)),
        moved_to=moved_to,
        ttl=_longer(caching.freshness(headers), parsed.ttl),
        title=parsed.title,
        language=parsed.language,
        site_url=parsed.site_url,
        hub=clean.link(links.get("hub", ""), response.url) or parsed.hub,
        self_url=clean.link(links.get("self", ""), response.url) or parsed.self_url,
        deleted=parsed.deleted,
    )


def _unchanged(response: Response, cursor: Cursor, moved_to: str) -> Fetched:
    following = _cursor(response, replace(cursor, url=moved_to or cursor.url))
    return Fetched(cursor=following, not_modified=True, moved_to=moved_to, ttl=caching.freshness(response.headers))


def _cursor(response: Response, cursor: Cursor) -> Cursor:
    """With the answer's validators. A 304 need not repeat them (RFC 9110 section 15.4.5)."""
    etag, modified = _validator(response, "etag"), _validator(response, "last-modified")
    if response.status == 304:
        etag, modified = etag or cursor.etag, modified or cursor.last_modified
    return replace(cursor, etag=etag, last_modified=modified)


def _validator(response: Response, name: str) -> str:
    """The header as it came, unless it could not be sent back as it is."""
    value = (response.headers.get(name) or "").strip()
    return value if value.isascii() and value.isprintable() and len(value) <= 500 else ""


def _refusal(response: Response, now: datetime | None) -> Unreachable:
    status = response.status
    wait = caching.retry_after(response.headers, now) if status in {429, 503} else None
    advice = _ADVICE.get(status) or ("The server failed; it is tried again later." if status >= 500 else "")
    return Unreachable(f"{response.url} answered {status}", status=status, retry_after=wait, hint=advice)


def _longer(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    return max((wait for wait in (one, other) if wait is not None), default=None)


class FeedSource:
    """A feed behind an address, fetched through `get`: the guarded client."""

    def __init__(self, url: str, get: Get) -> None:
        self.url = url
        self._get = get

    def fetch(self, cursor: Cursor) -> Fetched:
        cursor = cursor if cursor.url else replace(cursor, url=self.url)
        return read(self._get(cursor.url, request_headers(cursor), max_bytes=MAX_BYTES), cursor)
