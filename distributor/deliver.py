"""Deliveries out: the only place that sends anything.

    drain(account): take a slot -> settle what is in doubt -> peek -> freeze + claim (durable) -> channel -> settle

Before the first byte leaves, the intent is on disk. What is sent is frozen, so that a retry sends the same bytes
with the same key. One slot an account: two posts of one account never race. An outcome is written lazily; the next
claim, or the slot given back, makes it durable too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from distributor import gates, owners, states
from distributor.amends import insist, unclaim
from distributor.channels import Deletes, Edits
from distributor.context import App, Station
from distributor.doubts import doubt_of, finds, is_late_repeat, settle_doubts
from distributor.errors import ChannelError, Rejected, StoreError, Uncertain
from distributor.model import Delivery, Kind, Receipt, State
from distributor.preparing import Facts, Prepared, facts_of, prepare
from distributor.renewing import renew
from distributor.states import Settlement
from distributor.store import accounts, ledger, links, queue

__all__ = ["Drained", "drain"]

log = structlog.get_logger(__name__)

# A drain gives its slot back after this time and rings again: no account keeps a worker for itself.
TURN = timedelta(seconds=60)
LEASE_MARGIN = timedelta(seconds=60)
LONGEST_NAP = 1.0


@dataclass(slots=True)
class Drained:
    """What one drain did. `busy`: every slot was taken. `settled` are the deliveries' new states, by id."""

    busy: bool = False
    more: bool = False
    settled: dict[int, State] = field(default_factory=dict)


@dataclass(slots=True)
class _Slot:
    """A lease on one of an account's slots; `latest` writes the latest outcome under it down once more."""

    account: str
    number: int
    owner: str
    latest: Callable[[sa.Connection], object] | None = None


class _SlotLost(Exception):
    """The lease ran out, and somebody else has the slot by now: this drain is over."""


def drain(
    app: App,
    account: str,
    *,
    only: Sequence[int] = (),
    on_settled: Callable[[Delivery, Settlement], None] | None = None,
) -> Drained:
    """Sends what is due on an account, in order, at its pace, until nothing is or its turn is over.

    `only` narrows it down to these deliveries. Raises StoreError when the ledger cannot be written; what was
    under way is then found by a later sweep.
    """
    stations = _stations(app, account)
    if not stations:
        return Drained()
    slot = _take_slot(app, account, stations)
    if slot is None:
        return Drained(busy=True)
    done = Drained()
    try:
        done.settled.update(settle_doubts(app, stations))
        done.more = _turn(app, slot, stations, only, done, on_settled)
    except _SlotLost:
        log.warning("slot lost", account=account)
        done.more = True
    except StoreError:
        # A database that crashed may have lost the latest outcome, which was written lazily.
        if slot.latest is not None:
            insist(app, slot.latest, what="settle")
        raise
    finally:
        _leave_slot(app, slot)
    return done


def _turn(
    app: App,
    slot: _Slot,
    stations: Sequence[Station],
    only: Sequence[int],
    done: Drained,
    on_settled: Callable[[Delivery, Settlement], None] | None,
) -> bool:
    """Sends until nothing is due (False), or the turn is over, or the process stops (True)."""
    until = app.clock() + TURN
    while app.clock() < until and not app.stopping.is_set():
        step = _next_step(app, slot.account, stations, only)
        if step.delivery is not None and step.facts is not None:
            settled = _one(app, slot, step.delivery, step.facts)
            if settled is None:
                continue
            done.settled[step.delivery.id] = settled.state
            if on_settled:
                on_settled(step.delivery, settled)
        elif step.nap is not None:
            time.sleep(step.nap)
        else:
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Step:
    """What a drain does next: send a delivery, or wait a moment for a pace, or stop."""

    delivery: Delivery | None = None
    facts: Facts | None = None
    nap: float | None = None


def _next_step(app: App, account: str, stations: Sequence[Station], only: Sequence[int]) -> _Step:
    now = app.clock()
    with app.store.read() as connection:
        opened = gates.account_gates(connection, account, stations, now)
        doors = [one.gate(station.name, now) for one, station in zip(opened, stations, strict=True)]
        short = any(gates.affordable(connection, station, now) < 1000 for station in stations)
        found = queue.peek(connection, doors, now, only=only)
        if found is None:
            return _Step(nap=_nap(connection, stations, opened, now, only))
        facts = facts_of(app, connection, found)
    if short:
        with app.store.write() as connection:
            if gates.trim_to_budget(connection, stations, now):
                return _Step(nap=0.0)
    return _Step(found, facts)


def _nap(
    connection: sa.Connection,
    stations: Sequence[Station],
    opened: Sequence[gates.Opening],
    now: datetime,
    only: Sequence[int],
) -> float | None:
    """How long to wait for the next opening, when that is at most a second away and something waits for it."""
    moments = [moment for one in opened for moment in (one.urgent, one.ordinary) if moment and moment > now]
    soon = min(moments, default=None)
    if soon is None or (soon - now).total_seconds() > LONGEST_NAP:
        return None
    then = soon + timedelta(microseconds=1)
    doors = [one.gate(station.name, then) for one, station in zip(opened, stations, strict=True)]
    if queue.peek(connection, doors, then, only=only) is None:
        return None
    return max(0.001, (soon - now).total_seconds())


def _one(app: App, slot: _Slot, delivery: Delivery, facts: Facts) -> Settlement | None:
    """One delivery from the queue to its outcome; None when it was not sent after all."""
    station = app.stations[delivery.channel]
    prepared = None if is_late_repeat(app, delivery) else prepare(app, station, delivery, facts)
    if prepared is None:
        return None
    try:
        claimed = _claim(app, slot, station, delivery, prepared)
    except StoreError:
        unclaim(app, delivery, slot.owner)
        raise
    if claimed is None:
        return None
    outcome = _attempt(station, claimed, prepared)
    return _settle(app, slot, station, claimed, outcome)


def _claim(app: App, slot: _Slot, station: Station, delivery: Delivery, prepared: Prepared) -> Delivery | None:
    """Takes the row, durably: from here on the message may be out, whatever happens to this process."""
    now = app.clock()
    until = now + timedelta(seconds=station.channel.deadline) + LEASE_MARGIN
    cost = getattr(station.channel, "cost", 0.0) if delivery.kind is Kind.POST else 0.0
    with app.store.write(durable=True) as connection:
        if not accounts.keep_slot(connection, slot.account, slot.number, owner=slot.owner, until=until):
            raise _SlotLost
        message_id = prepared.message_id or ledger.freeze(connection, prepared.message, prepared.fingerprint, now)
        if prepared.link is not None:
            links.add(connection, [prepared.link], now)
        return ledger.claim(
            connection,
            delivery,
            message_id=message_id,
            revision=prepared.revision,
            cost=cost,
            account=slot.account,
            owner=slot.owner,
            now=now,
            until=until,
        )


def _attempt(station: Station, delivery: Delivery, prepared: Prepared) -> Receipt | ChannelError:
    """The one call that leaves this machine."""
    channel, message = station.channel, prepared.message
    try:
        if delivery.kind is Kind.EDIT and isinstance(channel, Edits) and prepared.receipt:
            return channel.edit(prepared.receipt, message, delivery.key)
        if delivery.kind is Kind.DELETE and isinstance(channel, Deletes) and prepared.receipt:
            channel.delete(prepared.receipt)
            return prepared.receipt
        if delivery.kind is Kind.POST:
            return channel.send(message, delivery.key)
        return Rejected(f"{station.name} cannot {delivery.kind.value}", reason="no-skill")
    except ChannelError as error:
        return error
    except Exception as error:  # a third party's channel must not take the worker down, nor be sent twice
        log.exception("channel failed", channel=station.name, delivery=delivery.id)
        return Uncertain(f"{station.name} failed: {type(error).__name__}: {error}", reason="channel-fault")


def _settle(app: App, slot: _Slot, station: Station, delivery: Delivery, outcome: Receipt | ChannelError) -> Settlement:
    now = app.clock()
    settlement = states.after(
        delivery,
        outcome,
        doubt=doubt_of(app, delivery),
        finds=finds(app, delivery),
        now=now,
        jitter=app.jitter(),
    )

    def act(connection: sa.Connection) -> None:
        if not ledger.settle(connection, delivery, settlement, now):
            log.warning("settled too late", delivery=delivery.id, attempt=delivery.attempt)
        _report(app, connection, _whom(slot.account, station, settlement), settlement, now)

    # The post is out, and only this process knows: it waits for the database rather than forget.
    insist(app, act, what="settle")
    slot.latest = lambda connection: ledger.settle(connection, delivery, settlement, now)
    _tell(station, delivery, settlement, now)
    return settlement


def _report(app: App, connection: sa.Connection, account: str, settlement: Settlement, now: datetime) -> None:
    """What the outcome means for the account: its breaker, its pause, its stop."""
    state = accounts.state(connection, account)
    pause = settlement.pause
    if pause and pause.until is None:
        log.error("account stopped until a person acts", account=account, why=pause.why)
        accounts.stop(connection, account, pause.why, now)
        return
    outages = state.outages + 1 if settlement.outage else 0 if settlement.outage is False else state.outages
    until = pause.until if pause else states.breaker(outages, now, app.jitter()) if settlement.outage else None
    if settlement.outage is None and not pause:
        until = state.paused_until
    if (outages, until) != (state.outages, state.paused_until):
        why = pause.why if pause else settlement.error
        accounts.report(connection, account, outages=outages, paused_until=until, why=why)


def _whom(account: str, station: Station, settlement: Settlement) -> str:
    """Who waits: the account, or only this channel of it (a chat that the bot was thrown out of)."""
    only = settlement.pause is not None and settlement.pause.channel_only
    return gates.channel_account(station.name) if only else account


def _tell(station: Station, delivery: Delivery, settlement: Settlement, now: datetime) -> None:
    log.info(
        settlement.state.value,
        channel=station.name,
        delivery=delivery.id,
        kind=delivery.kind.value,
        attempt=delivery.attempt,
        reason=settlement.reason,
        seconds=round((now - delivery.planned_at).total_seconds(), 3),
    )


def _stations(app: App, account: str) -> list[Station]:
    """The account's stations, with secrets read again when a person proved new ones since they were read."""
    with app.store.read() as connection:
        renew(app, connection)
    return app.accounts().get(account, [])


def _take_slot(app: App, account: str, stations: Sequence[Station]) -> _Slot | None:
    now, owner = app.clock(), owners.current()
    until = now + max(timedelta(seconds=station.channel.deadline) for station in stations) + LEASE_MARGIN
    slots = max(int(getattr(station.channel, "slots", 1)) for station in stations)
    with app.store.write() as connection:
        dead = [holder for holder in accounts.slot_owners(connection) if owners.is_dead(holder)]
        number = accounts.take_slot(connection, account, slots, owner=owner, now=now, until=until, dead=dead)
    return None if number is None else _Slot(account, number, owner)


def _leave_slot(app: App, slot: _Slot) -> None:
    """Gives the slot back, durably: with it all that was settled before is on disk."""

    def act(connection: sa.Connection) -> None:
        accounts.leave_slot(connection, slot.account, slot.number, owner=slot.owner)

    try:
        insist(app, act, what="give a slot back", durable=True)
    except StoreError as error:
        log.warning("slot not given back; its lease will end", account=slot.account, error=str(error))
