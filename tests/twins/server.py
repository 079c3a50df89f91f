"""The loopback HTTP server under every twin: faults by script, and a log of what took effect.

A twin subclasses Twin and implements `answer(request) -> Reply`. An effect is what the real network would now show:
`self.effect(...)` records it, before any fault that comes after it.

    with MastodonTwin() as twin:
        twin.fail("hang")            # from now on, every request that changes something
        twin.fail("rate-limit", times=1)

Standing alone: python -m tests.twins.mastodon --port N --log FILE [--faults hang,reset --rate 0.01 --seed 1], one JSON
line per effect. Everything binds 127.0.0.1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

BEFORE = {"unauthorized": 401, "forbidden": 403, "rate-limit": 429, "bad-request": 400}  # nothing is taken
AFTER = ("hang", "reset", "garbage", "server-error")  # taken, and then told badly


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    def data(self) -> dict[str, Any]:
        value = json.loads(self.body or b"{}")
        return value if isinstance(value, dict) else {}


@dataclass
class Reply:
    status: int = 200
    data: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


class Twin:
    """A network on loopback. Use it as a context manager; `url` is its base address."""

    hang: ClassVar[float] = 30.0  # seconds of silence, ended early when the twin stops

    def __init__(self, *, port: int = 0, log: Path | None = None) -> None:
        self.effects: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.lock = threading.RLock()
        self._log = log.open("a", encoding="utf-8") if log else None
        self._faults: list[str] = []
        self._always = ""
        self._random: tuple[tuple[str, ...], float, random.Random] | None = None
        self._stopping = threading.Event()
        self._lines: set[socket.socket] = set()
        twin = self

        class Handler(_Handler):
            owner = twin

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._server.shutdown()
            self._server.server_close()
            for line in tuple(self._lines):  # kept open by clients: nobody listens there any more
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
            if self._log:
                self._log.close()

    def fail(self, fault: str, times: int | None = None) -> None:
        """Misbehave: for every request from now on, or for the next `times` ones. "" behaves again."""
        if fault == "refuse":
            self.stop()
        elif times is None:
            self._always = fault
        else:
            self._faults += [fault] * times

    def fail_at_random(self, faults: tuple[str, ...], rate: float, seed: int) -> None:
        self._random = (faults, rate, random.Random(seed))

    def effect(self, **what: Any) -> None:
        """Something that readers would see. Written and flushed before the answer leaves."""
        with self.lock:
            self.effects.append(what)
            if self._log:
                self._log.write(json.dumps({"at": time.time(), **what}) + "\n")
                self._log.flush()

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def refusal(self, fault: str) -> Reply:
        """How this network says 400, 401, 403 or 429."""
        return Reply(BEFORE[fault], {"error": fault})

    def counts(self, request: Request) -> bool:
        """Whether a scripted fault (`times`, at random) may hit this request; by default whatever changes something."""
        return request.method not in ("GET", "HEAD")

    def next_fault(self, request: Request) -> str:
        with self.lock:
            if self._always:
                return self._always
            if not self.counts(request):
                return ""
            if self._faults:
                return self._faults.pop(0)
            if self._random:
                faults, rate, chance = self._random
                return chance.choice(faults) if chance.random() < rate else ""
            return ""

    def wait(self) -> None:
        self._stopping.wait(self.hang)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ClassVar[Twin]

    def setup(self) -> None:
        super().setup()
        self.owner._lines.add(self.connection)

    def finish(self) -> None:
        self.owner._lines.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, parts.path, query, self.headers, body)
        twin = self.owner
        twin.requests.append(request)
        fault = twin.next_fault(request)
        if fault in BEFORE:
            return self._reply(twin.refusal(fault))
        reply = twin.answer(request)
        if fault == "hang":
            twin.wait()
            self.close_connection = True
            return None
        if fault == "reset":  # linger 0: the peer sees a reset, not an end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return None
        if fault == "garbage":
            return self._send(200, b"<html>no answer</html>", {"Content-Type": "text/html"})
        if fault == "server-error":
            return self._reply(Reply(500, {"error": "InternalServerError"}))
        return self._reply(reply)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

    def _reply(self, reply: Reply) -> None:
        body = b"" if reply.data is None else json.dumps(reply.data).encode()
        self._send(reply.status, body, {"Content-Type": "application/json", **reply.headers})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def stand_alone(twin: type[Twin]) -> None:
    """The command line of a twin; prints its address and serves until it is ended."""
    parser = argparse.ArgumentParser(description=twin.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, help="a file that gets one JSON line per effect")
    parser.add_argument("--faults", default="", help="a list such as hang,reset,server-error")
    parser.add_argument("--rate", type=float, default=0.0, help="how many of the posts a fault hits, 0 to 1")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with twin(port=given.port, log=given.log) as running:
        if given.faults:
            running.fail_at_random(tuple(given.faults.split(",")), given.rate, given.seed)
        print(running.url, flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass
