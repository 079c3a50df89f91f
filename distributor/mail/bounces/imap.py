"""Reports from an IMAP folder (RFC 3501): what is unseen is read without marking it, and marked `\\Seen` when done.

One session for one pass: `messages` opens it, `close` or the end of a `with` ends it. A session that broke is opened
again by the next pass; what was not marked is read again.
"""

from __future__ import annotations

import imaplib
import ipaddress
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from distributor.errors import ConfigError, Unreachable
from distributor.mail.bounces.mailbox import MOST_MESSAGES
from distributor.mail.bounces.opening import MOST_BYTES

__all__ = ["ImapAccount", "ImapMailbox"]

_FOREIGN = (imaplib.IMAP4.error, OSError, EOFError, ValueError)  # ValueError: an answer that is no IMAP at all


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """`security`: `tls` (port 993), `starttls` (143), or `plain`, which is allowed on loopback only. `timeout_s` is for
    each answer. `context` verifies the server's certificate; None means the system's authorities.
    """

    host: str
    user: str
    password: str = field(repr=False)
    port: int = 0
    security: Literal["tls", "starttls", "plain"] = "tls"
    folder: str = "INBOX"
    timeout_s: float = 30.0
    context: ssl.SSLContext | None = None


class ImapMailbox:
    """A Mailbox over IMAP. Raises ConfigError (refused login, no such folder), Unreachable (everything else)."""

    def __init__(self, account: ImapAccount) -> None:
        if account.security == "plain" and not _is_loopback(account.host):
            raise ConfigError(
                f"the password for {account.host} would cross the network in the clear", hint="use tls or starttls"
            )
        if any(ord(c) < 32 for c in account.user + account.password):
            raise ConfigError(f"user or password for {account.host} holds a control character")
        self._account = account
        self._session: imaplib.IMAP4 | None = None
        self._validity = ""

    def messages(self) -> Iterator[tuple[str, bytes]]:
        session = self._opened()
        try:
            for number in self._unseen(session):
                content = _content(_answer(session.uid("FETCH", number.decode(), _PIECE), "fetch"))
                if content is not None:
                    yield f"{self._validity}.{number.decode()}", content
        except _FOREIGN as error:
            raise self._broken(error) from error

    def _unseen(self, session: imaplib.IMAP4) -> list[bytes]:
        """The oldest unseen mails' numbers. Asked for in stretches: imaplib takes no answer of more than 1 MB."""
        numbers: list[bytes] = []
        held = self._select(session)
        for start in range(1, held + 1, _STRETCH):
            found = _answer(session.uid("SEARCH", f"{start}:{min(start + _STRETCH - 1, held)}", "UNSEEN"), "search")
            numbers += b" ".join(line for line in found if isinstance(line, bytes)).split()
            if len(numbers) >= MOST_MESSAGES:
                break
        return numbers[:MOST_MESSAGES]

    def done(self, name: str) -> None:
        validity, _, number = name.partition(".")
        session = self._opened()
        if validity != self._validity or not number.isdecimal():
            return  # the folder was made anew (RFC 3501 2.3.1.1): its old mails are gone
        try:
            _answer(session.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"), "store")
        except _FOREIGN as error:
            raise self._broken(error) from error

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(*_FOREIGN):
                session.logout()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> imaplib.IMAP4:
        if self._session is None:
            try:
                self._session = self._connected()
                self._login(self._session)
            except _FOREIGN as error:
                raise self._broken(error) from error
            except ConfigError:
                self.close()
                raise
        return self._session

    def _connected(self) -> imaplib.IMAP4:
        account = self._account
        context = account.context or ssl.create_default_context()
        if account.security == "tls":
            return imaplib.IMAP4_SSL(account.host, account.port or 993, ssl_context=context, timeout=account.timeout_s)
        session = imaplib.IMAP4(account.host, account.port or 143, timeout=account.timeout_s)
        if account.security == "starttls":
            try:
                session.starttls(context)
            except BaseException:
                with suppress(*_FOREIGN):
                    session.shutdown()
                raise
        return session

    def _login(self, session: imaplib.IMAP4) -> None:
        account = self._account
        try:
            if "AUTH=PLAIN" in session.capabilities:  # in base 64: any character, and no line end of its own
                plain = f"\0{account.user}\0{account.password}".encode()
                session.authenticate("PLAIN", lambda _: plain)
            else:
                session.login(account.user, account.password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise ConfigError(f"{account.host} refused the login of {account.user}") from error
        self._select(session)
        self._validity = _first(session.response("UIDVALIDITY")[1])

    def _select(self, session: imaplib.IMAP4) -> int:
        """How many mails the folder holds now."""
        state, data = session.select(_quoted(self._account.folder))
        if state != "OK":
            raise ConfigError(f"{self._account.host} has no folder {self._account.folder!r} for {self._account.user}")
        held = _first(data)
        return int(held) if held.isdecimal() else 0

    def _broken(self, error: BaseException) -> Unreachable:
        session, self._session = self._session, None
        if session is not None:
            with suppress(*_FOREIGN):
                session.shutdown()
        return Unreachable(f"IMAP at {self._account.host}: {type(error).__name__}: {str(error)[:200]}")


_STRETCH = 50_000  # mails: a UID has at most ten digits
_PIECE = f"(BODY.PEEK[]<0.{MOST_BYTES}>)"


def _answer(answer: tuple[str, list[object]], verb: str) -> list[object]:
    state, data = answer
    if state != "OK":
        raise imaplib.IMAP4.error(f"{verb} was answered with {state}")
    return data


def _content(data: list[object]) -> bytes | None:
    """The mail in a FETCH answer; None where it was deleted meanwhile."""
    return next((item[1] for item in data if isinstance(item, tuple) and isinstance(item[1], bytes)), None)


def _first(values: Sequence[object]) -> str:
    value = values[0] if values else None
    return value.decode("ascii", "replace") if isinstance(value, bytes) else "0"


def _quoted(folder: str) -> str:
    """A quoted string (RFC 3501 4.3); names beyond ASCII are to be given in modified UTF-7."""
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "") + '"'


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
