"""Channels: each knows one network. This module holds what they have in common: the protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from distributor.model import Account, Doubt, Limits, Message, Receipt

__all__ = ["Channel", "Checks", "Deletes", "Edits", "Finds", "Measures", "Picture", "Setup"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes, as fetched through the guarded client."""

    content: bytes
    type: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What a channel is built from; its own settings are `options`, the rest comes from outside.

    `name` is its table's name, `options` the keys of the table that are not common to all channels (secrets already
    read from their files; a channel takes what it knows and refuses the rest by ConfigError, naming the key).
    `picture(url)` fetches through the guarded client; it raises Unreachable. `clock()` is now, aware, UTC.
    `folder` is the data folder, where a channel may keep a session (mode 0600).
    """

    name: str
    options: Mapping[str, Any]
    picture: Callable[[str], Picture]
    clock: Callable[[], datetime]
    folder: Path


class Channel(Protocol):
    """One place that takes messages. `send` raises RetryLater, Rejected or Uncertain, and nothing else.

    `key` is the same for every attempt at the same delivery. A channel is used by one thread at a time for each of
    its account's slots. Every I/O has a deadline: one call of `send` ends within `deadline` seconds.

    A class may also say `slots` (how many attempts of an account may run at once; 1), `cost` (of a post, in USD; 0),
    `paces` (what the network allows on an account) and `channel_paces` (on one channel of it), as tuples of Pace.
    """

    kind: ClassVar[str]
    deadline: ClassVar[float]
    doubt: ClassVar[Doubt]
    name: str
    account: Account
    limits: Limits

    @classmethod
    def build(cls, setup: Setup) -> Self: ...

    def send(self, message: Message, key: str) -> Receipt: ...


@runtime_checkable
class Edits(Protocol):
    """The network can change what was posted."""

    def edit(self, receipt: Receipt, message: Message, key: str) -> Receipt: ...


@runtime_checkable
class Deletes(Protocol):
    """The network can take back what was posted. Deleting what is gone already is no error."""

    def delete(self, receipt: Receipt) -> None: ...


@runtime_checkable
class Finds(Protocol):
    """The channel can look whether a message was taken. `since` is when its first attempt began."""

    def find(self, message: Message, key: str, since: datetime) -> Receipt | None: ...


@runtime_checkable
class Measures(Protocol):
    """The network tells how posts fare.

    `measure` takes at most `measured_together` receipts of this channel, and gives totals by their remote ids (their
    links, where they have nothing else) and by kind: "likes", "reposts", "replies", "quotes", "views". A post that is
    not there (any more) is left out; a kind that the network does not tell, too. Raises ChannelPaused, RetryLater or
    Rejected; reading is harmless, so never Uncertain. It may run beside a `send` of the same channel, in another
    thread.

    A class may also say `read_cost` (of one post read once, in USD; 0).
    """

    measured_together: int

    def measure(self, receipts: Sequence[Receipt]) -> Mapping[str, Mapping[str, int]]: ...


@runtime_checkable
class Checks(Protocol):
    """The channel can prove its credentials and rights without posting.

    Returns lines of good news; raises ChannelPaused, Rejected or RetryLater, whose hint says what to fix.
    """

    def check(self) -> list[str]: ...
