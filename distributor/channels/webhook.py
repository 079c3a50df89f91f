"""A webhook: each post, edit and deletion as one signed event, by Standard Webhooks (standardwebhooks.com).

Settings: `url`, `secret` ("whsec_" and base64 of 24 to 64 bytes), `timeout` (seconds). The event's id is the same at
every attempt, so that the receiver can drop what it has seen: a repeat is harmless, an answer 2xx means taken.
If that answer is a JSON object with a `url`, it becomes the post's link.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

from distributor.channels import Setup
from distributor.channels.http import Answer, Deadline, call, open_client, refuse
from distributor.channels.options import Options
from distributor.errors import ChannelPaused, RetryLater
from distributor.model import Account, Doubt, Limits, Message, Receipt

if TYPE_CHECKING:
    import httpx2

__all__ = ["Webhook", "sign"]


class Webhook:
    """Events `article.published`, `article.updated` and `article.withdrawn`, sent to one address."""

    kind: ClassVar[str] = "webhook"
    deadline: ClassVar[float] = 40.0
    doubt: ClassVar[Doubt] = Doubt(repeat_until=timedelta(days=30), repeats=5)
    # A receiver has no length of its own; this one keeps an event well below the usual 1 MB of a request. "discord" is
    # the rule that counts plain characters.
    limits: Limits = Limits(network="discord", length=100_000, media=20, media_bytes=100_000_000)

    def __init__(self, setup: Setup, url: str, secret: bytes, timeout: float) -> None:
        host = urlsplit(url).netloc.lower()
        self.name = setup.name
        self.account = Account("webhook", f"{host}/{hashlib.sha256(url.encode()).hexdigest()[:8]}")
        self._url, self._secret, self._timeout, self._clock = url, secret, timeout, setup.clock
        self._client: httpx2.Client | None = None

    @classmethod
    def build(cls, setup: Setup) -> Self:
        options = Options(setup)
        url = options.address("url", slash=True)
        secret = _decoded(options.text("secret"))
        if secret is None:
            hint = 'echo "whsec_$(head -c 32 /dev/urandom | base64)" makes one; the receiver needs the same'
            raise options.wrong("secret", 'must be "whsec_" and base64 of 24 to 64 bytes', hint)
        timeout = options.number("timeout", 15, low=0.1, high=30)
        options.done()
        return cls(setup, url, secret, timeout)

    def send(self, message: Message, key: str) -> Receipt:
        answer = self._tell("article.published", key, key, message)
        return Receipt(remote_id=key, url=_link(answer))

    def edit(self, receipt: Receipt, message: Message, key: str) -> Receipt:
        answer = self._tell("article.updated", key, receipt.remote_id or receipt.url, message)
        return Receipt(remote_id=receipt.remote_id, url=_link(answer) or receipt.url)

    def delete(self, receipt: Receipt) -> None:
        post = receipt.remote_id or receipt.url
        self._tell("article.withdrawn", f"{post}:withdrawn", post, None)

    def _tell(self, event: str, key: str, post: str, message: Message | None) -> Answer:
        now = self._clock()
        body = json.dumps(_event(event, post, message, now), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **sign(self._secret, key, now, body)}
        if self._client is None:
            parts = urlsplit(self._url)
            self._client = open_client(self, f"{parts.scheme}://{parts.netloc}", self._timeout)
        answer = call(self._client, "POST", self._url, deadline=Deadline(self.deadline), content=body, headers=headers)
        if answer.good:
            return answer
        if answer.status == 410:
            raise ChannelPaused("webhook: 410: the receiver wants no more", hint="ask its owner; then: channels check")
        if answer.status >= 500:  # the standard: anything but 2xx is not taken, and is sent again under the same id
            raise RetryLater(f"webhook: {event}: {answer.status}", outage=True)
        raise refuse(answer, f"webhook: {event}", now, hint="does the receiver have the same secret?")

    def __repr__(self) -> str:
        return f"<Webhook {self.name}: {self.account.identity}>"


def sign(secret: bytes, key: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`.

    An id is at most 255 printable characters without a dot, which separates the signed parts: another key is hashed.
    """
    name = (
        key if key.isascii() and key.isprintable() and not set(key) & set(". ") and 0 < len(key) < 256 else _hash(key)
    )
    stamp = str(int(now.timestamp()))
    signature = hmac.new(secret, b".".join((name.encode(), stamp.encode(), body)), hashlib.sha256).digest()
    signed = f"v1,{base64.b64encode(signature).decode()}"
    return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signed}


def _event(event: str, post: str, message: Message | None, now: datetime) -> dict[str, Any]:
    data: dict[str, Any] = {"id": post}
    if message is not None:
        card, media = message.card, message.media
        data |= {"url": message.url, "title": message.title, "text": message.text, "language": message.language}
        data["media"] = [{"url": picture.url, "type": picture.type, "alt": picture.alt} for picture in media]
        if card:
            data["card"] = {"url": card.url, "title": card.title, "description": card.description, "image": card.image}
    return {"type": event, "timestamp": now.astimezone(UTC).isoformat(timespec="seconds"), "data": data}


def _hash(key: str) -> str:
    return "msg_" + hashlib.sha256(key.encode()).hexdigest()[:40]


def _decoded(secret: str) -> bytes | None:
    try:
        raw = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if secret.startswith("whsec_") and 24 <= len(raw) <= 64 else None


def _link(answer: Answer) -> str:
    link = answer.data().get("url")
    good = isinstance(link, str) and link.startswith(("https://", "http://")) and not set(link) & set(' "<>\r\n\t')
    return str(link)[:2000] if good else ""
