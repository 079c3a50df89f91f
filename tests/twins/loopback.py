"""The server under the Telegram and X twins: it judges requests, answers in the network's own words, and can come back.

Faults: `twin.fail(name, times=None)`, or POST /twin {"fail": name, "times": n} from another process; "" heals.

    refuse                                       nobody listens any more, and open connections end
    hang reset garbage server-error drip         the effect happens, then its answer fails
    whatever `refusals()` names                  refused in the network's own words, without effect
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

SHARED = Path(__file__).resolve().parents[3] / "shared"
AFTER_THE_EFFECT = ("hang", "reset", "garbage", "server-error", "drip")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        return self.data if isinstance(self.data, bytes) else json.dumps(self.data).encode()


class Twin:
    """A network's stand-in, listening from its making on. A subclass answers in `respond`."""

    network = "twin"
    prefix = ""  # what `url` has behind the port

    def __init__(self, *, port: int = 0, log: str | Path | None = None, validate: bool = True) -> None:
        self.validate = validate
        self.effects: list[dict[str, Any]] = []
        self.posts: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.remember = True  # requests and effects are kept in memory too; a campaign of hours turns it off
        self.lock = threading.RLock()
        self._fault, self._times = "", 0.0
        self._chance: tuple[tuple[str, ...], float, random.Random] | None = None
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644) if log is not None else None
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._listen(port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def respond(self, request: Request) -> Answer:
        """Checks the request, has its effect and answers. Runs under the twin's lock."""
        raise NotImplementedError

    def refusals(self) -> Mapping[str, Answer]:
        """The network's own ways to say no, by the fault's name."""
        raise NotImplementedError

    def fail(self, fault: str, times: float | None = None) -> None:
        """From now on (or for the next `times` requests) every request meets this fault; "" heals."""
        self._fault, self._times = fault, float("inf") if times is None else times
        if fault == "refuse":
            self._close_listener()
        elif self._server is None:
            self._listen(self.port)

    def fail_at_random(self, faults: tuple[str, ...], rate: float, seed: int) -> None:
        """Lets this share of the requests that change something (0 to 1) meet one of these faults."""
        self._chance = (faults, rate, random.Random(seed)) if faults else None

    def effect(self, kind: str, **what: Any) -> None:
        """Remembers what readers would now see; logged with one write() before the answer leaves."""
        entry = {"at": time.time(), "network": self.network, "effect": kind, **what}
        if self.remember:
            self.effects.append(entry)
        if self._log is not None:
            os.write(self._log, (json.dumps(entry) + "\n").encode())

    def stop(self) -> None:
        self._stopping.set()
        self._close_listener()
        with self.lock:
            log, self._log = self._log, None
        if log is not None:
            os.close(log)

    def answer(self, request: Request) -> tuple[Answer, str]:
        """What to answer, and how the answer then fails."""
        with self.lock:
            if request.path == "/twin":
                return self._obey(json.loads(request.body or b"{}")), ""
            if self.remember:
                self.requests.append(request)
            fault = self._next_fault(request)
            if fault and fault not in AFTER_THE_EFFECT:
                return self.refusals()[fault], ""
            return self.respond(request), fault

    def _obey(self, told: Mapping[str, Any]) -> Answer:
        if "fail" in told:
            self.fail(told["fail"], told.get("times"))
        return Answer(200, {"posts": len(self.posts), "violations": self.violations})

    def _next_fault(self, request: Request) -> str:
        if self._fault:
            self._times -= 1
            return self._fault if self._times >= 0 else ""
        if self._chance is None or request.method == "GET":
            return ""
        faults, rate, chance = self._chance
        return chance.choice(faults) if chance.random() < rate else ""

    def _listen(self, port: int) -> None:
        twin = self

        class Handler(_Handler):
            owner = twin

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that went away is no news."""

        self._server: ThreadingHTTPServer | None = Server(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _close_listener(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    owner: Twin
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet

    def setup(self) -> None:
        super().setup()
        self.owner._connections.add(self.connection)

    def finish(self) -> None:
        self.owner._connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def do_POST(self) -> None:
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        chunked = "transfer-encoding" in headers
        body = self._chunks() if chunked else self.rfile.read(int(headers.get("content-length", 0)))
        answer, fault = self.owner.answer(Request(self.command, address.path, address.query, headers, body))
        getattr(self, "_" + (fault.replace("-", "_") or "give"))(answer)

    do_GET = do_DELETE = do_PUT = do_PATCH = do_POST

    def log_message(self, *_: object) -> None:
        """Silence: the log of effects is the log."""

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _give(self, answer: Answer) -> None:
        body = answer.encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hang(self, _: Answer) -> None:
        self.close_connection = True
        self.owner._stopping.wait(60)

    def _reset(self, _: Answer) -> None:
        """Linger 0: the peer sees a reset, not an end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _garbage(self, _: Answer) -> None:
        self._give(Answer(200, b"<html>\x00\xff not what you asked for"))

    def _server_error(self, _: Answer) -> None:
        self._give(self.owner.refusals()["server-error"])

    def _drip(self, answer: Answer) -> None:
        """A byte at a time, for ever: it passes every time-out on single reads."""
        self.close_connection = True
        self.send_response(answer.status)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.owner._stopping.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()


def stand_alone(make: Callable[..., Twin]) -> None:
    """The command line of a twin; prints its address and serves until it is ended."""
    parser = argparse.ArgumentParser(description=make.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, help="a file that gets one JSON line for each effect")
    parser.add_argument("--validate", action="store_true", help="judge each request by ../shared/specs (slower)")
    parser.add_argument("--faults", default="", help="a list such as hang,reset,server-error")
    parser.add_argument("--rate", type=float, default=0.0, help="the share of requests that a fault hits, 0 to 1")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with make(port=given.port, log=given.log, validate=given.validate) as twin:
        twin.remember = False
        twin.fail_at_random(tuple(filter(None, given.faults.split(","))), given.rate, given.seed)
        print(twin.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
