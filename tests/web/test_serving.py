from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading

import httpx2
import pytest

from distributor import web
from distributor.context import App
from distributor.errors import ConfigError

pytestmark = pytest.mark.network


def test_the_page_is_served_until_it_is_closed(app: App) -> None:
    server = web.serve(web.admin_app(app), "127.0.0.1", 0)
    assert httpx2.get(f"{server.url}/healthz").status_code == 200
    server.close()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{server.url}/healthz")
    server.close()


def test_the_server_is_a_daemon_thread_and_ends_with_it(app: App) -> None:
    before = set(threading.enumerate())
    with web.serve(web.admin_app(app), "127.0.0.1", 0):
        (thread,) = [one for one in threading.enumerate() if one not in before and one.name.startswith("web-")]
        assert thread.daemon
    assert not thread.is_alive()


def test_a_taken_port_is_one_clear_line(app: App) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} is taken") as caught:
            web.serve(web.admin_app(app), "127.0.0.1", port)
    assert "--port" in caught.value.hint


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("no such host", 0), ("127.0.0.1", 70000)])
def test_an_address_that_is_not_ours_is_a_clear_error(app: App, host: str, port: int) -> None:
    with pytest.raises(ConfigError):
        web.serve(web.admin_app(app), host, port)


def test_a_port_is_free_again_at_once(app: App) -> None:
    with web.serve(web.admin_app(app), "127.0.0.1", 0) as server:
        httpx2.get(f"{server.url}/healthz")
    with web.serve(web.admin_app(app), "127.0.0.1", server.port) as again:
        assert again.port == server.port


def test_what_a_loopback_client_claims_of_itself_is_not_believed(app: App) -> None:
    with web.serve(web.public_app(app), "127.0.0.1", 0) as server:
        answer = httpx2.get(
            f"{server.url}/healthz", headers={"x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https"}
        )
        assert answer.status_code == 200
        assert "server" not in answer.headers


def test_serving_is_quiet(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), web.serve(web.admin_app(app), "127.0.0.1", 0) as server:
        httpx2.get(f"{server.url}/healthz")
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_nothing_heavy_is_imported_before_an_app_is_built() -> None:
    code = "import sys, distributor.web; print([m for m in ('starlette', 'uvicorn', 'jinja2') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
