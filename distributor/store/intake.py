"""Readers added by the thousand, past the types of their columns: a million rows come this way.

Each function works on the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.model import Subscriber
from distributor.store import tables as t
from distributor.store.subscribers import Consent, consent_values, next_number, values_of

__all__ = ["add_many"]

s = t.subscriber


def add_many(connection: sa.Connection, rows: Sequence[tuple[Subscriber, int, int]], consent: Consent) -> list[int]:
    """Inserts readers, each with the ids of its choice and schedule, and the same proof for all; gives their ids.

    None of their addresses may be known.
    """
    if not rows:
        return []
    ids = _numbers(connection, consent.at, len(rows))
    people = [
        {"id": number} | _raw(values_of(reader, choice, schedule))
        for number, (reader, choice, schedule) in zip(ids, rows, strict=True)
    ]
    proof = _raw(consent_values(consent))
    proof["detail"] = json.dumps(proof["detail"])
    proofs = [
        {**proof, "subscriber_id": person["id"], "at": person["confirmed_at"] or proof["at"]} for person in people
    ]
    for table, values in ((s, people), (t.consent, proofs)):
        statement = _insert(table, tuple(values[0]), connection.dialect.name)
        connection.exec_driver_sql(statement, [tuple(row.values()) for row in values])
    return ids


def _numbers(connection: sa.Connection, now: datetime, many: int) -> list[int]:
    first = next_number(connection, now, many)
    if first:
        return list(range(first, first + many))
    sequence = sa.text("SELECT nextval(pg_get_serial_sequence('subscriber', 'id')) FROM generate_series(1, :many)")
    return [int(number) for number in connection.execute(sequence, {"many": many}).scalars()]


def _raw(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the driver wants them."""
    return {
        name: (value - t.EPOCH) // t.MICROSECOND if isinstance(value, datetime) else value
        for name, value in values.items()
    }


@cache
def _insert(table: sa.Table, names: tuple[str, ...], dialect: str) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    slots = ", ".join(["%s" if dialect == "postgresql" else "?"] * len(names))
    return f"INSERT INTO {table.name} ({columns}) VALUES ({slots})"  # noqa: S608  names of our own tables
