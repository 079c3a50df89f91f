"""What every table is made of: the metadata, and the types of its columns.

Moments are whole microseconds since 1970 in UTC, on every database alike: no zone can be lost.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

__all__ = ["EPOCH", "MICROSECOND", "Id", "Moment", "Words", "json", "metadata", "moment", "number", "text"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since 1970 in UTC."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any | None, _dialect: Any) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=int(value))


class Words(TypeDecorator[str]):
    """Text as every database takes it: what a stranger's error message holds must not keep a row from settling.

    PostgreSQL refuses NUL, and nobody can write half a surrogate pair as UTF-8.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

# SQLite gives ids by itself only to a column that is exactly INTEGER.
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, Words, nullable=False, server_default="")


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True))


def moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Moment, nullable=nullable)
