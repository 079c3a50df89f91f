"""Everything distributor raises on purpose. Foreign errors stop at the adapter that met them.

    DistributorError                what happened, where, and what to do about it
    ├── ConfigError                 a setting is missing or wrong; names the key
    ├── NotFound                    no such article, delivery, channel, source
    ├── SourceError                 a source could not be read; it is polled again later
    │   ├── Unreachable             no usable answer: DNS, connection, time-out, 5xx, too large, refused by the guard
    │   └── Unreadable              an answer came, but it is no feed
    ├── StoreError                  the ledger could not be read or written
    ├── TemplateError               a template failed; names file and line
    └── ChannelError                a network did not take a message
        ├── RetryLater(after)       it surely was not taken; the same message may go out later
        │   └── ChannelPaused(until)    the whole account waits, not only this message
        ├── Rejected(reason)        it surely was not taken, and never will be
        └── Uncertain(reason)       nobody can know whether it was taken

A channel raises the last four and nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = [
    "ChannelError",
    "ChannelPaused",
    "ConfigError",
    "DistributorError",
    "NotFound",
    "Rejected",
    "RetryLater",
    "SourceError",
    "StoreError",
    "TemplateError",
    "Uncertain",
    "Unreachable",
    "Unreadable",
]


class DistributorError(Exception):
    """The root. `str(error)` is one line fit for a person; `hint` says what to do, if anything."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(DistributorError):
    """A setting is missing or wrong. `key` is its dotted name, such as `channels.x.per_hour`."""

    def __init__(self, message: str, *, key: str = "", hint: str = "") -> None:
        super().__init__(f"{key}: {message}" if key else message, hint=hint)
        self.key = key


class NotFound(DistributorError):
    """What was asked for by name, id or address is not there."""


class SourceError(DistributorError):
    """A source could not be read this time."""


class Unreachable(SourceError):
    """No usable answer. `status` is the HTTP status where there was one; `retry_after` what the server asked for."""

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: timedelta | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after


class Unreadable(SourceError):
    """The answer is not a feed, or too broken to be read as one."""


class StoreError(DistributorError):
    """The ledger could not be read or written: unreachable, locked, full, or of another version."""


class TemplateError(DistributorError):
    """A template failed. `where` is `file:line`."""

    def __init__(self, message: str, *, where: str, hint: str = "") -> None:
        super().__init__(f"{where}: {message}", hint=hint)
        self.where = where


class ChannelError(DistributorError):
    """A network did not take a message."""


class RetryLater(ChannelError):
    """Surely not taken. `after` is what the network asked for; None leaves it to the back-off.

    `outage` tells a fault of the network or the way there (5xx, time-out, DNS), which counts towards the
    account's breaker, from its asking for patience (429), which does not.
    """

    def __init__(self, message: str, *, after: timedelta | None = None, outage: bool = False, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.after = after
        self.outage = outage


class ChannelPaused(RetryLater):
    """The whole account waits: until a moment (UTC), or, with None, until a person acts (401, 403).

    `channel_only` says that the account's other channels are not concerned: a bot was put out of one chat of several.
    """

    def __init__(
        self, message: str, *, until: datetime | None = None, hint: str = "", channel_only: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.until = until
        self.channel_only = channel_only


class Rejected(ChannelError):
    """Surely not taken, and never will be. `reason` is one word, fit for a metric's label."""

    def __init__(self, message: str, *, reason: str = "rejected", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class Uncertain(ChannelError):
    """The message left, and nobody can know whether it was taken. `reason` is one word."""

    def __init__(self, message: str, *, reason: str = "timeout", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
