"""Mail's side of the ledger: claims and outcomes by the batch, and what receiving domains said.

Each function works on the caller's transaction. A claim looks once more whether the reader still wants mail: what was
unsubscribed or suppressed before its commit gets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.model import Choice, Delivery, Kind, Lane, Message, State
from distributor.store import tables as t
from distributor.store.articles import upsert
from distributor.store.idlists import among, among_them
from distributor.store.rows import delivery_from, message_from
from distributor.throttle import Domain

__all__ = [
    "Claimed",
    "Due",
    "any_due",
    "choice",
    "claim",
    "due",
    "fix_message",
    "frozen",
    "left_behind",
    "message_of",
    "postpone",
    "receive",
    "save_domain",
    "sent",
    "settle",
    "skip",
    "under_lease",
]

d, s = t.delivery, t.subscriber
PAUSED = ("paused", "cancelled")


@dataclass(frozen=True, slots=True)
class Due:
    """A mail whose time has come: the delivery, and what is known of its reader now ("" and 0 where they are gone)."""

    id: int
    attempt: int
    failures: int
    kind: Kind
    channel: str
    recipient_id: int
    article_id: int
    edition_id: int
    message_id: int
    expires_at: datetime | None
    address: str
    domain: str
    status: str
    choice_id: int
    edition_message_id: int
    throttled: Domain | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that is this owner's to send: `attempt` fences its outcome."""

    due: Due
    attempt: int


def any_due(connection: sa.Connection, channels: Sequence[str], now: datetime) -> bool:
    """Whether anything waits to be mailed now."""
    return connection.execute(_ANY, {"channels": list(channels), "now": now}).one_or_none() is not None


def due(connection: sa.Connection, channel: str, now: datetime, limit: int) -> list[Due]:
    """What is to be mailed next: breaking first, then what is due longest. Locked for this transaction."""
    rows = connection.execute(_due(connection.dialect.name), {"channel": channel, "now": now, "limit": limit})
    return [_due_from(row) for row in rows]


def claim(connection: sa.Connection, ids: Sequence[int], *, owner: str, now: datetime, until: datetime) -> None:
    """Takes what `due` gave in this transaction. Commit durably before the first byte leaves."""
    values = {"readers": among(connection, ids), "owner": owner, "now": _us(now), "until": _us(until)}
    connection.execute(_claim(connection.dialect.name), values)


def sent(connection: sa.Connection, ids: Sequence[int], *, owner: str, now: datetime) -> int:
    """Settles the letters of one batch that were taken; how many of them were still this owner's."""
    if not ids:
        return 0
    values = {"readers": among(connection, ids), "owner": owner, "now": _us(now)}
    return connection.execute(_sent(connection.dialect.name), values).rowcount


def receive(connection: sa.Connection, taken: Sequence[tuple[int, int, str]], now: datetime) -> None:
    """Letters that were taken, as (id, attempt, the provider's id or ""); also when their lease had run out."""
    rows = [
        {
            "of_id": number,
            "of_attempt": attempt,
            "new_receipt": {"remote_id": remote_id} if remote_id else None,
            "new_settled_at": now,
        }
        for number, attempt, remote_id in taken
    ]
    if rows:
        connection.execute(_RECEIVE, rows)


def settle(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], *, owner: str) -> None:
    """Settles what was not taken: state, reason, error, failures, due_at (None: as it was), settled_at, for each
    `of_id` and `of_attempt` that is still this owner's.
    """
    if rows:
        values = [{f"new_{name}" if name[:3] != "of_" else name: value for name, value in row.items()} for row in rows]
        connection.execute(_SETTLE, [row | {"of_owner": owner} for row in values])


def under_lease(connection: sa.Connection, ending: str) -> list[Delivery]:
    """The mails being sent under the lease whose name ends so: those of one journal."""
    query = sa.select(d).where(
        t.IS_UNSETTLED,
        d.c.state == State.SENDING.value,
        d.c.recipient_id != 0,
        d.c.lease_owner.endswith(ending, autoescape=True),
    )
    return [delivery_from(row) for row in connection.execute(query.order_by(d.c.id))]


def skip(connection: sa.Connection, ids: Sequence[int], reason: str, now: datetime) -> None:
    """Gives up what waits, for a reason: unsubscribed, suppressed, gone."""
    if ids:
        values = {"readers": among(connection, ids), "reason": reason, "now": _us(now)}
        connection.execute(_skip(connection.dialect.name), values)


def postpone(connection: sa.Connection, until: Mapping[int, datetime]) -> None:
    """What waits for its domain waits somewhat longer; no attempt is counted."""
    if until:
        rows = [{"of_id": number, "new_due_at": moment} for number, moment in until.items()]
        connection.execute(_POSTPONE, rows)


def left_behind(connection: sa.Connection, now: datetime, dead: Sequence[str]) -> list[Delivery]:
    """The mails being sent by an owner whose lease ran out or who is known to be dead."""
    gone = sa.or_(d.c.lease_until <= now, d.c.lease_owner.in_(dead)) if dead else d.c.lease_until <= now
    query = (
        sa.select(d)
        .where(t.IS_UNSETTLED, d.c.state == State.SENDING.value, d.c.recipient_id != 0, gone)
        .order_by(d.c.id)
    )
    return [delivery_from(row) for row in connection.execute(query)]


def message_of(connection: sa.Connection, edition_id: int) -> int:
    """The frozen message of an edition; 0 while it has none."""
    query = sa.select(t.edition.c.message_id).where(t.edition.c.id == edition_id)
    return int(connection.execute(query).scalar_one_or_none() or 0)


def fix_message(connection: sa.Connection, edition_id: int, message_id: int) -> int:
    """Freezes an edition's message; gives the one that holds: another worker may have been faster."""
    connection.execute(
        sa.update(t.edition)
        .where(t.edition.c.id == edition_id, t.edition.c.message_id == 0)
        .values(message_id=message_id)
    )
    return message_of(connection, edition_id)


def frozen(connection: sa.Connection, message_id: int) -> tuple[Message, datetime] | None:
    """A frozen message, and when it was frozen: its Date, also in a repeat."""
    row = connection.execute(sa.select(t.message).where(t.message.c.id == message_id)).one_or_none()
    return None if row is None else (message_from(row.data), row.frozen_at)


def choice(connection: sa.Connection, choice_id: int) -> Choice | None:
    """What a reader's choice is."""
    row = connection.execute(sa.select(t.choice).where(t.choice.c.id == choice_id)).one_or_none()
    return None if row is None else Choice(tuple(row.categories or ()), row.trending, row.language)


def save_domain(connection: sa.Connection, name: str, domain: Domain | None, why: str, now: datetime) -> None:
    """What a receiving domain's answers came to; None when nothing holds it back any more."""
    if domain is None:
        connection.execute(sa.delete(t.domain).where(t.domain.c.name == name))
        return
    values = {
        "paused_until": domain.paused_until,
        "failures": domain.failures,
        "allowance": domain.allowance,
        "why": why,
        "at": now,
    }
    statement = upsert(connection, t.domain).values(name=domain.name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _due_from(row: Any) -> Due:
    throttled = None
    if row.domain_at is not None:
        throttled = Domain(row.domain or "", row.domain_paused, row.domain_failures, row.domain_allowance)
    return Due(
        id=row.id,
        attempt=row.attempt,
        failures=row.failures,
        kind=Kind(row.kind),
        channel=row.channel,
        recipient_id=row.recipient_id,
        article_id=row.article_id,
        edition_id=row.edition_id,
        message_id=row.message_id,
        expires_at=row.expires_at,
        address=row.address or "",
        domain=row.domain or "",
        status=row.status or "",
        choice_id=row.choice_id or 0,
        edition_message_id=row.edition_message_id or 0,
        throttled=throttled,
    )


@cache
def _due(dialect: str) -> sa.Select[Any]:
    now = sa.bindparam("now", type_=t.Moment)
    query = (
        sa.select(
            d.c.id, d.c.attempt, d.c.failures, d.c.kind, d.c.channel, d.c.recipient_id, d.c.article_id,
            d.c.edition_id, d.c.message_id, d.c.expires_at, s.c.address, s.c.domain, s.c.status, s.c.choice_id,
            t.edition.c.message_id.label("edition_message_id"),
            t.domain.c.paused_until.label("domain_paused"), t.domain.c.failures.label("domain_failures"),
            t.domain.c.allowance.label("domain_allowance"), t.domain.c.at.label("domain_at"),
        )
        .outerjoin(s, s.c.id == d.c.recipient_id)
        .outerjoin(t.edition, t.edition.c.id == d.c.edition_id)
        .outerjoin(t.domain, t.domain.c.name == s.c.domain)
        .where(
            # Written as the index has it: neither database then needs to sort.
            sa.text("delivery.state = 'pending' and delivery.recipient_id <> 0"),
            d.c.channel == sa.bindparam("channel"),
            d.c.lane.in_([int(lane) for lane in Lane]),
            d.c.due_at <= now,
        )
        .order_by(d.c.lane, d.c.due_at, d.c.id)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )  # fmt: skip
    return query.with_for_update(of=d, skip_locked=True) if dialect == "postgresql" else query


_ANY = (
    sa.select(d.c.id)
    .where(
        sa.text("state = 'pending' and recipient_id <> 0"),
        d.c.channel.in_(sa.bindparam("channels", expanding=True)),
        d.c.lane.in_([int(lane) for lane in Lane]),  # so that the index leads to the moment
        d.c.due_at <= sa.bindparam("now", type_=t.Moment),
    )
    .limit(1)
)
_POSTPONE = (
    sa.update(d)
    .where(d.c.id == sa.bindparam("of_id"), d.c.state == State.PENDING.value)
    .values(due_at=sa.bindparam("new_due_at", type_=t.Moment))
)


_RECEIVE = (
    sa.update(d)
    .where(
        d.c.id == sa.bindparam("of_id"),
        d.c.attempt == sa.bindparam("of_attempt"),
        sa.text("state in ('sending', 'uncertain', 'sent')"),  # a bound list cannot go with many rows
    )
    .values(
        state=State.SENT.value,
        reason="",
        error="",
        lease_owner="",
        lease_until=None,
        resolve_at=None,
        receipt=sa.bindparam("new_receipt", type_=d.c.receipt.type),
        settled_at=sa.bindparam("new_settled_at", type_=t.Moment),
    )
)
_SETTLE = (
    sa.update(d)
    .where(
        d.c.id == sa.bindparam("of_id"),
        d.c.attempt == sa.bindparam("of_attempt"),
        d.c.state == State.SENDING.value,
        d.c.lease_owner == sa.bindparam("of_owner"),
    )
    .values(
        {name: sa.bindparam(f"new_{name}", type_=d.c[name].type) for name in ("state", "reason", "error", "failures")}
    )
    .values(
        due_at=sa.func.coalesce(sa.bindparam("new_due_at", type_=t.Moment), d.c.due_at),
        settled_at=sa.bindparam("new_settled_at", type_=t.Moment),
        lease_owner="",
        lease_until=None,
    )
)


@cache
def _claim(dialect: str) -> sa.TextClause:
    return sa.text(
        "UPDATE delivery SET state = 'sending', attempt = attempt + 1, claimed_at = :now, lease_owner = :owner,"  # noqa: S608
        f" lease_until = :until WHERE {among_them(dialect)} AND state = 'pending'"
    )


@cache
def _sent(dialect: str) -> sa.TextClause:
    return sa.text(
        "UPDATE delivery SET state = 'sent', reason = '', error = '', settled_at = :now, lease_owner = '',"  # noqa: S608
        f" lease_until = NULL WHERE {among_them(dialect)} AND state = 'sending' AND lease_owner = :owner"
    )


@cache
def _skip(dialect: str) -> sa.TextClause:
    return sa.text(
        "UPDATE delivery SET state = 'skipped', reason = :reason, settled_at = :now"  # noqa: S608
        f" WHERE {among_them(dialect)} AND state = 'pending'"
    )


def _us(moment: datetime) -> int:
    return (moment - t.EPOCH) // t.MICROSECOND
