"""Which channels may speak at this moment, and when the others may again: the ledger's times and the rules together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from distributor import pacing
from distributor.context import Station
from distributor.dropping import note_dropped
from distributor.pacing import Pace
from distributor.store import accounts, ledger, queue
from distributor.store.accounts import AccountState
from distributor.store.queue import Gate

__all__ = ["Opening", "account_gates", "affordable", "channel_account", "channel_opening", "trim_to_budget"]

# How far the clocks of machines may differ. An attempt further ahead was made before this clock was set back: it does
# not stop everything until then.
SKEW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Opening:
    """When a channel lets out ordinary posts and urgent ones, from now on; None: not before a person acts.

    `why` says in a few words what an ordinary post waits for.
    """

    ordinary: datetime | None
    urgent: datetime | None
    why: str = ""

    def gate(self, channel: str, now: datetime) -> Gate:
        return Gate(
            channel,
            ordinary=self.ordinary is not None and self.ordinary <= now,
            urgent=self.urgent is not None and self.urgent <= now,
        )


def channel_account(channel: str) -> str:
    """Under which name a channel's own stop or pause is kept, beside its account's."""
    return f"channel:{channel}"


def account_gates(connection: sa.Connection, account: str, stations: Sequence[Station], now: datetime) -> list[Opening]:
    """One opening for each station of the account, in their order."""
    states = accounts.states(connection, [account, *(channel_account(station.name) for station in stations)])
    off = accounts.paused(connection)
    paces = [pace for station in stations for pace in _network_paces(station)]
    at = max((_next(connection, pace, now, account=account) for pace in dict.fromkeys(paces)), default=now)
    return [
        channel_opening(connection, station, (states[account], states[channel_account(station.name)]), off, at, now)
        for station in stations
    ]


def channel_opening(
    connection: sa.Connection,
    station: Station,
    both: tuple[AccountState, AccountState],
    off: dict[str, tuple[datetime, str]],
    account_at: datetime,
    now: datetime,
) -> Opening:
    """What one channel waits for: a person, the account, the network's pace, then the publisher's own rules.

    `both` are the states of its account and of the channel itself.
    """
    if station.name in off:
        return Opening(None, None, f"paused by {off[station.name][1]}")
    if "*" in off:
        return Opening(None, None, f"everything paused by {off['*'][1]}")
    stopped = both[0].stopped or both[1].stopped
    if stopped:
        return Opening(None, None, stopped)
    network_at = max([account_at, *(_next(connection, one, now, channel=station.name) for one in _chat_paces(station))])
    why = "the network's pace" if network_at > now else ""
    for one in both:
        if one.paused_until and one.paused_until > network_at:
            network_at, why = one.paused_until, one.why
    own_at = max(
        (_next(connection, pace, now, channel=station.name, posts_only=True) for pace in station.settings.paces),
        default=now,
    )
    timetable, last = station.settings.timetable, None
    if timetable.slots:
        last = queue.nth_last_attempt(connection, 1, channel=station.name, posts_only=True, until=now + SKEW)
    moment = max(network_at, own_at)
    ordinary = pacing.opens(timetable, last, moment)
    if ordinary > moment:
        why = "quiet hours or posting slots"
    elif own_at > network_at:
        why = "its pace"
    return Opening(ordinary, network_at, why)


def affordable(connection: sa.Connection, station: Station, now: datetime) -> int:
    """How many more posts this channel's budget pays now."""
    cost = getattr(station.channel, "cost", 0.0)
    budget, zone = station.settings.budget, station.settings.timezone
    if not cost or not (budget.monthly or budget.daily):
        return 10**9
    return pacing.affordable(
        budget,
        cost,
        spent_month=queue.spent(connection, station.name, pacing.month_start(now, zone)),
        spent_today=queue.spent(connection, station.name, pacing.day_start(now, zone)),
    )


def trim_to_budget(connection: sa.Connection, stations: Sequence[Station], now: datetime) -> int:
    """Gives up the lowest-ranked posts that the budget does not pay any more."""
    trimmed = 0
    for station in stations:
        count = affordable(connection, station, now)
        if count < 10**9:
            beyond = queue.waiting_by_rank(connection, station.name, now)[count:]
            rows = [row for number in beyond if (row := ledger.get(connection, number)) is not None]
            note_dropped(connection, rows, "budget", now)
            trimmed += ledger.skip(connection, beyond, "budget", now)
    return trimmed


def _network_paces(station: Station) -> tuple[Pace, ...]:
    """What the network allows on the whole account: the settings' own word, else what its channel ships with."""
    return station.settings.pace or tuple(getattr(station.channel, "paces", ()))


def _chat_paces(station: Station) -> tuple[Pace, ...]:
    """What the network allows on this channel alone, such as Telegram's messages a chat; `pace` replaces it too."""
    return () if station.settings.pace else tuple(getattr(station.channel, "channel_paces", ()))


def _next(
    connection: sa.Connection,
    pace: Pace,
    now: datetime,
    *,
    account: str = "",
    channel: str = "",
    posts_only: bool = False,
) -> datetime:
    last = queue.nth_last_attempt(
        connection,
        pace.count,
        account=account,
        channel=channel,
        posts_only=posts_only,
        since=now - pace.per,
        until=now + SKEW,
    )
    return pacing.next_in_pace(last, pace, now)
