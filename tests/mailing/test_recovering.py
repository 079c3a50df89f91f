"""A mail worker that dies leaves at most one letter whose outcome nobody knows."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from distributor.mailing import drain_mail
from distributor.recovering import recover
from distributor.store import Store
from tests.mailing.office import Office


def killed_at(office: Office, number: int, *, after_start: bool) -> None:
    """A child drains, and is killed with -9 at its `number`-th letter: before the final dot left, or after it."""
    pid = os.fork()
    if pid == 0:
        original = office.relay.answer
        count = 0

        def answer(letter: object) -> str | None:
            nonlocal count
            count += 1
            if count == number and not after_start:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(letter)  # type: ignore[arg-type]

        class Deadly(list):  # type: ignore[type-arg]
            def append(self, letter: object) -> None:
                super().append(letter)
                if len(self) == number and after_start:
                    os.kill(os.getpid(), signal.SIGKILL)

        office.relay.answer = answer  # type: ignore[method-assign]
        office.relay.letters = Deadly()
        drain_mail(office.app, "mail")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, store=Store(f"sqlite:///{tmp_path / 'ledger.db'}"))


def test_killed_before_a_letter_left_nothing_is_uncertain(office: Office) -> None:
    office.readers(10)
    killed_at(office, 4, after_start=False)
    assert recover(office.app) == 10
    assert office.states() == {"sent": 3, "pending": 7}
    assert not list(office.app.mailroom.journals.glob("*"))  # type: ignore[union-attr]


def test_killed_while_the_server_had_a_letter_only_that_one_is_uncertain(office: Office) -> None:
    office.readers(10)
    killed_at(office, 4, after_start=True)
    recover(office.app)
    assert office.states() == {"sent": 3, "uncertain": 1, "pending": 6}
    assert office.row(4).state.value == "uncertain"
    drain_mail(office.app, "mail")
    assert office.states() == {"sent": 9, "uncertain": 1}


def test_recovering_twice_changes_nothing(office: Office) -> None:
    office.readers(5)
    killed_at(office, 2, after_start=True)
    recover(office.app)
    before = office.states()
    assert recover(office.app) == 0
    assert office.states() == before


def test_a_journal_that_is_gone_leaves_the_batch_uncertain(office: Office) -> None:
    office.readers(5)
    killed_at(office, 2, after_start=False)
    for path in office.app.mailroom.journals.glob("*"):  # type: ignore[union-attr]
        path.unlink()
    recover(office.app)
    assert office.states() == {"uncertain": 5}


def test_a_journal_of_another_boot_is_not_believed_about_what_did_not_leave(office: Office) -> None:
    office.readers(5)
    killed_at(office, 2, after_start=False)
    for path in office.app.mailroom.journals.glob("*"):  # type: ignore[union-attr]
        path.write_bytes(b"\n".join(line for line in path.read_bytes().split(b"\n") if b" H\t" not in line))
    recover(office.app)
    assert office.states() == {"sent": 1, "uncertain": 4}


def test_a_living_worker_is_left_alone(office: Office) -> None:
    office.readers(3)
    found: list[int] = []
    original = office.relay.answer

    def answer(letter: object) -> str | None:
        found.append(recover(office.app))
        return original(letter)  # type: ignore[arg-type]

    office.relay.answer = answer  # type: ignore[method-assign]
    drain_mail(office.app, "mail")
    assert found == [0, 0, 0]
    assert office.states() == {"sent": 3}
