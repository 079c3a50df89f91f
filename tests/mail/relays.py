"""An SMTP and LMTP server that does what a test tells it: well-behaved by default, hostile by the answer.

    with Relay(answers={"RCPT": "550 5.1.1 no such user"}) as relay: ...

An answer is a reply's words, or an Act, or a callable of the command's argument giving one of these or None for the
usual. `relay.letters` are those that it answered the final dot of with 250.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

__all__ = ["Act", "Answer", "Relay"]

PIPELINING = ("PIPELINING", "SIZE 10240000", "8BITMIME", "ENHANCEDSTATUSCODES")
USUAL = {
    "CONNECT": "220 relay.example ESMTP",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
    "STARTTLS": "220 2.0.0 Ready to start TLS",
}


@dataclass(frozen=True)
class Act:
    """`reply` goes out as it is; then the line is closed ("close"), reset ("reset"), or nothing more is said ("hang").
    `code` is what the server itself holds it for.
    """

    reply: bytes = b""
    then: str = ""
    code: int = 0


Answer = str | Act | Callable[[str], "str | Act | None"]


class _Over(Exception):
    pass


@dataclass
class Relay:
    """Listens on a free port of 127.0.0.1 while the `with` lasts."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    offers: tuple[str, ...] = PIPELINING
    lmtp: bool = False
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    prompt: bool = True  # sends small packets at once
    dribble: int = 0  # bytes a packet; 0: all at once
    deaf: bool = False  # after DATA was answered it never reads again
    login: tuple[str, str] | None = None
    after_starttls: bytes = b""  # injected in the clear behind the answer to STARTTLS
    receive_buffer: int = 0
    letters: list[tuple[str, str, bytes]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)  # messages that were only a dot
    commands: list[str] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.socket()
        if self.receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(20)
        self.port = int(self._listener.getsockname()[1])
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with socket.socket() as waker:
            waker.connect_ex(("127.0.0.1", self.port))
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it, which close() does not
            sock.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def url(self) -> str:
        return f"{'lmtp' if self.lmtp else 'smtps' if self.implicit else 'smtp'}://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self._over.is_set():
                sock.close()
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(self.prompt))
            self.connections += 1
            self._open.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        line = _Line(self, sock)
        try:
            line.run()
        except (_Over, OSError):
            pass
        finally:
            line.sock.close()
            sock.close()

    def wait_over(self) -> None:
        self._over.wait(30)


class _Line:
    """One connection."""

    def __init__(self, relay: Relay, sock: socket.socket) -> None:
        self.relay, self.sock = relay, sock
        self.rest = b""
        self.sender, self.recipients, self.mailed = "", list[str](), False

    def run(self) -> None:
        if self.relay.implicit:
            assert self.relay.tls
            self.sock = self.relay.tls.wrap_socket(self.sock, server_side=True)
        self.answer("CONNECT", "")
        while True:
            text = self.line().decode()
            verb, _, argument = text.partition(" ")
            self.relay.commands.append(text)
            getattr(self, f"on_{verb.lower()}", self.on_other)(argument)

    def on_other(self, argument: str) -> None:
        self.say("500 5.5.1 what?")

    def on_ehlo(self, argument: str) -> None:
        secured = isinstance(self.sock, ssl.SSLSocket)
        offers = [*self.relay.offers]
        if self.relay.tls and not secured:
            offers.append("STARTTLS")
        lines = ["relay.example", *offers]
        usual = "\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])
        self.answer("EHLO", argument, usual)

    on_lhlo = on_ehlo

    def on_helo(self, argument: str) -> None:
        self.answer("HELO", argument, "250 relay.example")

    def on_starttls(self, argument: str) -> None:
        if self.answer("STARTTLS", argument, extra=self.relay.after_starttls) == 220:
            assert self.relay.tls
            self.sock = self.relay.tls.wrap_socket(self.sock, server_side=True)
            self.rest = b""

    def on_auth(self, argument: str) -> None:
        assert self.relay.login
        user, password = (word.encode() for word in self.relay.login)
        mechanism, _, first = argument.partition(" ")
        if mechanism == "PLAIN":
            good = base64.b64decode(first) == b"\0" + user + b"\0" + password
        elif mechanism == "LOGIN":
            self.say("334 VXNlcm5hbWU6")
            good = base64.b64decode(self.line()) == user
            self.say("334 UGFzc3dvcmQ6")
            good = base64.b64decode(self.line()) == password and good
        else:
            challenge = b"<1896.697170952@relay.example>"
            self.say("334 " + base64.b64encode(challenge).decode())
            digest = hmac.new(password, challenge, "md5").hexdigest().encode()
            good = base64.b64decode(self.line()) == user + b" " + digest
        self.answer("AUTH", mechanism, "235 2.7.0 welcome" if good else "535 5.7.8 wrong")

    def on_mail(self, argument: str) -> None:
        if self.mailed:
            self.say("503 5.5.1 nested MAIL")
        elif self.answer("MAIL", argument) < 300:
            self.mailed, self.sender, self.recipients = True, argument.partition("<")[2].partition(">")[0], []

    def on_rcpt(self, argument: str) -> None:
        if not self.mailed:
            self.say("503 5.5.1 MAIL first")
        elif self.answer("RCPT", argument) < 300:
            self.recipients.append(argument.partition("<")[2].partition(">")[0])

    def on_data(self, argument: str) -> None:
        if not self.recipients and "DATA" not in self.relay.answers:
            self.say("554 5.5.1 no valid recipients")
            return
        if self.answer("DATA", argument) != 354:
            return
        if self.relay.deaf:
            self.relay.wait_over()
            raise _Over
        lines = []
        while (line := self.line(b"\r\n")) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
            self.answer("LINE", str(len(lines)), "")
        readers, self.mailed, self.recipients = self.recipients, False, []
        if not readers:
            self.relay.empty.append("\n".join(map(bytes.decode, lines)))
            self.say("554 5.5.1 no valid recipients")
            return
        content = b"".join(line + b"\r\n" for line in lines)
        said = self.decided("DOT", readers[-1], "250 2.0.0 Ok: queued as 4FKX1")
        if _code(said) == 250:
            self.relay.letters.append((self.sender, readers[-1], content))
        self.deliver(said)

    def on_rset(self, argument: str) -> None:
        self.mailed, self.recipients = False, []
        self.answer("RSET", argument)

    def on_noop(self, argument: str) -> None:
        self.answer("NOOP", argument)

    def on_quit(self, argument: str) -> None:
        self.answer("QUIT", argument)
        raise _Over

    def answer(self, verb: str, argument: str, usual: str | None = None, extra: bytes = b"") -> int:
        said = self.decided(verb, argument, usual)
        self.deliver(said, extra)
        return _code(said)

    def decided(self, verb: str, argument: str, usual: str | None = None) -> str | Act:
        told = self.relay.answers.get(verb)
        said = told(argument) if callable(told) else told
        return said if said is not None else USUAL[verb] if usual is None else usual

    def deliver(self, said: str | Act, extra: bytes = b"") -> None:
        if isinstance(said, Act):
            self.act(said)
        elif said:
            self.say(said, extra)

    def act(self, act: Act) -> None:
        if act.reply:
            self.send(act.reply)
        if act.then == "hang":
            self.relay.wait_over()
            raise _Over
        if act.then == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _Over
        if act.then:
            raise _Over

    def say(self, text: str, extra: bytes = b"") -> None:
        self.send(text.encode() + b"\r\n" + extra)

    def send(self, data: bytes) -> None:
        size = self.relay.dribble or len(data)
        for start in range(0, len(data), size):
            self.sock.sendall(data[start : start + size])
            if self.relay.dribble:
                time.sleep(0.0002)

    def line(self, end: bytes = b"\r\n") -> bytes:
        while end not in self.rest:
            data = self.sock.recv(self.relay.dribble or 65536)
            if not data:
                raise _Over
            self.rest += data
        line, _, self.rest = self.rest.partition(end)
        return line


def _code(said: str | Act) -> int:
    if isinstance(said, Act):
        return said.code or (int(said.reply[:3]) if said.reply[:3].isdigit() else 999)
    return int(said[:3]) if said[:3].isdigit() else 999
