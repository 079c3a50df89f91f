"""The words of the project: frozen values that every layer speaks. No I/O, no clock.

Every datetime is aware and in UTC. `id = 0` means: not in the store yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Literal

__all__ = [
    "Account",
    "Article",
    "Card",
    "Choice",
    "Delivery",
    "Doubt",
    "Edition",
    "Entry",
    "Image",
    "Kind",
    "Lane",
    "Limits",
    "Media",
    "Message",
    "Ranking",
    "Receipt",
    "Schedule",
    "Section",
    "State",
    "Subscriber",
]


class State(StrEnum):
    """Where a delivery stands; the moves between them are in states.py."""

    PENDING = "pending"
    SENDING = "sending"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"


class Kind(StrEnum):
    """What a delivery does."""

    POST = "post"
    EDIT = "edit"
    DELETE = "delete"
    DIGEST = "digest"  # one reader's edition
    ALERT = "alert"  # one article to one reader, as it happens
    LETTER = "letter"  # what a reader asked for by an act of theirs: a confirmation, a fresh link


class Lane(IntEnum):
    """Breaking news passes quiet hours and everything that waits; smaller goes first."""

    BREAKING = 0
    NORMAL = 1


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by its address; `alt` is for those who cannot see it, width and height are pixels, 0 if unknown."""

    url: str
    alt: str = ""
    type: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item as a source gives it: cleaned and bounded, not yet an article.

    `title`, `summary` and `social` are plain text; `body` is sanitised HTML; `url` is absolute http(s) or empty;
    `words` are the source's own category words, in its order. `social` is the editor's own text for social
    channels. `published_at` is None where the source gives no usable date. `comments` is the count it claims.
    """

    guid: str
    url: str
    title: str
    summary: str = ""
    social: str = ""
    body: str = ""
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    author: str = ""
    image: Image | None = None
    language: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None
    canonical: str = ""
    breaking: bool = False
    comments: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A published article. Known by GUID within its source, and by canonical `url`.

    `categories` are the publisher's own titles ("World News"); `unmapped` the source's words that map to none.
    `revision` counts the changes that readers would notice, from 1. `same_as` is the article of another source
    that tells the same story, or 0. `status`: live, held (a person must release it), withdrawn.
    `note` says in one word why an article was recorded without being posted (first-poll, too-old), or held (flood).
    """

    id: int = 0
    source: str
    guid: str
    url: str
    title: str
    summary: str = ""
    social: str = ""
    body: str = ""
    categories: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    author: str = ""
    image: Image | None = None
    language: str = ""
    published_at: datetime
    updated_at: datetime | None = None
    seen_at: datetime
    revision: int = 1
    lane: Lane = Lane.NORMAL
    boost: float = 0.0
    same_as: int = 0
    status: Literal["live", "held", "withdrawn"] = "live"
    note: str = ""
    comments: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One set of credentials. Pace, pause and slots belong to it; several channels may share one."""

    kind: str
    identity: str

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.identity}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel says of itself.

    `network` names the counting rule of text.measure; `length` is in that network's own units; `caption` is the
    length beside a picture, 0 where it makes no difference. `media` is how many pictures a post may carry,
    `media_bytes` and `media_types` what each may be. `markup` is how the channel wants its text.
    """

    network: str
    length: int
    caption: int = 0
    media: int = 0
    media_bytes: int = 0
    media_types: tuple[str, ...] = ("image/jpeg", "image/png", "image/gif", "image/webp")
    markup: Literal["plain", "html"] = "plain"


@dataclass(frozen=True, slots=True)
class Media:
    """A picture to go with a message, by its address: a channel that must upload it fetches it itself."""

    url: str
    type: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """How a link presents itself."""

    url: str
    title: str
    description: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel is given, frozen before its first attempt: a retry sends the identical message.

    `text` is in the channel's markup. `options` holds what the article or the editor says beyond text.
    """

    text: str
    url: str = ""
    title: str = ""
    subject: str = ""
    html: str = ""
    card: Card | None = None
    media: tuple[Media, ...] = ()
    language: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a network gave back for a message it took. `data` is whatever the channel needs to edit or delete it.

    One that a person gave (`deliveries resolve ID --sent URL`) has only the link.
    """

    remote_id: str
    url: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One intended effect: one row of the ledger.

    `key` is unique for ever, and the idempotency key given to the network. `attempt` counts claims and fences them.
    `by_hand` passes quiet hours, slots and approval. `doubts` counts automatic recoveries after an unknown outcome
    that began at `doubt_since`; `resolve_at` is the next one, None when only a person can decide. `reason` is one
    word, `error` one line.
    """

    id: int = 0
    key: str
    kind: Kind
    channel: str
    article_id: int = 0
    edition_id: int = 0
    recipient_id: int = 0
    revision: int = 1
    generation: int = 0
    message_id: int = 0
    lane: Lane = Lane.NORMAL
    by_hand: bool = False
    state: State = State.PENDING
    reason: str = ""
    error: str = ""
    planned_at: datetime
    due_at: datetime
    expires_at: datetime | None = None
    attempt: int = 0
    failures: int = 0
    claimed_at: datetime | None = None
    settled_at: datetime | None = None
    lease_owner: str = ""
    lease_until: datetime | None = None
    doubts: int = 0
    doubt_since: datetime | None = None
    resolve_at: datetime | None = None
    cost: float = 0.0
    receipt: Receipt | None = None


NO_CATEGORY = "none"  # no title of a category: who chose it reads Trending alone


@dataclass(frozen=True, slots=True)
class Choice:
    """What a digest is made for; readers who chose alike share one. `categories` are titles, empty means all of them;
    NO_CATEGORY by itself means none, and Trending alone, out of all.

    `trending` puts the Trending section first. Two choices are the same when their fields are, categories sorted.
    """

    categories: tuple[str, ...] = ()
    trending: bool = True
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When digests of one kind come to a reader: `digest` is its table's name in the settings.

    On these `weekdays` (0 is Monday), at `hour` o'clock on the clock of `timezone` (an IANA name). Readers with the
    same schedule share one row, and its slots.
    """

    digest: str
    weekdays: tuple[int, ...]
    hour: int
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A reader. `frequency` is "instant" (each chosen article as it happens) or the name of a digest in the settings.

    `weekdays` (0 is Monday; empty: the digest's own) and `hour` (None: the digest's own) are on the clock of
    `timezone`. `breaking` adds alerts for breaking news. `status`: pending (asked, not confirmed), active, left,
    suppressed (bounced or complained). A digest's window begins at `watermark`; `seen` are the articles that went to
    this reader by themselves since then. `paused_until`: no digest until then.
    """

    id: int = 0
    address: str
    categories: tuple[str, ...] = ()
    trending: bool = True
    frequency: str = "daily"
    weekdays: tuple[int, ...] = ()
    hour: int | None = None
    timezone: str = "UTC"
    language: str = "en"
    breaking: bool = False
    status: Literal["pending", "active", "left", "suppressed"] = "pending"
    paused_until: datetime | None = None
    watermark: datetime
    seen: tuple[int, ...] = ()
    created_at: datetime
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a digest: `title` is a category, or "" for Trending. Article ids, best first; `rest` did not fit and is
    on the web page only ("14 more in Business"), but counts as sent.
    """

    title: str
    articles: tuple[int, ...]
    rest: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One digest as frozen: sent to all readers of one choice whose windows are the same.

    It holds what became live after `since` and not after `until`; `slot` is when it was to go out, `left_out` are the
    articles that its readers had already. `readers` are planned deliveries of it (0: made for the archive only).
    `status`: open, held (waits for approval), paused, cancelled. `message_id` is set with the first letter.
    """

    id: int = 0
    digest: str
    choice: Choice
    slot: datetime
    since: datetime
    until: datetime
    left_out: tuple[int, ...] = ()
    sections: tuple[Section, ...] = ()
    readers: int = 0
    status: Literal["open", "held", "paused", "cancelled"] = "open"
    by_hand: bool = False
    message_id: int = 0
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Ranking:
    """How trending an article is; `parts` add up to `score`."""

    article_id: int
    score: float
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a channel can do by itself when nobody knows whether a message was taken (see docs/channels.md).

    Between `repeat_from` and `repeat_until` after the attempt, the identical message may be sent again at most
    `repeats` times, because the network then makes no second post of it or refuses it as a duplicate; None: never.
    If the channel can look (protocol Finds), it is asked from `find_from` on; when it then says "not there", and
    `absence_is_proof`, the message goes out again; else once more, and then a person decides.
    """

    repeat_from: timedelta = timedelta(0)
    repeat_until: timedelta | None = None
    repeats: int = 0
    find_from: timedelta = timedelta(0)
    absence_is_proof: bool = False
