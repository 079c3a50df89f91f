"""What a server offers, and the three commands that open a letter there.

A letter that this server could not carry is refused before a byte leaves: too big (RFC 1870), an address beyond ASCII
without SMTPUTF8 (RFC 6531), 8-bit text without 8BITMIME (RFC 6152; converting it would break its signature).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distributor.mail import Letter, Outcome, Scope, Verdict
from distributor.mail.headers import wire_address

__all__ = ["Features", "Refusal", "envelope", "features"]


@dataclass(frozen=True, slots=True)
class Features:
    """What the server said to EHLO. `size` is None where it named none, 0 where it has no limit."""

    pipelining: bool = False
    size: int | None = None
    eightbit: bool = False
    utf8: bool = False
    starttls: bool = False
    auth: frozenset[str] = frozenset()
    lmtp: bool = False


class Refusal(Exception):
    """A letter that cannot go this way; `outcome` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.text)
        self.outcome = outcome


def features(lines: Sequence[str], *, lmtp: bool = False) -> Features:
    """The lines of a good answer to EHLO, the greeting's one first."""
    words: dict[str, list[str]] = {}
    for line in lines[1:]:
        # "AUTH=LOGIN" is what servers said before RFC 2554, and some still do, beside the right line.
        keyword, *rest = line.upper().replace("=", " ", 1).split() or [""]
        words.setdefault(keyword, []).extend(rest)
    size = words.get("SIZE")
    limit = int(size[0]) if size and size[0].isascii() and size[0].isdigit() and len(size[0]) < 20 else 0
    return Features(
        pipelining="PIPELINING" in words,
        size=None if size is None else limit,
        eightbit="8BITMIME" in words,
        utf8="SMTPUTF8" in words,
        starttls="STARTTLS" in words,
        auth=frozenset(words.get("AUTH", ())),
        lmtp=lmtp,
    )


def envelope(letter: Letter, offered: Features) -> tuple[bytes, bytes, bytes]:
    """MAIL, RCPT and DATA for one letter. Raises Refusal."""
    content = letter.content
    try:
        sender = wire_address(letter.sender) if letter.sender else ""
    except ValueError as error:
        raise _refusal(letter, 553, "5.1.7", f"sender: {error}", Scope.ACCOUNT) from None
    try:
        recipient = wire_address(letter.recipient)
    except ValueError as error:
        raise _refusal(letter, 553, "5.1.3", str(error), Scope.RECIPIENT) from None
    if offered.size is not None and 0 < offered.size < len(content):
        words = f"the mail has {len(content)} bytes, the server takes {offered.size}"
        raise _refusal(letter, 552, "5.3.4", words, Scope.MESSAGE)
    options = f" SIZE={len(content)}" if offered.size is not None else ""
    if not (content.isascii() and recipient.isascii() and sender.isascii()):
        options += _beyond_ascii(letter, sender + recipient, offered)
    return f"MAIL FROM:<{sender}>{options}\r\n".encode(), f"RCPT TO:<{recipient}>\r\n".encode(), b"DATA\r\n"


def _beyond_ascii(letter: Letter, addresses: str, offered: Features) -> str:
    header = letter.content.partition(b"\r\n\r\n")[0]
    needs_utf8 = not (addresses.isascii() and header.isascii())
    if needs_utf8 and not offered.utf8:
        words = "the address is not in ASCII, and the server does not offer SMTPUTF8"
        raise _refusal(letter, 553, "5.6.7", words, Scope.RECIPIENT)
    if letter.content.isascii():
        return " SMTPUTF8"
    if not offered.eightbit:
        words = "the mail is 8-bit, and the server does not offer 8BITMIME"
        raise _refusal(letter, 554, "5.6.3", words, Scope.MESSAGE)
    return " BODY=8BITMIME" + " SMTPUTF8" * needs_utf8


def _refusal(letter: Letter, code: int, status: str, words: str, scope: Scope) -> Refusal:
    return Refusal(Outcome(letter.number, letter.attempt, Verdict.REFUSED, code, status, words[:300], scope))
