"""One SMTP or LMTP conversation, letter after letter, one round trip each where the server takes commands ahead.

    we:     MAIL RCPT DATA ......... body 1 . MAIL RCPT DATA .......... body 2 . MAIL RCPT DATA
    server:           250 250 354 ..                 250 250 250 354 ..

The bytes that end one letter open the next (RFC 2920); while the server works on them, the next letter but one is
made. Every reply is read and belongs to one command. A refused letter is closed as the server's answer to its DATA
asks: RSET where DATA was refused too, a lone dot where it was taken.

Before the final dot left, a letter is surely not taken; after it, only the answer says. At any moment at most one
letter is between its final dot and the answer: nothing of the next body leaves before that answer was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from distributor.errors import StoreError
from distributor.mail import Journal, Letter, Outcome, Verdict
from distributor.mail.dots import stuffed
from distributor.mail.envelope import Features, Refusal, envelope
from distributor.mail.replies import Reply, Step, accepted, unanswered, verdict
from distributor.mail.wire import Broken, Wire

__all__ = ["SmtpSession", "Timeouts"]

_STEPS = (Step.MAIL, Step.RCPT, Step.DATA)
_DOT = b".\r\n"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, as RFC 5321 4.5.3.2 asks; `connect` is ours."""

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600


@dataclass(slots=True)
class _Turn:
    """A letter whose turn comes, and what was decided without the server just before it. No letter: the end."""

    letter: Letter | None = None
    commands: tuple[bytes, ...] = ()
    before: list[Outcome] = field(default_factory=list)


class _Source:
    """The caller's letters, one at a time. What their maker raises ends them, and is raised again at the very end."""

    def __init__(self, letters: Iterable[Letter], features: Features) -> None:
        self._letters, self._features = iter(letters), features
        self.error: BaseException | None = None

    def turn(self) -> _Turn:
        before: list[Outcome] = []
        while self.error is None:
            try:
                letter = next(self._letters, None)
            except Exception as error:
                self.error = error
                break
            if letter is None:
                break
            try:
                return _Turn(letter, envelope(letter, self._features), before)
            except Refusal as refusal:
                before.append(refusal.outcome)
        return _Turn(before=before)


class SmtpSession:
    """A conversation that has been greeted, secured and logged in."""

    def __init__(self, wire: Wire, features: Features, timeouts: Timeouts) -> None:
        self._wire, self._features, self._timeouts = wire, features, timeouts
        self._alive, self._clean, self._settled = True, True, False

    @property
    def alive(self) -> bool:
        return self._alive

    def close(self) -> None:
        """Says goodbye where that is polite, and never waits for it."""
        if self._alive and self._clean:
            try:
                self._wire.write(1, b"QUIT\r\n")
                self._wire.reply(1)
            except Broken:
                pass
        self._end()

    def _end(self) -> None:
        self._alive = False
        self._wire.close()

    def send(self, letters: Iterable[Letter], journal: Journal) -> Iterator[Outcome]:
        if not self._alive:
            return
        source = _Source(letters, self._features)
        self._clean = False
        try:
            turn = source.turn()
            self._open(turn)
            following = source.turn() if turn.letter else _Turn()
            while turn.letter and self._alive:
                yield from turn.before
                turn.before = []
                outcome, after = self._one(turn.letter, turn, following, source, journal)
                self._settled = True
                yield outcome
                turn, following = following, after
            self._clean = self._alive
            for left in (turn, following):
                yield from left.before
                if left.letter:
                    yield unanswered(left.letter, Verdict.UNTRIED, "the conversation ended before its turn")
        finally:
            if not self._clean:
                self._end()
        if source.error is not None:
            raise source.error

    def _open(self, turn: _Turn) -> None:
        """Sends the first envelope, where it may go ahead."""
        if turn.letter and self._features.pipelining:
            self._say(b"".join(turn.commands))

    def _one(
        self, letter: Letter, turn: _Turn, following: _Turn, source: _Source, journal: Journal
    ) -> tuple[Outcome, _Turn]:
        """Brings one letter to its end, and opens the next. Gives the outcome, and the turn after the next."""
        refused, closing = self._offer(letter, turn.commands)
        ahead = b"".join(following.commands) if self._features.pipelining else b""
        if self._alive and refused is None:
            refused = self._hand_over(letter, ahead, journal)
        elif self._alive and closing + ahead:
            self._say(closing + ahead)
        if refused is not None and not self._alive:
            return refused, _Turn()
        after = source.turn() if following.letter else _Turn()
        if refused is None:
            return self._answered(letter, journal), after
        if closing:
            self._hear(closing)
        return refused, after

    def _offer(self, letter: Letter, commands: tuple[bytes, ...]) -> tuple[Outcome | None, bytes]:
        """Reads the answers to the envelope: None if the body may come, else the outcome and what closes the letter."""
        refused: Outcome | None = None
        step, taken = Step.MAIL, False
        try:
            for step, command in zip(_STEPS, commands, strict=True):
                if not self._features.pipelining:
                    if refused is not None:
                        break
                    self._wire.write(self._timeouts.command, command)
                reply = self._wire.reply(self._timeouts.data if step is Step.DATA else self._timeouts.command)
                if reply.closing:
                    self._end()
                    return refused or self._closed(letter, step, reply), b""
                taken = _fits(step, reply)
                if not (reply.good or refused):
                    refused = verdict(letter, step, reply)
            if self._wire.waiting:
                refused = refused or self._unasked(letter)
                raise Broken("the server gives more answers than there were commands")
        except Broken as error:
            self._end()
            return refused or self._dropped(letter, step, str(error)), b""
        if refused is None:
            return None, b""
        if taken and self._features.lmtp:
            self._end()  # LMTP gives one answer a recipient after the dot: with none, there is nothing to wait for
        return refused, _DOT if taken else b"RSET\r\n"

    def _unasked(self, letter: Letter) -> Outcome | None:
        """One answer too many: if it is a bad one, the server refuses the letter before it has come."""
        said = self._wire.last_words()
        return None if said is None or said.good else verdict(letter, Step.DOT, said)

    def _hand_over(self, letter: Letter, ahead: bytes, journal: Journal) -> Outcome | None:
        """Writes the body, its final dot, and the next envelope. An outcome only where the dot did not leave."""
        try:
            journal.started(letter)
        except StoreError as error:
            self._end()
            return unanswered(letter, Verdict.UNTRIED, str(error))
        try:
            self._wire.write(self._timeouts.block, stuffed(letter.content), _DOT + ahead, ahead=len(ahead))
        except Broken as error:
            # Once the dot has left, only the answer counts; if it is lost, too, reading will say so.
            if error.unsent > len(ahead):
                said = self._wire.last_words()
                self._end()
                if said is None or said.good:
                    return self._ended(unanswered(letter, Verdict.LATER, str(error)), journal)
                return self._ended(verdict(letter, Step.DOT, said), journal)
        return None

    def _answered(self, letter: Letter, journal: Journal) -> Outcome:
        """Waits for the answer to the final dot."""
        try:
            reply = self._wire.reply(self._timeouts.dot)
            if 300 <= reply.code < 400:
                raise Broken(f"the server answered the final dot with {reply}")
        except Broken as error:
            self._end()
            return self._ended(unanswered(letter, Verdict.UNKNOWN, str(error)), journal)
        if reply.good:
            return self._ended(accepted(letter, reply), journal)
        if reply.closing:
            self._end()
        return self._ended(verdict(letter, Step.DOT, reply), journal)

    def _ended(self, outcome: Outcome, journal: Journal) -> Outcome:
        """Writes down what is known. A journal that fails ends the conversation, not the knowledge."""
        try:
            journal.ended(outcome)
        except StoreError:
            self._end()
        return outcome

    def _say(self, commands: bytes) -> None:
        """Writes commands. Where that fails, reading the answer will say so."""
        with suppress(Broken):
            self._wire.write(self._timeouts.command, commands)

    def _hear(self, closing: bytes) -> None:
        """Reads the answer to what closed a refused letter: to RSET it must be good, to an empty message it may not."""
        try:
            reply = self._wire.reply(self._timeouts.dot if closing == _DOT else self._timeouts.command)
        except Broken:
            self._end()
            return
        if reply.closing or (closing != _DOT and reply.code != 250):
            self._end()

    def _closed(self, letter: Letter, step: Step, reply: Reply) -> Outcome:
        """421 to one of a letter's verbs. Many servers take only so many letters a connection, and say it to MAIL."""
        outcome = verdict(letter, step, reply)
        if step is Step.MAIL and self._settled and not outcome.status.startswith("4.7."):
            return replace(outcome, verdict=Verdict.UNTRIED)
        return outcome

    def _dropped(self, letter: Letter, step: Step, words: str) -> Outcome:
        """The conversation broke before the body. Before the first answer it was not this letter that broke it."""
        untried = step is Step.MAIL and self._settled
        return unanswered(letter, Verdict.UNTRIED if untried else Verdict.LATER, words)


def _fits(step: Step, reply: Reply) -> bool:
    """Whether DATA was taken. Broken where a reply cannot be this command's: then no reply can be trusted."""
    if step is Step.DATA:
        if reply.good and reply.code != 354:
            raise Broken(f"the server answered DATA with {reply}")
        return reply.good
    if 300 <= reply.code < 400:
        raise Broken(f"the server answered {step} with {reply}")
    return False
