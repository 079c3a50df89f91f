"""X's API v2 through tweepy, with what tweepy lacks: time-outs, another host, and uploads by the current endpoints.

Import this module only when something is sent: it imports tweepy and requests.
"""

from __future__ import annotations

import base64
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import requests  # noqa: TID251 - tweepy speaks through it, so its errors are tweepy's errors
import tweepy
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from distributor.channels import Picture
from distributor.channels.http import Answer, Deadline, harmless, is_loopback, totals
from distributor.channels.quiet import quiet
from distributor.channels.x_answers import refusal
from distributor.errors import ChannelError, Rejected, RetryLater, Uncertain

__all__ = ["Client", "Keys", "outcome"]

T = TypeVar("T")

HOST = "https://api.twitter.com"  # tweepy's, fixed in its class; every address is led elsewhere before it is signed
# All of these log the Authorization header, or what it is made of, at DEBUG.
LOUD = (
    *("tweepy.client", "requests_oauthlib.oauth1_auth", "oauthlib.oauth1.rfc5849"),
    *("oauthlib.oauth1.rfc5849.signature", "urllib3.connectionpool"),
)
PIECE = 1024 * 1024  # bytes of a picture in one request
COUNTS = {
    "likes": "like_count",
    "reposts": "repost_count",
    "replies": "reply_count",
    "quotes": "quote_count",
    "views": "impression_count",
}
OLD_COUNTS = {"reposts": "retweet_count"}
IDLE = 5.0  # seconds after which an open connection may have been dropped on the way, and is not used again

_NEVER_LEFT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.URLRequired,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
)


@dataclass(frozen=True)
class Keys:
    """OAuth 1.0a user context (RFC 5849): the app's pair and the account's pair."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_secret: str = field(repr=False)


class Client:
    """One account of X. Every method raises ChannelErrors only, none of which holds a secret."""

    def __init__(self, keys: Keys, base_url: str, *, timeout: float, clock: Callable[[], datetime]) -> None:
        quiet(*LOUD)
        self._base_url = base_url
        self._timeout = timeout
        self._clock = clock
        self._used = time.monotonic()
        self._answer: Answer | None = None
        self._deadline: Deadline | None = None
        self._client = tweepy.Client(
            consumer_key=keys.api_key,
            consumer_secret=keys.api_secret,
            access_token=keys.access_token,
            access_token_secret=keys.access_secret,
            return_type=dict,
            wait_on_rate_limit=False,
        )
        self._session = self._client.session
        self._session.trust_env = not is_loopback(base_url)
        self._plain = self._session.request
        self._session.request = self._request

    def close(self) -> None:
        self._session.close()

    def post(self, text: str, media: list[str]) -> str:
        """Creates a post (POST /2/tweets); its id."""
        with self._mapped():
            return str(self._client.create_tweet(text=text, media_ids=media or None, user_auth=True)["data"]["id"])

    def delete(self, post: str) -> None:
        with harmless(), self._mapped():
            self._client.delete_tweet(post, user_auth=True)

    def metrics(self, posts: list[str]) -> dict[str, dict[str, int]]:
        """The public metrics of at most 100 posts (GET /2/tweets), by their ids; of those that are there."""
        try:
            return self._metrics(posts, "post.fields")
        except Rejected:
            return self._metrics(posts, "tweet.fields")  # the same by the name of before, for as long as it lives

    def _metrics(self, posts: list[str], fields: str) -> dict[str, dict[str, int]]:
        with harmless(), self._mapped():
            told = self._ask("GET", "/2/tweets", None, {"ids": ",".join(posts), fields: "public_metrics"})
            rows = {str(one["id"]): one.get("public_metrics") for one in told.get("data") or []}
            return {number: totals(row, OLD_COUNTS) | totals(row, COUNTS) for number, row in rows.items()}

    def me(self) -> tuple[str, str]:
        """The account's name, and what its keys may do ("read", "read-write"; empty where X does not say)."""
        with harmless(), self._mapped():
            name = str(self._client.get_me(user_auth=True)["data"]["username"])
            assert self._answer is not None
            return name, self._answer.headers.get("x-access-level", "")

    def upload(self, picture: Picture, deadline: Deadline) -> str:
        """Uploads a picture (POST /2/media/upload, or in pieces); its id. Nothing is seen before a post names it."""
        gif = picture.type == "image/gif"
        with harmless(), self._mapped(deadline):
            if gif or len(picture.content) > PIECE:
                return self._in_pieces(picture, "tweet_gif" if gif else "tweet_image", deadline)
            body = {"media": _base64(picture.content), "media_category": "tweet_image"}
            return self._id(self._ask("POST", "/2/media/upload", body))

    def describe(self, media: str, alt: str, deadline: Deadline) -> None:
        """Gives a picture its words for those who cannot see it; X takes 1,000 characters."""
        with harmless(), self._mapped(deadline):
            self._ask("POST", "/2/media/metadata", {"id": media, "metadata": {"alt_text": {"text": alt[:1000]}}})

    def _in_pieces(self, picture: Picture, category: str, deadline: Deadline) -> str:
        content = picture.content
        start = {"media_category": category, "media_type": picture.type, "total_bytes": len(content)}
        media = self._id(self._ask("POST", "/2/media/upload/initialize", start))
        for index, at in enumerate(range(0, len(content), PIECE)):
            piece = {"media": _base64(content[at : at + PIECE]), "segment_index": index}
            self._ask("POST", f"/2/media/upload/{media}/append", piece)
        answer = self._ask("POST", f"/2/media/upload/{media}/finalize", None)
        while (state := answer["data"].get("processing_info")) and state.get("state") in ("pending", "in_progress"):
            wait = min(max(float(state.get("check_after_secs") or 1), 0.1), 5.0)
            if deadline.left() < wait + self._timeout:
                raise RetryLater("X: it still works on the picture", outage=True)
            time.sleep(wait)
            answer = self._ask("GET", "/2/media/upload", None, {"command": "STATUS", "media_id": media})
        if state and state.get("state") == "failed":
            raise Rejected("X: it can do nothing with the picture", reason="picture")
        return media

    def _ask(self, method: str, route: str, body: Any, params: dict[str, str] | None = None) -> dict[str, Any]:
        answer = self._client.request(method, route, params=params, json=body, user_auth=True).json()
        return answer if isinstance(answer, dict) else {}

    def _id(self, answer: dict[str, Any]) -> str:
        return str(answer["data"]["id"])

    def _request(self, method: str, url: str, **given: Any) -> requests.Response:
        """Stands in for Session.request: another host, time-outs, no redirects."""
        self._answer = None
        if time.monotonic() - self._used > IDLE:
            self._session.close()
        address = self._base_url + url.removeprefix(HOST)
        limits = (min(self._timeout, 5.0), self._timeout)
        # A server that sends a byte now and then passes every time-out of requests: hence one around them all.
        whole = min(2 * self._timeout, self._deadline.left() if self._deadline else 2 * self._timeout)
        response: requests.Response = _within(
            whole, lambda: self._plain(method, address, timeout=limits, allow_redirects=False, **given)
        )
        self._used = time.monotonic()
        headers = {name.lower(): value for name, value in response.headers.items()}
        self._answer = Answer(response.status_code, headers, response.content)
        return response

    @contextmanager
    def _mapped(self, deadline: Deadline | None = None) -> Iterator[None]:
        self._answer, self._deadline = None, deadline
        try:
            yield
        except Exception as fault:
            told = outcome(fault, self._answer, self._clock())
        else:
            return
        raise told from None


def outcome(fault: Exception, answer: Answer | None, now: datetime) -> ChannelError:
    """The ledger's word for anything that a call may raise. `answer` is what X said last, if it said anything.

    Its status counts, not tweepy's class: on a body that is not the JSON it expects, tweepy raises AttributeError.
    """
    if isinstance(fault, ChannelError):
        return fault
    if answer is None and isinstance(fault, tweepy.HTTPException):
        answer = Answer(fault.response.status_code, fault.response.headers, fault.response.content)
    if answer is not None and not answer.good:
        return refusal(answer, now)
    if answer is None and _never_left(fault):
        return RetryLater(f"no connection to X: {type(fault).__name__}", outage=True)
    if isinstance(fault, TimeoutError | requests.exceptions.Timeout):
        return Uncertain("X: no whole answer in time", reason="timeout")
    if answer is None and isinstance(fault, requests.exceptions.RequestException):
        return Uncertain(f"X: the connection was lost ({type(fault).__name__})", reason="connection-lost")
    return Uncertain(f"X: no answer that can be read ({type(fault).__name__})", reason="garbage")


def _never_left(fault: Exception) -> bool:
    """DNS, connect, the proxy, a certificate, an address that is none: X saw nothing of it."""
    if isinstance(fault, _NEVER_LEFT):
        return True
    if not isinstance(fault, requests.exceptions.ConnectionError) or not fault.args:
        return False
    reason = getattr(fault.args[0], "reason", None)
    if isinstance(fault, requests.exceptions.SSLError):
        return any(isinstance(part, ssl.SSLCertVerificationError) for part in (reason, *getattr(reason, "args", ())))
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _within(seconds: float, act: Callable[[], T]) -> T:
    """Runs it in a thread of its own, and stops waiting after so long: the thread dies with its connection."""
    box: Future[T] = Future()

    def run() -> None:
        try:
            box.set_result(act())
        except BaseException as fault:
            box.set_exception(fault)

    threading.Thread(target=run, name="x", daemon=True).start()
    return box.result(seconds)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
