"""The ledger: one row for every intended effect. Each function works on the caller's transaction.

A claim is a compare-and-set, and settling repeats the attempt's number: a worker that wakes after its lease
cannot overwrite what was decided without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.model import Delivery, Kind, Message, State
from distributor.states import UNMADE, Settlement
from distributor.store import tables as t
from distributor.store.articles import insert_into
from distributor.store.queue import doubt_stays
from distributor.store.rows import delivery_from, delivery_values, message_data, message_from, receipt_data

__all__ = [
    "add",
    "attempts",
    "claim",
    "deliveries",
    "expedite",
    "freeze",
    "get",
    "held_of_source",
    "held_unmade",
    "hold",
    "message",
    "of_article",
    "release",
    "reword",
    "settle",
    "skip",
    "standing",
]

d = t.delivery


def add(connection: sa.Connection, planned: Sequence[Delivery]) -> list[Delivery]:
    """Adds what is not in the ledger yet, and returns that; a key that is known already is left as it is."""
    if not planned:
        return []
    new = []
    statement = _insert(connection.dialect.name)
    for delivery in planned:
        row = connection.execute(statement, delivery_values(delivery)).one_or_none()
        if row is not None:
            new.append(delivery_from(row))
    return new


def get(connection: sa.Connection, delivery_id: int) -> Delivery | None:
    row = connection.execute(sa.select(d).where(d.c.id == delivery_id)).one_or_none()
    return None if row is None else delivery_from(row)


def of_article(connection: sa.Connection, article_id: int) -> list[Delivery]:
    """An article's deliveries to channels, oldest first. Its alerts may be a million: see alerts.py."""
    query = sa.select(d).where(d.c.article_id == article_id, t.IS_TO_CHANNELS)
    rows = connection.execute(query.order_by(d.c.id))
    return [delivery_from(row) for row in rows]


def held_alerts(connection: sa.Connection, article_id: int) -> list[Delivery]:
    """The mails about an article that wait for a person."""
    query = sa.select(d).where(
        d.c.article_id == article_id,
        d.c.recipient_id != 0,
        t.IS_UNSETTLED,
        d.c.state == State.HELD.value,
    )
    return [delivery_from(row) for row in connection.execute(query.order_by(d.c.id))]


def deliveries(
    connection: sa.Connection,
    *,
    states: Sequence[State] = (),
    channel: str = "",
    since: datetime | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """The newest deliveries first."""
    query = sa.select(d).order_by(d.c.id.desc()).limit(limit)
    if states:
        query = query.where(d.c.state.in_([state.value for state in states]))
        query = query.where(t.IS_UNSETTLED) if _UNSETTLED.issuperset(states) else query
    if channel:
        query = query.where(d.c.channel == channel)
    if since:
        query = query.where(d.c.planned_at >= since)
    return [delivery_from(row) for row in connection.execute(query)]


def freeze(connection: sa.Connection, message: Message, fingerprint: str, now: datetime) -> int:
    """Keeps a message for ever as it will be sent; returns its id."""
    values = {"data": message_data(message), "fingerprint": fingerprint, "frozen_at": now}
    return int(connection.execute(_FREEZE, values).scalar_one())


def message(connection: sa.Connection, message_id: int) -> tuple[Message, str] | None:
    """A frozen message and its fingerprint."""
    row = connection.execute(_MESSAGE, {"of_id": message_id}).one_or_none()
    return None if row is None else (message_from(row.data), row.fingerprint)


def claim(
    connection: sa.Connection,
    delivery: Delivery,
    *,
    message_id: int,
    revision: int,
    cost: float,
    account: str,
    owner: str,
    now: datetime,
    until: datetime,
) -> Delivery | None:
    """Takes a pending delivery for `owner`; None when somebody else was faster, or gave it another message meanwhile.

    Commit durably before sending. The attempt is written down in the same transaction: paces are counted from it.
    """
    values = {
        "of_id": delivery.id,
        "of_attempt": delivery.attempt,
        "of_message_id": delivery.message_id,
        "new_message_id": message_id,
        "new_revision": revision,
        "new_cost": cost,
        "new_claimed_at": now,
        "new_lease_owner": owner,
        "new_lease_until": until,
    }
    if connection.execute(_CLAIM, values).one_or_none() is None:
        return None
    claimed = replace(
        delivery,
        state=State.SENDING,
        attempt=delivery.attempt + 1,
        message_id=message_id,
        revision=revision,
        cost=cost,
        claimed_at=now,
        lease_owner=owner,
        lease_until=until,
    )
    tried = {
        "delivery_id": claimed.id,
        "number": claimed.attempt,
        "account": account,
        "channel": claimed.channel,
        "kind": claimed.kind.value,
        "owner": owner,
        "at": now,
    }
    connection.execute(_TRY, tried)
    return claimed


def settle(connection: sa.Connection, delivery: Delivery, settlement: Settlement, now: datetime) -> bool:
    """Writes down what an attempt came to; False when the attempt is not the latest any more, and nothing changed.

    A receipt that comes late still settles an uncertain delivery of the same attempt, also when its repeat waits.
    """
    from_states = [delivery.state.value]
    if settlement.state is State.SENT:
        from_states = [State.SENDING.value, State.UNCERTAIN.value, State.PENDING.value]
    values: dict[str, Any] = {
        "state": settlement.state.value,
        "reason": settlement.reason,
        "error": settlement.error,
        "failures": settlement.failures,
        "doubts": settlement.doubts,
        "doubt_since": settlement.doubt_since,
        "resolve_at": settlement.resolve_at,
        "lease_owner": "",
        "lease_until": None,
        "settled_at": None if settlement.state is State.PENDING else now,
    }
    if settlement.due_at is not None:
        values["due_at"] = settlement.due_at
    if settlement.receipt is not None:
        values["receipt"] = receipt_data(settlement.receipt)
    of = {"of_id": delivery.id, "of_attempt": delivery.attempt}
    statement = _settle(tuple(values))
    told = {f"new_{name}": value for name, value in values.items()}
    done = connection.execute(statement, {**of, "of_states": from_states, **told}).one_or_none() is not None
    if delivery.state is State.SENDING:
        # What becomes of a doubt later is the delivery's story; how the attempt itself ended stays as it was.
        outcome = settlement.reason or settlement.state.value
        connection.execute(_END, {**of, "new_ended_at": now, "new_outcome": outcome, "new_error": settlement.error})
    return done


def _new(table: sa.Table, *names: str) -> dict[str, Any]:
    return {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in names}


_UNSETTLED = frozenset({State.PENDING, State.SENDING, State.HELD, State.UNCERTAIN})
# What is done for every post is built once: building a statement costs more than running it.
_THIS = (d.c.id == sa.bindparam("of_id"), d.c.attempt == sa.bindparam("of_attempt"))
_CLAIM = (
    sa.update(d)
    .where(*_THIS, d.c.state == State.PENDING.value, d.c.message_id == sa.bindparam("of_message_id"))
    .values(state=State.SENDING.value, attempt=d.c.attempt + 1)
    .values(_new(d, "message_id", "revision", "cost", "claimed_at", "lease_owner", "lease_until"))
    .returning(d.c.id)
)
_FREEZE = sa.insert(t.message).returning(t.message.c.id)
_TRY = sa.insert(t.attempt)
_END = (
    sa.update(t.attempt)
    .where(
        t.attempt.c.delivery_id == sa.bindparam("of_id"),
        t.attempt.c.number == sa.bindparam("of_attempt"),
    )
    .values(_new(t.attempt, "ended_at", "outcome", "error"))
)
_MESSAGE = sa.select(t.message).where(t.message.c.id == sa.bindparam("of_id"))


@cache
def _insert(dialect: str) -> Any:
    return insert_into(dialect, d).on_conflict_do_nothing().returning(d)


@cache
def _settle(names: tuple[str, ...]) -> Any:
    return (
        sa.update(d)
        .where(*_THIS, d.c.state.in_(sa.bindparam("of_states", expanding=True)))
        .values(_new(d, *names))
        .returning(d.c.id)
    )


def hold(
    connection: sa.Connection,
    delivery_ids: Iterable[int],
    reason: str,
    *,
    error: str = "",
    state: State = State.PENDING,
) -> int:
    """Lets waiting deliveries wait for a person. One whose outcome is in doubt is not touched."""
    return _move(connection, delivery_ids, (state,), State.HELD, reason, error=error)


def release(connection: sa.Connection, delivery_ids: Iterable[int], now: datetime) -> int:
    """Lets held deliveries go; their time to live starts anew, because they waited for a person.

    One that is planned for later keeps its hour.
    """
    moment = sa.literal(now, t.Moment)
    life = sa.type_coerce(d.c.expires_at - d.c.planned_at, sa.BigInteger)
    values = {
        "due_at": sa.case((d.c.due_at > moment, d.c.due_at), else_=moment),
        "expires_at": sa.type_coerce(life + (now - t.EPOCH) // t.MICROSECOND, t.Moment),
        "error": "",
    }
    return _move(connection, delivery_ids, (State.HELD,), State.PENDING, "", **values)


def held_of_source(connection: sa.Connection, source: str) -> list[Delivery]:
    """What waits for a person, of one source, oldest first."""
    query = (
        sa.select(d)
        .join(t.article, t.article.c.id == d.c.article_id)
        .where(t.article.c.source == source, t.IS_UNSETTLED, d.c.state == State.HELD.value)
        .order_by(d.c.id)
    )
    return [delivery_from(row) for row in connection.execute(query)]


def held_unmade(connection: sa.Connection, channel: str, after: int, limit: int) -> list[Delivery]:
    """The next that wait on a channel because they could not be made, by their ids; those of editions are their
    digest's.
    """
    query = (
        sa.select(d)
        .where(t.IS_UNSETTLED, d.c.state == State.HELD.value, d.c.channel == channel, d.c.reason.in_(UNMADE))
        .where(d.c.id > after, d.c.edition_id == 0, d.c.doubts == 0)
        .order_by(d.c.id)
        .limit(limit)
    )
    return [delivery_from(row) for row in connection.execute(query)]


def expedite(connection: sa.Connection, delivery: Delivery, due_at: datetime, expires_at: datetime) -> bool:
    """A person sends what waits, past quiet hours and slots; False when it does not wait any more."""
    statement = (
        sa.update(d)
        .where(d.c.id == delivery.id, d.c.state == State.PENDING.value, d.c.doubts == 0)
        .values(by_hand=True, due_at=due_at, expires_at=expires_at)
        .returning(d.c.id)
    )
    return connection.execute(statement).one_or_none() is not None


def reword(connection: sa.Connection, delivery: Delivery, message_id: int, state: State, reason: str) -> bool:
    """Gives a waiting delivery the message that it shall send; False when it was taken meanwhile."""
    waiting = [State.PENDING.value, State.HELD.value]
    statement = (
        sa.update(d)
        .where(d.c.id == delivery.id, d.c.attempt == delivery.attempt, d.c.state.in_(waiting), d.c.doubts == 0)
        .values(message_id=message_id, state=state.value, reason=reason, error="")
        .returning(d.c.id)
    )
    return connection.execute(statement).one_or_none() is not None


def skip(connection: sa.Connection, delivery_ids: Iterable[int], reason: str, now: datetime) -> int:
    """Gives up waiting deliveries; those whose outcome is in doubt stay uncertain, for a person."""
    ids = list(delivery_ids)
    for chunk in _chunks(ids):
        doubt_stays(connection, d.c.id.in_(chunk))
    return _move(connection, ids, (State.PENDING, State.HELD), State.SKIPPED, reason, settled_at=now)


def standing(connection: sa.Connection, delivery: Delivery) -> tuple[Delivery, str] | None:
    """The post that a follow-up is about, at the revision and with the fingerprint of what is on the network now.

    None where it is not, or was deleted.
    """
    about = (
        d.c.article_id == delivery.article_id,
        d.c.channel == delivery.channel,
        d.c.generation == delivery.generation,
        d.c.state == State.SENT.value,
    )
    found = connection.execute(sa.select(d).where(*about).order_by(d.c.revision, d.c.id))
    rows = [delivery_from(row) for row in found]
    posts = [row for row in rows if row.kind is Kind.POST]
    if not posts or any(row.kind is Kind.DELETE for row in rows):
        return None
    # A later edit may have given the network's answer a new shape, and surely what is shown there.
    latest = ([row for row in rows if row.message_id] or posts)[-1]
    shown = message(connection, latest.message_id)
    receipt = latest.receipt or posts[-1].receipt
    return replace(posts[-1], revision=latest.revision, receipt=receipt), shown[1] if shown else ""


def attempts(connection: sa.Connection, delivery_id: int) -> list[Any]:
    """Every attempt at a delivery: number, owner, at, ended_at, outcome, error."""
    query = sa.select(t.attempt).where(t.attempt.c.delivery_id == delivery_id).order_by(t.attempt.c.number)
    return list(connection.execute(query))


def _move(
    connection: sa.Connection,
    delivery_ids: Iterable[int],
    from_states: Sequence[State],
    to: State,
    reason: str,
    **values: Any,
) -> int:
    moved = 0
    for chunk in _chunks(list(delivery_ids)):
        statement = (
            sa.update(d)
            .where(
                d.c.id.in_(chunk),
                d.c.state.in_([state.value for state in from_states]),
                d.c.doubts == 0,
            )
            .values(state=to.value, reason=reason, **values)
            .returning(d.c.id)
        )
        moved += len(connection.execute(statement).all())
    return moved


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """SQLite takes at most 32,766 parameters in one statement."""
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
