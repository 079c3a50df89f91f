"""Bluesky, over XRPC (docs.bsky.app): text with facets, a link card with thumbnail or pictures.

The client chooses a record's key, and we derive it from the delivery's: so every attempt writes the same record, and
`find` is proof. A picture that cannot be had never costs the post: it goes out without (see `_upload`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from distributor.channels import Setup
from distributor.channels.atproto import COLLECTION, planned_time, post_record, record_key
from distributor.channels.atsession import HINT, Session
from distributor.channels.http import Deadline, harmless, refuse, says, totals
from distributor.channels.options import Options
from distributor.channels.pictures import Ready, fit_picture
from distributor.errors import ChannelError, ChannelPaused, Rejected, RetryLater, SourceError, Uncertain
from distributor.model import Account, Doubt, Limits, Message, Receipt
from distributor.pacing import Pace

__all__ = ["Bluesky"]

MOST_BYTES = 976_560  # a blob's limit in app.bsky.embed.external and .images, as the network documents it
COUNTS = {"likes": "likeCount", "reposts": "repostCount", "replies": "replyCount", "quotes": "quoteCount"}


class Bluesky:
    """Options: handle, app_password, base_url (the PDS), langs (for articles that name none), timeout in seconds."""

    kind: ClassVar[str] = "bluesky"
    deadline: ClassVar[float] = 60.0
    # 3 points each of the published 5,000 an hour: well below.
    paces: ClassVar[tuple[Pace, ...]] = (Pace(300, timedelta(hours=1)),)
    # Always safe: the record exists or it does not, and writing it again writes the same.
    doubt: ClassVar[Doubt] = Doubt(absence_is_proof=True)
    measured_together: ClassVar[int] = 25  # the lexicon's maximum
    limits: Limits = Limits(network="bluesky", length=300, media=4, media_bytes=10_000_000)  # larger ones are scaled

    def __init__(
        self, setup: Setup, session: Session, *, handle: str, server: str, langs: tuple[str, ...], timeout: float
    ):
        self.name = setup.name
        self.account = Account("bluesky", handle)
        self._setup, self._session = setup, session
        self._handle, self._server, self._langs, self._timeout = handle, server, langs, timeout
        self._waited: set[str] = set()  # keys that were put off once for a picture's sake

    @classmethod
    def build(cls, setup: Setup) -> Self:
        options = Options(setup)
        handle = options.text("handle").removeprefix("@").lower()
        password = options.text("app_password")
        base_url = options.address("base_url", "https://bsky.social")
        langs = options.texts("langs")
        timeout = options.number("timeout", 10, low=0.1, high=20)
        options.done()
        session = Session(base_url, handle, password, folder=setup.folder, timeout=timeout, clock=setup.clock)
        server = urlsplit(base_url).hostname or ""
        return cls(setup, session, handle=handle, server=server, langs=langs, timeout=timeout)

    def send(self, message: Message, key: str) -> Receipt:
        deadline = Deadline(self.deadline)
        record = self._record(message, key, deadline)
        rkey = record_key(key, planned_time(message.options))
        body = {"repo": self._session.did(deadline), "collection": COLLECTION, "rkey": rkey, "record": record}
        answer = self._session.ask("POST", "com.atproto.repo.createRecord", deadline, json=body)
        if answer.good:
            return self._receipt(answer.data(), rkey)
        taken = answer.data().get("error") == "InvalidSwap"
        if answer.status >= 500 or taken:  # so an existing record is told (atproto #3718)
            if found := self._look(message, rkey, deadline):
                return found
            if taken:
                raise RetryLater(f"bluesky: post: {answer.status}{says(answer)}")
        raise refuse(answer, "bluesky: post", self._setup.clock(), hint=HINT)

    def find(self, message: Message, key: str, since: datetime) -> Receipt | None:  # noqa: ARG002 (the key says all)
        with harmless():
            return self._read(message, record_key(key, planned_time(message.options)), Deadline(self.deadline))

    def delete(self, receipt: Receipt) -> None:
        deadline = Deadline(self.deadline)
        with harmless():
            body = {
                "repo": self._session.did(deadline),
                "collection": COLLECTION,
                "rkey": (receipt.remote_id or receipt.url.rstrip("/")).rpartition("/")[2],
            }
            answer = self._session.ask("POST", "com.atproto.repo.deleteRecord", deadline, json=body)
            if not answer.good:
                raise refuse(answer, "bluesky: delete", self._setup.clock(), hint=HINT)

    def measure(self, receipts: Sequence[Receipt]) -> Mapping[str, Mapping[str, int]]:
        """Asks the AppView, through the account's own server, for their counts (lexicon app.bsky.feed.getPosts)."""
        deadline = Deadline(self.deadline)
        with harmless():
            uris = {self._uri(receipt, deadline): receipt.remote_id or receipt.url for receipt in receipts}
            answer = self._session.ask("GET", "app.bsky.feed.getPosts", deadline, params={"uris": list(uris)})
            if not answer.good:
                raise refuse(answer, "bluesky: how posts fare", self._setup.clock(), hint=HINT)
        told = answer.data().get("posts")
        posts = [post for post in told if isinstance(post, dict)] if isinstance(told, list) else []
        return {uris[post["uri"]]: totals(post, COUNTS) for post in posts if post.get("uri") in uris}

    def check(self) -> list[str]:
        with harmless():
            answer = self._session.ask("GET", "com.atproto.server.getSession", Deadline(self.deadline))
            if not answer.good:
                raise refuse(answer, "bluesky: session", self._setup.clock(), hint=HINT)
        data = answer.data()
        if data.get("active") is False:
            raise ChannelPaused(f"bluesky: the account is {data.get('status', 'not active')}", hint="see it in the app")
        return [f"signed in to {self._server} as {data.get('handle', self._handle)}"]

    # Records

    def _record(self, message: Message, key: str, deadline: Deadline) -> dict[str, Any]:
        created = planned_time(message.options) or self._setup.clock()
        said = message.options.get("langs")
        langs = (
            said if isinstance(said, list | tuple) and said else [message.language] if message.language else self._langs
        )
        return post_record(message, created, langs, self._embed(message, key, deadline))

    def _uri(self, receipt: Receipt, deadline: Deadline) -> str:
        """A receipt given by hand has only the link, which ends with the record's key."""
        if receipt.remote_id.startswith("at://"):
            return receipt.remote_id
        key = (receipt.remote_id or receipt.url.rstrip("/")).rpartition("/")[2]
        return f"at://{self._session.did(deadline)}/{COLLECTION}/{key}"

    def _receipt(self, data: Mapping[str, Any], rkey: str) -> Receipt:
        uri, cid = data.get("uri"), data.get("cid")
        if not isinstance(uri, str) or not uri.startswith("at://"):
            raise Uncertain("bluesky: post: an answer without the record's address", reason="bad-answer")
        url = f"https://bsky.app/profile/{self._handle}/post/{rkey}"
        return Receipt(remote_id=uri, url=url, data={"cid": str(cid or "")})

    def _look(self, message: Message, rkey: str, deadline: Deadline) -> Receipt | None:
        """As `_read`, where not being able to look is no news."""
        try:
            return self._read(message, rkey, deadline)
        except (RetryLater, Uncertain):
            return None

    def _read(self, message: Message, rkey: str, deadline: Deadline) -> Receipt | None:
        where = {"repo": self._session.did(deadline), "collection": COLLECTION, "rkey": rkey}
        answer = self._session.ask("GET", "com.atproto.repo.getRecord", deadline, params=where)
        data = answer.data()
        if answer.good:
            text = (data.get("value") or {}).get("text", message.text)
            if text != message.text:
                raise Rejected(f"bluesky: another post has the key {rkey}", reason="collision", hint="send it again")
            return self._receipt(data, rkey)
        if data.get("error") == "RecordNotFound" or "Could not locate record" in str(data.get("message")):
            return None
        raise refuse(answer, "bluesky: look", self._setup.clock(), hint=HINT)

    # Pictures

    def _embed(self, message: Message, key: str, deadline: Deadline) -> dict[str, Any] | None:
        if message.card:
            card = message.card
            external: dict[str, Any] = {"uri": card.url, "title": card.title, "description": card.description}
            if card.image and (sent := self._upload(card.image, key, deadline)):
                external["thumb"] = sent[0]
            return {"$type": "app.bsky.embed.external", "external": external}
        images = [
            {"image": sent[0], "alt": media.alt, "aspectRatio": {"width": sent[1].width, "height": sent[1].height}}
            for media in message.media[: self.limits.media]
            if (sent := self._upload(media.url, key, deadline))
        ]
        return {"$type": "app.bsky.embed.images", "images": images} if images else None

    def _upload(self, url: str, key: str, deadline: Deadline) -> tuple[dict[str, Any], Ready] | None:
        """The blob of a picture, or None where there is none to be had.

        Where the network fails to take it, the post is put off once; at the next attempt it goes out without.
        """
        if deadline.left() < 2 * self._timeout + 15:  # the post itself needs what is left
            return None
        try:
            ready = fit_picture(self._setup.picture(url).content, MOST_BYTES)
        except SourceError:
            return None
        if ready is None:
            return None
        try:
            with harmless():
                headers = {"Content-Type": ready.type}
                answer = self._session.ask(
                    "POST", "com.atproto.repo.uploadBlob", deadline, content=ready.content, headers=headers
                )
                if not answer.good:
                    raise refuse(answer, "bluesky: picture", self._setup.clock(), hint=HINT)
        except ChannelPaused:
            raise
        except ChannelError as error:
            if isinstance(error, RetryLater) and key not in self._waited:
                self._waited.add(key)
                raise
            return None
        blob = answer.data().get("blob")
        return (blob, ready) if isinstance(blob, dict) else None

    def __repr__(self) -> str:
        return f"<Bluesky {self.name}: {self._handle}>"
