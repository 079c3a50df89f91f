"""The way to the relay: does it encrypt, and is its certificate good for its name?"""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from distributor.mail.checks.check import Check
from distributor.mail.checks.given import Relay
from distributor.mail.checks.lookup import Unanswered

__all__ = ["Found", "MemoryProbe", "Probe", "SocketProbe", "judge", "unspoken"]

SECONDS = 10.0
SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Found:
    """What the relay showed. `version` is "" where no encryption came about, `refused` then says why.

    `untrusted` is what is wrong with the certificate, "" where nothing is; `ends` is when it expires (UTC).
    """

    offers: bool
    version: str = ""
    untrusted: str = ""
    refused: str = ""
    ends: datetime | None = None


class Probe(Protocol):
    """Knocks at a relay: greeting, EHLO, TLS; no login, no mail. Raises Unanswered where nobody speaks SMTP."""

    def knock(self, relay: Relay) -> Found: ...


@dataclass
class MemoryProbe:
    """The twin: what it was told, or no answer."""

    found: Found | None = None

    def knock(self, relay: Relay) -> Found:
        if self.found is None:
            raise Unanswered(f"{relay.host}:{relay.port} does not answer")
        return self.found


class SocketProbe:
    """The real one. `helo` is the name this machine gives for itself."""

    def __init__(self, helo: str = "localhost", *, timeout_s: float = SECONDS) -> None:
        self._helo = helo
        self._timeout = timeout_s

    def knock(self, relay: Relay) -> Found:
        try:
            return self._knock(relay, ssl.create_default_context())
        except ssl.SSLCertVerificationError as error:
            # Once more without trust, to tell a bad certificate from no encryption at all; nothing is sent.
            try:
                found = self._knock(relay, _unchecked())
            except (OSError, smtplib.SMTPException):
                found = Found(True)
            return Found(True, found.version, error.verify_message or "not trusted", ends=found.ends)
        except ssl.SSLError as error:
            return Found(True, refused=(error.reason or str(error)).replace("_", " ").lower())
        except smtplib.SMTPException as error:
            raise Unanswered(f"{relay.host}:{relay.port} does not speak SMTP: {_short(error)}") from None
        except (OSError, UnicodeError) as error:
            raise Unanswered(f"{relay.host}:{relay.port}: {_short(error)}") from None

    def _knock(self, relay: Relay, context: ssl.SSLContext) -> Found:
        client = self._client(relay, context)
        try:
            client.ehlo()
            if relay.scheme != "smtps":
                if not client.has_extn("starttls"):
                    return Found(False)
                code, said = client.starttls(context=context)
                if code != 220:
                    return Found(True, refused=f"{code} {said.decode('utf-8', 'replace')[:80]}")
            return _seen(client.sock)
        finally:
            client.close()  # without QUIT: after a failed handshake its answer would never come

    def _client(self, relay: Relay, context: ssl.SSLContext) -> smtplib.SMTP:
        place = (relay.host, relay.port, self._helo)
        if relay.scheme == "smtps":
            return smtplib.SMTP_SSL(*place, timeout=self._timeout, context=context)
        if relay.scheme == "lmtp":
            return smtplib.LMTP(*place, timeout=self._timeout)
        return smtplib.SMTP(*place, timeout=self._timeout)


def judge(relay: Relay, found: Found, now: datetime) -> Check:
    """Pure: is the way to the relay good enough for readers' addresses and a password?"""
    where = f"{relay.host}:{relay.port}"
    if relay.here and not found.version:
        return Check("tls", True, f"{where} is this machine: nothing to encrypt")
    if not found.offers:
        return Check("tls", False, f"{where} offers no STARTTLS: mails and password go in the clear", _OTHER)
    if found.untrusted:
        said = f"{where}: its certificate is not good: {found.untrusted}"
        if relay.here:
            return Check("tls", True, f"{where} is this machine; {found.untrusted}")
        return Check("tls", False, said, "Is mail.smtp the name in the certificate? Else ask who runs the relay.")
    if not found.version:
        return Check("tls", False, f"{where} offers encryption, but it fails: {found.refused}", _OTHER)
    how = "from the first byte" if relay.scheme == "smtps" else "after STARTTLS"
    says = f"{where}: {found.version} {how}, certificate good for {relay.host}"
    if found.ends and found.ends - now < SOON:
        return Check("tls", True, says, f"The certificate ends on {found.ends:%Y-%m-%d}.")
    return Check("tls", True, says)


def unspoken(relay: Relay) -> Check:
    """Pure: a way out without SMTP."""
    if relay.keeps:
        return Check("tls", None, f"{relay.scheme}: mails stay on this machine", "Set mail.smtp to a relay.")
    if relay.provider:
        return Check("tls", True, f"{relay.provider.name} takes mails by https")
    if relay.here:
        return Check("tls", True, f"{relay.scheme}: this machine's own mail server; its way on is its own")
    return Check("tls", None, f"what {relay.scheme} does is not known here")


_OTHER = "Use its port with encryption: smtps://...:465, or smtp://...:587."


def _unchecked() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _seen(connection: socket.socket | None) -> Found:
    assert isinstance(connection, ssl.SSLSocket)
    certificate = connection.getpeercert() or {}
    ends = certificate.get("notAfter")
    return Found(True, connection.version() or "TLS", ends=_moment(ends) if isinstance(ends, str) else None)


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def _short(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split())[:120] or type(error).__name__
