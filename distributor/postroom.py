"""Mail as `status` shows it: a line for each digest beside the channels, and what is wrong with readers' mails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from distributor import overseeing
from distributor.config import Settings
from distributor.context import App
from distributor.model import State
from distributor.store import accounts, census, mailcensus
from distributor.store.census import ChannelCount

__all__ = ["Fault", "Outlet", "faults", "outlets", "own_channels"]

DAY = timedelta(days=1)
# Beside digests' names: single articles to readers, and the letters that they ask for.
_OWN = ("alerts", "instant", "letters")
# Below so many mails a day a share says nothing.
_FEW = 20
_BOUNCES = 0.05
_COMPLAINTS = 0.003  # what large receivers ask of senders: networks.md, SMTP
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Outlet:
    """One of mail's channels. `state`: ok, paused (by a person), stopped (every relay), off (no relay may be used)."""

    name: str
    state: str
    next_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of `status`, as troubles.Problem has it."""

    mark: str
    subject: str
    text: str
    command: str = ""


def own_channels(settings: Settings) -> list[str]:
    """The names that mails have in the ledger's column `channel`."""
    return [*(name for name, digest in settings.digests.items() if digest.enabled), *_OWN] if settings.mail else []


def relays(settings: Settings) -> list[str]:
    """The accounts that mails leave by."""
    if settings.mail is None:
        return []
    return ["mail", *(f"mail:{name}" for name, relay in settings.relays.items() if relay.enabled)]


def outlets(app: App, connection: sa.Connection, counts: Mapping[str, ChannelCount]) -> list[Outlet]:
    """Every digest, and what else was mailed lately or waits to be."""
    names = [name for name in own_channels(app.settings) if name not in _OWN or name in counts]
    if not names:
        return []
    states = accounts.states(connection, relays(app.settings)).values()
    off, slots = accounts.paused(connection), mailcensus.next_slots(connection)
    stopped = next((one.stopped for one in states), "") if all(one.stopped for one in states) else ""
    until = [one.paused_until for one in states if not one.stopped]
    waits = min((at for at in until if at), default=None) if until and all(until) else None
    found = []
    for name in names:
        switched = next((f"paused by {off[one][1]}" for one in ("*", name) if one in off), "")
        state = "paused" if switched else "stopped" if stopped else "ok"
        why = switched or stopped
        if not why and waits and waits > app.clock():
            state, why = "waiting", next((one.why for one in states if one.why), "the relay wants patience")
        found.append(Outlet(name, state, slots.get(name), why))
    return found


def faults(app: App, connection: sa.Connection, counts: Mapping[str, ChannelCount], now: datetime) -> list[Fault]:
    """Everything that is wrong with mail, and with the posts of digests."""
    unmade = list(_unmade(connection))
    if app.settings.mail is None:
        return unmade
    return [
        *unmade,
        *_unready(app.settings),
        *_relays(app, connection, counts),
        *_approvals(app, connection),
        *_returns(connection, app, counts, now),
        *(Fault(one.mark, one.subject, one.text, one.command) for one in overseeing.orphans(app, connection)),
    ]


def _unready(settings: Settings) -> Iterator[Fault]:
    if not any(digest.enabled for digest in settings.digests.values()):
        return
    if not settings.site.postal_address.strip():
        yield Fault("!", "mail", "no digest leaves: the law wants a postal address in each", "set site.postal_address")
    if not settings.site.public_url:
        yield Fault("!", "mail", "no digest leaves: readers could not unsubscribe", "set site.public_url")


def _relays(app: App, connection: sa.Connection, counts: Mapping[str, ChannelCount]) -> Iterator[Fault]:
    names = own_channels(app.settings)
    waiting = sum(counts[name].states.get(State.PENDING, 0) for name in names if name in counts)
    for name, state in accounts.states(connection, relays(app.settings)).items():
        if state.stopped:
            text = f"{state.stopped} since {_clock(app, state.stopped_at)}; {_number(waiting, 'mail')} wait"
            yield Fault("!", name, text, f"distributor mail check {name.partition(':')[2]}".strip())


def _approvals(app: App, connection: sa.Connection) -> Iterator[Fault]:
    waiting = mailcensus.held_editions(connection)
    for one in waiting[:_LISTED]:
        text = f"{_clock(app, one.slot)}: {_number(one.readers, 'mail')} wait for approval"
        yield Fault("?", one.digest, text, f"distributor digests approve {_edition(one)}")
    if len(waiting) > _LISTED:
        more = f"{len(waiting) - _LISTED} more wait for approval"
        yield Fault("?", "digests", more, "distributor digests list")


def _unmade(connection: sa.Connection) -> Iterator[Fault]:
    for digest, number in mailcensus.unmade(connection):
        what = "mail or post" if number == 1 else "mails and posts"
        text = f"{number:,} {what} held: the template failed, or what it made does not fit"
        yield Fault("!", digest, text, f"distributor digests release {digest}")


def _edition(one: mailcensus.Waiting) -> str:
    """An edition by its number, or all of a slot by digest and time (UTC)."""
    return str(one.edition_id) if one.editions == 1 else f"{one.digest}@{one.slot:%Y-%m-%dT%H:%MZ}"


def _returns(connection: sa.Connection, app: App, counts: Mapping[str, ChannelCount], now: datetime) -> Iterator[Fault]:
    broken = census.fact(connection, mailcensus.BROKEN)
    if broken and broken[0] and app.settings.mail and app.settings.mail.bounces:
        yield Fault("!", "bounces", f"their mailbox cannot be read: {broken[0]}", "mend mail.bounces")
    sent = sum(counts[name].states.get(State.SENT, 0) for name in own_channels(app.settings) if name in counts)
    bounced, complained = mailcensus.rates(connection, now - DAY)
    if sent < _FEW:
        return
    if bounced > _BOUNCES * sent:
        text = f"{bounced:,} of {sent:,} mails of a day bounced: receivers will refuse the rest"
        yield Fault("!", "mail", text, "distributor doctor --mail")
    if complained > _COMPLAINTS * sent and complained > 1:
        text = f"{complained:,} readers of {sent:,} mails of a day complained"
        yield Fault("!", "mail", text, "distributor subscribers stats")


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _clock(app: App, moment: datetime | None) -> str:
    if moment is None:
        return "?"
    local, today = (one.astimezone(ZoneInfo(app.settings.site.timezone)) for one in (moment, app.clock()))
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"
