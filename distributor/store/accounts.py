"""Accounts, their slots, and what a person switched off. Each function works on the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.store import tables as t
from distributor.store.articles import insert_into, upsert

__all__ = [
    "AccountState",
    "epochs",
    "free_slots",
    "keep_slot",
    "leave_slot",
    "pause",
    "paused",
    "renew",
    "reopen",
    "report",
    "resume",
    "slot_owners",
    "state",
    "states",
    "stop",
    "take_slot",
]


@dataclass(frozen=True, slots=True)
class AccountState:
    """What an account has been through. `stopped` is why a person must act, `epoch` counts the reopenings."""

    name: str
    stopped: str = ""
    stopped_at: datetime | None = None
    paused_until: datetime | None = None
    why: str = ""
    outages: int = 0
    epoch: int = 0


# Asked before every post: building a statement costs more than running it.
_STATES = sa.select(t.account).where(t.account.c.name.in_(sa.bindparam("wanted", expanding=True)))
_OFF = sa.select(t.switch)
_EPOCHS = sa.select(t.account.c.name, t.account.c.epoch).where(t.account.c.epoch > 0)
_MINE = sa.update(t.slot).where(
    t.slot.c.account == sa.bindparam("of_account"),
    t.slot.c.number == sa.bindparam("of_number"),
    t.slot.c.owner == sa.bindparam("of_owner"),
)
_KEEP = _MINE.values(until=sa.bindparam("new_until", type_=t.Moment)).returning(t.slot.c.number)
_LEAVE = _MINE.values(owner="")
_HOLDERS = sa.select(t.slot.c.owner).where(t.slot.c.owner != "")
_SENDERS = sa.select(t.delivery.c.lease_owner).where(t.IS_UNSETTLED, t.delivery.c.state == "sending").distinct()


def state(connection: sa.Connection, name: str) -> AccountState:
    return states(connection, [name])[name]


def states(connection: sa.Connection, names: Sequence[str]) -> dict[str, AccountState]:
    """The state of each of these accounts, by name; one that nothing ever befell included."""
    found = {name: AccountState(name) for name in names}
    for row in connection.execute(_STATES, {"wanted": list(names)}):
        found[row.name] = AccountState(
            row.name, row.stopped, row.stopped_at, row.paused_until, row.why, row.outages, row.epoch
        )
    return found


def report(connection: sa.Connection, name: str, *, outages: int, paused_until: datetime | None, why: str) -> None:
    """What an attempt told about the account's health."""
    _write(connection, name, outages=outages, paused_until=paused_until, why=why)


def stop(connection: sa.Connection, name: str, why: str, now: datetime) -> None:
    """Nothing goes out on this account until a person acts."""
    _write(connection, name, stopped=why, stopped_at=now)


def reopen(connection: sa.Connection, name: str) -> None:
    """A person acted: workers read the secrets again, and the account is open."""
    _write(connection, name, stopped="", stopped_at=None, paused_until=None, why="", outages=0)
    connection.execute(sa.update(t.account).where(t.account.c.name == name).values(epoch=t.account.c.epoch + 1))


def renew(connection: sa.Connection, name: str) -> None:
    """A person proved the secrets: workers read them again. What keeps the account waiting stays."""
    statement = upsert(connection, t.account).values(name=name, epoch=1)
    again = {"epoch": t.account.c.epoch + 1}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=again))


def epochs(connection: sa.Connection) -> dict[str, int]:
    """How often secrets were proved anew, for each name that ever was."""
    return {row.name: row.epoch for row in connection.execute(_EPOCHS)}


def take_slot(
    connection: sa.Connection,
    account: str,
    slots: int,
    *,
    owner: str,
    now: datetime,
    until: datetime,
    dead: Sequence[str],
) -> int | None:
    """A free slot of the account, now `owner`'s; None when all are taken. One whose owner is dead is free."""
    statement = _take(connection.dialect.name)
    values = {"account": account, "owner": owner, "until": until, "now": now, "dead": list(dead)}
    for number in range(slots):
        if connection.execute(statement, values | {"number": number}).one_or_none() is not None:
            return number
    return None


@cache
def _take(dialect: str) -> Any:
    insert = insert_into(dialect, t.slot).values(
        {name: sa.bindparam(name, type_=t.slot.c[name].type) for name in ("account", "number", "owner", "until")}
    )
    free = sa.or_(
        t.slot.c.until <= sa.bindparam("now", type_=t.Moment),
        t.slot.c.owner == "",
        t.slot.c.owner.in_(sa.bindparam("dead", expanding=True)),
    )
    taken = {"owner": insert.excluded.owner, "until": insert.excluded.until}
    insert = insert.on_conflict_do_update(index_elements=["account", "number"], set_=taken, where=free)
    return insert.returning(t.slot.c.number)


def keep_slot(connection: sa.Connection, account: str, number: int, *, owner: str, until: datetime) -> bool:
    """Renews a lease; False when somebody else has the slot by now."""
    values = {"of_account": account, "of_number": number, "of_owner": owner, "new_until": until}
    return connection.execute(_KEEP, values).one_or_none() is not None


def leave_slot(connection: sa.Connection, account: str, number: int, *, owner: str) -> None:
    connection.execute(_LEAVE, {"of_account": account, "of_number": number, "of_owner": owner})


def slot_owners(connection: sa.Connection) -> set[str]:
    """Everyone who holds a slot or is sending a delivery: those whose life is to be checked."""
    return {*connection.execute(_HOLDERS).scalars(), *connection.execute(_SENDERS).scalars()} - {""}


def free_slots(connection: sa.Connection, dead: Sequence[str]) -> None:
    """Takes back the slots of the dead."""
    if dead:
        connection.execute(sa.update(t.slot).where(t.slot.c.owner.in_(list(dead))).values(owner=""))


def pause(connection: sa.Connection, channel: str, who: str, now: datetime) -> None:
    """Switches a channel off, or everything by "*"."""
    values = {"channel": channel, "who": who, "since": now}
    connection.execute(upsert(connection, t.switch).values(values).on_conflict_do_nothing())


def resume(connection: sa.Connection, channel: str) -> bool:
    """Switches it on again; False when it was not off."""
    statement = sa.delete(t.switch).where(t.switch.c.channel == channel).returning(t.switch.c.channel)
    return connection.execute(statement).one_or_none() is not None


def paused(connection: sa.Connection) -> dict[str, tuple[datetime, str]]:
    """What is off: since when, and by whom."""
    return {row.channel: (row.since, row.who) for row in connection.execute(_OFF)}


def _write(connection: sa.Connection, name: str, **values: object) -> None:
    statement = upsert(connection, t.account).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
