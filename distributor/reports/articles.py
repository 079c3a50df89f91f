"""One article: what each channel made of it, and what readers did there, hour by hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from distributor.context import App
from distributor.finding import find_article
from distributor.model import Article, Delivery, Kind, State
from distributor.reports.best import NONE, Hits, busiest
from distributor.store import census, ledger, reports
from distributor.store.forgetting import FINE
from distributor.store.reports import Tick

__all__ = ["COLUMNS", "ArticleReport", "ChannelFigures", "of_article"]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A line has at most so many points: a week of hours, or 60 days.
MOST = {HOUR: 168, DAY: 60}
# What is counted, by its kinds: ours, and those of networks and feeds.
_FIGURES = {
    "clicks": ("clicks",),
    "views": ("views",),
    "shares": ("shares", "reposts", "quotes"),
    "comments": ("comments", "replies"),
    "likes": ("likes",),
}
_FIGURE = {kind: figure for figure, kinds in _FIGURES.items() for kind in kinds}
COLUMNS = (
    "channel", "state", "delivered_at", "url", "mails_planned", "mails_sent", "clicks_raw", "clicks", "views_raw",
    "views", "shares_raw", "shares", "comments", "likes", "best_hour",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """An article on a channel, or wherever else readers had to do with it ("site" is the publisher's own pages; shares
    stand under the network that they went to).

    `state` is its post's, "withdrawn" once that was deleted, "digest" for a digest, "" where there is none. `mails` are
    (planned, sent). `best_hour` is of the site's clock; `line` counts by the report's steps, without robots.
    """

    channel: str
    state: str = ""
    delivered_at: datetime | None = None
    url: str = ""
    mails: tuple[int, int] | None = None
    clicks: Hits = NONE
    views: Hits = NONE
    shares: Hits = NONE
    comments: Hits = NONE
    likes: Hits = NONE
    best_hour: int | None = None
    line: Sequence[int] = ()

    @property
    def row(self) -> tuple[object, ...]:
        planned, sent = self.mails or (None, None)
        clicks, views, shares = self.clicks, self.views, self.shares
        return (
            self.channel, self.state, self.delivered_at, self.url, planned, sent, clicks.raw, clicks.counted, views.raw,
            views.counted, shares.raw, shares.counted, self.comments.counted, self.likes.counted, self.best_hour,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArticleReport:
    """`begins` is the first step of the lines, `step` an hour, or a day where hours are not kept any more."""

    article: Article
    begins: datetime
    step: timedelta
    channels: Sequence[ChannelFigures]
    total: ChannelFigures

    def rows(self) -> Iterator[tuple[object, ...]]:
        yield from (one.row for one in self.channels)
        yield self.total.row

    def to_json(self) -> dict[str, Any]:
        article = {name: getattr(self.article, name) for name in ("id", "title", "url", "published_at", "status")}
        line = {"begins": self.begins, "step": self.step}
        return {
            "article": article,
            **line,
            "channels": [_data(one) for one in self.channels],
            "total": _data(self.total),
        }


def of_article(app: App, word: str) -> ArticleReport:
    """The article of this id or address. Raises NotFound."""
    article = find_article(app, word)
    now, zone = app.clock(), ZoneInfo(app.settings.site.timezone)
    with app.store.read() as connection:
        rows = ledger.of_article(connection, article.id)
        mails = census.mails_of_article(connection, article.id)
        ticks = reports.ticks(connection, article.id)
    begins, step, points = _axis(article, ticks, now)
    seen: defaultdict[str, list[Tick]] = defaultdict(list)
    for tick in ticks:
        seen[tick.channel].append(tick)
    known = _posts(rows) | {name: _mailed(name, states) for name, states in mails.items()}
    known |= {name: ChannelFigures(name, "digest") for name in seen if name in app.settings.digests}
    told = {name: known.get(name) or ChannelFigures(name) for name in (*known, *sorted({*seen} - {*known}))}
    figures = [_counted(one, seen[name], begins, step, points, zone) for name, one in told.items()]
    total = _counted(ChannelFigures("total"), ticks, begins, step, points, zone)
    return ArticleReport(article, begins, step, tuple(figures), total)


def _axis(article: Article, ticks: Sequence[Tick], now: datetime) -> tuple[datetime, timedelta, int]:
    """From when on, in what steps, and how many of them the lines show."""
    first = min([article.published_at, *(tick.bucket for tick in ticks[:1])])
    hours_from = _midnight(now - FINE)
    step = HOUR if first >= hours_from else DAY
    first = max(first, now - timedelta(days=3650))  # a feed may say 1970
    begins = _midnight(first) if step is DAY else first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return begins, step, max(1, min(MOST[step], (now - begins) // step + 1))


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _posts(rows: Iterable[Delivery]) -> dict[str, ChannelFigures]:
    """Each channel's newest post, and when its first one was taken."""
    found: dict[str, ChannelFigures] = {}
    for row in rows:
        before = found.get(row.channel, ChannelFigures(row.channel))
        if row.kind is Kind.POST:
            sent = row.settled_at if row.state is State.SENT else None
            url = row.receipt.url if row.receipt else ""
            found[row.channel] = replace(
                before, state=row.state.value, delivered_at=before.delivered_at or sent, url=url or before.url
            )
        elif row.kind is Kind.DELETE and row.state is State.SENT:
            found[row.channel] = replace(before, state="withdrawn")
    return found


def _mailed(channel: str, states: Mapping[State, int]) -> ChannelFigures:
    planned, sent = sum(states.values()), states.get(State.SENT, 0)
    waits = any(states.get(state) for state in (State.PENDING, State.SENDING))
    state = State.PENDING if waits else State.SENT if sent else next(iter(states), State.SENT)
    return ChannelFigures(channel, state.value, mails=(planned, sent))


def _counted(
    one: ChannelFigures, ticks: Sequence[Tick], begins: datetime, step: timedelta, points: int, zone: ZoneInfo
) -> ChannelFigures:
    sums = dict.fromkeys(_FIGURES, NONE)
    line = [0] * points
    for tick in ticks:
        figure = _FIGURE.get(tick.kind)
        if figure:
            sums[figure] += Hits(tick.raw, tick.counted)
        place = (tick.bucket - begins) // step
        if 0 <= place < points:
            line[place] += tick.counted
    # Of a count by days nobody knows the hour.
    best = busiest(((tick.bucket, tick.counted) for tick in ticks), zone) if step is HOUR else None
    return replace(
        one,
        clicks=sums["clicks"],
        views=sums["views"],
        shares=sums["shares"],
        comments=sums["comments"],
        likes=sums["likes"],
        best_hour=best,
        line=tuple(line),
    )


def _data(one: ChannelFigures) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in ("channel", "state", "delivered_at", "url")}
    mails = {"planned": one.mails[0], "sent": one.mails[1]} if one.mails else None
    hits = {name: getattr(one, name) for name in _FIGURES}
    return plain | {"mails": mails} | hits | {"best_hour": one.best_hour, "line": list(one.line)}
