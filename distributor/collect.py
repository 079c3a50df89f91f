"""Watching: which sources are due, what they say, what follows for them and for the next poll.

due -> lease -> fetch all at once -> read -> complete from the page -> publish.ingest
                    |-> 304, or the same bytes: only the next poll is set
                    '-> no answer, no feed: back-off, the other sources go on
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import sqlalchemy as sa
import structlog

from distributor import matching, owners, publish, watching
from distributor.amends import insist
from distributor.config.source import Source as SourceSettings
from distributor.config.values import cut
from distributor.context import App
from distributor.errors import SourceError, StoreError, Unreachable, Unreadable
from distributor.fetching import Fetched as Response
from distributor.fetching import Request
from distributor.matching import Candidate
from distributor.model import Entry
from distributor.publish import Batch, Report
from distributor.sources import Cursor, Fetched, canonical, discovery, feed, page
from distributor.store import articles, sources
from distributor.store.sources import SourceState

__all__ = ["collect", "register", "register_in"]

log = structlog.get_logger(__name__)

# A poll that died must not keep its source from being polled for longer than this.
LEASE = timedelta(seconds=90)
# What met a database that failed is polled again so soon after it is back.
AGAIN = timedelta(seconds=5)
TOGETHER = 200
PAGES_A_POLL = 50
PAGE_BYTES = 5_000_000
# An article that left its feed is looked after for so long, at most so many of them a poll.
MISSING_FOR = timedelta(hours=1)
MISSING_A_POLL = 5
RECENT = timedelta(hours=48)
RADAR = "radar"  # in the cursor: the source is, or was, another outlet's


@dataclass(frozen=True, slots=True)
class _Poll:
    """One source being polled."""

    source: SourceSettings
    state: SourceState

    @property
    def bounds(self) -> watching.Bounds:
        return watching.Bounds(self.source.interval_min, self.source.interval_max)

    @property
    def place(self) -> str:
        """Where the feed is, fit to be stored and shown: no login in it."""
        return self.state.feed or self.state.url

    @property
    def address(self) -> str:
        """Where to fetch it: a feed of the same host is asked with the login of the settings' address."""
        return with_login(self.state.feed, self.source.url) if self.state.feed else self.source.url

    @property
    def cursor(self) -> Cursor:
        # Validators belong to the address that they came from.
        found = Cursor.from_json(self.state.cursor)
        return found if found.url == self.place else Cursor(self.place)


def register(app: App, now: datetime) -> None:
    """Makes the store know the sources of the settings; once for each process."""
    if not app.registered:
        with app.store.write() as connection:
            register_in(app, connection, now)


def register_in(app: App, connection: sa.Connection, now: datetime) -> None:
    """The same, within the caller's transaction."""
    sources.register(connection, {name: cut(one.url) for name, one in _enabled(app).items()}, now)
    app.registered = True


def collect(app: App, names: Sequence[str] | None = None, *, limit: int = 2000) -> Report:
    """Polls the sources that are due, or those named if they are due; takes in what is new.

    A source that fails is told in its state, and never keeps the others. Raises StoreError.
    """
    now = app.clock()
    register(app, now)
    wanted = [name for name in _enabled(app) if names is None or name in names]
    with app.store.read() as connection:
        dead = [poller for poller in sources.pollers(connection) if owners.is_dead(poller)]
        due = sources.due(connection, wanted, now, dead=dead, limit=limit)
    if not due:
        return Report()
    owner = owners.current()
    with app.store.write() as connection:
        mine = sources.lease(connection, due, LEASE, now, owner=owner, dead=dead)
    polls = [_Poll(app.settings.sources[state.name], state) for state in mine]
    report = Report()
    try:
        for start in range(0, len(polls), TOGETHER):
            report.add(_together(app, polls[start : start + TOGETHER]))
    except StoreError:
        insist(app, lambda one: sources.give_back(one, owner, app.clock() + AGAIN), what="give sources back")
        raise
    return report


def _together(app: App, polls: Sequence[_Poll]) -> Report:
    answers = app.fetcher.get_many([Request(one.address, feed.request_headers(one.cursor)) for one in polls])
    unchanged: list[SourceState] = []
    batches: list[Batch] = []
    for asked, answer in zip(polls, answers, strict=True):
        now, poll = app.clock(), asked
        try:
            fetched, poll = _read(app, poll, answer)
            if fetched.not_modified or fetched.gone:
                unchanged.append(_after_silence(poll, fetched, now))
            else:
                batches.append(_batch(app, poll, fetched, now))
        except SourceError as error:
            log.warning("source failed", source=poll.source.name, error=str(error))
            unchanged.append(_after_failure(app, poll, error, now))
    if unchanged:
        with app.store.write() as connection:
            sources.save(connection, unchanged)
    return publish.ingest(app, batches, app.clock()) if batches else Report()


def _read(app: App, poll: _Poll, answer: Response | Unreachable) -> tuple[Fetched, _Poll]:
    """What the source says. A page that is no feed itself may name one: then that is read, and remembered."""
    if isinstance(answer, Unreachable):
        raise answer
    try:
        return feed.read(answer, poll.cursor, app.clock()), poll
    except Unreadable:
        # What was a feed is no page now, but a server in trouble: no other feed is taken in its place.
        if poll.state.feed or poll.state.good_at or not discovery.is_page(answer.body):
            raise
    found = discovery.discover(poll.source.url, app.fetcher.get)
    cursor = Cursor(found)
    answer = app.fetcher.get(with_login(found, poll.source.url), feed.request_headers(cursor))
    fetched = feed.read(answer, cursor)
    # To find a page's feed is no move: `found` tells the two apart (see troubles.py).
    known = replace(poll.state, cursor={"found": fetched.moved_to or found})
    return replace(fetched, moved_to=fetched.moved_to or found), replace(poll, state=known)


def _batch(app: App, poll: _Poll, fetched: Fetched, now: datetime) -> Batch:
    # What was heard only by radar so far has all its articles still before it.
    first = poll.state.good_at is None or (bool(poll.state.cursor.get(RADAR)) and not poll.source.radar)
    if poll.source.radar:
        heard = [Candidate(entry, entry.url) for entry in matching.once(fetched.entries)]
        return Batch(source=poll.source, state=_after_success(poll, fetched, now), candidates=heard, first=first)
    since_good = None if first else now - (poll.state.good_at or now)
    candidates = _complete(app, poll, _candidates(fetched.entries), now, first=first)
    gone, missing, back = _missing(app, poll, fetched, now) if not first else ((), (), ())
    return Batch(
        source=poll.source,
        state=_after_success(poll, fetched, now),
        candidates=candidates,
        first=first,
        since_good=since_good,
        backfill=poll.source.backfill,
        gone=gone,
        missing=missing,
        back=back,
    )


def _candidates(entries: Sequence[Entry]) -> list[Candidate]:
    return [Candidate(entry, canonical.canonical(entry.canonical or entry.url)) for entry in matching.once(entries)]


def _complete(app: App, poll: _Poll, candidates: list[Candidate], now: datetime, *, first: bool) -> list[Candidate]:
    """Fills what new entries lack from their pages, where the settings allow it; what cannot be had stays empty."""
    if not poll.source.complete_from_page or not any(_lacks(one.entry) for one in candidates):
        return candidates
    wanted = [one for one in _new_ones(app, poll, candidates, now, first=first) if _lacks(one.entry) and one.entry.url]
    wanted = wanted[:PAGES_A_POLL]
    if not wanted:
        return candidates
    answers = app.fetcher.get_many([Request(one.entry.url, max_bytes=PAGE_BYTES) for one in wanted])
    completed = {
        one.entry.guid: _completed(one, answer)
        for one, answer in zip(wanted, answers, strict=True)
        if not isinstance(answer, Unreachable) and answer.status == 200
    }
    return [completed.get(one.entry.guid, one) for one in candidates]


def _completed(candidate: Candidate, answer: Response) -> Candidate:
    entry = page.complete(
        candidate.entry, answer.body, url=answer.url, content_type=answer.headers.get("content-type", "")
    )
    address = canonical.canonical(entry.canonical) if entry.canonical else ""
    return Candidate(entry, candidate.url, address if address != candidate.url else "")


def _new_ones(app: App, poll: _Poll, candidates: list[Candidate], now: datetime, *, first: bool) -> list[Candidate]:
    """Those that may be posted and are not known yet: nobody's page is fetched for nothing."""
    name, source = poll.source.name, poll.source
    with app.store.read() as connection:
        known = articles.marks(connection, [key for one in candidates for key in matching.keys(name, one)])
    fresh = [one for one in candidates if not any(key in known for key in matching.keys(name, one))]
    if first:
        newest = sorted(fresh, key=lambda one: one.entry.published_at or now, reverse=True)
        return newest if source.backfill == "all" else newest[: source.backfill]
    return [
        one
        for one in fresh
        if not (one.entry.published_at and watching.is_too_old(one.entry.published_at, now, source.max_age))
    ]


def _lacks(entry: Entry) -> bool:
    return not (entry.title and (entry.summary or entry.body) and entry.image)


def _missing(app: App, poll: _Poll, fetched: Fetched, now: datetime) -> tuple[list[int], list[int], list[int]]:
    """(withdrawn, missing from now on, back again). An article is withdrawn when its feed says so (RFC 6721), or when
    it left the feed before older ones and its page is gone: 410, or 404 twice.
    """
    dates = [entry.published_at for entry in fetched.entries if entry.published_at]
    since = now - RECENT
    if dates and not fetched.deleted:
        # What is older than all that stands in the feed left it in the usual way.
        since = max(since, min(dates))
    with app.store.read() as connection:
        recent = articles.recent(connection, poll.source.name, since)
    present = {matching.guid_key(poll.source.name, entry.guid) for entry in fetched.entries}
    deleted = {matching.guid_key(poll.source.name, guid) for guid in fetched.deleted}
    key_of = {one.id: matching.guid_key(poll.source.name, one.guid) for one in recent}
    gone = [one.id for one in recent if key_of[one.id] in deleted]
    back = [one.id for one in recent if one.missing_since and key_of[one.id] in present]
    if not poll.source.withdraw_missing or not dates:
        return gone, [], back
    absent = [
        one
        for one in recent
        if key_of[one.id] not in present | deleted
        and one.published_at > min(dates)
        and now - (one.missing_since or now) <= MISSING_FOR
    ][:MISSING_A_POLL]
    answers = app.fetcher.get_many([Request(one.url, max_bytes=PAGE_BYTES) for one in absent]) if absent else []
    for one, answer in zip(absent, answers, strict=True):
        status = 0 if isinstance(answer, Unreachable) else answer.status
        if status == 410 or (status == 404 and one.missing_since):
            gone.append(one.id)
    newly = [one.id for one in absent if not one.missing_since and one.id not in gone]
    return gone, newly, back


def _after_success(poll: _Poll, fetched: Fetched, now: datetime) -> SourceState:
    published = [entry.published_at for entry in fetched.entries if entry.published_at]
    wait = watching.interval(poll.bounds, published, now, fetched.ttl)
    state = _moved(poll, fetched)
    return replace(
        state,
        cursor=_cursor(poll, fetched, state, radar=poll.source.radar),
        title=fetched.title or state.title,
        site_url=fetched.site_url or state.site_url,
        language=fetched.language or state.language,
        interval=wait.total_seconds(),
        next_poll_at=now + wait,
        polled_at=now,
        good_at=now,
        new_at=now,
        failures=0,
        error="",
    )


def _after_silence(poll: _Poll, fetched: Fetched, now: datetime) -> SourceState:
    """Nothing changed. A source that falls silent is looked at less and less."""
    state = _moved(poll, fetched)
    since_new = now - (state.new_at or now)
    quiet = since_new / (watching.LOOKS_PER_ARTICLE * watching.RECENT)
    wait = max(timedelta(seconds=state.interval), quiet, fetched.ttl or timedelta(0))
    wait = min(max(wait, poll.bounds.shortest), poll.bounds.longest)
    if fetched.gone:
        log.warning("source is gone", source=poll.source.name)
        return replace(state, paused="gone", error="410: the feed is gone for good", polled_at=now)
    return replace(
        state,
        cursor=_cursor(poll, fetched, state, radar=bool(poll.state.cursor.get(RADAR))),
        next_poll_at=now + wait,
        polled_at=now,
        good_at=now,
        failures=0,
        error="",
    )


def _cursor(poll: _Poll, fetched: Fetched, state: SourceState, *, radar: bool) -> dict[str, Any]:
    more = {"found": poll.state.cursor.get("found"), RADAR: radar}
    told = replace(fetched.cursor, url=state.feed or cut(poll.source.url)).to_json()
    return {**told, **{key: value for key, value in more.items() if value}}


def _after_failure(app: App, poll: _Poll, error: SourceError, now: datetime) -> SourceState:
    failures = poll.state.failures + 1
    asked = error.retry_after if isinstance(error, Unreachable) else None
    at = watching.retry_at(poll.bounds, failures, now, app.jitter(), asked)
    return replace(poll.state, failures=failures, error=str(error)[:500], polled_at=now, next_poll_at=at)


def _moved(poll: _Poll, fetched: Fetched) -> SourceState:
    """A feed that moved for good is followed; the settings stay as they were written, and status tells."""
    if not fetched.moved_to or fetched.moved_to == poll.place:
        return poll.state
    log.info("source moved", source=poll.source.name, to=fetched.moved_to)
    return replace(poll.state, feed=fetched.moved_to)


def with_login(url: str, source_url: str) -> str:
    """`url` with the user name and password of the settings' address, if it is the same host's and has none."""
    there, given = urlsplit(url), urlsplit(source_url)
    login, at, host = given.netloc.rpartition("@")
    if not at or there.netloc.lower() != host.lower() or there.scheme != given.scheme:
        return url
    return urlunsplit(there._replace(netloc=f"{login}@{there.netloc}"))


def _enabled(app: App) -> dict[str, SourceSettings]:
    return {name: one for name, one in app.settings.sources.items() if one.enabled}
