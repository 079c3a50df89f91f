"""What the templates are given: an article, one post a channel, and what there is to say about each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from distributor import telling
from distributor.context import App, Station
from distributor.gates import Opening
from distributor.model import Article, Delivery, Kind, Lane, Message, State
from distributor.web.pages import duration
from distributor.web.previews import NETWORKS, Look, look, safe_link

__all__ = [
    "ArticleView",
    "Note",
    "PostView",
    "article_view",
    "fingerprint",
    "network_of",
    "post_view",
    "post_views",
]

NAMES = {"x": "X", "telegram": "Telegram", "mastodon": "Mastodon", "bluesky": "Bluesky"}
LOUD = (State.FAILED, State.UNCERTAIN)
SETTLED = (State.SENT, State.FAILED, State.SKIPPED)


@dataclass(frozen=True, slots=True)
class Note:
    """A line below a post; `loud` where a person should look, `at` when it goes on."""

    text: str
    loud: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """One channel's post of an article. `state` is a State's word, or "deleted" for one taken back from its network.

    `took` is from planning to the network's yes; `share` is how much of the length is used, in percent.
    """

    channel: str
    network: str
    network_name: str
    handle: str
    look: Look | None
    absent: str
    state: str
    notes: tuple[Note, ...]
    delivery_id: int
    attempts: int
    at: datetime | None
    took: timedelta | None
    url: str
    length: int
    limit: int
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleView:
    """An article's head."""

    id: int
    title: str
    url: str
    source: str
    author: str
    categories: tuple[str, ...]
    unmapped: tuple[str, ...]
    language: str
    status: str
    note: str
    revision: int
    breaking: bool
    same_as: int
    published_at: datetime
    seen_at: datetime
    updated_at: datetime | None


def article_view(article: Article) -> ArticleView:
    return ArticleView(
        id=article.id,
        title=article.title,
        url=safe_link(article.url),
        source=article.source,
        author=article.author,
        categories=article.categories,
        unmapped=article.unmapped,
        language=article.language,
        status=article.status,
        note=article.note,
        revision=article.revision,
        breaking=article.lane is Lane.BREAKING,
        same_as=article.same_as,
        published_at=article.published_at,
        seen_at=article.seen_at,
        updated_at=article.updated_at,
    )


def network_of(app: App, channel: str) -> str:
    """Which network's clothes a channel wears: one of NETWORKS, or "other"."""
    station = app.stations.get(channel)
    network = station.channel.limits.network if station else channel
    return network if network in NETWORKS else "other"


def fingerprint(article: Article, rows: Sequence[Delivery], opened: Mapping[str, Opening], now: datetime) -> str:
    """Changes when what is shown of an article changes, and is had without rendering it."""
    waits = [_told(row, opened.get(row.channel), now) for row in rows if row.state not in SETTLED]
    return hashlib.sha256(repr((article, rows, waits)).encode("utf-8", "replace")).hexdigest()[:16]


def post_views(
    app: App,
    article: Article,
    rows: Sequence[Delivery],
    messages: Mapping[int, Message],
    opened: Mapping[str, Opening],
    now: datetime,
) -> list[PostView]:
    """One post for each channel that has one, in the settings' order; channels that are gone from them come last."""
    channels = {row.channel: None for row in rows}
    order = [name for name in app.stations if name in channels] + [
        name for name in channels if name not in app.stations
    ]
    found = []
    for name in order:
        own = [row for row in rows if row.channel == name]
        posts = [row for row in own if row.kind is Kind.POST]
        if posts:
            later = [row for row in own if row.kind is not Kind.POST and row.generation == posts[-1].generation]
            found.append(post_view(app, article, posts[-1], later, messages, opened.get(name), now))
    return found


def post_view(
    app: App,
    article: Article | None,
    post: Delivery,
    later: Sequence[Delivery],
    messages: Mapping[int, Message],
    opening: Opening | None,
    now: datetime,
) -> PostView:
    """A post as it stands: `later` are its edits and deletions, oldest first."""
    station = app.stations.get(post.channel)
    network = network_of(app, post.channel)
    message, absent = _message(app, station, article, post, later, messages)
    measured = telling.measured(station, message) if station and message else None
    allow = app.settings.network.allow_hosts
    return PostView(
        channel=post.channel,
        network=network,
        network_name=NAMES.get(network, post.channel),
        handle=f"@{re.sub(r'[^a-z0-9]+', '', app.settings.site.name.lower()) or post.channel}",
        look=look(network, message, channel=station.channel if station else None, allow=allow) if message else None,
        absent=absent,
        state="deleted" if _is_deleted(later) else post.state.value,
        notes=tuple(_notes(post, later, opening, now)),
        delivery_id=post.id,
        attempts=post.attempt,
        at=post.settled_at,
        took=post.settled_at - post.planned_at if post.state is State.SENT and post.settled_at else None,
        url=safe_link(post.receipt.url) if post.receipt else "",
        length=measured.length if measured else 0,
        limit=measured.limit if measured else 0,
        share=min(100, measured.length * 100 // measured.limit) if measured and measured.limit else 0,
    )


def _is_deleted(later: Sequence[Delivery]) -> bool:
    return any(row.kind is Kind.DELETE and row.state is State.SENT for row in later)


def _message(
    app: App,
    station: Station | None,
    article: Article | None,
    post: Delivery,
    later: Sequence[Delivery],
    messages: Mapping[int, Message],
) -> tuple[Message | None, str]:
    """What readers see on the network now; before that, what they would see. Else why there is nothing to show."""
    edits = [row for row in later if row.kind is Kind.EDIT and row.state is State.SENT and row.message_id in messages]
    for row in (*reversed(edits), post):
        if row.message_id in messages:
            return messages[row.message_id], ""
    if station is None or article is None:
        return None, "its channel is not in the settings any more" if station is None else "its article is gone"
    if post.state in (State.SKIPPED, State.FAILED):
        return None, "it never went out"
    message, wrong = telling.composed(app, station, article)
    return message, wrong


def _notes(post: Delivery, later: Sequence[Delivery], opening: Opening | None, now: datetime) -> Iterator[Note]:
    first = _told(post, opening, now)
    if first.text:
        yield first
    for row in later:
        if row.state is State.SENT:
            did = "edited" if row.kind is Kind.EDIT else "deleted"
            took = f", {duration(row.settled_at - row.planned_at)} after the change" if row.settled_at else ""
            yield Note(f"{did} on the network{took}")
        elif row.state is not State.SKIPPED:
            yield _told(row, opening, now)


def _told(row: Delivery, opening: Opening | None, now: datetime) -> Note:
    """Without the moment when that is now: a page that says the same is the same."""
    told = telling.tell(row, opening, now)
    later = told.next_at if told.next_at and told.next_at > now and row.state is State.PENDING else None
    return Note(told.text, row.state in LOUD, later)
