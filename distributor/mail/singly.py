"""The session of a transport that hands over one letter at a time: a program, a folder, an HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from distributor.errors import StoreError
from distributor.mail import Journal, Letter, Outcome, Scope, Verdict
from distributor.mail.replies import cleaned

__all__ = ["Hand", "Singly", "outcome"]

# A letter made ready: called, it leaves and says what became of it.
Hand = Callable[[], Outcome]


class Singly:
    """`prepare` gives the letter's hand, or its outcome where it can be told before a byte left. Both never raise.

    The session ends after an outcome that concerns the whole account, for every further letter would fare alike, and
    after an unknown one: a provider that answers nothing but 500 must not make a thousand letters uncertain.
    """

    def __init__(self, prepare: Callable[[Letter], Hand | Outcome]) -> None:
        self._prepare = prepare
        self._alive = True

    @property
    def alive(self) -> bool:
        return self._alive

    def send(self, letters: Iterable[Letter], journal: Journal) -> Iterator[Outcome]:
        if not self._alive:
            return
        for letter in letters:
            ready = self._prepare(letter)
            if not isinstance(ready, Outcome):
                try:
                    journal.started(letter)
                except StoreError as error:
                    self._alive = False
                    yield outcome(letter, Verdict.UNTRIED, text=f"the journal cannot be written: {error}")
                    return
                ready = self._tell(journal, ready())
            self._alive = self._alive and ready.scope is not Scope.ACCOUNT and ready.verdict is not Verdict.UNKNOWN
            yield ready
            if not self._alive:
                return

    def close(self) -> None:
        self._alive = False

    def _tell(self, journal: Journal, ended: Outcome) -> Outcome:
        try:
            journal.ended(ended)
        except StoreError:
            self._alive = False  # the outcome is known all the same, and nothing more leaves
        return ended


def outcome(
    letter: Letter,
    verdict: Verdict,
    *,
    code: int = 0,
    status: str = "",
    text: str = "",
    scope: Scope = Scope.RECIPIENT,
    remote_id: str = "",
) -> Outcome:
    """The outcome of this letter; `text` may be any text of the other side, and becomes one line."""
    return Outcome(letter.number, letter.attempt, verdict, code, status, cleaned(text[:2000]), scope, remote_id[:200])
