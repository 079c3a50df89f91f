"""The sample newsroom on a port of this machine. Loopback only: it is a stage set, not a web server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Self

from distributor.sample.newsroom import Newsroom

__all__ = ["Server", "serve"]


class Server:
    """A newsroom that answers at `url` until `close()`."""

    def __init__(self, listener: _Listener, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.url = newsroom.base_url
        self._listener = listener
        self._thread = threading.Thread(target=listener.serve_forever, args=(0.2,), name="sample-newsroom", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, and end every open connection. A second call does nothing."""
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        self._listener.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(newsroom: Newsroom, port: int = 0, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Server:
    """Serve `newsroom` on 127.0.0.1; port 0 takes a free one. Returns at once; raises OSError if the port is taken.

    A newsroom without `base_url` gets the server's own address, so that its links lead back here.
    """
    listener = _Listener(("127.0.0.1", port), _Handler)
    if not newsroom.base_url:
        newsroom = newsroom.at(f"http://127.0.0.1:{listener.server_port}")
    listener.newsroom, listener.clock = newsroom, clock
    return Server(listener, newsroom)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    newsroom: Newsroom
    clock: Callable[[], datetime]

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own asks the DNS for this machine's name, which may hang
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):  # it may just have been closed by its own thread
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "HarbourCourier"
    sys_version = ""
    timeout = 60
    wbufsize = -1  # the answer in one packet: two small ones would wait for each other (Nagle, delayed ACK)
    disable_nagle_algorithm = True
    server: _Listener

    def do_GET(self) -> None:
        response = self.server.newsroom.respond(self.path, dict(self.headers), self.server.clock())
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 304:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the bot's own lines are what the newcomer should read."""
