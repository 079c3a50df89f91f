"""/r/CODE, in mails /r/CODE/TOKEN: on to the article, and counted.

    code forged -> 404, before the database is asked
    code known  -> 302 to the address that was stored with it: never to one that the request names
                -> noted, unless the reader asked not to be followed, or the settings do

The token says which mail it was. It is believed only if it is ours; else the click is one like any other. Bare ASGI: a
framework's request and response would take longer than all the rest.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from distributor import paths
from distributor.codes import LENGTH, Link, is_ours
from distributor.config import secret_keys
from distributor.context import App
from distributor.counting import Counter, Seen
from distributor.errors import DistributorError
from distributor.mail import tokens
from distributor.robots import is_private, marks, network_mark
from distributor.store import links

__all__ = ["Clicks"]

log = structlog.get_logger(__name__)

KEPT = 10_000  # links in memory
FRESH = 60.0  # seconds: an article may get another address, the site another key
_PREFIX = f"{paths.REDIRECT}/"
# A program that makes links of plain text may take the end of a sentence for a part of one.
_PATH = re.compile(rf"{_PREFIX}([A-Za-z0-9]{{{LENGTH}}})(?:/([A-Za-z0-9_-]*))?[^A-Za-z0-9/]*", re.S)
_HEADERS = [
    (b"content-length", b"0"),
    (b"cache-control", b"private, no-store"),
    # The article's site may know which site a reader comes from. This address, which holds the token, is never told:
    # what redirects is no referrer (https://www.w3.org/TR/referrer-policy/).
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-robots-tag", b"noindex, nofollow"),
]


class Clicks(BaseRoute):
    """The route of all links of ours."""

    def __init__(self, app: App, counter: Counter) -> None:
        self._app, self._counter = app, counter
        self._known: OrderedDict[str, tuple[float, Link, bytes]] = OrderedDict()
        self._keys: Sequence[bytes] = ()
        self._keys_until = 0.0

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        mine = scope["type"] == "http" and scope["path"].startswith(_PREFIX)
        return (Match.FULL, {"endpoint": self}) if mine else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises HTTPException: 404 for what is no link of ours, 405, 503 while the database is away."""
        del receive
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        asked = _PATH.fullmatch(scope["path"])
        if asked is None or not is_ours(self._current_keys(), asked[1]):
            raise HTTPException(404)
        link, location = await self._find(asked[1])
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", location), *_HEADERS]})
        await send({"type": "http.response.body", "body": b""})
        self._note(scope, link, asked[2] or "")

    def _note(self, scope: Scope, link: Link, token: str) -> None:
        # Of a field that is there twice, the first counts, as everywhere else.
        signals, ip = self._app.settings.signals, (scope.get("client") or ("",))[0]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        # Links that went out before clicks were switched off lead on all the same.
        if not signals.clicks or is_private(headers):
            return
        seen = Seen(
            at=self._app.clock(),
            kind="clicks",
            article_id=link.article_id,
            channel=link.channel,
            link_id=link.id,
            visitor=self._counter.visitor(ip, headers.get("user-agent", "")),
            delivery_id=tokens.read(self._current_keys(), "click", token) or 0 if token else 0,
            marks=marks(scope["method"], headers, signals.robot_agents) | network_mark(ip, signals.robot_networks),
        )
        self._counter.note(seen)

    async def _find(self, code: str) -> tuple[Link, bytes]:
        now, known = time.monotonic(), self._known.get(code)
        if known is not None and now - known[0] < FRESH:
            self._known.move_to_end(code)
            return known[1], known[2]
        try:
            link = await run_in_threadpool(self._read, code)
        except DistributorError as error:
            if known is None:
                log.error("where a link leads cannot be read", error=str(error))
                raise HTTPException(503, headers={"Retry-After": "5"}) from error
            link = known[1]  # it leads where it led a minute ago
        location = _location(link.url) if link else b""
        if link is None or not location:
            raise HTTPException(404)
        self._known[code] = now, link, location
        self._known.move_to_end(code)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return link, location

    def _read(self, code: str) -> Link | None:
        with self._app.store.read() as connection:
            return links.by_code(connection, code)

    def _current_keys(self) -> Sequence[bytes]:
        now = time.monotonic()
        if now >= self._keys_until:
            self._keys, self._keys_until = secret_keys(self._app.settings), now + FRESH
        return self._keys


def _location(url: str) -> bytes:
    """The address as a header can hold it: a host beyond ASCII in its IDNA form (RFC 3490); b"" for what has none."""
    try:
        parts = urlsplit(url)
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
        address = urlunsplit(parts._replace(netloc=host)).encode("ascii")
    except ValueError:  # UnicodeError is one
        return b""
    return address if parts.scheme in {"http", "https"} and not re.search(rb"[\x00-\x20\x7f]", address) else b""
