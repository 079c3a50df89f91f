"""The email engine: from one frozen digest to many signed letters, and through a transport to the readers.

    skeleton (once a segment) -> letter (bytes, once a reader) -> Session.send -> Outcome
                                                     journal: started ... ended

A transport (SMTP, sendmail, an outbox folder, a provider's API) gives sessions; a session takes letters one after
the other and says of each what became of it. This module holds what they have in common: the protocols.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

__all__ = ["CLICK", "MARKER", "Journal", "Letter", "Outcome", "Scope", "Session", "Transport", "Verdict"]

# Stands in a template's text where each reader's own token goes; a token is exactly as long.
MARKER = "READERREADERREADERREADERREAD"
# Stands where the token of the mail itself goes, in the links whose clicks are counted. Never the reader's token, which
# opens the preferences: people pass links on.
CLICK = "CLICKSCLICKSCLICKSCLICKSCLIC"


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one reader: `content` is the whole message with CRLF line ends, signed, not dot-stuffed.

    `number` and `attempt` are its delivery's. `sender` is the return path, `recipient` the only envelope recipient.
    """

    number: int
    attempt: int
    sender: str
    recipient: str
    content: bytes


class Verdict(StrEnum):
    """TAKEN: the server is responsible for it now. LATER: surely not taken, try again. REFUSED: surely not taken, for
    good. UNKNOWN: the final dot left, and no answer came (RFC 5321 4.5.3.2.6). UNTRIED: its turn did not come.
    """

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNTRIED = "untried"


class Scope(StrEnum):
    """Whom a LATER or REFUSED concerns: this recipient, its whole domain, this message (its content), or the account
    (login, sender, relay: every further letter would fare alike).
    """

    RECIPIENT = "recipient"
    DOMAIN = "domain"
    MESSAGE = "message"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter. `code` is the SMTP reply or HTTP status (0: no answer), `status` the enhanced code of
    RFC 3463 ("4.7.1") or "", `text` the other side's words, one line of at most 300 characters.
    `remote_id` is the id that a provider gave it.
    """

    number: int
    attempt: int
    verdict: Verdict
    code: int = 0
    status: str = ""
    text: str = ""
    scope: Scope = Scope.RECIPIENT
    remote_id: str = ""


class Journal(Protocol):
    """Told right before the bytes that could make a letter taken leave (the final dot), and when its outcome is known.

    Raises StoreError when it cannot write: the letter then does not leave.
    """

    def started(self, letter: Letter) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


class Session(Protocol):
    """One conversation. `send` takes letters lazily, so that the next is made while the server thinks about this one.

    It gives one outcome for every letter that it took from the iterable, in their order, and raises nothing: when the
    conversation breaks it ends early, after the outcome of what was under way, with UNTRIED for what it had taken
    beyond that. Every wait has a deadline; after the final dot it is 10 minutes.
    """

    @property
    def alive(self) -> bool: ...

    def send(self, letters: Iterable[Letter], journal: Journal) -> Iterator[Outcome]: ...

    def close(self) -> None: ...


class Transport(Protocol):
    """One way out: one relay, one provider's account, one folder. `sessions` is how many conversations it may hold at
    once, `per_second` how many letters it takes (0: as many as it can).

    `connect` raises RetryLater (nobody answers), ChannelPaused (a person must act: login refused, certificate wrong)
    and nothing else. `check` proves as much as it can without sending; lines of good news.
    """

    kind: ClassVar[str]
    identity: str
    sessions: int
    per_second: float

    def connect(self) -> Session: ...

    def check(self) -> list[str]: ...
