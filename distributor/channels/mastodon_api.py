"""Mastodon.py made fit for the ledger: every answer is seen whole, every failure is one of ours.

The library throws the headers of a failed answer away, and fails on answers that it cannot type although the status was
made. So a hook of its HTTP session keeps the last answer, and what that says decides; the exception only tells where
there was none.
"""

from __future__ import annotations

import json
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from distributor.channels.http import BIGGEST_ANSWER, Answer, Deadline, is_loopback, refuse, says
from distributor.channels.quiet import quiet
from distributor.errors import Rejected, RetryLater, Uncertain

__all__ = ["GONE", "HINT", "MastodonApi", "meaning"]

HINT = "make a token with the rights read, write:statuses, write:media (Preferences, Development); then: channels check"
GONE = "gone"  # the reason of a Rejected that stands for 404


class MastodonApi:
    """One account on one server. `timeout` (seconds) holds for each wait for bytes. Connects to nothing when made."""

    def __init__(self, base_url: str, token: str, *, timeout: float, clock: Callable[[], datetime]) -> None:
        self._base_url, self._token, self._timeout, self._clock = base_url, token, timeout, clock
        self._client: Any = None
        self._making = threading.Lock()
        self._seen = threading.local()

    def call(self, what: str, method: str, *args: Any, **given: Any) -> Any:
        """Call a method of mastodon.Mastodon; gives the answer's JSON as the server sent it.

        Raises as distributor.channels.http says, `what` names the deed for people.
        """
        client = self._made()
        self._seen.answer = None
        try:
            getattr(client, method)(*args, **given)
        except Exception as error:
            if not (self._seen.answer and self._seen.answer.good):
                raise meaning(error, self._seen.answer, f"mastodon: {what}", self._clock()) from None
        try:
            return json.loads(self._seen.answer.body)
        except (ValueError, RecursionError, AttributeError):
            raise Uncertain(f"mastodon: {what}: an answer that is not JSON", reason="bad-answer") from None

    def _made(self) -> Any:
        with self._making:
            if self._client is None:
                self._client = self._make()
        return self._client

    def _make(self) -> Any:
        from mastodon import Mastodon

        from distributor import __version__

        quiet("urllib3.connectionpool")
        patience: Any = (min(self._timeout, 5.0), self._timeout)  # to connect, for each wait for bytes
        client = Mastodon(
            api_base_url=self._base_url,
            request_timeout=patience,
            ratelimit_method="throw",  # the wait belongs in the ledger
            version_check_mode="created",
            mastodon_version="4.3.0",  # given, so that it is not asked for before every kind of call
            user_agent=f"distributor/{__version__}",
        )
        client.access_token = self._token  # not by the constructor: that would open a file of this name
        client.session.max_redirects = 0  # a redirected POST becomes a GET
        client.session.trust_env = not is_loopback(self._base_url)
        seen, whole = self._seen, 2 * self._timeout
        client.session.hooks["response"].append(lambda response, **_: _see(seen, response, Deadline(whole)))
        weakref.finalize(self, client.session.close)
        return client


def _see(seen: Any, response: Any, deadline: Deadline) -> None:
    """Keeps the answer. A body that drips passes each time-out, so it has a deadline as a whole."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    seen.answer = Answer(response.status_code, headers, b"")  # known even if the body never arrives
    body = bytearray()
    while part := response.raw.read1(65_536, decode_content=True):
        body += part
        if deadline.left() == 0 or len(body) > BIGGEST_ANSWER:
            raise TimeoutError("the answer did not end")
    response._content = bytes(body)  # what requests itself would have read here
    seen.answer = Answer(response.status_code, headers, bytes(body))


def meaning(error: Exception, answer: Answer | None, what: str, now: datetime) -> RetryLater | Rejected | Uncertain:
    """What a failed call means to the ledger. `answer` is None where none came."""
    from mastodon.errors import MastodonIllegalArgumentError, MastodonRatelimitError, MastodonVersionError

    if answer is not None:
        return _answered(answer, what, now)
    told = f"{what}: {' '.join(str(error).split())[:200]}"
    if isinstance(error, MastodonRatelimitError):
        return refuse(Answer(429, {}, b""), what, now)
    if isinstance(error, MastodonIllegalArgumentError | MastodonVersionError | ValueError | TypeError):
        return Rejected(told, reason="bad-request")  # the library refused it before anything left
    if any(_never_left(cause) for cause in _causes(error)):
        return RetryLater(told, outage=True)
    return Uncertain(told, reason="timeout" if "timed out" in told.lower() else "connection-lost")


def _answered(answer: Answer, what: str, now: datetime) -> RetryLater | Rejected | Uncertain:
    if answer.good:
        return Uncertain(f"{what}: an answer that makes no sense", reason="bad-answer")
    if answer.status in (404, 405, 410):
        return Rejected(f"{what}: {answer.status}{says(answer)}", reason=GONE, hint="is `instance` right?")
    if answer.status == 503 and not answer.data():
        # Mastodon itself says 503 in JSON, also while an earlier attempt with the same key still runs; a page says that
        # the proxy before it let nothing through.
        return RetryLater(f"{what}: 503, closed for maintenance", outage=True)
    return refuse(answer, what, now, hint=HINT)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it came from, and what requests and urllib3 wrapped up in them."""
    waiting, met = [error], set()
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in met:
            continue
        met.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None)]
        waiting += [arg for arg in current.args if isinstance(arg, BaseException)]


def _never_left(error: BaseException) -> bool:
    """True for faults that come before the first byte of the request."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

    return isinstance(error, ConnectTimeoutError | NewConnectionError | ProxyError | ssl.SSLCertVerificationError)
