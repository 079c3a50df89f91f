"""What to do next: the queue's order, what is too old, what was left behind, what the paces allow.

Each function works on the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.model import Delivery, Kind, Lane, State
from distributor.store import readings
from distributor.store import tables as t
from distributor.store.rows import delivery_from

__all__ = [
    "Gate",
    "any_due",
    "channels",
    "doubt_stays",
    "doubtful",
    "expire",
    "has_expired",
    "nth_last_attempt",
    "overrun",
    "peek",
    "sent_since",
    "spent",
    "waiting_by_rank",
]

d = t.delivery
EPOCH = t.EPOCH
END = datetime(9999, 1, 1, tzinfo=UTC)
FOLLOW_UPS = (Kind.EDIT.value, Kind.DELETE.value)
WAITING = (State.PENDING.value, State.HELD.value)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a channel lets out at this moment: `ordinary` all, `urgent` breaking news and what a person sent."""

    channel: str
    ordinary: bool
    urgent: bool


def peek(
    connection: sa.Connection, gates: Sequence[Gate], now: datetime, *, only: Sequence[int] = ()
) -> Delivery | None:
    """The delivery to send next: breaking first, then trending, then the oldest; None when nothing is due.

    An edit or a deletion waits until its post is settled. `only` narrows it down to these deliveries.
    """
    ordinary = [gate.channel for gate in gates if gate.ordinary]
    urgent = [gate.channel for gate in gates if gate.urgent and not gate.ordinary]
    if not ordinary and not urgent:
        return None
    values = {"now": now, "open": ordinary + urgent, "ordinary": ordinary} | ({"only": list(only)} if only else {})
    row = connection.execute(_peek(bool(only)), values).one_or_none()
    return None if row is None else delivery_from(row)


@cache
def _peek(narrowed: bool) -> sa.Select[Any]:
    """Built once: it is asked before every post, and building it costs more than running it."""
    now = sa.bindparam("now", type_=t.Moment)
    is_urgent = sa.or_(d.c.lane == int(Lane.BREAKING), d.c.by_hand)
    post = d.alias("post")
    stands = sa.exists().where(
        post.c.article_id == d.c.article_id,
        post.c.channel == d.c.channel,
        post.c.kind == Kind.POST.value,
        post.c.generation == d.c.generation,
        post.c.state == State.SENT.value,
    )
    of_open, of_ordinary = (d.c.channel.in_(sa.bindparam(name, expanding=True)) for name in ("open", "ordinary"))
    query = (
        sa.select(d)
        .outerjoin(t.ranking, t.ranking.c.article_id == d.c.article_id)
        .where(
            t.IS_UNSETTLED,
            d.c.state == State.PENDING.value,
            d.c.due_at <= now,
            sa.or_(d.c.expires_at.is_(None), d.c.expires_at > now),
            of_open,  # by itself, for the index
            sa.or_(of_ordinary, is_urgent),
            sa.or_(d.c.kind.not_in(FOLLOW_UPS), stands),
        )
        .order_by(d.c.lane, sa.func.coalesce(t.ranking.c.score, 0.0).desc(), d.c.due_at, d.c.id)
        .limit(1)
    )
    return query.where(d.c.id.in_(sa.bindparam("only", expanding=True))) if narrowed else query


def waiting_by_rank(connection: sa.Connection, channel: str, now: datetime) -> list[int]:
    """The posts due on a channel, those to be sent first at the front."""
    query = (
        sa.select(d.c.id)
        .outerjoin(t.ranking, t.ranking.c.article_id == d.c.article_id)
        .where(t.IS_UNSETTLED, d.c.state == State.PENDING.value, d.c.channel == channel, d.c.due_at <= now)
        .where(d.c.kind == Kind.POST.value)
        .order_by(d.c.lane, sa.func.coalesce(t.ranking.c.score, 0.0).desc(), d.c.due_at, d.c.id)
    )
    return list(connection.execute(query).scalars())


def expire(connection: sa.Connection, now: datetime, *, but: Sequence[str] = ()) -> list[Delivery]:
    """Gives up what waited too long, and edits and deletions of posts that never went out; returns them.

    What is held waits for a person, however long: its time to live starts with the release. `but` are channels whose
    deliveries never grow too old; there may be a million of them.
    """
    on_channel = _channel_but(connection, but)
    late = sa.and_(t.IS_UNSETTLED, on_channel, d.c.state == State.PENDING.value, d.c.expires_at <= now)
    doubt_stays(connection, late)
    expired = _skip_where(connection, late, "too-old", now)
    post = d.alias("post")
    never = sa.exists().where(
        post.c.article_id == d.c.article_id,
        post.c.channel == d.c.channel,
        post.c.kind == Kind.POST.value,
        post.c.generation == d.c.generation,
        post.c.state.in_([State.SKIPPED.value, State.FAILED.value]),
    )
    return expired + _skip_where(connection, sa.and_(on_channel, d.c.kind.in_(FOLLOW_UPS), never), "no-post", now)


def any_due(connection: sa.Connection, channels: Sequence[str], now: datetime) -> bool:
    """Whether anything at all is due on these channels: cheap, and asked before everything else."""
    query = sa.select(d.c.id).where(
        t.IS_UNSETTLED, d.c.state == State.PENDING.value, d.c.channel.in_(channels), d.c.due_at <= now
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def has_expired(connection: sa.Connection, now: datetime, *, but: Sequence[str] = ()) -> bool:
    """Whether `expire` would find something."""
    late = sa.select(d.c.id).where(
        t.IS_UNSETTLED,
        _channel_but(connection, but),
        sa.or_(
            sa.and_(d.c.state == State.PENDING.value, d.c.expires_at <= now),
            sa.and_(d.c.state.in_(WAITING), d.c.kind.in_(FOLLOW_UPS)),
        ),
    )
    return connection.execute(late.limit(1)).one_or_none() is not None


def _channel_but(connection: sa.Connection, but: Sequence[str]) -> sa.ColumnElement[bool]:
    """A condition that the index on (state, channel, due_at) serves: the channels that anything waits on, but these."""
    if not but:
        return sa.true()
    found = {channel for state in (State.PENDING, State.HELD) for channel in channels(connection, state)}
    return d.c.channel.in_(sorted(found - set(but)))


def channels(connection: sa.Connection, state: State) -> list[str]:
    """The channels with something in this state, unsettled: from one to the next by the index."""
    found, last = [], ""
    values = {"of_state": state.value}
    while last := connection.execute(_NEXT_CHANNEL, {**values, "after": last}).scalar_one_or_none() or "":
        found.append(last)
    return found


_NEXT_CHANNEL = (
    sa.select(d.c.channel)
    .where(t.IS_UNSETTLED, d.c.state == sa.bindparam("of_state"), d.c.channel > sa.bindparam("after"))
    .order_by(d.c.channel)
    .limit(1)
)


def overrun(connection: sa.Connection, now: datetime, dead: Sequence[str]) -> list[Delivery]:
    """Posts being sent by a worker whose lease ran out, or that is known to be dead; mails have a journal."""
    gone = sa.or_(d.c.lease_until <= now, d.c.lease_owner.in_(dead)) if dead else d.c.lease_until <= now
    mine = sa.select(d).where(t.IS_UNSETTLED, d.c.state == State.SENDING.value, d.c.recipient_id == 0, gone)
    rows = connection.execute(mine.order_by(d.c.id))
    return [delivery_from(row) for row in rows]


def doubtful(connection: sa.Connection, channels: Sequence[str], now: datetime) -> list[Delivery]:
    """Uncertain deliveries that are due for their next automatic step."""
    return [delivery_from(row) for row in connection.execute(_DOUBTFUL, {"channels": list(channels), "now": now})]


_DOUBTFUL = (
    sa.select(d)
    .where(
        t.IS_UNSETTLED,
        d.c.state == State.UNCERTAIN.value,
        d.c.channel.in_(sa.bindparam("channels", expanding=True)),
        d.c.resolve_at <= sa.bindparam("now", type_=t.Moment),
    )
    .order_by(d.c.resolve_at)
)


def nth_last_attempt(
    connection: sa.Connection,
    nth: int,
    *,
    account: str = "",
    channel: str = "",
    posts_only: bool = False,
    since: datetime = EPOCH,
    until: datetime = END,
) -> datetime | None:
    """When the nth-last attempt was made on an account or a channel; None when there were fewer in that time.

    `posts_only` leaves out edits, deletions, and what the network surely did not take.
    """
    values = {"name": account or channel, "since": since, "until": until, "skipped": nth - 1}
    return connection.execute(_nth_last(bool(account), posts_only), values).scalar_one_or_none()


@cache
def _nth_last(of_account: bool, posts_only: bool) -> sa.Select[Any]:
    a = t.attempt
    whose = (a.c.account if of_account else a.c.channel) == sa.bindparam("name")
    after, before = (sa.bindparam(name, type_=t.Moment) for name in ("since", "until"))
    query = sa.select(a.c.at).where(whose, a.c.at > after, a.c.at <= before)
    if posts_only:
        # Only of a delivery's latest attempt may something be out there: before it, no other was in doubt.
        query = query.join(d, sa.and_(d.c.id == a.c.delivery_id, d.c.attempt == a.c.number)).where(
            a.c.kind == Kind.POST.value, _may_be_out()
        )
    return query.order_by(a.c.at.desc()).offset(sa.bindparam("skipped", type_=sa.Integer)).limit(1)


def spent(connection: sa.Connection, channel: str, since: datetime) -> float:
    """What a channel's attempts since then cost, those of unknown outcome included, and reading its posts back."""
    query = sa.select(sa.func.coalesce(sa.func.sum(d.c.cost), 0.0)).where(
        d.c.channel == channel, d.c.claimed_at >= since, _may_be_out()
    )
    return float(connection.execute(query).scalar_one()) + readings.spent(connection, channel, since)


def sent_since(connection: sa.Connection, channel: str, since: datetime) -> int:
    """How many posts a channel sent, or may have, since then."""
    query = sa.select(sa.func.count()).where(
        d.c.channel == channel, d.c.claimed_at >= since, d.c.kind == Kind.POST.value, _may_be_out()
    )
    return int(connection.execute(query).scalar_one())


def _may_be_out() -> sa.ColumnElement[bool]:
    """The network took it, or may have: a repeat that waits does not take that back."""
    counted = [State.SENDING.value, State.SENT.value, State.UNCERTAIN.value]
    return sa.or_(d.c.state.in_(counted), d.c.doubts > 0)


def _skip_where(connection: sa.Connection, condition: Any, reason: str, now: datetime) -> list[Delivery]:
    statement = (
        sa.update(d)
        .where(t.IS_UNSETTLED, d.c.state.in_(WAITING), d.c.doubts == 0, condition)
        .values(state=State.SKIPPED.value, reason=reason, settled_at=now)
        .returning(d)
    )
    return [delivery_from(row) for row in connection.execute(statement)]


def doubt_stays(connection: sa.Connection, condition: Any) -> None:
    """A pending repeat that is given up leaves the doubt about the first attempt: a person decides."""
    connection.execute(
        sa.update(d)
        .where(d.c.state == State.PENDING.value, d.c.doubts > 0, condition)
        .values(state=State.UNCERTAIN.value, reason="repeat-given-up", resolve_at=None)
    )
