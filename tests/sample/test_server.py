"""The sample newsroom on a real port of this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import pytest

from distributor.sample import Newsroom
from distributor.sample.server import Server, serve

pytestmark = pytest.mark.network
STARTED = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


class Clock:
    now = STARTED

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[Server]:
    with serve(Newsroom(started=STARTED), clock=clock) as running:
        yield running


def connect(server: Server) -> HTTPConnection:
    return HTTPConnection(server.url.removeprefix("http://"), timeout=5)


def test_it_serves_on_loopback_and_its_links_lead_back_to_it(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.request("GET", "/feed.xml")
        response = connection.getresponse()
        assert response.status == 200
        assert server.url.startswith("http://127.0.0.1:")
        assert f"<link>{server.url}/articles/" in response.read().decode()


def test_one_connection_serves_many_requests(server: Server, clock: Clock) -> None:
    with closing(connect(server)) as connection:
        connection.request("GET", "/atom.xml")
        response = connection.getresponse()
        tag, first = response.headers["ETag"], response.read()
        ours = connection.sock
        connection.request("GET", "/atom.xml", headers={"If-None-Match": tag})
        response = connection.getresponse()
        assert (response.status, response.read()) == (304, b"")
        clock.now = STARTED + timedelta(seconds=6)
        connection.request("GET", "/atom.xml", headers={"If-None-Match": tag})
        response = connection.getresponse()
        assert response.status == 200
        assert response.read() != first
        assert connection.sock is ours


def test_a_head_request_gives_the_headers_alone(server: Server) -> None:
    with closing(connect(server)) as connection:
        for path, status in (("/", 200), ("/nothing", 404)):
            connection.request("HEAD", path)
            response = connection.getresponse()
            assert response.status == status
            assert int(response.headers["Content-Length"]) > 0
            assert response.read() == b""


def test_other_methods_are_refused(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.request("POST", "/feed.xml", body=b"x")
        assert connection.getresponse().status == 501


def test_a_given_address_is_kept(clock: Clock) -> None:
    with serve(Newsroom(started=STARTED, base_url="http://courier.example"), clock=clock) as server:
        assert server.url == "http://courier.example"


def test_closing_ends_open_connections_and_frees_the_port(clock: Clock, capfd: pytest.CaptureFixture[str]) -> None:
    server = serve(Newsroom(started=STARTED), clock=clock)
    port = int(server.url.rpartition(":")[2])
    with closing(connect(server)) as connection:
        connection.request("GET", "/")
        connection.getresponse().read()
        server.close()
        server.close()
        connection.sock.settimeout(5)
        assert connection.sock.recv(1) == b""
    with serve(Newsroom(started=STARTED), port, clock=clock) as again:
        assert again.url.endswith(f":{port}")
    assert capfd.readouterr() == ("", "")


def test_nonsense_and_a_client_that_hangs_up_leave_no_trace(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    for nonsense in (b"\x00\xff\r\n\r\n", b"GET /feed.xml HTTP/1.1\r\n", b"GET http://[::1 HTTP/1.1\r\n\r\n", b""):
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(nonsense)
    with closing(connect(server)) as connection:
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
    assert capfd.readouterr() == ("", "")


def test_a_taken_port_is_told(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    threads = threading.active_count()
    with pytest.raises(OSError, match="in use"):
        serve(Newsroom(started=STARTED), port)
    assert threading.active_count() == threads
