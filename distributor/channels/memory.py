"""A network in memory, with every skill, that does as it is told: for tests, yours and ours.

    channel = app.channels["memory"]
    channel.script(RetryLater("busy"), After(Uncertain("lost")))
    ...
    assert [post.key for post in channel.posts] == ["post:memory:1"]

It keeps everything it takes, also a second post with the same key: that is what a test wants to see.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Self

from distributor.channels import Setup
from distributor.channels.http import harmless
from distributor.channels.options import Options
from distributor.errors import ChannelError, Rejected
from distributor.model import Account, Doubt, Limits, Message, Receipt

__all__ = ["After", "Memory", "Post"]


@dataclass(frozen=True, slots=True)
class After:
    """An outcome told after the message was taken: readers see it, and the bot hears of a failure."""

    error: ChannelError


@dataclass(frozen=True, slots=True)
class Post:
    """What readers of this network would see. `deleted` posts are kept, for tests that count."""

    key: str
    message: Message
    receipt: Receipt
    at: datetime
    edits: int = 0
    deleted: bool = False


class Memory:
    """Settings: `network` and `markup` and `length` of its limits, `account` where several channels share one."""

    kind: ClassVar[str] = "memory"
    deadline: ClassVar[float] = 1.0
    doubt: ClassVar[Doubt] = Doubt(absence_is_proof=True)
    measured_together: ClassVar[int] = 25

    def __init__(self, setup: Setup, account: Account, limits: Limits) -> None:
        self.name, self.account, self.limits = setup.name, account, limits
        self._clock = setup.clock
        self._lock = threading.Lock()
        self._script: deque[ChannelError | After | None] = deque()
        self._posts: list[Post] = []
        self._fared: dict[str, dict[str, int]] = {}

    @classmethod
    def build(cls, setup: Setup) -> Self:
        options = Options(setup)
        network = options.text("network", "mastodon")
        length = int(options.number("length", 500, low=1, high=1_000_000))
        html = options.choice("markup", ("plain", "html"), "plain") == "html"
        account = Account("memory", options.text("account", setup.name))
        options.done()
        limits = Limits(
            network=network, length=length, media=4, media_bytes=10_000_000, markup="html" if html else "plain"
        )
        return cls(setup, account, limits)

    @property
    def posts(self) -> list[Post]:
        """Everything taken so far, in order, also what was deleted."""
        with self._lock:
            return list(self._posts)

    def script(self, *outcomes: ChannelError | After | None) -> None:
        """What the next calls of send, edit, delete and measure do, one each.

        An error is raised and nothing is done, After(error) does it and then raises, None goes well.
        """
        with self._lock:
            self._script.extend(outcomes)

    def send(self, message: Message, key: str) -> Receipt:
        with self._lock:
            after = self._next()
            number = len(self._posts) + 1
            receipt = Receipt(remote_id=str(number), url=f"https://memory.invalid/{self.name}/{number}")
            self._posts.append(Post(key, message, receipt, self._clock()))
        return _told(after, receipt)

    def edit(self, receipt: Receipt, message: Message, key: str) -> Receipt:  # noqa: ARG002 (an edit has no key here)
        with self._lock:
            after = self._next()
            post = self._by(receipt)
            if post is None or post.deleted:
                raise Rejected(f"memory: there is no post {receipt.remote_id}", reason="gone")
            self._put(replace(post, message=message, edits=post.edits + 1))
        return _told(after, receipt)

    def delete(self, receipt: Receipt) -> None:
        with self._lock:
            after = self._next()
            post = self._by(receipt)
            if post is not None:
                self._put(replace(post, deleted=True))
        _told(after, receipt)

    def find(self, message: Message, key: str, since: datetime) -> Receipt | None:  # noqa: ARG002 (the key is enough)
        with self._lock:
            return next((post.receipt for post in self._posts if post.key == key), None)

    def fare(self, remote_id: str, **totals: int) -> None:
        """How a post fares from now on: `likes=3, reposts=1`."""
        with self._lock:
            self._fared.setdefault(remote_id, {}).update(totals)

    def measure(self, receipts: Sequence[Receipt]) -> Mapping[str, Mapping[str, int]]:
        with harmless(), self._lock:
            after = self._next()
            if after is not None:
                raise after
            return {
                receipt.remote_id or receipt.url: dict(self._fared.get(post.receipt.remote_id, {}))
                for receipt in receipts
                if (post := self._by(receipt)) and not post.deleted
            }

    def check(self) -> list[str]:
        return [f"{len(self.posts)} posts in memory"]

    def _next(self) -> ChannelError | None:
        """The scripted outcome: raised now, or given back to be raised after the deed."""
        outcome = self._script.popleft() if self._script else None
        if isinstance(outcome, ChannelError):
            raise outcome
        return outcome.error if outcome else None

    def _by(self, receipt: Receipt) -> Post | None:
        wanted = receipt.remote_id or receipt.url
        return next((post for post in self._posts if wanted in {post.receipt.remote_id, post.receipt.url}), None)

    def _put(self, post: Post) -> None:
        self._posts[int(post.receipt.remote_id) - 1] = post


def _told(after: ChannelError | None, receipt: Receipt) -> Receipt:
    if after is not None:
        raise after
    return receipt
