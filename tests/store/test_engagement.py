"""Posts read back, and what other outlets report, on each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers
from tests.contracts.engagement import EngagementContract
from tests.store.test_postgresql import database


class TestMemory(EngagementContract):
    pass


@pytest.mark.server("postgresql")
class TestPostgresql(EngagementContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, postgresql_server: servers.Server) -> Iterator[str]:
        with database(postgresql_server) as url:
            yield url
