"""What readers did, on each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers
from tests.contracts.signals import SignalsContract
from tests.store.test_postgresql import database


class TestMemory(SignalsContract):
    pass


class TestFile(SignalsContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory: pytest.TempPathFactory) -> str:
        return f"sqlite:///{tmp_path_factory.mktemp('readers') / 'ledger.db'}"


@pytest.mark.server("postgresql")
class TestPostgresql(SignalsContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, postgresql_server: servers.Server) -> Iterator[str]:
        with database(postgresql_server) as url:
            yield url
