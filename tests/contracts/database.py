"""A database for a class of contract tests: opened once, emptied before each test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.store import Store, tables

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """The act by so many threads that start together."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait(10)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


class DatabaseContract:
    """In memory, unless a class says where else."""

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> str:
        return "sqlite://"

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, url: str) -> Iterator[Store]:
        store = Store(url).open()
        yield store
        store.close()

    @pytest.fixture
    def store(self, opened: Store) -> Store:
        with opened.write() as connection:
            for table in tables.metadata.sorted_tables:
                connection.execute(sa.delete(table))
        return opened
