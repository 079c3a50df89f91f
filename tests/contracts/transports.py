"""What every transport must do, however letters leave by it. A transport's test class inherits TransportContract.

    @pytest.mark.network
    class TestSmtp(TransportContract):
        faults = FAULTS

        @pytest.fixture
        def rig(self):
            with Relay() as relay:
                yield Rig(SmtpTransport(relay.url), arrived=lambda: ..., break_with=...)

`faults` are those that this transport can meet; the others are skipped by not being there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from distributor.errors import ChannelPaused, RetryLater, StoreError
from distributor.mail import Letter, Outcome, Scope, Transport, Verdict

__all__ = ["FAULTS", "Notes", "Rig", "TransportContract", "letter"]

# What the other side can do to the letters that come next, and what must be said of the first of them.
FAULTS = {
    "unknown-recipient": (Verdict.REFUSED, Scope.RECIPIENT),  # 550 5.1.1
    "spam": (Verdict.REFUSED, Scope.MESSAGE),  # 554 5.7.1 after the whole letter
    "slow-down": (Verdict.LATER, Scope.DOMAIN),  # 450 4.7.1
    "breaks-before": (Verdict.LATER, Scope.ACCOUNT),  # gone before the letter had left
    "silent": (Verdict.UNKNOWN, None),  # takes it, and never answers
}


@dataclass
class Notes:
    """A journal in memory; `full` makes one of its steps fail."""

    steps: list[tuple[str, int]] = field(default_factory=list)
    full: str = ""

    def started(self, letter: Letter) -> None:
        self._note("started", letter.number)

    def ended(self, outcome: Outcome) -> None:
        self._note("ended", outcome.number)

    def _note(self, step: str, number: int) -> None:
        if self.full == step:
            raise StoreError("the disk is full")
        self.steps.append((step, number))


@dataclass
class Rig:
    """A transport and its counterpart. `arrived` gives (recipient, content) of every letter that the other side took.

    `break_with` makes the counterpart do one of the faults to the next letter; `unreachable` and `locked` make the
    next connect meet nobody, or a refused login, where this transport can.
    """

    transport: Transport
    arrived: Callable[[], list[tuple[str, bytes]]]
    break_with: Callable[[str], None] = lambda _: pytest.skip("this transport has no such fault")
    unreachable: Callable[[], None] | None = None
    locked: Callable[[], None] | None = None


def letter(number: int, recipient: str = "", attempt: int = 1) -> Letter:
    """A small letter with everything that may go wrong on the way: dots, From lines, equals signs."""
    recipient = recipient or f"reader{number}@example.org"
    content = (
        f"From: The Paper <news@paper.example>\r\nTo: {recipient}\r\nSubject: number {number}\r\n"
        f"Message-ID: <d.{number}@paper.example>\r\nDate: Sun, 01 Mar 2026 07:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        f"\r\nHello =C3=A9\r\n.\r\n..two dots\r\nFrom here on\r\nlast line {number}\r\n"
    )
    return Letter(number, attempt, f"bounce+{number}@paper.example", recipient, content.encode())


class TransportContract:
    faults: ClassVar[tuple[str, ...]] = tuple(FAULTS)

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        raise NotImplementedError

    def test_it_says_what_it_is(self, rig: Rig) -> None:
        transport = rig.transport
        assert transport.kind
        assert transport.identity
        assert transport.sessions >= 1
        assert transport.per_second >= 0

    def test_a_check_sends_nothing_and_has_good_news(self, rig: Rig) -> None:
        news = rig.transport.check()
        assert news
        assert all(line and line.isprintable() for line in news)
        assert rig.arrived() == []

    def test_every_letter_arrives_once_and_whole_in_their_order(self, rig: Rig) -> None:
        letters = [letter(number) for number in range(1, 8)]
        notes = Notes()
        session = rig.transport.connect()
        outcomes = list(session.send(letters, notes))
        assert [(told.number, told.attempt, told.verdict) for told in outcomes] == [
            (one.number, one.attempt, Verdict.TAKEN) for one in letters
        ]
        assert session.alive
        session.close()
        arrived = dict(rig.arrived())
        assert set(arrived) == {one.recipient for one in letters}
        assert len(rig.arrived()) == len(letters)
        for one in letters:
            body = one.content.partition(b"\r\n\r\n")[2]
            assert arrived[one.recipient].replace(b"\r\n", b"\n").endswith(body.replace(b"\r\n", b"\n"))

    def test_the_journal_has_every_letter_started_before_it_ended_and_one_at_a_time(self, rig: Rig) -> None:
        notes = Notes()
        session = rig.transport.connect()
        list(session.send([letter(number) for number in range(1, 5)], notes))
        session.close()
        assert notes.steps == [(step, number) for number in range(1, 5) for step in ("started", "ended")]

    def test_a_session_takes_letters_again(self, rig: Rig) -> None:
        session = rig.transport.connect()
        for number in (1, 2):
            outcomes = list(session.send([letter(number)], Notes()))
            assert [told.verdict for told in outcomes] == [Verdict.TAKEN]
        assert list(session.send([], Notes())) == []
        assert session.alive
        session.close()
        assert not session.alive

    def test_letters_are_taken_lazily(self, rig: Rig) -> None:
        taken: list[int] = []

        def made() -> Iterator[Letter]:
            for number in range(1, 21):
                taken.append(number)
                yield letter(number)

        session = rig.transport.connect()
        for done, _ in enumerate(session.send(made(), Notes()), 1):
            assert len(taken) <= done + 3
        session.close()

    def test_a_full_disk_keeps_the_letter_here(self, rig: Rig) -> None:
        session = rig.transport.connect()
        outcomes = list(session.send([letter(1), letter(2)], Notes(full="started")))
        session.close()
        assert {told.verdict for told in outcomes} <= {Verdict.UNTRIED, Verdict.LATER}
        assert rig.arrived() == []

    def test_a_disk_that_fills_up_after_the_answer_ends_the_session_and_keeps_the_outcome(self, rig: Rig) -> None:
        session = rig.transport.connect()
        outcomes = list(session.send([letter(number) for number in range(1, 6)], Notes(full="ended")))
        assert outcomes[0].verdict is Verdict.TAKEN
        assert {told.verdict for told in outcomes[1:]} <= {Verdict.UNTRIED}
        assert not session.alive
        session.close()
        assert len(rig.arrived()) == 1

    def test_a_closed_session_takes_nothing(self, rig: Rig) -> None:
        session = rig.transport.connect()
        session.close()
        session.close()
        assert not session.alive
        assert all(told.verdict is Verdict.UNTRIED for told in session.send([letter(1)], Notes()))
        assert rig.arrived() == []

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_fault_is_told_as_what_it_is(self, rig: Rig, fault: str) -> None:
        if fault not in self.faults:
            pytest.skip(f"{rig.transport.kind} has no such fault")
        verdict, scope = FAULTS[fault]
        rig.break_with(fault)
        notes = Notes()
        session = rig.transport.connect()
        outcomes = list(session.send([letter(1)], notes))
        session.close()
        assert [told.verdict for told in outcomes] == [verdict]
        assert scope is None or outcomes[0].scope is scope
        assert outcomes[0].text.isprintable()
        assert 0 < len(outcomes[0].text) <= 300
        assert notes.steps.count(("started", 1)) == notes.steps.count(("ended", 1))

    def test_outcomes_come_in_order_for_all_that_was_taken_whatever_happens_to_one(self, rig: Rig) -> None:
        for fault in self.faults:
            rig.break_with(fault)
            taken: list[int] = []

            def made(taken: list[int] = taken) -> Iterator[Letter]:
                for number in range(1, 9):
                    taken.append(number)
                    yield letter(number)

            session = rig.transport.connect()
            outcomes = list(session.send(made(), Notes()))
            session.close()
            assert [told.number for told in outcomes] == taken, fault
            assert session.alive is False

    def test_nobody_there_is_retry_later(self, rig: Rig) -> None:
        if rig.unreachable is None:
            pytest.skip(f"{rig.transport.kind} is always there")
        rig.unreachable()
        with pytest.raises(RetryLater) as caught:
            rig.transport.connect()
        assert not isinstance(caught.value, ChannelPaused)

    def test_a_refused_login_waits_for_a_person(self, rig: Rig) -> None:
        if rig.locked is None:
            pytest.skip(f"{rig.transport.kind} has no login")
        rig.locked()
        with pytest.raises(ChannelPaused) as caught:
            rig.transport.connect()
        assert caught.value.until is None
