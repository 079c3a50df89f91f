"""Readers, what they chose, and the proof that they wanted it. Each function works on the caller's transaction.

Equal choices share a row, and so do equal schedules: see tables.py. How a reader goes is in erasing.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from distributor.addressing import normalised
from distributor.model import Choice, Schedule, Subscriber
from distributor.store import census
from distributor.store import tables as t
from distributor.store.articles import CHUNK, upsert
from distributor.store.idlists import as_text, ids_of

__all__ = [
    "Consent",
    "add_consent",
    "by_address",
    "choice_id",
    "consent_values",
    "consents",
    "counts",
    "get",
    "is_suppressed",
    "known",
    "listed",
    "may_return",
    "next_number",
    "save",
    "schedule_id",
    "set_status",
    "suppress",
    "suppress_many",
    "suppressed",
    "suppression",
    "touch",
    "unsuppress",
    "values_of",
]

s, c, w = t.subscriber, t.choice, t.schedule
# Why an address may be on the suppression list, and still come back by a confirmation: its own reader's acts.
MILD = ("left", "erased", "imported")
TOP = "subscribers-top"  # the fact that holds the highest number that a reader ever had


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One act of a reader, or of somebody for them: `wording` is what they saw, `version` its hash, `source` the
    form's address (or who did it), `ip` whence.
    """

    at: datetime
    act: str
    wording: str = ""
    version: str = ""
    source: str = ""
    ip: str = ""
    detail: Mapping[str, Any] | None = None


def save(
    connection: sa.Connection, subscriber: Subscriber, *, schedule: Schedule | None, next_at: datetime | None
) -> Subscriber:
    """Inserts (id 0) or updates a reader. `next_at` is the schedule's next slot, for one that is new.

    An address that is known already is a StoreError: look first, in the same transaction.
    """
    values = values_of(
        subscriber,
        choice_id(connection, _choice(subscriber)),
        schedule_id(connection, schedule, next_at) if schedule is not None and next_at is not None else 0,
    )
    if subscriber.id:
        connection.execute(sa.update(s).where(s.c.id == subscriber.id).values(values))
        return subscriber
    number = next_number(connection, subscriber.created_at)
    statement = sa.insert(s).values(values | ({"id": number} if number else {})).returning(s.c.id)
    return replace(subscriber, id=int(connection.execute(statement).scalar_one()))


def next_number(connection: sa.Connection, now: datetime, many: int = 1) -> int:
    """The first of so many numbers that no reader ever had; 0 where the database sees to that by itself.

    SQLite gives the number of a deleted reader to the next one, and with it the links in that reader's mails.
    """
    if connection.dialect.name != "sqlite":
        return 0
    top = census.fact(connection, TOP)
    highest = connection.execute(sa.select(sa.func.max(s.c.id))).scalar_one() or 0
    first = max(highest, int(top[0]) if top else 0) + 1
    census.remember(connection, TOP, first + many - 1, now)
    return first


def get(connection: sa.Connection, subscriber_id: int, *, lock: bool = False) -> Subscriber | None:
    """`lock` keeps others from changing the reader until this transaction ends: for who saves it afterwards."""
    row = connection.execute(_GET_LOCKED if lock else _GET, {"of_id": subscriber_id}).one_or_none()
    return None if row is None else _from(row)


def by_address(connection: sa.Connection, key: str, *, lock: bool = False) -> Subscriber | None:
    """The reader with this address, by its key (see addressing.py)."""
    row = connection.execute(_BY_ADDRESS_LOCKED if lock else _BY_ADDRESS, {"of_key": key}).one_or_none()
    return None if row is None else _from(row)


def known(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Which of these addresses (by their keys) have a reader."""
    found: set[str] = set()
    for start in range(0, len(keys), CHUNK):
        found.update(connection.execute(_KNOWN, {"keys": list(keys[start : start + CHUNK])}).scalars())
    return found


def listed(
    connection: sa.Connection,
    *,
    status: str = "",
    category: str = "",
    language: str = "",
    frequency: str = "",
    word: str = "",
    active_since: datetime | None = None,
    idle_since: datetime | None = None,
    after_id: int = 0,
    limit: int = 50,
) -> list[Subscriber]:
    """Readers by their ids, from after one on: page by page. A reader of all categories reads each of them.

    `word` is a part of the address. Active is who was heard of (a confirmation, a change, a click) since then, idle
    who was not.
    """
    query = _SELECT.where(s.c.id > after_id).order_by(s.c.id).limit(limit)
    for column, value in ((s.c.status, status), (c.c.language, language), (s.c.frequency, frequency)):
        if value:
            query = query.where(column == value)
    if category:
        query = query.where(s.c.choice_id.in_(_choices_with(connection, category)))
    if word:
        query = query.where(s.c.address_key.contains(word.casefold(), autoescape=True))
    last = sa.func.coalesce(s.c.active_at, s.c.confirmed_at, s.c.created_at, type_=t.Moment)
    if active_since is not None:
        query = query.where(last >= active_since)
    if idle_since is not None:
        query = query.where(last < idle_since)
    return [_from(row) for row in connection.execute(query)]


def counts(connection: sa.Connection) -> dict[str, int]:
    """Readers by their status."""
    found = connection.execute(sa.select(s.c.status, sa.func.count()).group_by(s.c.status))
    return {"pending": 0, "active": 0, "left": 0, "suppressed": 0} | {row[0]: int(row[1]) for row in found}


def set_status(connection: sa.Connection, subscriber_id: int, status: str) -> bool:
    """False when it was so already, or there is no such reader."""
    statement = sa.update(s).where(s.c.id == subscriber_id, s.c.status != status).values(status=status)
    return connection.execute(statement.returning(s.c.id)).one_or_none() is not None


def touch(connection: sa.Connection, subscriber_id: int, now: datetime) -> None:
    """The reader was heard of."""
    connection.execute(sa.update(s).where(s.c.id == subscriber_id).values(active_at=now))


# -- choices and schedules


def choice_key(choice: Choice) -> str:
    """The readable text that one choice is known by: ["en", true, "Business", "Sports"]."""
    return json.dumps([choice.language, choice.trending, *sorted(set(choice.categories))], ensure_ascii=False)


def choice_id(connection: sa.Connection, choice: Choice) -> int:
    """The id of a choice, added when it is new."""
    key = choice_key(choice)
    find = sa.select(c.c.id).where(c.c.key == key)
    found = connection.execute(find).scalar_one_or_none()
    if found is None:
        values = {
            "categories": sorted(set(choice.categories)),
            "trending": choice.trending,
            "language": choice.language,
        }
        connection.execute(upsert(connection, c).values(key=key, **values).on_conflict_do_nothing())
        found = connection.execute(find).scalar_one()
    return int(found)


def schedule_id(connection: sa.Connection, schedule: Schedule, next_at: datetime) -> int:
    """The id of a schedule, added when it is new. Its next slot is never later than `next_at` afterwards."""
    named = {
        "digest": schedule.digest,
        "weekdays": "".join(str(day) for day in sorted(set(schedule.weekdays))),
        "hour": schedule.hour,
        "timezone": schedule.timezone,
    }
    find = sa.select(w.c.id, w.c.next_at).where(*(w.c[name] == value for name, value in named.items()))
    found = connection.execute(find).one_or_none()
    if found is None:
        connection.execute(upsert(connection, w).values(next_at=next_at, **named).on_conflict_do_nothing())
        found = connection.execute(find).one()
    if found.next_at > next_at:
        connection.execute(sa.update(w).where(w.c.id == found.id, w.c.next_at > next_at).values(next_at=next_at))
    return int(found.id)


def _choices_with(connection: sa.Connection, category: str) -> list[int]:
    """There are few choices, and each database has its own idea of JSON."""
    rows = connection.execute(sa.select(c.c.id, c.c.categories))
    return [row.id for row in rows if not row.categories or category in row.categories]


# -- consent


def add_consent(connection: sa.Connection, subscriber_id: int, consent: Consent) -> None:
    connection.execute(sa.insert(t.consent).values(subscriber_id=subscriber_id, **consent_values(consent)))


def consents(connection: sa.Connection, subscriber_id: int) -> list[Consent]:
    """Oldest first."""
    query = sa.select(t.consent).where(t.consent.c.subscriber_id == subscriber_id).order_by(t.consent.c.id)
    return [
        Consent(
            at=row.at, act=row.act, wording=row.wording, version=row.version, source=row.source, ip=row.ip,
            detail=row.detail or {},
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def consent_values(consent: Consent) -> dict[str, Any]:
    return {
        "at": consent.at,
        "act": consent.act,
        "wording": consent.wording,
        "version": consent.version,
        "source": consent.source.replace("\0", "")[:500],
        "ip": consent.ip[:100],
        "detail": dict(consent.detail or {}),
    }


# -- the suppression list, by keyed hashes (see mailkeys.py)


def suppress(connection: sa.Connection, key_hash: str, reason: str, now: datetime) -> None:
    """The newest reason holds, except that a bounce, a complaint or a person's word is not made milder."""
    statement = upsert(connection, t.suppression).values(key=key_hash, reason=reason, at=now)
    mild = t.suppression.c.reason.in_(MILD)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"reason": reason, "at": now}, where=mild)
    )


def suppress_many(connection: sa.Connection, hashes: Iterable[str], reason: str, now: datetime) -> None:
    rows = [{"key": key, "reason": reason, "at": now} for key in hashes]
    if rows:
        connection.execute(upsert(connection, t.suppression).on_conflict_do_nothing(), rows)


def unsuppress(connection: sa.Connection, key_hash: str) -> bool:
    statement = sa.delete(t.suppression).where(t.suppression.c.key == key_hash).returning(t.suppression.c.key)
    return connection.execute(statement).one_or_none() is not None


def suppression(connection: sa.Connection, hashes: Sequence[str]) -> str:
    """Why nothing is mailed to this address, "" if nothing speaks against it. Hashes under each key that is valid."""
    rows = connection.execute(_SUPPRESSED, {"keys": list(hashes)}).all()
    return next((row.reason or "suppressed" for row in sorted(rows, key=lambda row: row.reason in MILD)), "")


def may_return(why: str, status: str = "") -> bool:
    """Whether a confirmation is enough to be mailed again, by the reason of the suppression and the reader's status."""
    return why in MILD or (not why and status != "suppressed")


def is_suppressed(connection: sa.Connection, key_hash: str) -> bool:
    return bool(suppression(connection, [key_hash]))


def suppressed(connection: sa.Connection, hashes: Sequence[str]) -> set[str]:
    """Which of these are on the list."""
    found: set[str] = set()
    for start in range(0, len(hashes), CHUNK):
        rows = connection.execute(_SUPPRESSED, {"keys": list(hashes[start : start + CHUNK])})
        found.update(row.key for row in rows)
    return found


# -- rows


_SELECT = sa.select(s, c.c.categories, c.c.trending, c.c.language).outerjoin(c, c.c.id == s.c.choice_id)
_GET = _SELECT.where(s.c.id == sa.bindparam("of_id"))
_BY_ADDRESS = _SELECT.where(s.c.address_key == sa.bindparam("of_key"))
_GET_LOCKED, _BY_ADDRESS_LOCKED = _GET.with_for_update(of=s), _BY_ADDRESS.with_for_update(of=s)
_KNOWN = sa.select(s.c.address_key).where(s.c.address_key.in_(sa.bindparam("keys", expanding=True)))
_SUPPRESSED = sa.select(t.suppression).where(t.suppression.c.key.in_(sa.bindparam("keys", expanding=True)))


def _choice(subscriber: Subscriber) -> Choice:
    return Choice(tuple(sorted(set(subscriber.categories))), subscriber.trending, subscriber.language)


def values_of(reader: Subscriber, choice: int, schedule: int) -> dict[str, Any]:
    address = normalised(reader.address)
    return {
        "address": address.address,
        "address_key": address.key,
        "domain": address.domain,
        "choice_id": choice,
        "schedule_id": schedule,
        "frequency": reader.frequency,
        "weekdays": "".join(str(day) for day in reader.weekdays),
        "hour": reader.hour,
        "timezone": reader.timezone,
        "breaking": reader.breaking,
        "status": reader.status,
        "paused_until": reader.paused_until,
        "watermark": reader.watermark,
        "seen": as_text(reader.seen),
        "created_at": reader.created_at,
        "confirmed_at": reader.confirmed_at,
    }


def _from(row: Any) -> Subscriber:
    return Subscriber(
        id=row.id,
        address=row.address,
        categories=tuple(row.categories or ()),
        trending=True if row.trending is None else bool(row.trending),
        frequency=row.frequency,
        weekdays=tuple(int(day) for day in row.weekdays),
        hour=row.hour,
        timezone=row.timezone,
        language=row.language or "en",
        breaking=bool(row.breaking),
        status=row.status,
        paused_until=row.paused_until,
        watermark=row.watermark,
        seen=ids_of(row.seen),
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
    )
