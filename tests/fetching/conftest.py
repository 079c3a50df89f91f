"""Hostile servers on loopback, and fetchers that are closed again."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from distributor.fetching import Fetcher, classify

Script = Callable[[socket.socket, bytes], None]


def reply(head: str, body: bytes = b"") -> bytes:
    """An answer with the right length, unless the head says another."""
    lines = head.split("\n")
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Server:
    """Answers each request with bytes by path, or lets a script do what it wants with the socket."""

    def __init__(self, answers: dict[str, bytes | Script] | Script, host: str, tls: ssl.SSLContext | None) -> None:
        self.answers = answers
        self.requests: list[bytes] = []
        self.connections = 0
        self._tls = tls
        self._stopping = threading.Event()
        self._socket = socket.create_server((host, 0))
        self.host, self.port = self._socket.getsockname()[:2]
        self.place = f"{self.host}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.place}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def paths(self) -> list[str]:
        return [request.split(b" ")[1].decode() for request in self.requests]

    def stop(self) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(3)
        with suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        pending = b""
        while not self._stopping.is_set():
            while b"\r\n\r\n" not in pending:
                data = connection.recv(65536)
                if not data:
                    return
                pending += data
            request, _, pending = pending.partition(b"\r\n\r\n")
            self.requests.append(request)
            answer = self.answers if callable(self.answers) else self.answers[request.split(b" ")[1].decode()]
            if callable(answer):
                answer(connection, request)
                return
            connection.sendall(answer)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(
        answers: dict[str, bytes | Script] | Script, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> Server:
        servers.append(Server(answers, host, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def make() -> Iterator[Callable[..., Fetcher]]:
    """Fetchers that are closed after the test."""
    made: list[Fetcher] = []

    def build(**options: Any) -> Fetcher:
        made.append(Fetcher(**options))
        return made[-1]

    yield build
    for fetcher in made:
        fetcher.close()


def one_is_public(address: str) -> str:
    """A judge for tests that need a public server and have loopback only: 127.0.0.1 is it, 127.0.0.2 is not."""
    return "public" if address == "127.0.0.1" else classify(address)
