"""What reports are made of: counts that are there already, found by indexes. Reads only, on the caller's transaction.

Clicks are counted at the link, and each post, edition and list has links of its own: no report adds up signals of all
articles, nor reads a row for each of a million mails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from distributor.model import Kind, State
from distributor.store import tables as t
from distributor.store.articles import CHUNK

__all__ = [
    "Link",
    "Losses",
    "Posted",
    "Tick",
    "channels",
    "headlines",
    "links",
    "listed",
    "losses",
    "mails",
    "posted",
    "ticks",
    "ticks_of",
]

# So many posts of one channel are looked at, the newest first: more than any network takes in a month.
MOST = 20_000
a, b, c, d, e, g, k = t.article.c, t.bounce.c, t.consent.c, t.delivery.c, t.edition.c, t.signal.c, t.link.c


@dataclass(frozen=True, slots=True)
class Tick:
    """What readers did with an article on a channel in the bucket that begins at `bucket` (UTC)."""

    bucket: datetime
    channel: str
    kind: str
    raw: int
    counted: int


@dataclass(frozen=True, slots=True)
class Posted:
    """An article as it went to a channel, and the clicks on its link until now."""

    article_id: int
    at: datetime
    raw: int
    counted: int


@dataclass(frozen=True, slots=True)
class Link:
    """The clicks on an article in all editions of a digest's slot."""

    slot: datetime
    article_id: int
    raw: int
    counted: int


@dataclass(slots=True)
class Losses:
    """What became of a slot's mails afterwards. `bounced` were taken by the relay, and came back."""

    bounced: int = 0
    complaints: int = 0
    left: int = 0


def ticks(connection: sa.Connection, article_id: int) -> list[Tick]:
    """Everything that was counted of an article, in the order of time."""
    query = sa.select(g.bucket, g.channel, g.kind, g.raw, g.counted).where(g.article_id == article_id)
    return [Tick(*row) for row in connection.execute(query.order_by(g.bucket, g.channel, g.kind))]


def ticks_of(
    connection: sa.Connection, article_ids: Sequence[int], channel: str, kind: str, since: datetime
) -> list[tuple[datetime, int]]:
    """(bucket, counted) of one channel and kind, of these articles taken together, in the order of time."""
    found: dict[datetime, int] = {}
    for some in _pieces(article_ids):
        query = sa.select(g.bucket, sa.func.sum(g.counted)).where(
            g.article_id.in_(some), g.bucket >= since, g.channel == channel, g.kind == kind
        )
        for bucket, counted in connection.execute(query.group_by(g.bucket)):
            found[bucket] = found.get(bucket, 0) + int(counted)
    return sorted(found.items())


def posted(connection: sa.Connection, channel: str, since: datetime) -> list[Posted]:
    """The articles that went to a channel since then, each once, newest first, with the clicks on their links."""
    at: dict[int, datetime] = {}
    clicks: dict[int, dict[int, tuple[int, int]]] = {}  # by article and link: it has one more after a new secret key
    for article, settled, link, raw, counted in connection.execute(_POSTED, {"channel": channel, "since": since}):
        at[article] = settled
        clicks.setdefault(article, {})[link] = (raw or 0, counted or 0)
    return [
        Posted(article, moment, *(sum(part) for part in zip(*clicks[article].values(), strict=True)))
        for article, moment in at.items()
    ]


def listed(connection: sa.Connection, channel: str, since: datetime) -> list[Posted]:
    """The same of what has links without posts of its own (alerts, the trending list): since then is when the link
    was made.
    """
    query = (
        sa.select(k.article_id, sa.func.min(k.made_at).label("at"), sa.func.sum(k.raw), sa.func.sum(k.counted))
        .where(k.channel == channel, k.made_at >= since, _NO_EDITION)
        .group_by(k.article_id)
        .order_by(sa.desc("at"))
        .limit(MOST)
    )
    return [Posted(row[0], row[1], int(row[2]), int(row[3])) for row in connection.execute(query)]


def mails(connection: sa.Connection, channel: str, since: datetime) -> int:
    """How many mails of a channel were taken up to be sent since then; counted from an index."""
    query = sa.select(sa.func.count()).where(d.channel == channel, d.claimed_at >= since)
    return int(connection.execute(query).scalar_one())


def channels(connection: sa.Connection) -> list[str]:
    """Whatever links were ever made for, in order; a step of the index for each, not a scan."""
    found: list[str] = []
    while True:
        query = sa.select(sa.func.min(k.channel)).where(k.channel > (found[-1] if found else ""))
        name = connection.execute(query).scalar_one()
        if name is None:
            return found
        found.append(name)


def headlines(connection: sa.Connection, articles: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """(title, URL, language) of these articles."""
    found: dict[int, tuple[str, str, str]] = {}
    for some in _pieces(sorted(set(articles))):
        query = sa.select(a.id, a.title, a.url, a.language).where(a.id.in_(some))
        found |= {row.id: (row.title, row.url, row.language) for row in connection.execute(query)}
    return found


def links(connection: sa.Connection, digest: str, slots: Sequence[datetime]) -> list[Link]:
    """The clicks in the mails of these slots, by article, the most first."""
    counted = sa.func.sum(k.counted)
    query = (
        sa.select(e.slot, k.article_id, sa.func.sum(k.raw), counted)
        .select_from(t.edition.join(t.link, k.edition_id == e.id))
        .where(e.digest == digest, e.slot.in_(slots), _channel == digest)
        .group_by(e.slot, k.article_id)
        .order_by(counted.desc(), k.article_id)
    )
    return [Link(row[0], row[1], int(row[2]), int(row[3])) for row in connection.execute(query)]


def losses(connection: sa.Connection, digest: str, slots: Sequence[datetime]) -> dict[datetime, Losses]:
    """What came back and who left, by slot. A reader who leaves is counted with the last digest they got before."""
    if not slots:
        return {}
    slot_of = _editions(connection, digest, slots)
    found: dict[datetime, Losses] = {slot: Losses() for slot in slots}
    for edition, kind, number in connection.execute(_RETURNS, {"since": min(slots)}):
        if edition in slot_of:
            one = found[slot_of[edition]]
            one.bounced += number if kind == "bounce" else 0
            one.complaints += number if kind == "complaint" else 0
    for edition, detail in connection.execute(_LEFT, {"since": min(slots)}):
        if edition in slot_of and (detail or {}).get("how") != "publisher":
            found[slot_of[edition]].left += 1
    return found


def _editions(connection: sa.Connection, digest: str, slots: Sequence[datetime]) -> dict[int, datetime]:
    query = sa.select(e.id, e.slot).where(e.digest == digest, e.slot.in_(slots), e.readers > 0)
    return {row.id: row.slot for row in connection.execute(query)}


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


# Never NULL, and written so that no index is taken by it: most links are of no edition, and a channel has a great many.
_NO_EDITION = sa.func.coalesce(k.edition_id, 0) == 0
_channel = sa.func.coalesce(k.channel, "")
_since: sa.BindParameter[Any] = sa.bindparam("since", type_=t.Moment)
_OF_POST = sa.and_(k.article_id == d.article_id, k.channel == d.channel, _NO_EDITION)
_POSTED = (
    sa.select(d.article_id, d.settled_at, k.id, k.raw, k.counted)
    .select_from(t.delivery.outerjoin(t.link, _OF_POST))
    .where(d.channel == sa.bindparam("channel"), d.claimed_at >= _since, d.recipient_id == 0, d.article_id != 0)
    .where(d.kind == Kind.POST.value, d.state == State.SENT.value)
    .order_by(d.claimed_at.desc())
    .limit(MOST)
)
# From the few that came back to their mails, not the other way round.
_RETURNS = (
    sa.select(d.edition_id, b.kind, sa.func.count(sa.distinct(d.id)))
    .select_from(t.bounce.join(t.delivery, d.id == b.delivery_id))
    .where(b.at >= _since, b.kind.in_(["bounce", "complaint"]), d.state == State.SENT.value)
    .group_by(d.edition_id, b.kind)
)
_last = t.delivery.alias("last")
_LEFT = sa.select(
    sa.select(_last.c.edition_id)
    .where(_last.c.recipient_id == c.subscriber_id, sa.text("last.recipient_id <> 0"), _last.c.edition_id != 0)
    .where(_last.c.state == State.SENT.value, _last.c.settled_at <= c.at)
    .order_by(_last.c.id.desc())
    .limit(1)
    .scalar_subquery(),
    c.detail,
).where(t.HAS_GONE, c.act == "left", c.at >= _since)
