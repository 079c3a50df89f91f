"""Mastodon, by Mastodon.py: text, pictures with alt text, language, visibility, content warning; edits and deletions.

Settings: `instance` ("mastodon.social"), `token`, `visibility`, `language` (for articles that name none),
`content_warning`, `sensitive`, `base_url` (another address of the same server), `timeout` (seconds).
A message's options may hold `visibility`, `content_warning` and `sensitive` for one post.

Posts carry the delivery's key as Idempotency-Key, which the server keeps for an hour (and not for scheduled posts: we
never schedule there). A picture never costs the post: one that cannot be fetched or is refused is left out; where
the server fails to take it, the post is put off once, and then goes out without.
"""

from __future__ import annotations

import hashlib
import html
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from distributor.channels import Setup
from distributor.channels.http import Deadline, harmless, totals
from distributor.channels.mastodon_api import GONE, HINT, MastodonApi
from distributor.channels.options import Options
from distributor.errors import ChannelError, ChannelPaused, Rejected, RetryLater, SourceError, Uncertain
from distributor.model import Account, Doubt, Limits, Media, Message, Receipt
from distributor.pacing import Pace

__all__ = ["Mastodon"]

VISIBILITIES = ("public", "unlisted", "private", "direct")
LIMITS = Limits(network="mastodon", length=500, media=4, media_bytes=16_777_216)
ALT_LENGTH = 1500
PROCESSING = 15.0  # seconds that a picture may take to be ready
PAGES = 5  # of 40 statuses each, looked through for a lost post
RIGHTS = ("write", "write:statuses")
COUNTS = {"likes": "favourites_count", "reposts": "reblogs_count", "replies": "replies_count", "quotes": "quotes_count"}


class Mastodon:
    """One account on one Mastodon server, or on another that speaks its API."""

    kind: ClassVar[str] = "mastodon"
    deadline: ClassVar[float] = 60.0
    # Of the published 300 in 5 minutes; pictures take requests of their own.
    paces: ClassVar[tuple[Pace, ...]] = (Pace(60, timedelta(minutes=5)),)
    measured_together: ClassVar[int] = 10  # each a request of its own: older servers give no more at once
    doubt: ClassVar[Doubt] = Doubt(
        repeat_from=timedelta(seconds=60),
        repeat_until=timedelta(minutes=55),
        repeats=2,
        find_from=timedelta(seconds=60),
    )

    def __init__(self, setup: Setup, api: MastodonApi, account: Account, options: Mapping[str, Any]) -> None:
        self.name, self.account = setup.name, account
        self._setup, self._api, self._options = setup, api, options
        self._limits, self._ask_again = LIMITS, 0.0
        self._waited: set[str] = set()  # keys that were put off once for a picture's sake

    @classmethod
    def build(cls, setup: Setup) -> Self:
        """Reads the settings; connects to nothing. Raises ConfigError."""
        options = Options(setup)
        base_url = options.address("base_url", "")
        instance = options.text("instance", "")
        if not (base_url or instance):
            raise options.missing("instance", 'the server your account is on, such as "mastodon.social"')
        if not base_url:
            base_url = instance.rstrip("/") if "://" in instance else f"https://{instance}"
            if not re.fullmatch(r"https?://[\w.-]+(:\d+)?", base_url):
                raise options.wrong("instance", "must be a server's name, such as mastodon.social")
        token = options.text("token")
        chosen = {
            "visibility": options.choice("visibility", VISIBILITIES, "public"),
            "language": options.text("language", ""),
            "content_warning": options.text("content_warning", ""),
            "sensitive": options.flag("sensitive", False),
        }
        timeout = options.number("timeout", 10, low=0.1, high=20)
        options.done()
        host = urlsplit(
            instance if "://" in instance else f"https://{instance}" if instance else base_url
        ).netloc.lower()
        account = Account("mastodon", f"{host}/{hashlib.sha256(token.encode()).hexdigest()[:12]}")
        return cls(setup, MastodonApi(base_url, token, timeout=timeout, clock=setup.clock), account, chosen)

    @property
    def limits(self) -> Limits:
        """The server's own, asked for once a day; Mastodon's defaults where it does not say. Never raises."""
        if time.monotonic() >= self._ask_again:
            try:
                told, again = self._api.call("limits", "instance_v2"), 86_400.0
                self._limits = _limits(told, reserved=len(self._options["content_warning"]))
            except ChannelError:
                again = 600.0
            self._ask_again = time.monotonic() + again
        return self._limits

    def send(self, message: Message, key: str) -> Receipt:
        deadline = Deadline(self.deadline)
        media = self._pictures(message, key, deadline, {})
        given = self._given(message, media)
        given["visibility"] = _one_of(VISIBILITIES, message.options.get("visibility"), self._options["visibility"])
        language = (message.language or self._options["language"]).replace("_", "-").partition("-")[0].lower()
        try:
            told = self._api.call("post", "status_post", language=language or None, idempotency_key=key, **given)
        except Rejected as error:
            if error.reason != GONE:
                raise
            raise ChannelPaused(str(error), hint="no Mastodon answers there: check `instance`") from None
        return _receipt(told, media)

    def edit(self, receipt: Receipt, message: Message, key: str) -> Receipt:
        """Says the same again where it is repeated, so an unknown outcome is simply tried again."""
        known = receipt.data.get("media")
        media = self._pictures(message, key, Deadline(self.deadline), known if isinstance(known, Mapping) else {})
        with self._one_status():
            told = self._api.call("edit", "status_update", _number(receipt), **self._given(message, media))
        return _receipt(told, media)

    def delete(self, receipt: Receipt) -> None:
        try:
            with self._one_status():
                self._api.call("delete", "status_delete", _number(receipt))
        except Rejected as error:
            if error.reason != GONE:
                raise

    def find(self, message: Message, key: str, since: datetime) -> Receipt | None:  # noqa: ARG002 (keys are not shown)
        """Looks through the account's own statuses since five minutes before `since` for the message's link."""
        with harmless():
            me = _part({"me": self._api.call("whose token", "account_verify_credentials")}, "me")
            for status in self._statuses(str(me.get("id")), since - timedelta(minutes=5)):
                if _holds(str(status.get("content", "")), message):
                    return _receipt(status, {})
        return None

    def measure(self, receipts: Sequence[Receipt]) -> Mapping[str, Mapping[str, int]]:
        """Reads each status (docs.joinmastodon.org/methods/statuses/#get); quotes are counted from 4.5 on."""
        found = {}
        for receipt in receipts:
            try:
                with harmless():
                    status = _part({"it": self._api.call("how it fares", "status", _number(receipt))}, "it")
            except Rejected as error:
                if error.reason != GONE:
                    raise
                continue
            found[receipt.remote_id or receipt.url] = totals(status, COUNTS)
        return found

    def check(self) -> list[str]:
        with harmless():
            me = self._api.call("whose token", "account_verify_credentials")
        lines = [f"signed in as @{me.get('acct', '?')} on {self.account.identity.partition('/')[0]}"]
        try:
            with harmless():
                scopes = self._api.call("rights", "app_verify_credentials").get("scopes")
        except ChannelError:  # older servers do not say
            return lines
        if isinstance(scopes, list):
            if not any(right in scopes for right in RIGHTS):
                raise ChannelPaused("mastodon: the token may not post", hint=HINT)
            lines.append("may post: " + ", ".join(map(str, scopes)))
        return lines

    # Parts of a post

    def _given(self, message: Message, media: Mapping[str, str]) -> dict[str, Any]:
        warning = str(message.options.get("content_warning", self._options["content_warning"]) or "")
        sensitive = bool(message.options.get("sensitive", self._options["sensitive"])) or bool(warning)
        return {
            "status": message.text,
            "media_ids": list(media.values()) or None,
            "sensitive": sensitive,
            "spoiler_text": warning or None,
        }

    def _pictures(self, message: Message, key: str, deadline: Deadline, known: Mapping[str, str]) -> dict[str, str]:
        """Media ids by the pictures' addresses; `known` are those of an earlier revision."""
        wanted = message.media[: self._limits.media]
        found = {media.url: known.get(media.url) or self._picture(media, key, deadline) for media in wanted}
        return {url: name for url, name in found.items() if name}

    def _picture(self, media: Media, key: str, deadline: Deadline) -> str:
        """The id of an uploaded picture, or "" where there is none to be had."""
        if deadline.left() < 30:  # the post itself needs what is left
            return ""
        try:
            picture = self._setup.picture(media.url)
        except SourceError:
            return ""
        try:
            with harmless():
                kind = picture.type or media.type or "image/jpeg"
                alt = media.alt[:ALT_LENGTH] or None
                told = self._api.call("picture", "media_post", picture.content, mime_type=kind, description=alt)
                return self._ready(told, min(PROCESSING, max(0.0, deadline.left() - 20)))
        except ChannelPaused as error:
            if error.until is None:
                raise
            return ""  # pictures have a limit of their own (30 in half an hour); the post has its own, too
        except RetryLater:
            if key not in self._waited:
                self._waited.add(key)
                raise
            return ""
        except Rejected:
            return ""

    def _ready(self, told: Mapping[str, Any], most: float) -> str:
        """Waits until the server has processed a picture: a post with an unfinished one is refused."""
        end = time.monotonic() + most
        while not told.get("url"):
            if time.monotonic() >= end:
                return ""
            time.sleep(min(1.0, self._pause()))
            told = self._api.call("picture", "media", str(told["id"]))
        return str(told.get("id") or "")

    def _pause(self) -> float:
        return 0.5

    def _statuses(self, me: str, since: datetime) -> Iterator[Mapping[str, Any]]:
        """The account's own statuses, newest first, back to `since`."""
        below: str | None = None
        for _ in range(PAGES):
            page = self._api.call("look", "account_statuses", me, limit=40, max_id=below, exclude_reblogs=True)
            for status in _list(page):
                if _when(status) < since:
                    return
                yield status
            if not isinstance(page, list) or not page:
                return
            below = str(page[-1]["id"])

    @contextmanager
    def _one_status(self) -> Iterator[None]:
        """Around a change of one status: it may be repeated, and its own limit (deletions: 30 in half an hour) holds
        only itself."""
        try:
            with harmless():
                yield
        except ChannelPaused as error:
            if error.until is None:
                raise
            raise RetryLater(str(error), after=error.until - self._setup.clock()) from None

    def __repr__(self) -> str:
        return f"<Mastodon {self.name}: {self.account.identity}>"


def _limits(told: Any, reserved: int) -> Limits:
    """Reads /api/v2/instance (docs.joinmastodon.org/entities/Instance); what makes no sense there is not believed."""
    statuses, media = (_part(_part(told, "configuration"), name) for name in ("statuses", "media_attachments"))
    types = [str(word) for word in _list(media.get("supported_mime_types")) if str(word).startswith("image/")]
    return Limits(
        network="mastodon",
        length=max(1, _whole(statuses, "max_characters", LIMITS.length) - reserved),  # a warning counts with the text
        media=_whole(statuses, "max_media_attachments", LIMITS.media),
        media_bytes=_whole(media, "image_size_limit", LIMITS.media_bytes),
        media_types=tuple(types) or LIMITS.media_types,
    )


def _part(whole: Any, name: str) -> dict[str, Any]:
    part = whole.get(name) if isinstance(whole, dict) else None
    return part if isinstance(part, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(parts: Mapping[str, Any], name: str, default: int) -> int:
    value = parts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default


def _receipt(status: Any, media: Mapping[str, str]) -> Receipt:
    if not isinstance(status, dict) or not status.get("id"):
        raise Uncertain("mastodon: post: an answer without the status", reason="bad-answer")
    url = str(status.get("url") or status.get("uri") or "")
    return Receipt(remote_id=str(status["id"]), url=url, data={"media": dict(media)} if media else {})


def _number(receipt: Receipt) -> str:
    """A status's id; a receipt given by hand has only the link, which ends with it."""
    if receipt.remote_id:
        return receipt.remote_id
    number = re.search(r"/(\d+)/?$", urlsplit(receipt.url).path)
    if number is None:
        raise Rejected("mastodon: the link holds no status's number", reason="receipt")
    return number.group(1)


def _holds(content: str, message: Message) -> bool:
    """Whether a status, as HTML, is this message: it holds the same link, or, where there is none, the same words."""
    if message.url:
        links = (html.unescape(link) for link in re.findall(r'href="([^"]*)"', content))
        return any(link == message.url for link in links) or message.url in html.unescape(content)
    return _words(re.sub(r"<[^>]*>", " ", content)) == _words(message.text)


def _words(text: str) -> str:
    return "".join(html.unescape(text).split())


def _when(status: Mapping[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(str(status.get("created_at")))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)  # unknown: looked at
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _one_of(known: tuple[str, ...], value: Any, default: str) -> str:
    return value if value in known else default
