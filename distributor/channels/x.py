"""X, by its API v2 (https://docs.x.com/x-api): a post of at most 280 weighted characters with up to four pictures.

Settings: `api_key`, `api_secret`, `access_token`, `access_secret` (OAuth 1.0a, from the developer console), or all
four in one document `credentials` (a table, JSON, TOML or KEY=value lines); `photo` (send the article's pictures);
`cost_per_post` and `cost_per_read` (US dollars, for the budgets); `base_url`.

X answers 403 "duplicate content" when the same text comes again soon. That is always Rejected(reason="duplicate")
here. When the ledger repeats a message of unknown outcome within `doubt.repeat_until`, it reads this reason as: the
first attempt was posted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

from distributor.channels import Picture, Setup
from distributor.channels.http import Deadline
from distributor.channels.options import Options
from distributor.errors import ChannelPaused, DistributorError, Rejected
from distributor.model import Account, Doubt, Limits, Media, Message, Receipt
from distributor.pacing import Pace

if TYPE_CHECKING:
    from distributor.channels.x_client import Client

__all__ = ["X"]

LIMITS = Limits(network="x", length=280, media=4, media_bytes=5_000_000)
# "Content: Create (with URL)" of https://docs.x.com/x-api/getting-started/pricing, August 2026; without a link 0.015.
COST = 0.20
# "Posts: Read" of the same table, for each post in an answer.
READ_COST = 0.005
PARTS = ("api_key", "api_secret", "access_token", "access_secret")
# What other tools and the developer console call them.
ALIASES = {
    "consumer_key": "api_key",
    "consumer_secret": "api_secret",
    "api_key_secret": "api_secret",
    "api_secret_key": "api_secret",
    "access_token_secret": "access_secret",
}


@dataclass(eq=False)
class X:
    """One account of X. A post cannot be edited there, only deleted."""

    kind: ClassVar[str] = "x"
    deadline: ClassVar[float] = 120.0
    doubt: ClassVar[Doubt] = Doubt(repeat_until=timedelta(minutes=15), repeats=1)
    # Half of the published 100 in 15 minutes for a user; the app's 10,000 a day are shared with others.
    paces: ClassVar[tuple[Pace, ...]] = (Pace(50, timedelta(minutes=15)),)

    measured_together: ClassVar[int] = 100  # of GET /2/tweets

    name: str
    account: Account
    photo: bool
    cost: float
    base_url: str
    read_cost: float = READ_COST
    limits: Limits = LIMITS
    timeout: float = 15.0
    _keys: tuple[str, ...] = field(default=(), repr=False)
    _picture: Callable[[str], Picture] = field(default=lambda _: Picture(b"", ""), repr=False)
    _clock: Callable[[], datetime] | None = field(default=None, repr=False)
    _made: tuple[int, Client] | None = field(default=None, repr=False)
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def build(cls, setup: Setup) -> Self:
        """Reads the settings; connects to nothing. Raises ConfigError."""
        options = Options(replace(setup, options=_spread(setup)))
        keys = tuple(options.text(part) for part in PARTS)
        channel = cls(
            name=setup.name,
            account=Account(cls.kind, _identity(keys[2])),
            photo=options.flag("photo", True),
            cost=options.number("cost_per_post", COST, low=0, high=1000),
            read_cost=options.number("cost_per_read", READ_COST, low=0, high=1000),
            base_url=options.address("base_url", "https://api.x.com"),
            _keys=keys,
            _picture=setup.picture,
            _clock=setup.clock,
        )
        options.done()
        return channel

    def send(self, message: Message, key: str) -> Receipt:  # noqa: ARG002 - X takes no idempotency key
        """Posts the message with the pictures that X takes. Before the post itself nothing can be Uncertain."""
        # The post has the last two time-outs to itself, whatever the pictures cost.
        deadline = Deadline(self.deadline - 2 * self.timeout)
        media = self._upload(message, deadline) if self.photo else []
        post = self._client.post(message.text, media)
        return Receipt(remote_id=post, url=f"https://x.com/i/web/status/{post}", data={"media": len(media)})

    def delete(self, receipt: Receipt) -> None:
        number = _number(receipt)
        if not number:
            raise Rejected("the receipt holds no post number", reason="receipt")
        try:
            self._client.delete(number)
        except Rejected as refused:
            if refused.reason != "gone":
                raise

    def measure(self, receipts: Sequence[Receipt]) -> Mapping[str, Mapping[str, int]]:
        """Reads their public metrics, on a connection of its own: a post may be on its way on the other."""
        wanted = {number: receipt.remote_id or receipt.url for receipt in receipts if (number := _number(receipt))}
        if not wanted:
            return {}
        client = self._connect()
        try:
            found = client.metrics(list(wanted))
        finally:
            client.close()
        return {wanted[number]: counts for number, counts in found.items() if number in wanted}

    def check(self) -> list[str]:
        """Asks X whose keys these are, and what they may do. Raises ChannelPaused when they may only read."""
        from distributor.channels.x_answers import RIGHTS

        name, level = self._client.me()
        if level == "read":
            raise ChannelPaused(f"X: the keys of @{name} may only read", hint=RIGHTS)
        rights = f"its keys may {level}" if level else "X does not say whether its keys may post: the first post will"
        return [f"the account is @{name}", rights]

    def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        if self._made is not None and self._made[0] == os.getpid():
            self._made[1].close()
        self._made = None

    @property
    def _client(self) -> Client:
        """Made anew after a fork: two processes must not speak on one connection."""
        with self._making:
            if self._made is None or self._made[0] != os.getpid():
                self._made = (os.getpid(), self._connect())
            return self._made[1]

    def _connect(self) -> Client:
        from distributor.channels.x_client import Client, Keys

        assert self._clock is not None
        return Client(Keys(*self._keys), self.base_url, timeout=self.timeout, clock=self._clock)

    def _upload(self, message: Message, deadline: Deadline) -> list[str]:
        """The ids of the uploaded pictures. One that cannot be had, or that X refuses, is left out."""
        wanted = message.media[: self.limits.media]
        found = [(media, picture) for media in wanted if (picture := self._fetch(media, deadline))]
        media_ids = []
        for media, picture in _company(found):
            if deadline.left() < self.timeout:
                break
            try:
                media_ids.append(self._client.upload(picture, deadline))
            except Rejected:
                continue
            self._describe(media_ids[-1], media.alt, deadline)
        return media_ids

    def _fetch(self, media: Media, deadline: Deadline) -> Picture | None:
        if deadline.left() < self.deadline / 3:  # pictures are slow to come today: the words matter more
            return None
        try:
            picture = self._picture(media.url)
        except DistributorError:
            return None
        good = picture.type in self.limits.media_types and 0 < len(picture.content) <= self.limits.media_bytes
        return picture if good else None

    def _describe(self, media_id: str, alt: str, deadline: Deadline) -> None:
        """Alt text is worth a request, not a post: only what stops the whole account stops here."""
        if alt.strip():
            try:
                self._client.describe(media_id, alt.strip(), deadline)
            except ChannelPaused:
                raise
            except DistributorError:
                return


def _company(found: list[tuple[Media, Picture]]) -> list[tuple[Media, Picture]]:
    """X takes up to four still pictures, or one GIF alone: the first one says which."""
    if found and found[0][1].type == "image/gif":
        return found[:1]
    return [pair for pair in found if pair[1].type != "image/gif"]


def _number(receipt: Receipt) -> str:
    """A post's number; a receipt given by hand has only the link, which ends with it. "" where there is none."""
    number = re.search(r"(\d{1,19})$", receipt.remote_id or urlsplit(receipt.url).path)
    return number.group(1) if number else ""


def _identity(access_token: str) -> str:
    """The account's number, which an access token begins with; else a fingerprint that tells nothing."""
    number = re.match(r"(\d{1,19})-", access_token)
    return number.group(1) if number else hashlib.sha256(access_token.encode()).hexdigest()[:12]


def _spread(setup: Setup) -> dict[str, Any]:
    """The settings, with the document's keys beside them; what stands in the settings themselves counts first."""
    given = dict(setup.options)
    document = given.pop("credentials", None)
    if document is None:
        return given
    named = {str(key).strip().lower().removeprefix("x_"): value for key, value in _document(setup, document).items()}
    named = {ALIASES.get(key, key): value for key, value in named.items()}
    return {key: named[key] for key in PARTS if key in named} | given


def _document(setup: Setup, document: object) -> Mapping[str, Any]:
    if isinstance(document, Mapping):
        return document
    if isinstance(document, str):
        for read in (_json, tomllib.loads, _lines):
            try:
                found = read(document)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, Mapping) and found:
                return found
    raise Options(setup).wrong("credentials", "is no table, JSON, TOML or KEY=value lines", f"give {', '.join(PARTS)}")


def _json(document: str) -> Any:
    return json.loads(document)


def _lines(document: str) -> dict[str, str]:
    """KEY=value (or KEY: value) lines, as in an environment file."""
    pairs = re.findall(r"""^\s*(?:export\s+)?(\w+)\s*[=:]\s*["']?(.*?)["']?\s*$""", document, re.MULTILINE)
    return dict(pairs)
