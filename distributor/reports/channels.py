"""What each channel did in a time: posts, the clicks on them, when they do best, and which did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from distributor.context import App
from distributor.mailroom import ALERTS, INSTANT
from distributor.reports.best import DAYS, NONE, Best, Hits, to_post
from distributor.store import reports
from distributor.store.reports import Posted

__all__ = ["COLUMNS", "Article", "ChannelLine", "ChannelsReport", "of_channels"]

BEST = 5
COLUMNS = (
    "channel", "kind", "posts", "mails", "clicks_raw", "clicks", "clicks_per_post", "best_hour", "best_weekday",
    "best_article", "best_article_url", "best_article_clicks",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Article:
    """An article that did well: `clicks` on its links on one channel, or on all."""

    id: int
    title: str
    url: str
    language: str
    clicks: Hits


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel in the time: `posts` are articles that went out in it, `clicks` those on their links until now.

    `kind` is "list" where links stand without posts of their own. `mails` is None for what sends none.
    """

    channel: str
    kind: str
    posts: int
    mails: int | None
    clicks: Hits
    best: Best
    articles: Sequence[Article]

    @property
    def per_post(self) -> float | None:
        return self.clicks.counted / self.posts if self.posts else None

    @property
    def row(self) -> tuple[object, ...]:
        each = None if self.per_post is None else round(self.per_post, 2)
        day = None if self.best.weekday is None else DAYS[self.best.weekday]
        first = next(iter(self.articles), None)
        top = (first.title, first.url, first.clicks.counted) if first else (None, None, None)
        return (
            self.channel, self.kind, self.posts, self.mails, self.clicks.raw, self.clicks.counted, each, self.best.hour,
            day, *top,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChannelsReport:
    """`articles` are the best on all channels together."""

    since: datetime
    until: datetime
    lines: Sequence[ChannelLine]
    articles: Sequence[Article]

    def rows(self) -> Iterator[tuple[object, ...]]:
        return (one.row for one in self.lines)

    def to_json(self) -> dict[str, Any]:
        names = ("channel", "kind", "posts", "mails", "clicks", "best", "articles")
        lines = [{name: getattr(one, name) for name in names} | {"per_post": one.per_post} for one in self.lines]
        return {"since": self.since, "until": self.until, "channels": lines, "articles": list(self.articles)}


def of_channels(app: App, since: timedelta) -> ChannelsReport:
    """Every channel of the settings, alerts, and whatever else has links of ours; not digests, which have a report of
    their own.
    """
    now, zone = app.clock(), ZoneInfo(app.settings.site.timezone)
    begins = now - since
    with app.store.read() as connection:
        others = [name for name in reports.channels(connection) if name not in app.settings.channels]
        others = [name for name in others if name not in app.settings.digests]
        found = {name: reports.posted(connection, name, begins) for name in app.settings.channels}
        found |= {name: reports.listed(connection, name, begins) for name in others}
        mails = {name: reports.mails(connection, name, begins) for name in others if name in (ALERTS, INSTANT)}
        titles = _titles(connection, found.values())
    lines = [
        ChannelLine(
            channel=name,
            kind=app.settings.channels[name].kind if name in app.settings.channels else _kind(name),
            posts=len(posts),
            mails=mails.get(name),
            clicks=sum((Hits(one.raw, one.counted) for one in posts), NONE),
            best=to_post([(one.at, one.counted) for one in posts], zone),
            articles=_best(posts, titles),
        )
        for name, posts in found.items()
        if posts or name in app.settings.channels
    ]
    return ChannelsReport(begins, now, tuple(lines), _best(_together(found.values()), titles))


def _kind(name: str) -> str:
    return "email" if name in (ALERTS, INSTANT) else "list"


def _together(found: Any) -> list[Posted]:
    sums: dict[int, Posted] = {}
    for posts in found:
        for one in posts:
            before = sums.get(one.article_id)
            raw, counted = (before.raw, before.counted) if before else (0, 0)
            sums[one.article_id] = Posted(one.article_id, one.at, raw + one.raw, counted + one.counted)
    return list(sums.values())


def _titles(connection: sa.Connection, found: Any) -> dict[int, tuple[str, str, str]]:
    found = list(found)
    wanted = {one.article_id for posts in (*found, _together(found)) for one in _first(posts)}
    return reports.headlines(connection, wanted)


def _first(posts: Sequence[Posted]) -> list[Posted]:
    clicked = [one for one in posts if one.raw]
    return sorted(clicked, key=lambda one: (-one.counted, -one.raw, -one.article_id))[:BEST]


def _best(posts: Sequence[Posted], titles: dict[int, tuple[str, str, str]]) -> tuple[Article, ...]:
    return tuple(
        Article(one.article_id, *titles.get(one.article_id, ("", "", "")), Hits(one.raw, one.counted))
        for one in _first(posts)
    )
