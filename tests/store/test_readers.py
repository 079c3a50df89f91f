"""Readers in the store: in memory, in a file, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers
from tests.contracts.readers import ReadersContract
from tests.store.test_postgresql import database


class TestMemory(ReadersContract):
    pass


class TestFile(ReadersContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory: pytest.TempPathFactory) -> str:
        return f"sqlite:///{tmp_path_factory.mktemp('readers') / 'ledger.db'}"


@pytest.mark.server("postgresql")
class TestPostgresql(ReadersContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, postgresql_server: servers.Server) -> Iterator[str]:
        with database(postgresql_server) as url:
            yield url
