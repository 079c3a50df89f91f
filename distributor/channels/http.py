"""One HTTP call to a network's API, and what its answer means to the ledger. Nothing here knows a network.

    nothing left this machine (DNS, connect, TLS, pool)   RetryLater(outage)
    it left, and no whole answer came                     Uncertain
    401, 403, a redirect                                  ChannelPaused(None): a person must act
    429                                                   ChannelPaused(until): what the headers ask for
    408, 425                                              RetryLater: the server says it did not take it
    5xx                                                   Uncertain
    any other 4xx                                         Rejected

Where a repeat is harmless (reading, deleting, an edit that says the same again) Uncertain becomes RetryLater(outage):
see `harmless`.
"""

from __future__ import annotations

import ipaddress
import json
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from distributor.channels.quiet import quiet
from distributor.errors import ChannelPaused, Rejected, RetryLater, Uncertain

if TYPE_CHECKING:
    import httpx2

__all__ = [
    "BIGGEST_ANSWER",
    "Answer",
    "Deadline",
    "asked_patience",
    "call",
    "harmless",
    "is_loopback",
    "open_client",
    "refuse",
    "says",
    "totals",
]

# What a network asks for when it says 429 and not for how long; no network of ours counts in shorter windows.
PATIENCE = timedelta(minutes=1)
LONGEST = timedelta(days=1)
BIGGEST_ANSWER = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def data(self) -> dict[str, Any]:
        """The body as a JSON object; an empty dict where it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Deadline:
    """A moment on the monotonic clock that several calls share."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then, never below zero."""
        return max(0.0, self._end - time.monotonic())


def open_client(owner: object, base_url: str, timeout: float) -> httpx2.Client:
    """A client to be kept open for as long as `owner` lives; then its connections are closed.

    `timeout` (seconds) holds for connecting and for each wait for bytes.
    """
    import httpx2

    from distributor import __version__

    quiet("httpx2")  # it logs whole addresses, and a webhook's may hold a secret
    client = httpx2.Client(
        base_url=base_url,
        timeout=httpx2.Timeout(timeout, connect=min(timeout, 5.0)),
        headers={"User-Agent": f"distributor/{__version__}"},
        follow_redirects=False,
        trust_env=not is_loopback(base_url),  # a proxy of the environment cannot reach this machine's loopback
    )
    weakref.finalize(owner, client.close)
    return client


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def call(client: httpx2.Client, method: str, url: str, *, deadline: Deadline, **request: Any) -> Answer:
    """Make one request; `request` is what httpx2.Client.build_request takes (json, content, params, headers).

    The body is read up to the deadline and to 4 MiB: more is no answer. Raises RetryLater when nothing left,
    Uncertain when it may have, Rejected when the request cannot be made at all.
    """
    import httpx2

    left = deadline.left()
    if left == 0:
        raise RetryLater(f"no time left to ask {client.base_url.host}", outage=True)
    timeout = httpx2.Timeout(min(left, client.timeout.read or left), connect=min(left, client.timeout.connect or left))
    try:
        with client.stream(method, url, timeout=timeout, **request) as response:
            whole = Deadline(min(left, 2 * (client.timeout.read or left)))  # a body that drips passes each time-out
            return Answer(response.status_code, _lower(response.headers), _read(response, whole))
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
        raise RetryLater(f"no connection to {client.base_url.host}: {_say(error)}", outage=True) from None
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
        raise Rejected(f"not a request that can be sent: {_say(error)}", reason="bad-request") from None
    except httpx2.TimeoutException as error:
        raise Uncertain(f"no answer from {client.base_url.host}: {_say(error)}", reason="timeout") from None
    except (httpx2.HTTPError, httpx2.StreamError, httpx2.CookieConflict, OSError) as error:
        raise Uncertain(f"lost {client.base_url.host}: {_say(error)}", reason="connection-lost") from None


def refuse(answer: Answer, what: str, now: datetime, *, hint: str = "") -> RetryLater | Rejected | Uncertain:
    """The error that an answer other than 2xx stands for. `what` names the network and the deed, `now` is UTC."""
    status, told = answer.status, f"{what}: {answer.status}{says(answer)}"
    if status in (401, 403):
        return ChannelPaused(told, hint=hint or "check the credentials, then run: distributor channels check")
    if 300 <= status < 400:
        place = answer.headers.get("location", "")[:200]
        return ChannelPaused(told, hint=f"it moved to {place!r}: put its new address into the settings")
    if status == 429:
        return ChannelPaused(told, until=now + asked_patience(answer.headers, now))
    if status in (408, 425):
        return RetryLater(told, outage=True)
    if 400 <= status < 500:
        return Rejected(told, reason="refused")
    return Uncertain(told, reason="server-error")


@contextmanager
def harmless() -> Iterator[None]:
    """Around a deed that may be done twice: an unknown outcome is a fault of the network, and it is done again."""
    try:
        yield
    except Uncertain as error:
        raise RetryLater(str(error), outage=True, hint=error.hint) from None


def asked_patience(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long a network asks to wait: Retry-After (RFC 9110, seconds or a date), else a rate limit's reset.

    A reset is told as seconds to come (IETF ratelimit-headers draft), as an epoch (Bluesky, X) or as an ISO time
    (Mastodon). Never less than a second, never more than a day; a minute where nothing usable is said.
    """
    names = ("retry-after", "ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
    lower = {name.lower(): value for name, value in headers.items()}
    waits = [wait for name in names if (wait := _wait(lower.get(name, ""), now)) is not None]
    return min(max(waits[0], timedelta(seconds=1)), LONGEST) if waits else PATIENCE


def says(answer: Answer) -> str:
    """What the network says of it, one short line: `: name: message`, or nothing."""
    data = answer.data()
    words = [data[key] for key in ("error", "message", "error_description") if isinstance(data.get(key), str)]
    line = " ".join(": ".join(words).split())
    return f" {line[:300]}" if line else ""


def totals(told: Any, names: Mapping[str, str]) -> dict[str, int]:
    """The numbers of a JSON object by our own names for them: `names` says what the network calls each.

    What it does not tell, or what is no number of anything, is left out.
    """
    known = told if isinstance(told, Mapping) else {}
    found = {kind: known.get(name) for kind, name in names.items()}
    return {
        kind: value
        for kind, value in found.items()
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    }


def _wait(value: str, now: datetime) -> timedelta | None:
    value = value.strip()
    try:
        number = float(value)
    except ValueError:
        moment = _moment(value)
        return moment - now if moment else None
    if not 0 <= number < 1e11:  # neither seconds to come nor an epoch; nan fails here too
        return None
    return timedelta(seconds=number - now.timestamp() if number > 1e9 else number)


def _moment(value: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _read(response: httpx2.Response, deadline: Deadline) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > BIGGEST_ANSWER or deadline.left() == 0:
            raise Uncertain(f"{response.url.host}: the answer did not end", reason="timeout")
    return bytes(body)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".removesuffix(": ")
