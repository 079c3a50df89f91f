"""A connection that never blocks without a deadline, and that listens while it writes.

Both sides may write at the same time (RFC 2920): one that only writes while the other only writes hangs for ever. So
the socket never blocks; what it cannot do at once waits in `poll`, for both directions.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
import time

from distributor.mail.replies import Reply

__all__ = ["Broken", "Wire"]

LINE = 4_096  # RFC 5321 4.5.3.1.5 says 512; some servers write essays
WHOLE = 32_768  # one reply with all its lines
RECORD = 16_384  # TLS
_QUICK = getattr(socket, "TCP_QUICKACK", 0)
_SIMPLE = re.compile(rb"([2-5]\d\d) ([^\r\n]*)\r\n")
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class Broken(Exception):
    """The conversation is over: closed, out of time, or no SMTP any more. Of a write, `unsent` bytes did not leave."""

    def __init__(self, words: str, *, unsent: int = 0) -> None:
        super().__init__(words)
        self.unsent = unsent


class Wire:
    """One connection to a server; lines in, chunks out. Deadlines are seconds from the call."""

    __slots__ = ("_buffer", "_poll", "_position", "_sock", "_tls")

    def __init__(self, sock: socket.socket) -> None:
        self._buffer = b""
        self._position = 0
        self._attach(sock)

    def _attach(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._tls = isinstance(sock, ssl.SSLSocket)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    @property
    def secure(self) -> bool:
        return self._tls

    @property
    def waiting(self) -> bool:
        """Whether bytes of the server are here that no question of ours has asked for."""
        return self._position < len(self._buffer)

    @property
    def own_address(self) -> str:
        """The address of our end; 127.0.0.1 at a Unix socket."""
        name = self._sock.getsockname()
        return str(name[0]) if isinstance(name, tuple) else "127.0.0.1"

    def start_tls(self, context: ssl.SSLContext, name: str, seconds: float) -> None:
        """Goes on in TLS. Raises ssl.SSLError and OSError of the handshake as they are."""
        self._sock.settimeout(seconds)
        self._sock.getpeername()  # of one that was reset, wrap_socket would lose the file descriptor
        tls = context.wrap_socket(self._sock, server_hostname=name, do_handshake_on_connect=False)
        self._sock = tls  # from here on it is this one that `close` must close
        tls.do_handshake()
        self._attach(tls)

    def write(self, seconds: float, content: bytes, tail: bytes = b"", *, ahead: int = 0) -> None:
        """Gives everything to the kernel. The last `ahead` bytes are commands that need no answer to what is before.

        Broken says how much surely did not leave. An answer that comes before the bytes that it could answer ends
        the writing, too: the server will not read the rest.
        """
        if self._tls:
            self._write_records(seconds, content + tail, ahead)
            return
        try:
            sent = self._sock.sendmsg((content, tail)) if tail else self._sock.send(content)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise Broken(_words(error), unsent=len(content) + len(tail)) from None
        if sent < len(content) + len(tail):
            self._write_rest(time.monotonic() + seconds, memoryview(content + tail)[sent:], ahead, 0)

    def _write_records(self, seconds: float, data: bytes, ahead: int) -> None:
        """One TLS record a write, the last one full: where its write fails, nobody can have read the end of `data`."""
        deadline, view, start = time.monotonic() + seconds, memoryview(data), 0
        end = len(data) % RECORD or RECORD
        while start < len(data):
            self._write_rest(deadline, view[start:end], ahead, len(data) - end)
            start, end = end, end + RECORD

    def _write_rest(self, deadline: float, view: memoryview, ahead: int, beyond: int) -> None:
        try:
            while view:
                try:
                    view = view[self._sock.send(view) :]
                except (BlockingIOError, ssl.SSLWantWriteError):
                    self._await(deadline, select.POLLIN | select.POLLOUT)
                    self._hear(len(view) + beyond > ahead)
                except ssl.SSLWantReadError:
                    self._await(deadline, select.POLLIN)
        except OSError as error:
            raise Broken(_words(error), unsent=len(view) + beyond) from None
        except Broken as error:
            raise Broken(str(error), unsent=len(view) + beyond) from None

    def _hear(self, early: bool) -> None:
        """Takes what the server says while we write. A whole line that comes too early ends the writing."""
        if self._receive() and early and b"\n" in self._buffer[self._position :]:
            raise Broken("the server answered before it had read everything")

    def last_words(self) -> Reply | None:
        """What the server said before the conversation broke, if anything: more telling than how it broke."""
        try:
            while not self.waiting and self._receive():
                pass
            return self.reply(0.05)
        except Broken:
            return None

    def reply(self, seconds: float) -> Reply:
        """The next reply. Broken where it does not come in time, or is none."""
        deadline = time.monotonic() + seconds
        if self._position == len(self._buffer) and not self._receive():
            self._await(deadline, select.POLLIN)
            self._receive()
        found = _SIMPLE.match(self._buffer, self._position)
        if found is None:
            return self._long_reply(deadline)
        self._position = found.end()
        return Reply(int(found[1]), found[2].decode("utf-8", "replace"))

    def _long_reply(self, deadline: float) -> Reply:
        words, size = [], 0
        while True:
            line = self._line(deadline)
            size += len(line)
            found = _LINE.fullmatch(line)
            if found is None:
                raise Broken(f"this is no SMTP reply: {line[:80]!r}")
            words.append((found[3] or b"").decode("utf-8", "replace").strip())
            if found[2] != b"-":
                return Reply(int(found[1]), _joined(words), tuple(words))
            if size > WHOLE:
                raise Broken("the server's reply does not end")

    def _line(self, deadline: float) -> bytes:
        seen = 0
        while (end := self._buffer.find(b"\n", self._position + seen)) < 0:
            seen = len(self._buffer) - self._position
            if seen > LINE:
                raise Broken("a line of the server's reply does not end")
            if not self._receive():
                self._await(deadline, select.POLLIN)
        line = self._buffer[self._position : end].rstrip(b"\r")
        self._position = end + 1
        return line

    def _receive(self) -> bool:
        """Takes what is there; whether anything was. Broken if the server has closed, or will not stop."""
        try:
            data = self._sock.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as error:
            raise Broken(_words(error)) from None
        if not data:
            raise Broken("the server closed the connection")
        self._buffer = self._buffer[self._position :] + data
        self._position = 0
        if len(self._buffer) > WHOLE:
            raise Broken("the server's reply does not end")
        return True

    def _await(self, deadline: float, events: int) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Broken("the server did not answer in time")
        if events == select.POLLIN:
            if _QUICK and self._sock.family != socket.AF_UNIX:
                # A server may hold its next small packet back until we acknowledge this one, and we until we write.
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
            self._poll.poll(left * 1000 + 1)
            return
        self._poll.modify(self._sock, events)
        self._poll.poll(left * 1000 + 1)
        self._poll.modify(self._sock, select.POLLIN)

    def close(self) -> None:
        self._sock.close()


def _joined(words: list[str]) -> str:
    """Every line may repeat the enhanced code of the first (RFC 2034 4)."""
    code = words[0].split(" ", 1)[0]
    return " ".join([words[0], *(word.removeprefix(code).strip() if "." in code else word for word in words[1:])])


def _words(error: OSError) -> str:
    if isinstance(error, ConnectionResetError | BrokenPipeError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the server closed the connection"
    return (error.strerror or str(error)).lower()
