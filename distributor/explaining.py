"""Why an article is where it is: for each channel what went out, what waits and for what, or why nothing ever will."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from distributor import planning, telling
from distributor.context import App, Station
from distributor.errors import NotFound
from distributor.finding import find_article
from distributor.gates import Opening
from distributor.model import Article, Delivery, Kind, Ranking, State
from distributor.sources import canonical
from distributor.store import articles, census, coverage, ledger, snapshot, sources
from distributor.telling import as_json, openings, tell

__all__ = ["Act", "Attempt", "ChannelWhy", "Outlet", "Step", "Why", "why"]

NOTES = {
    "first-poll": "it stood in the source's first poll, which is recorded and not posted (backfill posts it)",
    "too-old": "it was older than the source's max_age when it came in",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a delivery. `outcome` is one word, empty while it is under way."""

    number: int
    at: datetime
    ended_at: datetime | None
    outcome: str
    error: str


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery of the article on a channel: its post, an edit, a deletion; with every attempt at it."""

    delivery_id: int
    kind: str
    state: str
    reason: str
    text: str
    revision: int
    generation: int
    planned_at: datetime
    due_at: datetime
    expires_at: datetime | None
    settled_at: datetime | None
    next_at: datetime | None
    by_hand: bool
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class ChannelWhy:
    """One channel's answer. `state` is a State's word, or "not-for-it", or "never-planned".

    `text` is for a person; `command` is what moves it on, if anything does. `steps` are oldest first.
    """

    channel: str
    state: str
    reason: str
    text: str
    url: str = ""
    next_at: datetime | None = None
    command: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did."""

    at: datetime
    who: str
    what: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outlet:
    """Another outlet (a source with `radar`) that reports the same story, by its first report."""

    name: str
    title: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Why:
    """The whole answer. `text` is what concerns the article on every channel, or ''. `outlets`: the earliest first."""

    article: Article
    text: str
    channels: tuple[ChannelWhy, ...]
    acts: tuple[Act, ...]
    ranking: Ranking | None = None
    outlets: tuple[Outlet, ...] = ()

    def to_json(self) -> dict[str, Any]:
        article = {name: getattr(self.article, name) for name in _SHOWN}
        told = as_json(self)
        return {**told, "article": as_json(article) | {"lane": self.article.lane.name.lower()}}


_SHOWN = (
    "id", "source", "guid", "url", "title", "categories", "unmapped", "tags", "language", "published_at", "seen_at",
    "updated_at", "revision", "status", "note", "same_as", "boost",
)  # fmt: skip


def why(app: App, word: str | int) -> Why:
    """Explains the article of this id or address, or of the delivery `d812`. Raises NotFound, saying what is known.

    A bare number is an article's id; where there is no such article, a delivery's.
    """
    now = app.clock()
    with app.store.read() as connection:
        article = _article(app, connection, str(word).strip())
        rows = census.of_articles(connection, [article.id]).get(article.id, [])
        opened = openings(app, connection, now)
        names = [*app.stations, *dict.fromkeys(row.channel for row in rows if row.channel not in app.stations)]
        told = []
        for name in names:
            own = [row for row in rows if row.channel == name]
            one = _channel(app, connection, article, name, own, opened.get(name), now)
            # What was withdrawn is sent by no command that merely names a channel.
            told.append(replace(one, command="") if article.status == "withdrawn" else one)
        told += _mailed(connection, article)
        return Why(
            article=article,
            text=_about(connection, article),
            channels=tuple(told),
            acts=_acts(connection, article, rows),
            ranking=snapshot.of(connection, article.id),
            outlets=tuple(
                Outlet(row.outlet, row.title, row.url, row.at)
                for row in coverage.of_article(connection, [article.id]).get(article.id, ())
            ),
        )


def _article(app: App, connection: sa.Connection, word: str) -> Article:
    number = word.removeprefix("#")
    named = number.removeprefix("d") if number[:1] == "d" else ""
    if named.isdecimal() or number.isdecimal():
        article = None if named else articles.get(connection, _id(number))
        row = None if article else ledger.get(connection, _id(named or number))
        article = articles.get(connection, row.article_id) if row and row.article_id else article
        if row is not None and row.recipient_id and article is None:
            raise _no_article(row)
        if article is None:
            raise NotFound(
                f"there is no {'delivery' if named else 'article or delivery'} {named or number}",
                hint="distributor articles list shows the latest",
            )
        return article
    try:
        return find_article(app, word)
    except NotFound as error:
        raise NotFound(str(error), hint=_unseen(app, connection, word) or error.hint) from None


def _no_article(row: Delivery) -> NotFound:
    """A digest or a letter is of no single article: this is what there is to say of it."""
    if row.edition_id:
        what, hint = f"edition {row.edition_id} of {row.channel}", f"distributor digests show {row.edition_id}"
    else:
        what, hint = "a letter", f"distributor deliveries show {row.id}"
    stands = f"{row.state.value}: {telling.tell(row, None, row.planned_at).text}".rstrip(": ")
    return NotFound(f"delivery {row.id} is {what} to reader {row.recipient_id}, {stands}", hint=hint)


def _id(word: str) -> int:
    return min(int(word[:19]), 2**63 - 1)


def _unseen(app: App, connection: sa.Connection, url: str) -> str:
    """Why an address may be unknown: nobody watches its site, or its source did not show it yet."""
    if "://" not in url:
        return ""
    watched = sources.states(connection)
    for name, source in app.settings.sources.items():
        if not canonical.same_site(source.url, url):
            continue
        state = watched.get(name)
        if state is None or state.good_at is None:
            seen = f"{name} was not read yet{': ' + state.error if state and state.error else ''}"
        else:
            read = state.good_at.astimezone(ZoneInfo(app.settings.site.timezone))
            seen = f"{name} was read last at {read:%Y-%m-%d %H:%M} and did not show it"
        return f"{seen}; distributor send URL takes it in by hand"
    return "no source watches its site; distributor send URL takes it in by hand"


def _about(connection: sa.Connection, article: Article) -> str:
    if article.same_as:
        told = articles.get(connection, article.same_as)
        where = f": {told.source}, {told.url}" if told else ""
        return f"tells the same story as article {article.same_as}{where}"
    if article.status == "withdrawn":
        return "withdrawn"
    if article.status == "held":
        return f"held: {telling.HELD.get(article.note, article.note)}"
    return NOTES.get(article.note, "")


def _channel(
    app: App,
    connection: sa.Connection,
    article: Article,
    name: str,
    rows: Sequence[Delivery],
    opening: Opening | None,
    now: datetime,
) -> ChannelWhy:
    posts = [row for row in rows if row.kind is Kind.POST]
    if not posts:
        return _unplanned(app, article, app.stations[name]) if name in app.stations else _gone(name)
    post = posts[-1]
    told = tell(post, opening, now)
    later = [row for row in rows if row.kind is not Kind.POST and row.generation == post.generation]
    extra = [tell(row, opening, now).text for row in later if row.state is not State.SENT and row.state.value]
    extra += ["deleted" for row in later if row.kind is Kind.DELETE and row.state is State.SENT]
    return ChannelWhy(
        channel=name,
        state=post.state.value,
        reason=post.reason,
        text="; ".join(text for text in (told.text, *extra) if text),
        url=post.receipt.url if post.receipt else "",
        next_at=told.next_at,
        command=told.command,
        steps=tuple(_step(connection, row, opening, now) for row in rows),
    )


_FIRST = (State.UNCERTAIN, State.HELD, State.SENDING, State.PENDING, State.SENT, State.FAILED, State.SKIPPED)


def _mailed(connection: sa.Connection, article: Article) -> list[ChannelWhy]:
    """The readers who got it by itself, or will: counted, for there may be a million of them."""
    found = []
    for channel, states in census.mails_of_article(connection, article.id).items():
        state = next(one for one in _FIRST if one in states)
        text = ", ".join(f"{states[one]:,} {one.value}" for one in _FIRST if one in states)
        found.append(ChannelWhy(channel, state.value, "", f"to readers: {text}"))
    return found


def _unplanned(app: App, article: Article, station: Station) -> ChannelWhy:
    """No post was ever planned: a rule, or how the article came in."""
    send = f"distributor send {article.id} --to {station.name}"
    verdict = planning.verdict(article, station.outlet, language=app.settings.site.language)
    if not verdict.takes:
        return ChannelWhy(station.name, "not-for-it", verdict.reason, verdict.detail, command=send)
    if article.note in NOTES:
        return ChannelWhy(station.name, "never-planned", article.note, NOTES[article.note], command=send)
    if article.status == "withdrawn":
        return ChannelWhy(station.name, "never-planned", "withdrawn", "the article was withdrawn")
    text = "its rules take it now, but did not when it came in"
    return ChannelWhy(station.name, "never-planned", "rules-changed", text, command=send)


def _gone(name: str) -> ChannelWhy:
    return ChannelWhy(name, "never-planned", "no-channel", "the settings have no such channel any more")


def _step(connection: sa.Connection, row: Delivery, opening: Opening | None, now: datetime) -> Step:
    told = tell(row, opening, now)
    tried = ledger.attempts(connection, row.id)
    return Step(
        delivery_id=row.id,
        kind=row.kind.value,
        state=row.state.value,
        reason=row.reason,
        text=told.text,
        revision=row.revision,
        generation=row.generation,
        planned_at=row.planned_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        settled_at=row.settled_at,
        next_at=told.next_at,
        by_hand=row.by_hand,
        attempts=tuple(Attempt(one.number, one.at, one.ended_at, one.outcome, one.error) for one in tried),
    )


def _acts(connection: sa.Connection, article: Article, rows: Sequence[Delivery]) -> tuple[Act, ...]:
    """What people did to the article or one of its posts, oldest first."""
    subjects = [f"article:{article.id}", *(f"delivery:{row.id}" for row in rows)]
    if article.note == "flood" or any(row.state is State.HELD for row in rows):
        subjects.append(f"source:{article.source}")
    found = [act for subject in subjects for act in census.audited(connection, subject=subject)]
    ordered = sorted(found, key=lambda act: act.id)
    return tuple(Act(act.at, act.who, act.what, act.subject, act.detail or {}) for act in ordered)
