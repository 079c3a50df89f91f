"""What is wrong, worst first, each with the command that mends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

import distributor
from distributor import gates, pacing, postroom
from distributor.config.source import Source as SourceSettings
from distributor.config.values import cut
from distributor.context import App
from distributor.mailroom import ALERTS, INSTANT, LETTERS
from distributor.model import Delivery, State
from distributor.states import UNMADE
from distributor.store import accounts, census, mailcensus, queue, readings, sources
from distributor.store.census import ChannelCount
from distributor.store.sources import SourceState

__all__ = ["SEEN_LATELY", "Problem", "broken", "problems", "source_state", "worst_first"]

# A process says that it is here every ten seconds.
SEEN_LATELY = timedelta(seconds=60)
FORGOTTEN = timedelta(days=1)
SOON = timedelta(hours=1)
UNMAPPED_FOR = timedelta(days=7)
# A source that failed once or twice is no news.
FAILING = 3
LISTED = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One line. `mark`: "!!" promises are broken, "!" a person must act, "?" a person should know."""

    mark: str
    subject: str
    text: str
    command: str = ""


def problems(
    app: App, connection: sa.Connection, now: datetime, counts: Mapping[str, ChannelCount] | None = None
) -> list[Problem]:
    """Everything that is wrong but the law, in the order in which it is looked for. `counts` are a day's."""
    if counts is None:
        counts = census.by_channel(connection, now - FORGOTTEN, ending=list(app.stations))
    return [
        *_stopped(app, connection, counts),
        *(_of_mail(fault) for fault in postroom.faults(app, connection, counts, now)),
        *_uncertain(connection),
        *_held(connection),
        *_sources(app, connection),
        *_unmapped(app, connection, now),
        *_processes(app, connection, now),
        *_paused(app, connection),
        *_late(app, connection, now),
        *_budgets(app, connection, now),
        *_unread(app, connection, now),
        *_lost_channels(app, connection),
        *(Problem("?", "settings", line) for line in app.settings.warnings),
    ]


def worst_first(found: Iterable[Problem]) -> list[Problem]:
    order = {"!!": 0, "!": 1, "?": 2}
    return sorted(found, key=lambda one: order[one.mark])


def broken(planned: int, counts: Mapping[State, int]) -> list[Problem]:
    """The loudest line there is: rows are missing from the ledger, or are there without a cause."""
    there = sum(counts.values())
    if planned == there:
        return []
    parts = " + ".join(f"{number} {state.value}" for state, number in counts.items() if number) or "0"
    off = f"{planned - there} lost" if planned > there else f"{there - planned} too many"
    return [
        Problem(
            "!!",
            "ledger",
            f"the law is broken: planned {planned} is not {parts} = {there}: {off}",
            "distributor doctor",
        )
    ]


def source_state(source: SourceSettings, state: SourceState | None) -> str:
    """ok, new, failing, gone or moved."""
    if state is None or state.polled_at is None:
        return "new"
    if state.paused:
        return "gone"
    if state.failures:
        return "failing"
    # The feed that a page named is where it should be; a feed that is read elsewhere moved.
    return "moved" if state.feed not in {"", cut(source.url), state.cursor.get("found", "")} else "ok"


def _of_mail(fault: postroom.Fault) -> Problem:
    return Problem(fault.mark, fault.subject, fault.text, fault.command)


def _stopped(app: App, connection: sa.Connection, counts: Mapping[str, ChannelCount]) -> list[Problem]:
    found = []
    for account, stations in app.accounts().items():
        whole = accounts.state(connection, account)
        for station in stations:
            own = accounts.state(connection, gates.channel_account(station.name))
            state = whole if whole.stopped else own
            if not state.stopped:
                continue
            count = counts.get(station.name)
            waiting = count.states.get(State.PENDING, 0) if count else 0
            text = f"{state.stopped} since {_clock(app, state.stopped_at)}; {waiting} wait"
            if waiting and count and count.first_expiry:
                text += f", first expires {_clock(app, count.first_expiry)}"
            found.append(Problem("!", station.name, text, f"distributor channels check {station.name}"))
    return found


def _uncertain(connection: sa.Connection) -> list[Problem]:
    """Each one that only a person can settle; those that are looked into by themselves are told, too."""
    rows = mailcensus.uncertain(connection, limit=1000)
    mine = [row for row in rows if row.resolve_at is None]
    found = [
        Problem(
            "!",
            row.channel,
            f"delivery {row.id} ({_about(row)}) is uncertain: {row.error or row.reason}",
            f"distributor deliveries resolve {row.id} {'--sent' if row.recipient_id else '--sent URL'} | --not-sent",
        )
        for row in mine[:LISTED]
    ]
    if len(mine) > LISTED:
        found.append(
            Problem(
                "!",
                "ledger",
                f"{len(mine) - LISTED} more are uncertain",
                "distributor deliveries list --state uncertain",
            )
        )
    if len(rows) > len(mine):
        found.append(Problem("?", "ledger", f"{len(rows) - len(mine)} uncertain, looked into by themselves"))
    return found


def _about(row: Delivery) -> str:
    """What a delivery is; who a mail is for stands in no list of what is wrong."""
    if row.recipient_id:
        return f"{row.kind.value} to reader {row.recipient_id}"
    return f"{row.kind.value} of article {row.article_id}"


def _held(connection: sa.Connection) -> list[Problem]:
    found: list[Problem] = []
    by_cause: dict[tuple[str, str, str], int] = {}
    for source, channel, reason, number in census.held_reasons(connection):
        noun = "post" if source else "mail"
        alert = reason in UNMADE and channel in (ALERTS, INSTANT)
        where = source if source and (alert or reason in {"flood", "by-hand"}) else channel
        noun = "alert" if alert else noun
        by_cause[(reason, where, noun)] = by_cause.get((reason, where, noun), 0) + number
    listed = "distributor deliveries list --state held"
    for (reason, where, noun), number in sorted(by_cause.items()):
        posts = f"{number:,} {noun}{'s' if number != 1 else ''}"
        if reason == "flood":
            text = f"many new articles at once, {posts} held"
            found.append(Problem("!", where, text, f"distributor release --source {where}"))
        elif reason == "approval" and noun == "mail":
            continue  # their editions are named: see postroom
        elif reason in UNMADE and noun == "mail" and where != LETTERS:
            continue  # by their digests: see postroom
        elif reason == "approval":
            found.append(Problem("?", where, f"{posts} wait for approval", listed))
        elif reason == "paused":
            found.append(Problem("?", where, f"{posts} paused", "distributor digests list"))
        elif reason == "by-hand":
            found.append(Problem("?", where, f"{posts} held by hand", listed))
        else:
            text = f"{posts} held: {'their template failed' if reason == 'template' else 'they do not fit'}"
            again = "release --source" if noun == "alert" else "deliveries release --channel"
            found.append(Problem("!", where, text, f"distributor {again} {where}"))
    return found


def _sources(app: App, connection: sa.Connection) -> list[Problem]:
    found = []
    states = sources.states(connection)
    for name, source in app.settings.sources.items():
        state = states.get(name)
        kind = source_state(source, state) if source.enabled else "off"
        if state is None:
            continue
        if kind == "gone":
            text = state.error or "gone for good"
            found.append(Problem("!", name, text, f"distributor sources check {name}"))
        elif kind == "failing" and state.failures >= FAILING:
            text = f"failed {state.failures} times: {state.error}; next {_clock(app, state.next_poll_at)}"
            found.append(Problem("!", name, text, f"distributor sources check {name}"))
        elif kind == "moved":
            found.append(Problem("?", name, f"moved to {state.feed}: put that into the settings"))
    return found


def _unmapped(app: App, connection: sa.Connection, now: datetime) -> list[Problem]:
    words: dict[str, list[str]] = {}
    for source, word, times in sources.unmapped_words(connection, now - UNMAPPED_FOR):
        words.setdefault(source, []).append(f"{word} ({times})")
    return [
        Problem("?", source, f"category words that map to none: {', '.join(found[:10])}" + _more(found), "")
        for source, found in words.items()
        if source in app.settings.sources
    ]


def _processes(app: App, connection: sa.Connection, now: datetime) -> list[Problem]:
    every = census.processes(connection)
    here = [one for one in every if one.seen_at >= now - SEEN_LATELY]
    found = []
    if not any(one.role != "cli" for one in here):
        found.append(Problem("!", "worker", "nothing runs: what waits stays where it is", "distributor run"))
    for one in here:
        who = f"{one.role} {_where(one.owner)}"
        if one.fingerprint != app.settings.fingerprint:
            text = f"{who} runs {one.config or 'no file'}, read {_clock(app, one.started_at)}: not these settings"
            found.append(Problem("?", "settings", text, "restart it"))
        elif one.version != distributor.__version__:
            found.append(
                Problem("?", "version", f"{who} runs {one.version}, this is {distributor.__version__}", "restart it")
            )
    for one in every:
        if now - FORGOTTEN <= one.seen_at < now - SEEN_LATELY:
            text = f"{one.role} {_where(one.owner)} was seen last {_clock(app, one.seen_at)} and did not say goodbye"
            found.append(Problem("?", "worker", text))
    return found


def _paused(app: App, connection: sa.Connection) -> list[Problem]:
    return [
        Problem(
            "?",
            "everything" if channel == "*" else channel,
            f"paused by {who} since {_clock(app, since)}",
            "distributor resume" if channel == "*" else f"distributor resume {channel}",
        )
        for channel, (since, who) in accounts.paused(connection).items()
    ]


def _late(app: App, connection: sa.Connection, now: datetime) -> list[Problem]:
    """What will be given up within the hour."""
    return [
        Problem(
            "?",
            channel,
            f"{number} expire by {_clock(app, now + SOON)}, the first {_clock(app, first)}",
            f"distributor deliveries list --channel {channel}",
        )
        for channel, number, first in census.expiring(connection, now + SOON, list(app.stations))
    ]


def _budgets(app: App, connection: sa.Connection, now: datetime) -> list[Problem]:
    found = []
    for name, station in app.stations.items():
        budget, zone = station.settings.budget, station.settings.timezone
        month = queue.spent(connection, name, pacing.month_start(now, zone)) if budget.monthly else 0.0
        if gates.affordable(connection, station, now) == 0:
            text = f"the budget is used up ({month:.2f} of {budget.monthly:g} USD this month): posts are skipped"
            found.append(Problem("!", name, text, f"raise channels.{name}.monthly_budget"))
        elif budget.monthly and month > 0.9 * budget.monthly:
            found.append(Problem("?", name, f"{month:.2f} of {budget.monthly:g} USD are spent this month"))
    return found


def _unread(app: App, connection: sa.Connection, now: datetime) -> list[Problem]:
    """Posting goes on, but nobody learns how posts fare."""
    found = readings.troubles(connection, now) if app.settings.signals.engagement else {}
    return [
        Problem("?", name, f"likes and reposts are not read: {why}", f"distributor channels check {name}")
        for name, why in sorted(found.items())
        if name in app.stations
    ]


def _lost_channels(app: App, connection: sa.Connection) -> list[Problem]:
    """Rows of channels that the settings do not have any more, or have switched off."""
    found = []
    mail = postroom.own_channels(app.settings)
    for channel, states in census.unsettled(connection).items():
        if channel in app.stations or not channel or channel in mail:
            continue
        off = "is switched off" if channel in app.settings.channels else "is not in the settings any more"
        number = sum(states.values())
        found.append(Problem("?", channel, f"{off}, and {number} of its posts are unsettled"))
    return found


def _clock(app: App, moment: datetime | None) -> str:
    """A moment on the publisher's own clock."""
    from zoneinfo import ZoneInfo

    if moment is None:
        return "?"
    local, today = (one.astimezone(ZoneInfo(app.settings.site.timezone)) for one in (moment, app.clock()))
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"


def _where(owner: str) -> str:
    parts = owner.split("/")
    return f"{parts[0]}:{parts[3]}" if len(parts) > 3 else owner


def _more(words: list[str]) -> str:
    return f" and {len(words) - 10} more" if len(words) > 10 else ""
