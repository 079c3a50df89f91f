"""A transport that keeps letters in memory: the twin of the real ones, for tests, also for users' own.

transport = MemoryTransport()
transport.answers["nobody@paper.example"] = "550 5.1.1 no such user"    one recipient, always
transport.script += ["421 4.7.0 slow down", None, SILENT]               the next letters, whoever they are for
transport.fails = RetryLater("nobody answers")                          the next connect
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import ClassVar

from distributor.errors import ChannelPaused, RetryLater, StoreError
from distributor.mail import Journal, Letter, Outcome, Verdict
from distributor.mail.replies import Reply, Step, accepted, unanswered, verdict

__all__ = ["DROPS", "SILENT", "MemorySession", "MemoryTransport"]

SILENT = "silent"  # takes the letter, and never answers
DROPS = "drops"  # closes the connection in the middle of the letter


class MemoryTransport:
    """Takes everything, unless told otherwise. `letters` are those that were taken, SILENT ones included.

    An answer is a reply to the recipient ("550 5.1.1 no such user"), after `dot:` one to the whole letter
    ("dot:554 5.7.1 spam"), SILENT, DROPS, or None for taken.
    """

    kind: ClassVar[str] = "memory"

    def __init__(self, identity: str = "memory", *, sessions: int = 4, per_second: float = 0) -> None:
        self.identity, self.sessions, self.per_second = identity, sessions, per_second
        self.letters: list[Letter] = []
        self.answers: dict[str, str] = {}
        self.script: deque[str | None] = deque()
        self.fails: RetryLater | ChannelPaused | None = None
        self.connects = 0

    def connect(self) -> MemorySession:
        self.connects += 1
        self._fail()
        return MemorySession(self)

    def check(self) -> list[str]:
        self._fail()
        return [f"{self.identity} is in memory, and takes letters"]

    def _fail(self) -> None:
        if self.fails is not None:
            error, self.fails = self.fails, None
            raise error

    def answer(self, letter: Letter) -> str | None:
        """What becomes of this letter."""
        scripted = self.script.popleft() if self.script else None
        return scripted or self.answers.get(letter.recipient)


class MemorySession:
    """A conversation with a MemoryTransport; one letter ahead is taken, as SMTP does."""

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport
        self._alive = True

    @property
    def alive(self) -> bool:
        return self._alive

    def close(self) -> None:
        self._alive = False

    def send(self, letters: Iterable[Letter], journal: Journal) -> Iterator[Outcome]:
        source = iter(letters)
        letter = next(source, None) if self._alive else None
        while letter is not None and self._alive:
            following = next(source, None)
            yield self._one(letter, journal)
            letter = following
        if letter is not None:
            yield unanswered(letter, Verdict.UNTRIED, "the conversation ended before its turn")

    def _one(self, letter: Letter, journal: Journal) -> Outcome:
        answer = self._transport.answer(letter)
        if answer not in {None, SILENT, DROPS} and not str(answer).startswith("dot:"):
            return self._said(letter, Step.RCPT, str(answer))
        try:
            journal.started(letter)
        except StoreError as error:
            self._alive = False
            return unanswered(letter, Verdict.UNTRIED, str(error))
        outcome = self._taken(letter, answer)
        try:
            journal.ended(outcome)
        except StoreError:
            self._alive = False
        return outcome

    def _taken(self, letter: Letter, answer: str | None) -> Outcome:
        if answer == DROPS:
            self._alive = False
            return unanswered(letter, Verdict.LATER, "the server closed the connection")
        if answer is not None and answer != SILENT:
            return self._said(letter, Step.DOT, answer.removeprefix("dot:"))
        self._transport.letters.append(letter)
        if answer == SILENT:
            self._alive = False
            return unanswered(letter, Verdict.UNKNOWN, "the server did not answer in time")
        return accepted(letter, Reply(250, f"2.0.0 queued as {len(self._transport.letters)}"))

    def _said(self, letter: Letter, step: Step, answer: str) -> Outcome:
        code, _, text = answer.partition(" ")
        reply = Reply(int(code), text)
        self._alive = self._alive and not reply.closing
        return verdict(letter, step, reply)
