"""What all tests share: sockets are closed unless a test says that it needs them."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import servers

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def shared() -> Path:
    """The public data that lies beside the project; the test is skipped where it does not."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not there: its data is not part of the project")
    return SHARED


@pytest.fixture(autouse=True)
def _closed_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit test never reaches the network; one marked `network` or `server` reaches loopback only."""
    node = request.node
    loopback = any(node.get_closest_marker(name) for name in ("network", "server", "real"))
    real_connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family == socket.AF_UNIX:
            return real_connect(self, address)  # type: ignore[arg-type]
        host = str(address[0]) if isinstance(address, tuple) else str(address)
        if loopback and (host.startswith("127.") or host in {"::1", "localhost"}):
            return real_connect(self, address)  # type: ignore[arg-type]
        raise RuntimeError(f"this test may not connect to {address!r}; mark it `network` if it serves that itself")

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[servers.Server]:
    """One real PostgreSQL for the session of this test process.

    Its user is another: pytest closes its own folder to others whenever one more run begins, so this is not in it.
    """
    with tempfile.TemporaryDirectory(prefix="distributor-postgresql-") as folder:
        server = servers.postgresql(Path(folder))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """One real Redis for the session of this test process."""
    server = servers.redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


# The same examples at every run: a rare find must not turn an unrelated change red. DEEP=1 looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("deep", max_examples=2000, deadline=None)
settings.load_profile("deep" if os.environ.get("DEEP") else "steady")
