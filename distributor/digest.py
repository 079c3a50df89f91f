"""Digests planned: a slot has come -> readers whose windows are the same share an edition -> one delivery each.

    close the window (nothing becomes live at the slot or before any more)
      -> some thousand readers: edition for each choice and window | deliveries | watermarks      one transaction
           -> the mail workers are rung, and the next thousands follow

Whatever breaks, a reader's watermark says what is still to be planned: a window begins where the last one ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from distributor import alerting, composing, editions, publicising, schedules, standings, subscribe
from distributor.choosing import Ask
from distributor.config.readers import Digest
from distributor.context import App
from distributor.errors import DistributorError, NotFound
from distributor.mailroom import relay_names
from distributor.model import Choice, Edition, Message, Schedule, Subscriber
from distributor.rescheduling import reschedule
from distributor.store import articles, census, circulation, subscribers, windows
from distributor.store import editions as stored
from distributor.store.windows import Due, Group

__all__ = [
    "Built",
    "HandSend",
    "build_due",
    "count_by_hand",
    "end_digests",
    "preview",
    "send_by_hand",
]

log = structlog.get_logger(__name__)

# Readers in one transaction. The first ones are few, so that their mails leave while the others are planned.
FIRST, CHUNK = 1_000, 10_000
# Windows kept while a slot is planned: most readers share one.
KEPT = 50


@dataclass(frozen=True, slots=True)
class Built:
    """What one turn planned: new editions, mails; `more` says that it is not all."""

    editions: int = 0
    readers: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class HandSend:
    """What a person sent: so many mails, in these editions, of the slot made for it."""

    readers: int
    editions: tuple[int, ...]
    slot: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """An article as composing an edition sees it (editions.Piece)."""

    id: int
    categories: tuple[str, ...]


@dataclass(slots=True)
class _Slot:
    """One slot while it is planned, and what was found out for it."""

    app: App
    digest: str
    at: datetime
    due_at: datetime
    by_hand: bool = False
    stories: dict[datetime, list[Story]] = field(default_factory=dict)
    choices: dict[int, Choice] = field(default_factory=dict)
    made: dict[int, str] = field(default_factory=dict)
    readers: int = 0
    late: bool | None = None  # whether mails of earlier slots wait still

    def ranked(self, connection: sa.Connection, since: datetime) -> list[Story]:
        """What became live since then and up to the slot, best first."""
        if since not in self.stories:
            if len(self.stories) >= KEPT:
                self.stories.clear()
            self.stories[since] = _ranked(self.app, connection, since, self.at)
        return self.stories[since]

    def choice(self, connection: sa.Connection, number: int) -> Choice | None:
        if number not in self.choices:
            self.choices |= stored.choices(connection, [number])
        return self.choices.get(number)


def build_due(app: App, *, until_turn_s: float = 20) -> Built:
    """Plans what is due: alerts, and the digests whose slot has come, until all is or the turn is over."""
    until = time.monotonic() + until_turn_s
    reschedule(app)
    own = _own_schedules(app)
    more = alerting.build_alerts(app, until)
    made: set[int] = set()
    readers = 0
    with app.store.read() as connection:
        due = windows.due(connection, app.clock())
    for one in due:
        if one.schedule.digest not in composing.digests_of(app):
            continue  # its readers wait: see overseeing.orphans
        if time.monotonic() >= until or app.stopping.is_set():
            more = True
            break
        slot, done = _plan(app, one, until, own=one.schedule in own)
        made |= slot.made.keys()
        readers += slot.readers
        more = more or not done
    return Built(len(made), readers, more)


def send_by_hand(app: App, digest: str, *, who: str, to: str = "", at: datetime | None = None) -> HandSend:
    """Sends a digest now to all its readers, or to one, whatever their hours; their windows end here.

    `at` lets the mails leave later. Who is paused stays so. Raises NotFound for an unknown digest or reader.
    """
    _known(app, digest)
    now = app.clock()
    slot = _Slot(app, digest, now.replace(microsecond=0), max(at or now, now), by_hand=True)
    only = _reader(app, to) if to else 0
    with app.store.write(durable=True) as connection:
        windows.close_window(connection, articles.DIGEST_BOUNDARY, slot.at, now)
        due = windows.schedules(connection, digest)
        detail = {"slot": slot.at.isoformat(), "due_at": slot.due_at.isoformat(), "reader": only}
        census.audit(connection, who, "send-digest", f"digest:{digest}", now, detail)
    if only:
        _chunks(slot, 0, None, only=only)
    else:
        for one in due:
            _chunks(slot, one.id, None)
    return HandSend(slot.readers, tuple(sorted(slot.made)), slot.at)


def end_digests(app: App, subscriber_id: int, ask: Ask, *, ip: str, source: str) -> Subscriber:
    """subscribe.change for who goes from a digest to each article as it happens: what came since the last digest goes
    out in one more. Both or neither, in one transaction. Who is paused gets none, and who was no reader of a digest.

    Raises ValueError as `change`, NotFound.
    """
    now = app.clock()
    with app.store.write(durable=True) as connection:
        # Slots are whole seconds, and what is live already must be in it: from here on nothing is until it is over.
        at = now.replace(microsecond=0) + timedelta(seconds=bool(now.microsecond))
        # As planning does, before any reader is locked.
        windows.close_window(connection, articles.DIGEST_BOUNDARY, at, now)
        before = subscribers.get(connection, subscriber_id, lock=True)
        slot = _Slot(app, before.frequency if before else "", at, now, by_hand=True)
        if before and before.status == "active" and before.frequency in composing.digests_of(app):
            _for_readers(slot, connection, windows.waiting(connection, 0, slot.at, FIRST, only=before.id))
            detail = {"slot": slot.at.isoformat(), "due_at": slot.due_at.isoformat(), "reader": before.id}
            subject = f"digest:{before.frequency}"
            census.audit(connection, f"reader {before.id}", "send-digest", subject, now, detail)
        after = subscribe.change_in(app, connection, subscriber_id, ask, ip=ip, source=source)
    if slot.readers:
        for account in relay_names(app.settings):
            app.waker.wake(account)
    return after


def count_by_hand(app: App, digest: str) -> int:
    """How many readers a digest has that would be sent now, those for whom there is nothing new included."""
    _known(app, digest)
    with app.store.read() as connection:
        due = windows.schedules(connection, digest)
        return windows.count_readers(connection, [one.id for one in due], app.clock())


def preview(app: App, digest: str, choice: Choice, now: datetime) -> Message | None:
    """The digest as a reader of this choice would get it now: what came since the slot before the last one."""
    edition = draft(app, digest, choice, now)
    with app.store.read() as connection:
        return composing.message(app, connection, edition)


def draft(app: App, digest: str, choice: Choice, now: datetime) -> Edition:
    """An edition that is not kept."""
    settings = _known(app, digest)
    schedule = _own(app, digest)
    since = schedules.latest_slot(schedule, now - timedelta(days=1))
    with app.store.read() as connection:
        ranked = _ranked(app, connection, since, now)
    sections = editions.compose(
        ranked,
        choice,
        per_category=settings.per_category,
        trending=settings.trending,
        offered=composing.offered(app, digest),
    )
    return Edition(digest=digest, choice=choice, slot=now, since=since, until=now, sections=sections, made_at=now)


def _plan(app: App, due: Due, until: float, *, own: bool) -> tuple[_Slot, bool]:
    """Plans the latest slot of a schedule: after an outage there is one digest, not five. False: not all of it yet."""
    now = app.clock()
    slot = _Slot(app, due.schedule.digest, max(schedules.latest_slot(due.schedule, now), due.next_at), now)
    slot.due_at = slot.at
    with app.store.write() as connection:
        windows.close_window(connection, articles.DIGEST_BOUNDARY, slot.at, now)
        posts = _archive(slot, connection, due.schedule, now) if own else []
    for account in dict.fromkeys(posts):
        app.waker.wake(account)
    if not _chunks(slot, due.id, until):
        return slot, False
    with app.store.write() as connection:
        windows.move_on(connection, due, schedules.next_slot(due.schedule, slot.at))
    log.info("digest planned", digest=slot.digest, slot=slot.at.isoformat(), readers=slot.readers)
    return slot, True


def _chunks(slot: _Slot, schedule: int, until: float | None, *, only: int = 0) -> bool:
    """Plans for some thousand readers at a time; False when the turn ended before there were none left."""
    app, choice, limit = slot.app, 0, FIRST
    while not app.stopping.is_set() and (until is None or time.monotonic() < until):
        with app.store.write() as connection:
            groups = windows.waiting(connection, schedule, slot.at, limit, from_choice=choice, only=only)
            before = slot.readers
            _for_readers(slot, connection, groups)
        if slot.readers > before:
            for account in relay_names(app.settings):
                app.waker.wake(account)
        if sum(len(group.readers) for group in groups) < limit:
            return True
        choice, limit = groups[-1].choice_id, CHUNK
    return False


def _for_readers(slot: _Slot, connection: sa.Connection, groups: Sequence[Group]) -> None:
    now = slot.app.clock()
    if slot.late is None:
        slot.late = circulation.postponed(connection, slot.digest, slot.at)
    alike: dict[tuple[int, datetime, tuple[int, ...]], list[int]] = {}
    for group in groups:
        if group.paused:
            continue
        over = circulation.supersede(connection, slot.digest, group, slot.at, now) if slot.late else {}
        for since, left_out in {(group.watermark, ()), *over.values()}:
            window = (group.choice_id, since, tuple(sorted({*group.seen, *left_out})))
            own = (group.watermark, ())
            ids = [one for one in group.readers if over.get(one, own) == (since, left_out)] if over else group.readers
            alike.setdefault(window, []).extend(ids)
    for (choice, since, had), ids in alike.items():
        edition = _edition(slot, connection, choice, since, had) if ids else None
        if edition is None or edition.status == "cancelled":
            continue
        held = {"held": "approval", "paused": "paused"}.get(edition.status, "")
        slot.readers += circulation.add_digests(connection, edition, ids, due_at=slot.due_at, now=now, held=held)
        slot.made[edition.id] = edition.status
    done: dict[tuple[int, ...], list[int]] = {}
    for group in groups:
        # An alert of what became live after the slot stands for the next window.
        done.setdefault(windows.later(connection, group.seen, slot.at), []).extend(group.readers)
    for seen, ids in done.items():
        windows.advance(connection, ids, slot.at, seen=seen)


def _edition(
    slot: _Slot,
    connection: sa.Connection,
    choice_id: int,
    since: datetime,
    had: Iterable[int],
    *,
    archive: bool = False,
) -> Edition | None:
    """The edition for a choice and a window; None when there is nothing new in it."""
    app, settings = slot.app, slot.app.settings.digests[slot.digest]
    choice = slot.choice(connection, choice_id)
    if choice is None:
        return None
    offered = composing.offered(app, slot.digest)
    ranked = slot.ranked(connection, since)
    seen = set(had)
    left_out = tuple(one.id for one in ranked if one.id in seen and editions.taken(one, choice, offered))
    sections = editions.compose(
        [one for one in ranked if one.id not in seen],
        choice,
        per_category=settings.per_category,
        trending=settings.trending,
        offered=offered,
    )
    if not sections:
        return None
    edition = Edition(
        digest=slot.digest,
        choice=choice,
        slot=slot.at,
        since=since,
        until=slot.at,
        left_out=tuple(sorted(left_out)),
        sections=sections,
        by_hand=slot.by_hand,
        made_at=app.clock(),
    )
    status = "held" if settings.approval and not slot.by_hand else "open"
    return stored.make(connection, edition, choice=choice_id, status=status, archive=archive)


def _archive(slot: _Slot, connection: sa.Connection, schedule: Schedule, now: datetime) -> list[str]:
    """The archive's editions of a slot, and the posts about it; gives the accounts that have one to send."""
    accounts: list[str] = []
    site = slot.app.settings.site
    languages = slot.app.settings.subscribers.languages or (site.language,)
    for language in dict.fromkeys((site.language, *languages)):
        number = subscribers.choice_id(connection, Choice(language=language))
        told = stored.last_archived(connection, slot.digest, number, slot.at)
        since = told or schedules.latest_slot(schedule, slot.at - timedelta(microseconds=1))
        edition = _edition(slot, connection, number, since, (), archive=True)
        if edition is not None and language == site.language:
            accounts += publicising.plan_posts(slot.app, connection, edition, now)
    return accounts


def _ranked(app: App, connection: sa.Connection, since: datetime, until: datetime) -> list[Story]:
    found = windows.window(connection, since, until)
    titles = {item.article_id: words for item, words in found}
    order = standings.over(app, connection, [item for item, _ in found], since, until)
    return [Story(one.article_id, titles[one.article_id]) for one in order]


def _own_schedules(app: App) -> set[Schedule]:
    """The digests' own schedules, on the site's clock: the archive keeps their slots, also without any reader."""
    own = {_own(app, name) for name in composing.digests_of(app)}
    with app.store.read() as connection:
        known = {one.schedule for one in windows.schedules(connection)}
    if own - known:
        with app.store.write() as connection:
            for schedule in own - known:
                subscribers.schedule_id(connection, schedule, schedules.next_slot(schedule, app.clock()))
    return own


def _own(app: App, digest: str) -> Schedule:
    found = schedules.schedule_of(digest, (), None, app.settings.site.timezone, composing.digests_of(app))
    assert found is not None  # the digest is known
    return found


def _known(app: App, digest: str) -> Digest:
    if digest not in composing.digests_of(app):
        names = ", ".join(composing.digests_of(app)) or "none"
        raise NotFound(f"there is no digest {digest!r}", hint=f"the digests are: {names}")
    return app.settings.digests[digest]


def _reader(app: App, address: str) -> int:
    from distributor import addressing  # loads what only addresses need

    try:
        key = addressing.address_key(address)
    except ValueError as error:
        raise DistributorError(str(error)) from None
    with app.store.read() as connection:
        found = subscribers.by_address(connection, key)
    if found is None or found.status != "active":
        why = "is no reader" if found is None else f"gets no mail: {found.status}"
        raise NotFound(f"{address} {why}", hint="distributor subscribers list")
    if found.paused_until is not None and found.paused_until > app.clock():
        until = f"{found.paused_until:%Y-%m-%d %H:%M} UTC"
        raise NotFound(f"{address} gets no mail: paused until {until}", hint="the reader ends a pause, by a link")
    return found.id
