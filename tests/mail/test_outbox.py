"""Letters into a folder: one file a delivery, whatever happens, and a list that a page can show."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import ChannelPaused, NotFound
from distributor.mail import Scope, Verdict
from distributor.mail.outbox import Outbox
from tests.mail.letters import Notes, letter, sent


@pytest.fixture(params=["maildir", "eml"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "out", form=request.param, sync=True)


def files(outbox: Outbox) -> list[Path]:
    return [path for path in outbox.folder.rglob("*") if path.is_file()]


def test_a_letter_becomes_one_file_with_its_envelope_on_top(outbox: Outbox) -> None:
    notes = Notes()
    one = letter()
    [told] = sent(outbox.connect(), [one], notes)
    assert (told.verdict, told.remote_id) == (Verdict.TAKEN, files(outbox)[0].name)
    [path] = files(outbox)
    assert path.stat().st_mode & 0o777 == 0o600
    data = outbox.get(told.remote_id)
    assert data == path.read_bytes()
    ends = b"\r\n" if path.suffix == ".eml" else b"\n"
    top = ends.join([b"Return-Path: <b-1-x@paper.example>", b"Delivered-To: reader@example.org", b""])
    assert data == top + one.content.replace(b"\r\n", ends)
    assert message_from_bytes(data, policy=policy.default)["Subject"].startswith("Grüße aus dem Hafen")
    assert notes.lines == [("started", 1), ("ended", 1)]


def test_a_repeat_makes_no_second_file(outbox: Outbox) -> None:
    session = outbox.connect()
    first, again = sent(session, [letter(7), letter(7, attempt=2)])
    assert first.remote_id == again.remote_id
    assert again.verdict is Verdict.TAKEN
    assert again.text == "was there already"
    assert len(files(outbox)) == 1


def test_a_repeat_finds_what_a_mail_program_has_read(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    session = outbox.connect()
    [told] = sent(session, [letter(7)])
    read = tmp_path / "cur" / f"{told.remote_id}:2,S"
    (tmp_path / "new" / told.remote_id).rename(read)
    assert sent(session, [letter(7, attempt=2)])[0].verdict is Verdict.TAKEN
    assert files(outbox) == [read]
    assert [kept.name for kept in outbox.letters()] == [read.name]
    assert outbox.get(read.name)


def test_the_same_number_of_another_ledger_is_another_letter(outbox: Outbox) -> None:
    one = letter(1)
    other = replace(one, content=one.content.replace(b"<d1.abc@", b"<d1.xyz@"))
    sent(outbox.connect(), [one, other])
    assert len(files(outbox)) == 2


def test_a_letter_signed_anew_is_the_same_letter(outbox: Outbox) -> None:
    one = letter(1)
    sent(outbox.connect(), [one, replace(one, attempt=2, content=one.content.replace(b"b=abc", b"b=xyz"))])
    assert len(files(outbox)) == 1


def test_ten_threads_with_one_delivery_make_one_file(outbox: Outbox) -> None:
    session = outbox.connect()
    with ThreadPoolExecutor(10) as pool:
        told = list(pool.map(lambda number: sent(session, [letter(3, attempt=number)])[0], range(1, 11)))
    assert {one.verdict for one in told} == {Verdict.TAKEN}
    assert len(files(outbox)) == 1


def test_the_newest_are_listed_first_and_only_so_many(outbox: Outbox) -> None:
    told = sent(outbox.connect(), [letter(number, f"r{number}@example.org") for number in range(1, 6)])
    for number, one in enumerate(told):
        os.utime(next(path for path in files(outbox) if path.name == one.remote_id), (1000 + number, 1000 + number))
    listed = outbox.letters(3)
    assert [kept.recipient for kept in listed] == ["r5@example.org", "r4@example.org", "r3@example.org"]
    assert listed[0].subject.startswith("Grüße aus dem Hafen: zwölf Fähren")
    assert listed[0].sender == "b-1-x@paper.example"
    assert listed[0].at.timestamp() == 1004
    assert outbox.letters(0) == []


def test_no_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert Outbox(tmp_path / "nowhere").letters() == []


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "", ".", "1.aaaaaaaaaaaaaaaa.distributor/../../secret", "x" * 999]
)
def test_only_names_of_ours_are_read(outbox: Outbox, name: str) -> None:
    outbox.connect()
    (outbox.folder.parent / "secret").write_text("secret")
    with pytest.raises(NotFound):
        outbox.get(name)


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "out")
    outbox.connect()
    (tmp_path / "secret").write_text("secret")
    name = "1.aaaaaaaaaaaaaaaa.distributor"
    (outbox.folder / "new" / name).symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound):
        outbox.get(name)
    assert outbox.letters() == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_full_disk_means_later_and_leaves_nothing_behind(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    session = outbox.connect()

    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    [told] = sent(session, [letter()])
    assert (told.verdict, told.scope, told.status) == (Verdict.LATER, Scope.ACCOUNT, "4.3.1")
    assert os.strerror(number) in told.text
    assert files(outbox) == []
    assert not session.alive


def test_a_file_system_without_links_is_good_enough(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuses)
    told = sent(outbox.connect(), [letter(7), letter(7, attempt=2)])
    assert [one.verdict for one in told] == [Verdict.TAKEN, Verdict.TAKEN]
    assert len(files(outbox)) == 1


def test_what_a_killed_writer_left_is_tidied_after_a_day_and_a_half(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.connect()
    old, new = tmp_path / "tmp" / "1.x.part", tmp_path / "tmp" / "2.x.part"
    for path in (old, new):
        path.write_text("half")
    os.utime(old, (1, 1))
    outbox.connect()
    assert not old.exists()
    assert new.exists()
    assert outbox.letters() == []


def test_a_file_where_the_folder_should_be_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ChannelPaused, match="out"):
        Outbox(tmp_path / "out").connect()


def test_a_folder_that_vanished_is_the_machines_trouble_and_comes_back(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "out")
    session = outbox.connect()
    (tmp_path / "out" / "tmp").rmdir()
    assert sent(session, [letter()])[0].verdict is Verdict.LATER
    assert sent(outbox.connect(), [letter(attempt=2)])[0].verdict is Verdict.TAKEN


WRITER = """
import sys
from distributor.mail.outbox import Outbox
from tests.mail.letters import letter, sent
session = Outbox(sys.argv[1]).connect()
print("ready", flush=True)
sent(session, (letter(number, attempt=int(sys.argv[2])) for number in range(1500)))
"""


def test_after_kills_a_repeat_of_all_leaves_one_whole_file_each(tmp_path: Path) -> None:
    for attempt, wait in ((1, 0.02), (2, 0.05), (3, 0.08), (4, None)):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(attempt)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            if wait is not None:
                time.sleep(wait)
                process.kill()
    names = [path.name for path in (tmp_path / "new").iterdir()]
    assert len({name.partition(".")[0] for name in names}) == len(names) == 1500
    sizes = {len(path.read_bytes()) - 2 * len(path.name.partition(".")[0]) for path in (tmp_path / "new").iterdir()}
    assert max(sizes) - min(sizes) <= 4  # they differ by the number's digits alone


@given(recipient=st.text(max_size=60), sender=st.text(max_size=60))
def test_no_envelope_begins_a_header_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, recipient: str, sender: str
) -> None:
    outbox = Outbox(tmp_path_factory.mktemp("outbox"))
    [told] = sent(outbox.connect(), [replace(letter(), recipient=recipient, sender=sender)])
    lines = outbox.get(told.remote_id).split(b"\n")
    assert lines[0].startswith(b"Return-Path: <")
    assert lines[1].startswith(b"Delivered-To:")
    assert lines[2].startswith(b"DKIM-Signature:")


def test_it_is_fast_enough_to_try_a_real_list(tmp_path: Path) -> None:
    letters = [letter(number) for number in range(500)]
    began = time.perf_counter()
    told = sent(Outbox(tmp_path).connect(), letters)
    assert all(one.verdict is Verdict.TAKEN for one in told)
    assert 500 / (time.perf_counter() - began) > 500  # about 8,000 on a quiet machine
