"""The mailbox that reports come back to: each mail is read, acted on in a transaction, and only then marked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog

from distributor import bouncing
from distributor.context import App
from distributor.errors import ConfigError, DistributorError
from distributor.mail.bounces import read
from distributor.mail.bounces.mailbox import MOST_MESSAGES, Mailbox
from distributor.store import census
from distributor.store.mailcensus import BROKEN

__all__ = ["open_mailbox", "read_mailbox"]

log = structlog.get_logger(__name__)

_TURN = 20.0


def read_mailbox(app: App, *, turn_s: float = _TURN) -> int:
    """Reads what came back, at most for one turn; how many mails that were. 0 where no mailbox is set.

    A crash between acting and marking reads a mail again, which changes nothing. Raises ConfigError, Unreachable and
    StoreError; the first two stand in `status` until the mailbox can be read again.
    """
    if app.settings.mail is None or not app.settings.mail.bounces:
        return 0
    try:
        number = _read(app, time.monotonic() + turn_s)
    except DistributorError as error:
        _remember(app, str(error))
        raise
    _remember(app, "")
    return number


def _read(app: App, until: float) -> int:
    number = 0
    with open_mailbox(app) as mailbox:
        while True:
            found = 0
            for name, content in mailbox.messages():
                for report in read(content):
                    bouncing.heed(app, report, proven=False)
                mailbox.done(name)
                found += 1
                if time.monotonic() >= until or app.stopping.is_set():
                    return number + found
            number += found
            if found < MOST_MESSAGES:
                return number


@contextmanager
def open_mailbox(app: App) -> Iterator[Mailbox]:
    """`maildir:///folder`, `imaps://user@host[:port][/folder]`, or `imap://` (STARTTLS; plain on this machine only)."""
    from distributor.mail.bounces.mailbox import MaildirMailbox

    mail = app.settings.mail
    assert mail is not None
    assert mail.bounces
    parts = urlsplit(str(mail.bounces))
    if parts.scheme == "maildir":
        yield MaildirMailbox(Path(unquote(parts.path)))
        return
    from distributor.mail.bounces.imap import ImapAccount, ImapMailbox

    try:
        host, port = parts.hostname or "", parts.port or 0
    except ValueError:
        host, port = "", 0
    if not host or not parts.username:
        hint = 'write it like "imaps://bounces%40paper.example@mail.example"'
        raise ConfigError("names no user or no host", key="mail.bounces", hint=hint)
    secret = mail.bounces_password.get_secret_value() if mail.bounces_password else unquote(parts.password or "")
    plain = "plain" if host in {"localhost", "127.0.0.1", "::1"} else "starttls"
    account = ImapAccount(
        host,
        unquote(parts.username),
        secret,
        port,
        "tls" if parts.scheme == "imaps" else plain,  # type: ignore[arg-type]
        unquote(parts.path.strip("/")) or "INBOX",
    )
    with ImapMailbox(account) as mailbox:
        yield mailbox


def _remember(app: App, error: str) -> None:
    with app.store.read() as connection:
        known = census.fact(connection, BROKEN)
    if (known[0] if known else "") != error:
        with app.store.write() as connection:
            census.remember(connection, BROKEN, error, app.clock())
