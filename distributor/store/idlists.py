"""Lists of ids: as one parameter of a statement, and as the text of a column (",12,57,", or "" for none)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

__all__ = ["among", "among_them", "as_text", "ids_of", "listing"]


def among(connection: sa.Connection, numbers: Iterable[int]) -> Any:
    """Many ids as one parameter, for a statement made with `listing`."""
    return list(numbers) if connection.dialect.name == "postgresql" else json.dumps(list(numbers))


def listing(dialect: str) -> str:
    """SQL for the ids in the parameter :readers."""
    postgresql = "SELECT unnest(CAST(:readers AS bigint[])) AS value"
    return postgresql if dialect == "postgresql" else "SELECT value FROM json_each(:readers)"


def among_them(dialect: str) -> str:
    """SQL that is true where `id` is in the parameter :readers. With ANY, PostgreSQL takes the index whatever it knows
    of the table.
    """
    return "id = ANY(CAST(:readers AS bigint[]))" if dialect == "postgresql" else f"id IN ({listing(dialect)})"


def ids_of(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(",") if word)


def as_text(numbers: Sequence[int]) -> str:
    return f",{','.join(map(str, numbers))}," if numbers else ""
