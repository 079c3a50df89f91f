"""News in, deliveries planned: one transaction for an article and every delivery it causes.

entries -> which articles are they (matching) -> new | changed | withdrawn
        -> does it go out, or is it only recorded (admission) -> plan -> the ledger -> wake the accounts
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from distributor import comments, matching, planning, radar, standings, text, watching
from distributor.config.source import Source as SourceSettings
from distributor.context import App
from distributor.matching import Candidate, Holder
from distributor.model import Article, Delivery, Entry, Kind, Lane, State
from distributor.preparing import compose, preflight
from distributor.store import alerts, articles, ledger, sources
from distributor.store.sources import SourceState
from distributor.waking import PLANNING

__all__ = [
    "Batch",
    "Report",
    "article_of",
    "compose",
    "ingest",
    "preflight",
    "revise",
    "wake",
    "withdraw_in",
]

SAME_STORY_WITHIN = timedelta(hours=48)
# The source of what a person sent before any feed brought it.
BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one poll of one source gave. `since_good` is the time since the last good poll, None for the first one.

    `gone` are ids of articles found withdrawn. `backfill` is how many of a first poll's articles go out.
    """

    source: SourceSettings
    state: SourceState
    candidates: Sequence[Candidate] = ()
    first: bool = False
    since_good: timedelta | None = None
    backfill: int | Literal["all"] = 0
    gone: Sequence[int] = ()
    missing: Sequence[int] = ()
    back: Sequence[int] = ()


@dataclass(slots=True)
class Report:
    """What came of it: how many articles were new, changed, withdrawn; the deliveries planned."""

    new: list[Article] = field(default_factory=list)
    changed: list[Article] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    planned: list[Delivery] = field(default_factory=list)

    def add(self, other: Report) -> None:
        self.new += other.new
        self.changed += other.changed
        self.withdrawn += other.withdrawn
        self.planned += other.planned


def ingest(app: App, batches: Sequence[Batch], now: datetime) -> Report:
    """Takes in what polls gave, all in one transaction with the sources' new cursors; then wakes whom it concerns.

    Raises StoreError; then nothing was taken in, and the next poll gives the same again.
    """
    report = Report()
    with app.store.write() as connection:
        app.store.lock(connection, "ingest")
        _recall(app, connection, now)
        for batch in batches:
            if batch.source.radar:
                entries = [one.entry for one in batch.candidates]
                radar.hear(connection, batch.source.name, entries, now, first=batch.first)
            else:
                report.add(_take(app, connection, batch, now))
        sources.save(connection, [batch.state for batch in batches])
        if report.planned:
            standings.add(app, connection, [one.article_id for one in report.planned], now)
    wake(app, report.planned)
    wake_readers(app, report.new)
    return report


def wake_readers(app: App, articles: Iterable[Article]) -> None:
    """Rings for the alerts that breaking news wants, which is what cannot wait for the next beat."""
    if app.settings.mail is not None and any(one.lane is Lane.BREAKING for one in articles):
        app.waker.wake(PLANNING)


def wake(app: App, planned: Iterable[Delivery]) -> None:
    """Rings once for each account that has something to send. A lost ring costs one sweep."""
    pending = [one for one in planned if one.state is State.PENDING and one.channel in app.stations]
    for account in dict.fromkeys(app.stations[one.channel].account for one in pending):
        app.waker.wake(account)


def withdraw_in(
    connection: sa.Connection,
    article: Article,
    outlets: Sequence[planning.Outlet],
    now: datetime,
    *,
    everywhere: bool = True,
) -> list[Delivery]:
    """Takes an article back: what waits is skipped, what went out is deleted where that is possible.

    Not `everywhere`: only from these outlets, and the article stays live. A deletion that waits already stays.
    """
    names = {outlet.name for outlet in outlets}
    if everywhere:
        articles.set_status(connection, article.id, "withdrawn")
        alerts.skip(connection, article.id, "withdrawn", now)

    def concerned() -> list[Delivery]:
        return [row for row in ledger.of_article(connection, article.id) if everywhere or row.channel in names]

    ledger.skip(connection, [row.id for row in concerned() if row.kind is not Kind.DELETE], "withdrawn", now)
    return ledger.add(connection, planning.plan_deletions(article, concerned(), outlets, now))


def revise(app: App, connection: sa.Connection, article: Article, now: datetime, *, digest: str) -> list[Delivery]:
    """Stores a new revision and plans its edits; an older edit that still waits is superseded."""
    articles.update(connection, article, digest=digest)
    posts = ledger.of_article(connection, article.id)
    edits = planning.plan_edits(article, posts, app.outlets(), now)
    older = [
        row.id
        for row in posts
        if row.kind is Kind.EDIT and row.state is State.PENDING and row.revision < article.revision
    ]
    ledger.skip(connection, older, "superseded", now)
    ledger.release(connection, [row.id for row in posts if _mended(app, article, row)], now)
    return ledger.add(connection, edits)


def _mended(app: App, article: Article, row: Delivery) -> bool:
    """Whether a post that could not be made can be made of this revision."""
    station = app.stations.get(row.channel)
    if station is None or row.state is not State.HELD or row.reason not in {"template", "unfit"}:
        return False
    return not preflight(app, station, article, row).error


def article_of(entry: Entry, source: SourceSettings, app: App, now: datetime, *, url: str) -> Article:
    """A new article from an entry: its words mapped to the publisher's categories, its dates made sane."""
    categories, unmapped = map_words(entry.words, source.category_map, app.settings.site.categories)
    urgent = {word.casefold() for word in source.breaking}
    breaking = entry.breaking or not urgent.isdisjoint(word.casefold() for word in (*entry.words, *entry.tags))
    return Article(
        source=source.name,
        guid=entry.guid,
        url=url or entry.url,
        title=entry.title,
        summary=entry.summary,
        social=entry.social,
        body=entry.body,
        categories=categories,
        unmapped=tuple(word for word in unmapped if word.casefold() not in urgent),
        tags=entry.tags,
        author=entry.author,
        image=entry.image,
        language=entry.language or source.language or "",
        # A date in the future is a wrong clock or zone: what stands in the feed is public now.
        published_at=min(entry.published_at or now, now),
        updated_at=entry.updated_at,
        seen_at=now,
        lane=Lane.BREAKING if breaking else Lane.NORMAL,
        comments=entry.comments,
    )


def map_words(
    words: Sequence[str], category_map: Mapping[str, str], categories: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(the publisher's categories, the words that map to none): exact, then case-insensitive, then `default`.

    A word that is a category's own title needs no entry in the map. `default` speaks only when nothing else does.
    """
    folded = {word.casefold(): title for word, title in category_map.items()}
    titles = {title.casefold(): title for title in categories}
    found = {
        word: category_map.get(word) or folded.get(word.casefold()) or titles.get(word.casefold(), "")
        for word in words
        if word.casefold() != "default"
    }
    mapped = tuple(dict.fromkeys(title for title in found.values() if title))
    unmapped = tuple(word for word, title in found.items() if not title)
    if not mapped and folded.get("default"):
        return (folded["default"],), unmapped
    return mapped, unmapped


def _take(app: App, connection: sa.Connection, batch: Batch, now: datetime) -> Report:
    report = Report()
    name = batch.source.name
    candidates = list(batch.candidates)
    every_key = list(dict.fromkeys(key for one in candidates for key in matching.keys(name, one)))
    known = articles.marks(connection, every_key)
    holders = {key: Holder(mark.article_id, mark.source) for key, mark in known.items()}
    by_id = {mark.article_id: mark for mark in known.values()}
    claims = matching.claims_of(candidates)
    fresh: list[Candidate] = []
    for candidate, number in zip(candidates, matching.resolve(name, candidates, holders), strict=True):
        if number:
            articles.alias(
                connection, number, [k for k in matching.own_keys(name, candidate, claims) if k not in known]
            )
            report.add(_known(app, connection, batch, candidate, by_id[number], now))
        else:
            fresh.append(candidate)
    for candidate, status, note in _admit(fresh, batch, now):
        keys = matching.own_keys(name, candidate, claims)
        report.add(_new(app, connection, batch, candidate, keys, status, note, now))
    for number in batch.gone:
        article = articles.get(connection, number)
        if article is not None and article.status != "withdrawn":
            report.withdrawn.append(number)
            report.planned += withdraw_in(connection, article, app.outlets(), now)
    articles.mark_missing(connection, batch.missing, now)
    articles.mark_missing(connection, batch.back, None)
    return report


def _admit(fresh: Sequence[Candidate], batch: Batch, now: datetime) -> list[tuple[Candidate, str, str]]:
    """New entries, oldest first, each with the article's status and the reason why it is not posted, or ''."""
    # Feeds stand newest first, and sorting is stable: of two with the same date the lower one is the older.
    oldest_first = list(reversed(fresh))
    ordered = sorted(oldest_first, key=lambda one: one.entry.published_at or now)
    if batch.first:
        count = len(ordered) if batch.backfill == "all" else int(batch.backfill)
        silent = len(ordered) - min(count, len(ordered))
        return [(one, "live", "first-poll" if place < silent else "") for place, one in enumerate(ordered)]
    old = {
        id(one)
        for one in ordered
        if one.entry.published_at and watching.is_too_old(one.entry.published_at, now, batch.source.max_age)
    }
    flood = len(ordered) - len(old) > watching.flood_limit(batch.source.flood_guard, batch.since_good)
    return [
        (one, "live", "too-old") if id(one) in old else (one, "held", "flood") if flood else (one, "live", "")
        for one in ordered
    ]


def _new(
    app: App,
    connection: sa.Connection,
    batch: Batch,
    candidate: Candidate,
    keys: list[str],
    status: str,
    note: str,
    now: datetime,
) -> Report:
    entry = candidate.entry
    article = article_of(entry, batch.source, app, now, url=candidate.page or candidate.url)
    article = replace(article, status=status, note=note)  # type: ignore[arg-type]
    story = text.fingerprint(entry.title, _lead(entry))
    article = replace(article, same_as=_same_story(app, connection, article, story, now))
    article = articles.add(connection, article, keys=keys, digest=matching.digest(entry), story=story)
    comments.begun(connection, article, now)
    if story and not article.same_as:
        app.stories.remember(article.id, article.source, article.title, story)
    if article.unmapped:
        sources.count_unmapped(connection, batch.source.name, article.unmapped, now)
    report = Report(new=[article])
    if note in {"", "flood"} and not article.same_as:
        report.planned = plan_new(app, connection, article, now)
    return report


def plan_new(app: App, connection: sa.Connection, article: Article, now: datetime) -> list[Delivery]:
    """Plans a post on every channel whose rules take the article; one that cannot be rendered or fit is held."""
    language = app.settings.site.language
    takers = [one for one in app.stations.values() if planning.verdict(article, one.outlet, language=language).takes]
    planned = planning.plan(article, [one.outlet for one in takers], now)
    checked = [preflight(app, station, article, row) for station, row in zip(takers, planned, strict=True)]
    added = ledger.add(connection, checked)
    articles.count_planned(connection, article.id, len(added))
    return added


def _known(
    app: App, connection: sa.Connection, batch: Batch, candidate: Candidate, mark: articles.Mark, now: datetime
) -> Report:
    """A known article: nothing, or a new revision when its own source shows readers something else."""
    entry, by_hand = candidate.entry, mark.source == BY_HAND
    if mark.status == "withdrawn" or not (by_hand or mark.source == batch.source.name):
        return Report()
    if entry.comments != mark.comments:
        comments.heard(connection, mark, entry.comments, now)
    digest = matching.digest(entry)
    article = articles.get(connection, mark.article_id) if by_hand or digest != mark.digest else None
    if article is None:
        return Report()
    if by_hand:
        return _adopt(app, connection, batch, candidate, article, now)
    fresh = article_of(entry, batch.source, app, now, url=candidate.page or candidate.url)
    changed = replace(
        fresh,
        id=article.id,
        revision=article.revision + 1,
        published_at=article.published_at,
        seen_at=article.seen_at,
        boost=article.boost,
        same_as=article.same_as,
        status=article.status,
        note=article.note,
    )
    return Report(changed=[changed], planned=revise(app, connection, changed, now, digest=digest))


def _adopt(
    app: App, connection: sa.Connection, batch: Batch, candidate: Candidate, article: Article, now: datetime
) -> Report:
    """The feed brings an article that a person sent before the poll: it is the feed's from now on, and goes out where
    that person did not send it. What was posted by hand is left as it is.
    """
    entry = candidate.entry
    fresh = article_of(entry, batch.source, app, now, url=candidate.page or candidate.url)
    adopted = replace(
        fresh,
        id=article.id,
        revision=article.revision,
        seen_at=article.seen_at,
        boost=article.boost,
        status=article.status,
    )
    articles.update(connection, adopted, digest=matching.digest(entry))
    old = watching.is_too_old(adopted.published_at, now, batch.source.max_age)
    planned = [] if batch.first or old else plan_new(app, connection, adopted, now)
    return Report(planned=planned)


def _recall(app: App, connection: sa.Connection, now: datetime) -> None:
    """Learns what was told since the last time, here and by other processes."""
    if len(app.settings.sources) > 1:
        after = app.stories.since(now)
        for row in articles.stories(connection, now - SAME_STORY_WITHIN, after=after):
            app.stories.add(row.id, row.source, row.title, row.story)


def _same_story(app: App, connection: sa.Connection, article: Article, story: int, now: datetime) -> int:
    """The article of another source that tells the same story, or 0."""
    if len(app.settings.sources) < 2 or not story:
        return 0
    for number in app.stories.alike(article.source, article.title, story):
        told = articles.get(connection, number)
        if told is None or told.source == article.source or told.published_at < now - SAME_STORY_WITHIN:
            continue
        if text.near(article.title, _lead(article), told.title, _lead(told)):
            return number
    return 0


def _lead(entry: Entry | Article) -> str:
    return entry.summary or matching.plain(entry.body)[:400]
