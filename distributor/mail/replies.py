"""What a server's reply says, and whom it concerns.

2xx, 3xx   as asked
4xx        LATER      5xx  REFUSED      (RFC 5321 4.2.1)
scope      from the enhanced code (RFC 3463) where there is one, else from the verb that was answered
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from distributor.mail import Letter, Outcome, Scope, Verdict

__all__ = ["Reply", "Step", "accepted", "cleaned", "unanswered", "verdict"]

LONGEST_TEXT = 300
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_QUEUED = re.compile(r"queued as <?([A-Za-z0-9._@/+-]{1,80})", re.IGNORECASE)
# A relay that will carry nothing of ours: the login, the sender or our own address is what it does not like.
_WHOLE_ACCOUNT = re.compile(r"\brelay|authenticat|must issue a STARTTLS|log ?in", re.IGNORECASE)


class Step(StrEnum):
    """The verb that a reply answers."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "the final dot"


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: `text` is its words as they came. Where it had several lines, `lines` has them, `text` joins them."""

    code: int
    text: str
    lines: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self.code < 400

    @property
    def closing(self) -> bool:
        """The server ends the conversation (RFC 5321 3.8)."""
        return self.code == 421

    def __str__(self) -> str:
        return cleaned(f"{self.code} {self.text}")


def accepted(letter: Letter, reply: Reply) -> Outcome:
    """The outcome of a good reply to the final dot."""
    status, text = _parted(reply)
    queued = _QUEUED.search(text)
    identity = queued[1] if queued else ""
    return Outcome(letter.number, letter.attempt, Verdict.TAKEN, reply.code, status, text, remote_id=identity)


def verdict(letter: Letter, step: Step, reply: Reply) -> Outcome:
    """The outcome of a bad reply to one of a letter's verbs."""
    status, text = _parted(reply)
    kind = Verdict.REFUSED if reply.code >= 500 else Verdict.LATER
    scope = _scope(step, reply.code, status, text)
    return Outcome(letter.number, letter.attempt, kind, reply.code, status, text, scope)


def unanswered(letter: Letter, kind: Verdict, words: str, scope: Scope = Scope.ACCOUNT) -> Outcome:
    """The outcome where the conversation broke: nobody said anything about this letter."""
    return Outcome(letter.number, letter.attempt, kind, text=cleaned(words), scope=scope)


def cleaned(text: str) -> str:
    """Someone else's words, fit for a log and a page: one line of printable characters, at most 300 of them."""
    if not text.isprintable():
        text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _parted(reply: Reply) -> tuple[str, str]:
    text = cleaned(reply.text)
    found = _STATUS.match(text)
    if found and found[1][0] == str(reply.code)[0]:
        return found[1], text[found.end() :]
    return "", text


def _scope(step: Step, code: int, status: str, text: str) -> Scope:
    if code < 500:
        return _scope_later(step, code, status)
    return _scope_refused(step, code, status, text)


def _scope_later(step: Step, code: int, status: str) -> Scope:
    subject = status[2:4]
    if subject in {"1.", "2."} and step is not Step.MAIL:
        return Scope.RECIPIENT
    if status.startswith("4.7.") and step is not Step.MAIL:
        return Scope.DOMAIN
    if step is Step.MAIL or subject == "3." or status == "4.4.2" or (code == 421 and not status):
        return Scope.ACCOUNT
    return Scope.MESSAGE if subject == "6." else Scope.DOMAIN


def _scope_refused(step: Step, code: int, status: str, text: str) -> Scope:
    if status == "5.3.4" or (code == 552 and step is Step.MAIL):
        return Scope.MESSAGE  # too big, said in advance (RFC 1870)
    if step is Step.MAIL or code in {530, 535, 538} or (step is not Step.DOT and _WHOLE_ACCOUNT.search(text)):
        return Scope.ACCOUNT
    if status[2:4] in {"1.", "2."}:
        return Scope.RECIPIENT
    if step is Step.RCPT:
        return Scope.MESSAGE if status.startswith("5.6.") and status != "5.6.7" else Scope.RECIPIENT
    return Scope.MESSAGE
