"""Fetcher: the door to everything that others chose. Sync on the outside, one event loop on the inside."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distributor import __version__
from distributor.errors import Unreachable
from distributor.fetching import redirects
from distributor.fetching.guard import classify
from distributor.fetching.limits import FetchLimits
from distributor.fetching.portal import Portal, portal
from distributor.fetching.targets import parse_allow_list, shown
from distributor.fetching.turns import Turns

if TYPE_CHECKING:
    from distributor.fetching.exchange import Answer
    from distributor.fetching.sessions import Judge, Resolve, Sessions

__all__ = ["Fetched", "Fetcher", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """A GET. `max_bytes` bounds the unpacked body, `deadline` is seconds; None leaves both to the limits."""

    url: str = field(repr=False)  # it may hold a password
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    max_bytes: int | None = None
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, of any status. The body of an error (400 and up) is not read.

    `url` is where it came from at last, without user name and password. `headers` ignore case in names.
    `moved_to` is where permanent redirects (301, 308) alone led, if there is something there (2xx, 304); else empty.
    `elapsed` is seconds, without the wait for a turn.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    moved_to: str = ""
    elapsed: float = 0.0


@dataclass
class _Opened:
    """What one process has open; it lives in that process's loop."""

    sessions: Sessions
    turns: Turns


class Fetcher:
    """The guarded client. Make one, use it from any thread, close it at the end.

    Only hosts in `allow_hosts` ("name:port"; a bare "name" is its ports 80 and 443) may be at private or loopback
    addresses. `resolve(host, port)` gives all addresses of a host, `judge` the word for an address (guard.classify).
    """

    def __init__(
        self,
        *,
        allow_hosts: Iterable[str] = (),
        user_agent: str = f"distributor/{__version__}",
        limits: FetchLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        resolve: Resolve | None = None,
        judge: Judge = classify,
    ) -> None:
        self._listed = parse_allow_list(allow_hosts)
        self._user_agent = user_agent
        self._limits = limits or FetchLimits()
        self._clock = clock
        self._resolve = resolve
        self._judge = judge
        # By process: what a forked child inherits belongs to a loop that does not run there; it must not be touched.
        self._opened: dict[int, _Opened] = {}

    def get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        max_bytes: int | None = None,
        deadline: float | None = None,
    ) -> Fetched:
        """Fetch one address, within the deadline. Raises Unreachable where there is no usable answer."""
        result = self.portal().call(self._in_time, Request(url, headers or {}, max_bytes, deadline))
        if isinstance(result, Unreachable):
            raise result
        return result

    def get_many(self, requests: Sequence[Request]) -> list[Fetched | Unreachable]:
        """Fetch many at once; results in their order. A deadline counts from when a request has its turn."""
        return self.portal().call(self._all, requests)

    def portal(self) -> Portal:
        """The loop's thread of this process, to be shared with other asynchronous clients."""
        return portal()

    def close(self) -> None:
        """Close all connections of this process. A later request opens new ones."""
        if os.getpid() in self._opened:
            self.portal().call(self._close)

    async def _close(self) -> None:
        opened = self._opened.pop(os.getpid(), None)
        if opened is not None:
            await opened.sessions.close()

    async def _all(self, requests: Sequence[Request]) -> list[Fetched | Unreachable]:
        return await asyncio.gather(*map(self._settled, requests))

    async def _in_time(self, request: Request) -> Fetched | Unreachable:
        seconds = self._seconds(request)
        try:
            async with asyncio.timeout(seconds):
                return await self._settled(request)
        except TimeoutError:
            return Unreachable(f"{shown(request.url)}: not finished within {seconds:.3g} s")

    async def _settled(self, request: Request) -> Fetched | Unreachable:
        try:
            return await self._follow(request)
        except Unreachable as error:
            return error

    async def _follow(self, request: Request) -> Fetched:
        trail = redirects.start(request.url, request.headers)
        elapsed = 0.0
        while True:
            answer, took = await self._hop(trail, request, self._seconds(request) - elapsed)
            elapsed += took
            location = answer.headers.get("Location")
            if location is None or not redirects.is_redirect(answer.status, location):
                moved_to = trail.moved_to if answer.status < 300 or answer.status == 304 else ""
                return Fetched(trail.target.text, answer.status, answer.headers, answer.body, moved_to, elapsed)
            trail = redirects.step(trail, answer.status, location)

    async def _hop(self, trail: redirects.Trail, request: Request, seconds: float) -> tuple[Answer, float]:
        """One exchange, when its turn comes, and how long it took: waiting for others is not the server's fault."""
        from distributor.fetching.exchange import exchange

        target, limits, opened = trail.target, self._limits, self._open()
        listed = target.place in self._listed
        session = opened.sessions.listed if listed else opened.sessions.strangers
        max_bytes = limits.unpacked if request.max_bytes is None else request.max_bytes
        async with opened.turns.turn(target.place, limits.per_listed_host if listed else limits.per_host):
            began = self._clock()
            answer = await exchange(session, target, trail.headers, limits, max_bytes=max_bytes, seconds=seconds)
            return answer, self._clock() - began

    def _open(self) -> _Opened:
        """Only the loop's thread comes here, so it needs no lock."""
        opened = self._opened.get(os.getpid())
        if opened is None:
            from distributor.fetching.sessions import look_up, open_sessions

            limits = self._limits
            resolve = self._resolve or look_up
            sessions = open_sessions(self._user_agent, limits.connect, limits.silence, resolve, self._judge)
            opened = self._opened[os.getpid()] = _Opened(sessions, Turns(limits.at_once))
            self.portal().at_stop(self._close)
        return opened

    def _seconds(self, request: Request) -> float:
        return self._limits.whole if request.deadline is None else request.deadline
