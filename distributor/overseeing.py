"""What people see of digests on their way, and do about them: progress, approval, pause, cancel; readers left over.

An act concerns one edition by its id, or all of a slot by "DIGEST@SLOT" (ISO 8601 or Unix seconds).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from distributor import composing, editions, publicising
from distributor.context import App
from distributor.errors import NotFound
from distributor.mailroom import relay_names
from distributor.model import Edition, State
from distributor.store import alerts, census, mailcensus
from distributor.store import editions as stored
from distributor.store import overseeing as acts

__all__ = ["Orphan", "Progress", "approve", "cancel", "moment", "orphans", "pause", "release", "resume", "show"]

RECENTLY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A line about readers left over. `mark`: "!" a person must act, "?" a person should know."""

    mark: str
    subject: str
    text: str
    command: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an edition is: mails by state, `rate` of the last minute (mails a second), `left` until all are sent."""

    edition: Edition
    states: Mapping[State, int]
    rate: float
    left: timedelta | None

    @property
    def planned(self) -> int:
        return self.edition.readers

    @property
    def sent(self) -> int:
        return self.states.get(State.SENT, 0)

    @property
    def waiting(self) -> int:
        return self.states.get(State.PENDING, 0) + self.states.get(State.SENDING, 0)


def show(app: App, word: str | int) -> list[Progress]:
    """One edition by its id, or all of a slot: by a digest's name alone, its latest. Raises NotFound."""
    with app.store.read() as connection:
        newest = stored.listed(connection, digest=str(word).strip(), limit=1)
        named = stored.find(connection, newest[0].digest, newest[0].slot) if newest else _named(connection, word)
        # Of a slot, the archive's own editions only where there is nothing else to see.
        return [_progress(app, connection, one) for one in [one for one in named if one.readers] or named]


def approve(app: App, word: str | int, who: str) -> int:
    """A person's yes: what waited for it goes out. Says how many mails (and posts) that are."""
    return _act(app, word, who, "approve", ("held",), "open")


def pause(app: App, word: str | int, who: str) -> int:
    """What has not left yet waits, also what is planned from now on."""
    return _act(app, word, who, "pause", ("open",), "paused")


def resume(app: App, word: str | int, who: str) -> int:
    """What was paused goes out."""
    return _act(app, word, who, "resume", ("paused",), "open")


def cancel(app: App, word: str | int, who: str) -> int:
    """What has not left yet never does. Its readers' windows do not come back."""
    return _act(app, word, who, "cancel", ("open", "held", "paused"), "cancelled")


def release(app: App, word: str | int, who: str) -> int:
    """What could not be made goes out, now that its template is mended; of a digest by its name, whatever waits so.

    A mail is made anew when it leaves, a post here: one that still cannot be made stays held.
    """
    now = app.clock()
    with app.store.write(durable=True) as connection:
        named = _unmade(app, connection, word)
        free = 0
        for edition in named:
            for row in acts.unmade_posts(connection, edition.id):
                free += publicising.remake(app, connection, edition, row, now)
        census.audit(connection, who, "release-digest", f"edition:{word}", now, {"posts": free})
    moved = sum(_move(app, one.id, "release", now) for one in named)
    _ring(app)
    return free + moved


def orphans(app: App, connection: sa.Connection) -> list[Orphan]:
    """Readers whom the settings forgot, and who would silently get nothing, or less than they chose."""
    settings, found = app.settings, list[Orphan]()
    for name, readers in mailcensus.lost_digests(connection, composing.digests_of(app)):
        off = "is switched off" if name in settings.digests else "is not in the settings any more"
        text = f"the digest {off}, and {_readers(readers)} wait for it"
        found.append(Orphan("!", name, text, f"bring [digests.{name}] back"))
    if not settings.subscribers.instant and (readers := alerts.count_instant(connection)):
        text = f"{_readers(readers)} want each article as it happens, which is switched off"
        found.append(Orphan("!", "instant", text, "set subscribers.instant = true"))
    lost: dict[str, int] = {}
    emptied: dict[str, int] = {}
    for choice, readers in mailcensus.lost_choices(connection, settings.site.categories):
        nothing = not editions.wanted(choice, composing.offered(app))
        for title in choice.categories:
            if title not in settings.site.categories:
                lost[title] = lost.get(title, 0) + readers
                emptied[title] = emptied.get(title, 0) + readers * nothing
    for title, readers in sorted(lost.items()):
        text = f"is no category any more, and {_readers(readers)} chose it"
        text += f"; {emptied[title]:,} of them get nothing" if emptied[title] else ""
        command = f'distributor subscribers list --category "{title}"'
        found.append(Orphan("!" if emptied[title] else "?", title, text, command))
    return found


def _readers(number: int) -> str:
    return f"{number:,} reader{'' if number == 1 else 's'}"


def _act(app: App, word: str | int, who: str, what: str, before: Sequence[str], after: str) -> int:
    """The edition first, so that planning that goes on knows of it; then its mails, some thousand at a time."""
    now = app.clock()
    with app.store.write(durable=True) as connection:
        named = _named(connection, word)
        changed = acts.set_status(connection, [one.id for one in named], before, after)
        census.audit(connection, who, f"{what}-digest", f"edition:{word}", now, {"editions": changed})
    # One that stands so already may have mails that an act broken off left behind.
    todo = [one for one in named if one.id in changed or one.status == after]
    moved = sum(_move(app, one.id, what, now) for one in todo)
    if after == "open":
        _ring(app)
    return moved


def _ring(app: App) -> None:
    for account in (*relay_names(app.settings), *app.accounts()):
        app.waker.wake(account)


def _unmade(app: App, connection: sa.Connection, word: str | int) -> list[Edition]:
    """What is named, but for what a person paused or gave up."""
    name = str(word).strip()
    if name in app.settings.digests:
        found = [stored.get(connection, number) for number in acts.unmade(connection, name)]
    else:
        found = list(_named(connection, word))
    return [one for one in found if one is not None and one.status in ("open", "held")]


def _move(app: App, edition: int, what: str, now: datetime) -> int:
    moved, after = 0, 0
    while True:
        with app.store.write(durable=True) as connection:
            ids = acts.rows(connection, edition, what, after)
            moved += acts.move(connection, ids, what, now)
        if not ids:
            return moved
        after = ids[-1]


def _named(connection: sa.Connection, word: str | int) -> list[Edition]:
    text = str(word).strip()
    if text.isdecimal():
        found = stored.get(connection, int(text))
        if found is not None:
            return [found]
    digest, _, slot = text.rpartition("@")
    at = moment(slot)
    named = stored.find(connection, digest, at) if digest and at else []
    if not named:
        raise NotFound(f"there is no edition {text[:80]!r}", hint="distributor digests list")
    return named


def moment(text: str) -> datetime | None:
    """A slot's moment as a person writes it: ISO 8601 (UTC where it does not say) or Unix seconds; None: it is none."""
    try:
        at = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _progress(app: App, connection: sa.Connection, edition: Edition) -> Progress:
    since = app.clock() - RECENTLY
    states, lately = acts.progress(connection, edition.id, since)
    rate = lately / RECENTLY.total_seconds()
    waiting = states.get(State.PENDING, 0) + states.get(State.SENDING, 0)
    left = timedelta(seconds=round(waiting / rate)) if rate and waiting else timedelta(0) if not waiting else None
    return Progress(edition, states, rate, left)
