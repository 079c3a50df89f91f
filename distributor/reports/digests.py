"""What came of digests: mails, clicks, what was clicked most, who left, what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from distributor.context import App
from distributor.errors import NotFound
from distributor.overseeing import moment
from distributor.reports.best import NONE, Hits, busiest
from distributor.reports.channels import Article
from distributor.store import reports, slots
from distributor.store.forgetting import FINE
from distributor.store.reports import Link, Losses
from distributor.store.slots import Slot

__all__ = ["COLUMNS", "DigestsReport", "SlotLine", "of_digests"]

SLOTS = 20
TOP = 5
COLUMNS = (
    "digest", "slot", "status", "editions", "planned", "sent", "delivered", "clicks_raw", "clicks", "click_rate",
    "left", "bounced", "failed", "complaints", "best_hour", "top_article", "top_article_url", "top_article_clicks",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SlotLine:
    """A digest at one moment, all its editions together. `delivered` are the mails that were taken and did not come
    back; `rate` the counted clicks for each of them. `left` are readers who unsubscribed with it as their last digest.
    """

    slot: Slot
    delivered: int
    clicks: Hits
    losses: Losses
    best_hour: int | None
    articles: Sequence[Article]

    @property
    def rate(self) -> float | None:
        return self.clicks.counted / self.delivered if self.delivered else None

    @property
    def row(self) -> tuple[object, ...]:
        one, lost = self.slot, self.losses
        first = next(iter(self.articles), None)
        top = (first.title, first.url, first.clicks.counted) if first else (None, None, None)
        rate = None if self.rate is None else round(self.rate, 4)
        return (
            one.digest, one.slot, one.status, one.editions, one.planned, one.sent, self.delivered, self.clicks.raw,
            self.clicks.counted, rate, lost.left, lost.bounced, one.failed, lost.complaints, self.best_hour, *top,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DigestsReport:
    """The newest slots first; `articles` are the most clicked in all of them."""

    lines: Sequence[SlotLine]
    articles: Sequence[Article]

    def rows(self) -> Iterator[tuple[object, ...]]:
        return (one.row for one in self.lines)

    def to_json(self) -> dict[str, Any]:
        return {"slots": [_data(one) for one in self.lines], "articles": list(self.articles)}


def of_digests(app: App, word: str = "", *, limit: int = SLOTS) -> DigestsReport:
    """All digests, one by its name, or one slot as NAME@SLOT (ISO 8601 or Unix seconds). Raises NotFound."""
    name, at = _named(app, word.strip())
    zone = ZoneInfo(app.settings.site.timezone)
    with app.store.read() as connection:
        found = slots.latest(connection, app.clock(), digest=name, slot=at, limit=limit)
        if at is not None and not found:
            raise NotFound(f"there is no edition {word[:80]!r}", hint="distributor digests list")
        lines, every = [], list[Link]()
        for digest in dict.fromkeys(one.digest for one in found):
            mine = [one for one in found if one.digest == digest]
            some, links = _lines(connection, digest, mine, app.clock(), zone)
            lines += some
            every += links
        titles = reports.headlines(connection, [one.article_id for one in _first(every)])
    lines.sort(key=lambda one: (-one.slot.slot.timestamp(), one.slot.digest))
    return DigestsReport(tuple(lines), _articles(_first(every), titles))


def _named(app: App, word: str) -> tuple[str, datetime | None]:
    """A digest that is out of the settings has its figures still."""
    name, _, slot = word.rpartition("@")
    at = moment(slot) if name else None
    if at is not None:
        return name, at
    if word and word not in app.settings.digests:
        with app.store.read() as connection:
            if slots.latest(connection, app.clock(), digest=word, limit=1):
                return word, None
        names = ", ".join(app.settings.digests) or "none"
        raise NotFound(f"there is no digest {word[:60]!r}", hint=f"the digests are: {names}; a slot is NAME@SLOT")
    return word, None


def _lines(
    connection: sa.Connection, digest: str, found: Sequence[Slot], now: datetime, zone: ZoneInfo
) -> tuple[list[SlotLine], list[Link]]:
    moments = [one.slot for one in found]
    links = reports.links(connection, digest, moments)
    lost = reports.losses(connection, digest, moments)
    of_slot = {slot: [one for one in links if one.slot == slot] for slot in moments}
    titles = reports.headlines(connection, [one.article_id for some in of_slot.values() for one in _first(some)])
    hours = _hours(connection, digest, of_slot, now, zone)
    lines = [
        SlotLine(
            slot=one,
            delivered=max(0, one.sent - lost[one.slot].bounced),
            clicks=sum((Hits(link.raw, link.counted) for link in of_slot[one.slot]), NONE),
            losses=lost[one.slot],
            best_hour=hours.get(one.slot),
            articles=_articles(_first(of_slot[one.slot]), titles),
        )
        for one in found
    ]
    return lines, links


def _hours(
    connection: sa.Connection,
    digest: str,
    of_slot: Mapping[datetime, Sequence[Link]],
    now: datetime,
    zone: ZoneInfo,
) -> dict[datetime, int | None]:
    """The hour in which a slot's articles were clicked most in its mails: until the next slot, where hours are kept."""
    found: dict[datetime, int | None] = {}
    order = sorted(of_slot)
    for slot, after in zip(order, [*order[1:], now], strict=True):
        if slot < now - FINE + timedelta(days=1):
            continue
        clicked = [one.article_id for one in of_slot[slot] if one.counted]
        series = reports.ticks_of(connection, clicked, digest, "clicks", slot) if clicked else []
        found[slot] = busiest([(at, count) for at, count in series if at < after], zone)
    return found


def _first(links: Sequence[Link]) -> list[Link]:
    """Each article once, the most clicked first."""
    sums: dict[int, Link] = {}
    for one in links:
        before = sums.get(one.article_id)
        raw, counted = (before.raw, before.counted) if before else (0, 0)
        sums[one.article_id] = Link(one.slot, one.article_id, raw + one.raw, counted + one.counted)
    clicked = [one for one in sums.values() if one.raw]
    return sorted(clicked, key=lambda one: (-one.counted, -one.raw, -one.article_id))[:TOP]


def _articles(links: Sequence[Link], titles: Mapping[int, tuple[str, str, str]]) -> tuple[Article, ...]:
    return tuple(
        Article(one.article_id, *titles.get(one.article_id, ("", "", "")), Hits(one.raw, one.counted)) for one in links
    )


def _data(one: SlotLine) -> dict[str, Any]:
    slot = {name: getattr(one.slot, name) for name in ("name", "digest", "slot", "status", "editions", "planned")}
    states = {"sent": one.slot.sent, "failed": one.slot.failed, "skipped": one.slot.skipped}
    lost = {"left": one.losses.left, "bounced": one.losses.bounced, "complaints": one.losses.complaints}
    clicks = {"clicks": one.clicks, "click_rate": None if one.rate is None else round(one.rate, 4)}
    top = {"best_hour": one.best_hour, "articles": list(one.articles)}
    return slot | states | {"delivered": one.delivered} | clicks | lost | top
