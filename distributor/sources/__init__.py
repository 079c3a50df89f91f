"""Sources: where news comes from. This module holds what they have in common: the protocols and their values.

    cursor --request_headers--> Get --response--> read --> Fetched(entries, next cursor, ...)

Fetching and parsing are apart (feed.py): thousands of feeds are fetched at once, and parsed afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, Self

from distributor.model import Entry

__all__ = ["Cursor", "Fetched", "Get", "MemorySource", "Response", "Source"]


class Response(Protocol):
    """An HTTP answer, whatever its status. `headers` ignores case; `moved_to`: where permanent redirects led, or ''."""

    @property
    def url(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def moved_to(self) -> str: ...


class Get(Protocol):
    """The guarded client, as sources see it. Raises Unreachable where there is no usable HTTP answer."""

    def __call__(
        self, url: str, headers: Mapping[str, str] | None = None, *, max_bytes: int | None = None
    ) -> Response: ...


_CURSOR = ("url", "etag", "last_modified", "body_hash")


@dataclass(frozen=True, slots=True)
class Cursor:
    """What was seen last time, so that an unchanged source costs nothing (RFC 9110 section 13: validators).

    `body_hash` is a digest of the last body that was read: a server without validators is recognised by it.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""

    def to_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in _CURSOR}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Unknown keys are left out, so that an older program can read a newer row."""
        return cls(*[str(data.get(name) or "") for name in _CURSOR])


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one look at a source gave.

    `entries` stand in the source's own order; there are none when `not_modified` or `gone` (410). `moved_to` is the
    address to use from now on, or ''. `ttl` is how long the source asks to be left alone, None where it says nothing.
    `deleted` are the GUIDs of withdrawn entries (RFC 6721). `hub` and `self_url` are for WebSub.
    """

    cursor: Cursor
    entries: tuple[Entry, ...] = ()
    not_modified: bool = False
    moved_to: str = ""
    gone: bool = False
    ttl: timedelta | None = None
    title: str = ""
    language: str = ""
    site_url: str = ""
    hub: str = ""
    self_url: str = ""
    deleted: tuple[str, ...] = ()


class Source(Protocol):
    """One place that news comes from. `fetch` raises Unreachable or Unreadable, and nothing else."""

    def fetch(self, cursor: Cursor) -> Fetched: ...


@dataclass
class MemorySource:
    """A source for tests: gives `entries` when they changed since the cursor, raises `error` when one is set."""

    url: str = "memory://source"
    entries: tuple[Entry, ...] = ()
    deleted: tuple[str, ...] = ()
    error: Exception | None = None
    fetched: int = field(default=0, init=False)

    def fetch(self, cursor: Cursor) -> Fetched:
        self.fetched += 1
        if self.error is not None:
            raise self.error
        version = f"{hash((self.entries, self.deleted)):x}"
        if cursor.body_hash == version:
            return Fetched(cursor=cursor, not_modified=True)
        return Fetched(
            cursor=Cursor(self.url, body_hash=version), entries=self.entries, deleted=self.deleted, title="Memory"
        )
