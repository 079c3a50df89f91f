"""One request and its answer, within all limits; every foreign error stops here. Imported at the first request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from distributor.errors import Unreachable
from distributor.fetching.limits import FetchLimits
from distributor.fetching.sessions import reason, refusal
from distributor.fetching.targets import Target, shown
from distributor.fetching.unpack import BadBody, Unpacker

__all__ = ["Answer", "exchange"]

_BODYLESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """What one server said; `body` is empty for a redirect, an error and what has none."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def exchange(
    session: aiohttp.ClientSession,
    target: Target,
    headers: Mapping[str, str],
    limits: FetchLimits,
    *,
    max_bytes: int,
    seconds: float,
) -> Answer:
    """GET one target. Raises Unreachable where there is no usable answer, or the guard refuses."""
    status = None
    try:
        async with asyncio.timeout(seconds) as whole:
            async with session.get(target.url, headers=headers, allow_redirects=False) as response:
                status = response.status
                return await _read(response, limits, max_bytes)
    except BadBody as error:
        raise Unreachable(f"{shown(target.text)}: the answer is {error}", status=status) from None
    except TimeoutError as error:
        words = f"not finished within {seconds:.3g} s" if whole.expired() else reason(error)
        raise Unreachable(f"{shown(target.text)}: {words}", status=status) from None
    except Exception as error:  # hostile input finds errors that the library does not document
        raise _unreachable(target, error, status) from None


def _unreachable(target: Target, error: Exception, status: int | None) -> Unreachable:
    place = f"{target.url.host_subcomponent}:{target.port}"
    hint = f'if it is your own server, add "{place}" to allow_hosts' if refusal(error) else ""
    return Unreachable(f"{shown(target.text)}: {reason(error)}", status=status, hint=hint)


async def _read(response: aiohttp.ClientResponse, limits: FetchLimits, max_bytes: int) -> Answer:
    status = response.status
    if status < 200:
        raise BadBody(f"of the unknown kind {status}")
    headers = _readable(response, limits.headers)
    if status >= 300 or status in _BODYLESS:
        return Answer(status, headers, b"")
    limit = min(limits.unpacked, max_bytes)
    encoding = headers.get("Content-Encoding", "")
    _check_promise(response, min(limits.wire, limit) if _plain(encoding) else limits.wire)
    unpacker = Unpacker(encoding, limit=limit, ratio=limits.ratio)
    arrived = 0
    async for part in response.content.iter_any():
        arrived += len(part)
        if arrived > limits.wire:
            raise BadBody(f"larger than {limits.wire:,} bytes")
        unpacker.feed(part)
    return Answer(status, headers, unpacker.finish())


def _plain(encoding: str) -> bool:
    return encoding.strip().lower() in {"", "identity"}


def _check_promise(response: aiohttp.ClientResponse, limit: int) -> None:
    """What says that it will be too large is not even begun."""
    if (response.content_length or 0) > limit:
        raise BadBody(f"larger than {limit:,} bytes")


def _readable(response: aiohttp.ClientResponse, limit: int) -> Mapping[str, str]:
    """The headers, as text that can be stored: bytes that are no UTF-8 are read as Latin-1 (RFC 9110, 5.5)."""
    if sum(len(name) + len(value) + 4 for name, value in response.raw_headers) > limit:
        raise BadBody(f"headed by more than {limit:,} bytes of headers")
    headers = response.headers
    if all(map(str.isascii, headers.values())):
        return headers
    return CIMultiDictProxy(CIMultiDict((_text(name), _text(value)) for name, value in headers.items()))


def _text(value: str) -> str:
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
