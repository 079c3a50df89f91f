"""HTTP calls to a provider's mail API: the one module of the engine that knows an HTTP client.

    Unsent       nothing left this machine: DNS, connect, TLS
    Unanswered   it may have left, and no whole answer came: nobody can know
    Answer       a whole answer, of any status

No redirect is followed, no proxy of the environment is used, an answer is read up to 1 MiB and up to the deadline.
"""

from __future__ import annotations

import json
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from distributor.mail import Letter, Outcome, Scope, Verdict
from distributor.mail.singly import outcome

if TYPE_CHECKING:
    import httpx2

__all__ = ["Answer", "Api", "Unanswered", "Unsent", "common", "no_answer", "not_sent"]

BIGGEST_ANSWER = 1024 * 1024


class Unsent(Exception):
    """Surely nothing reached the provider."""


class Unanswered(Exception):
    """The request may have reached the provider."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def data(self) -> dict[str, Any]:
        """The body as a JSON object; an empty dict where it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Api:
    """One provider's API at `base_url`. The client is made at the first call, kept open, and shared by sessions.

    `timeout` is in seconds, for the whole call; connecting has 10 of them.
    """

    def __init__(self, base_url: str, *, timeout: float, connections: int) -> None:
        parts = urlsplit(base_url)
        self.host = parts.netloc  # as the Host header says it
        self.prefix = parts.path.rstrip("/")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._timeout, self._connections = timeout, connections
        self._client: httpx2.Client | None = None
        self._lock = threading.Lock()

    def call(self, method: str, path: str, *, headers: Mapping[str, str], content: bytes = b"") -> Answer:
        """One request; `path` begins behind the base address. Raises Unsent or Unanswered, and nothing else."""
        import httpx2

        end = time.monotonic() + self._timeout
        try:
            client = self._open()
            url = f"{self._origin}{self.prefix}{path}"
            with client.stream(method, url, headers=dict(headers), content=content or None) as response:
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, names, self._read(response, end))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
            raise Unsent(f"no connection to {self.host}: {_say(error)}") from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, UnicodeError) as error:
            # what the library says of it may hold a header, and with it the key
            raise Unsent(f"not a request that can be sent to {self.host}: {type(error).__name__}") from None
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.CookieConflict, OSError) as error:
            raise Unanswered(f"no answer from {self.host}: {_say(error)}") from None

    def _open(self) -> httpx2.Client:
        import httpx2

        from distributor import __version__

        with self._lock:
            if self._client is None:
                many = self._connections
                self._client = httpx2.Client(
                    timeout=httpx2.Timeout(self._timeout, connect=min(self._timeout, 10.0)),
                    headers={
                        "User-Agent": f"distributor/{__version__}",
                        "Accept": "application/json",
                        "Accept-Encoding": "identity",  # nothing to unpack, so nothing grows
                    },
                    limits=httpx2.Limits(max_connections=many + 1, max_keepalive_connections=many),
                    follow_redirects=False,
                    trust_env=False,
                )
                weakref.finalize(self, self._client.close)
            return self._client

    def _read(self, response: httpx2.Response, end: float) -> bytes:
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if len(body) > BIGGEST_ANSWER or time.monotonic() > end:
                raise Unanswered(f"the answer of {self.host} did not end")
        return bytes(body)


def not_sent(letter: Letter, error: Unsent) -> Outcome:
    return outcome(letter, Verdict.LATER, status="4.4.1", text=str(error), scope=Scope.ACCOUNT)


def no_answer(letter: Letter, error: Unanswered) -> Outcome:
    return outcome(letter, Verdict.UNKNOWN, text=str(error))


def common(letter: Letter, answer: Answer, said: str) -> Outcome:
    """What a status means where the provider's own words do not tell more. Never TAKEN.

    A 5xx may have come after the mail was taken, and a 2xx that cannot be read came from who knows whom: UNKNOWN.
    """
    code, text = answer.status, f"{answer.status}: {said}"
    if code in (401, 403, 407) or 300 <= code < 400:
        return outcome(letter, Verdict.REFUSED, code=code, status="5.7.8", text=text, scope=Scope.ACCOUNT)
    if code in (404, 405, 410):
        text += " (is this the provider's address?)"
        return outcome(letter, Verdict.REFUSED, code=code, status="5.3.5", text=text, scope=Scope.ACCOUNT)
    if code in (408, 409, 425, 429):
        return outcome(letter, Verdict.LATER, code=code, status="4.7.28", text=text, scope=Scope.ACCOUNT)
    if code == 413:
        return outcome(letter, Verdict.REFUSED, code=code, status="5.3.4", text=text, scope=Scope.MESSAGE)
    if 400 <= code < 500:
        return outcome(letter, Verdict.REFUSED, code=code, status="5.6.0", text=text, scope=Scope.MESSAGE)
    return outcome(letter, Verdict.UNKNOWN, code=code, text=text)


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".removesuffix(": ")
