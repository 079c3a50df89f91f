"""SMTP and LMTP relays as a transport. See relay.py for addresses, greeting.py for the way in, session.py for mail."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import ClassVar, Literal

from distributor.errors import ConfigError, RetryLater
from distributor.mail.envelope import Features
from distributor.mail.greeting import Manners, handshake_failed, introduce
from distributor.mail.relay import relay
from distributor.mail.session import SmtpSession, Timeouts
from distributor.mail.wire import Broken, Wire

__all__ = ["SmtpTransport", "Tls"]

Tls = Literal["required", "optional", "off"]


class SmtpTransport:
    """One relay, with its login. ConfigError for settings that cannot work.

    `tls` is for smtp:// and lmtp://: "required", unless the relay is on this machine: then "optional" (used where it is
    offered, without asking who answers; RFC 7435). `verify` overrides whether the certificate must be right. `hello` is
    the name to greet with; by default this host's, or the address of our end. `source` is the local address to connect
    from. `per_second` and `sessions` are kept for the caller.
    """

    kind: ClassVar[str] = "smtp"

    def __init__(
        self,
        url: str,
        *,
        username: str = "",
        password: str = "",
        tls: Tls | None = None,
        verify: bool | None = None,
        ca_file: str | Path = "",
        sessions: int = 4,
        per_second: float = 0,
        hello: str = "",
        source: str = "",
        timeouts: Timeouts | None = None,
    ) -> None:
        self.relay = relay(url)
        self._username = username or self.relay.username
        self._password = password or self.relay.password
        self.identity = f"{self._username}@{self.relay}" if self._username else str(self.relay)
        self.sessions, self.per_second = sessions, per_second
        self._tls: Tls = tls or ("optional" if self.relay.local else "required")
        strict = self._tls == "required" or self.relay.scheme == "smtps"
        self._verify = strict if verify is None else verify
        self._hello, self._source = hello, source
        self._timeouts = timeouts or Timeouts()
        self._ca_file = str(ca_file)
        self._context = self._make_context() if ca_file else None
        self._refuse_odd_settings()

    def _refuse_odd_settings(self) -> None:
        if self._username and not self._password:
            raise ConfigError("there is a username for the relay, but no password", hint="password_file names its file")
        if self._password and not self._username:
            raise ConfigError("there is a password for the relay, but no username")
        if self._username and self._tls == "off" and self.relay.scheme != "smtps" and not self.relay.local:
            raise ConfigError("the password would travel in the clear", hint='leave tls at its default, "required"')
        if any(char in self._username + self._password for char in "\r\n\0"):
            raise ConfigError("the relay's username and password are one line each")
        if not (self._hello.isascii() and self._hello.isprintable()) or " " in self._hello:
            raise ConfigError("hello is one host name")

    def connect(self) -> SmtpSession:
        """A conversation, ready for letters. RetryLater or ChannelPaused."""
        wire = self._dial()
        try:
            return SmtpSession(wire, self._introduce(wire), self._timeouts)
        except BaseException:
            wire.close()
            raise

    def check(self) -> list[str]:
        """Connects, secures, logs in, and asks NOOP; says what is there. RetryLater or ChannelPaused."""
        wire = self._dial()
        try:
            offered = self._introduce(wire)
            wire.write(self._timeouts.command, b"NOOP\r\n")
            reply = wire.reply(self._timeouts.command)
            if not reply.good:
                raise RetryLater(f"{self.relay} answers NOOP with {reply}", outage=True)
            return self._news(wire, offered)
        except Broken as error:
            raise self._later(str(error)) from None
        finally:
            wire.close()

    def _news(self, wire: Wire, offered: Features) -> list[str]:
        news = [f"{self.relay} answers"]
        if wire.secure:
            news.append("TLS, certificate checked" if self._verify else "TLS, certificate not checked")
        else:
            news.append("no TLS")
        if self._username:
            news.append(f"logged in as {self._username}")
        skills = {"PIPELINING": offered.pipelining, "8BITMIME": offered.eightbit, "SMTPUTF8": offered.utf8}
        named = [name for name, there in skills.items() if there]
        if offered.size:
            named.append(f"mails up to {offered.size:,} bytes")
        return [*news, f"offers {', '.join(named)}"] if named else [*news, "offers no extensions"]

    def _dial(self) -> Wire:
        try:
            sock = self._open()
        except (OSError, UnicodeError) as error:
            raise self._later(_words(error)) from None
        wire = Wire(sock)
        if self.relay.scheme == "smtps":
            try:
                self._secure(wire)
            except BaseException:
                wire.close()
                raise
        return wire

    def _open(self) -> socket.socket:
        place, wait = self.relay, self._timeouts.connect
        if not place.path:
            source = (self._source, 0) if self._source else None
            sock = socket.create_connection((place.host, place.port), wait, source)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(wait)
            sock.connect(place.path)
        except OSError:
            sock.close()
            raise
        return sock

    def _introduce(self, wire: Wire) -> Features:
        manners = Manners(
            place=str(self.relay),
            hello=self._hello or _own_name(wire),
            lmtp=self.relay.scheme == "lmtp",
            starttls=self._tls,
            local=self.relay.local,
            username=self._username,
            password=self._password,
            secure=self._secure,
            patience=self._timeouts.command,
            greeting=self._timeouts.greeting,
        )
        try:
            return introduce(wire, manners)
        except Broken as error:
            raise self._later(str(error)) from None

    def _secure(self, wire: Wire) -> None:
        try:
            wire.start_tls(self._ssl(), self.relay.host or "localhost", self._timeouts.connect)
        except (OSError, ValueError) as error:
            raise handshake_failed(str(self.relay), error) from None

    def _ssl(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = self._make_context()
        return self._context

    def _make_context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._ca_file or None)
        except OSError as error:
            words = "it holds no certificate" if isinstance(error, ssl.SSLError) else (error.strerror or "").lower()
            hint = "a PEM file with the CA's certificate"
            raise ConfigError(f"ca_file {self._ca_file}: {words}", hint=hint) from None
        if not self._verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _later(self, words: str) -> RetryLater:
        return RetryLater(f"{self.relay}: {words}", outage=True)


def _own_name(wire: Wire) -> str:
    """This host's full name, else our end's address as RFC 5321 4.1.3 writes it."""
    name = socket.gethostname()
    if "." in name and name.isascii() and " " not in name and not name.endswith(".local"):
        return name
    address = wire.own_address
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _words(error: Exception) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return "the name of this host is not known"
    if isinstance(error, TimeoutError):
        return "nobody answers"
    return ((error.strerror if isinstance(error, OSError) else "") or str(error)).lower()
