"""The journal: what it says after any end, however sudden."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import StoreError
from distributor.mail import Outcome, Scope, Verdict
from distributor.mail import journal as module
from distributor.mail.journal import FileJournal, abandoned, read
from tests.contracts.transports import letter

OUTCOMES = st.builds(
    Outcome,
    number=st.integers(0, 2**60),
    attempt=st.integers(0, 1000),
    verdict=st.sampled_from(Verdict),
    code=st.integers(0, 999),
    status=st.sampled_from(["", "4.7.1"]),
    text=st.text(max_size=300),
    scope=st.sampled_from(Scope),
    remote_id=st.text(max_size=40),
)


def printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


@given(st.lists(OUTCOMES, max_size=5, unique_by=lambda told: (told.number, told.attempt)))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, outcomes: list[Outcome]) -> None:
    journal = FileJournal(tmp_path_factory.mktemp("journal"), "mail-1")
    for told in outcomes:
        journal.started(letter(told.number, attempt=told.attempt))
        journal.ended(told)
    journal.started(letter(7, attempt=2000))
    journal.close()
    left = read(journal.path)
    assert left.whole
    assert left.uncertain == {(7, 2000)}
    assert [(told.number, told.verdict, told.code, told.scope) for told in left.ended] == [
        (told.number, told.verdict, told.code, told.scope) for told in outcomes
    ]
    assert [told.text for told in left.ended] == [printable(told.text) for told in outcomes]


@given(st.data())
def test_a_torn_end_loses_only_its_own_line(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    journal = FileJournal(tmp_path_factory.mktemp("journal"), "mail-1")
    for number in range(1, 5):
        journal.started(letter(number))
        journal.ended(Outcome(number, 1, Verdict.TAKEN, 250, "2.0.0", "queued"))
    journal.close()
    whole = journal.path.read_bytes()
    size = data.draw(st.integers(0, len(whole)))
    journal.path.write_bytes(whole[:size] + data.draw(st.binary(max_size=40)).replace(b"\n", b"x"))
    left = read(journal.path)
    complete = whole[:size].count(b"\n")
    assert len(left.started) + len(left.ended) in {max(0, complete - 1), complete}
    assert len(left.uncertain) <= 1


def test_garbage_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(os.urandom(4000) + b"\n12345678 S\t1\t1\n\n" + b"\0" * 4096)
    assert read(path) == module.Left(frozenset(), (), False)
    with pytest.raises(StoreError, match="cannot be read"):
        read(tmp_path / "none")


def test_after_another_boot_it_says_that_lines_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(tmp_path, "mail-1")
    journal.started(letter(1))
    journal.close()
    monkeypatch.setattr(module, "_boot", lambda: "another")
    left = read(journal.path)
    assert left.started == {(1, 1)}
    assert not left.whole


def test_a_living_sessions_journal_is_not_abandoned(tmp_path: Path) -> None:
    living, dead = FileJournal(tmp_path, "host:1 slot/1"), FileJournal(tmp_path, "host:2")
    dead.close()
    assert [(owner, path) for owner, path in abandoned(tmp_path)] == [("host-2", dead.path)]
    living.remove()
    assert not living.path.exists()
    assert list(abandoned(tmp_path / "none")) == []


def test_two_settlers_do_not_settle_the_same(tmp_path: Path) -> None:
    FileJournal(tmp_path, "a").close()
    first = abandoned(tmp_path)
    assert next(first)
    assert list(abandoned(tmp_path)) == []
    first.close()  # type: ignore[attr-defined]
    assert len(list(abandoned(tmp_path))) == 1


def test_a_full_disk_is_told_before_the_letter_leaves() -> None:
    journal = FileJournal.__new__(FileJournal)
    journal._torn, journal._file = False, os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(StoreError, match="no space"):
        journal.started(letter(1))
    journal.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        FileJournal(tmp_path / "file", "mail-1")


def test_a_line_that_was_cut_by_a_full_disk_does_not_spoil_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FileJournal(tmp_path, "mail-1")
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:9]))
    with pytest.raises(StoreError, match="full"):
        journal.started(letter(1))
    monkeypatch.setattr(os, "write", write)
    journal.started(letter(2))
    journal.close()
    assert read(journal.path).started == {(2, 1)}


KILLED = """
import sys
from pathlib import Path
from distributor.mail import Outcome, Verdict
from distributor.mail.journal import FileJournal
from tests.contracts.transports import letter
journal = FileJournal(Path(sys.argv[1]), "mail-1")
print("ready", flush=True)
for number in range(1, 10_000_000):
    journal.started(letter(number))
    journal.ended(Outcome(number, 1, Verdict.TAKEN, 250, "2.0.0", "queued"))
"""


def test_kill_9_leaves_at_most_one_letter_uncertain(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert child.stdout
    assert child.stdout.readline() == b"ready\n"
    assert list(abandoned(tmp_path)) == []
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    [(owner, path)] = abandoned(tmp_path)
    left = read(path)
    assert owner == "mail-1"
    assert left.whole
    assert len(left.uncertain) <= 1
    assert {told.number for told in left.ended} == set(range(1, len(left.ended) + 1))
