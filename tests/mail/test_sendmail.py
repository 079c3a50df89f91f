"""A local sendmail program: what it is given, and what its exit code means."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import ChannelPaused
from distributor.mail import Scope, Verdict
from distributor.mail.sendmail import Sendmail
from tests.mail.letters import Notes, letter, sent
from tests.servers import program

PROGRAM = """#!/usr/bin/env python3
import json, os, sys, time
data = sys.stdin.buffer.read()
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], data.decode(), sorted(os.environ), os.getcwd()]) + "\\n")
{then}
"""


@pytest.fixture
def sendmail(tmp_path: Path) -> Path:
    return script(tmp_path, "sys.exit(0)")


def script(folder: Path, then: str) -> Path:
    path = folder / "sendmail"
    path.write_text(PROGRAM.format(log=str(folder / "log"), then=then))
    path.chmod(0o755)
    return path


def seen(folder: Path) -> list[tuple[list[str], str, list[str], str]]:
    log = folder / "log"
    return [tuple(json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []


def test_a_letter_goes_in_on_stdin_with_lf_line_ends(sendmail: Path) -> None:
    one = letter()
    notes = Notes()
    outcomes = sent(Sendmail(sendmail).connect(), [one], notes)
    assert [(told.number, told.verdict) for told in outcomes] == [(1, Verdict.TAKEN)]
    [(arguments, data, environment, folder)] = seen(sendmail.parent)
    assert arguments == ["-i", "-f", "b-1-x@paper.example", "--", "reader@example.org"]
    assert data.encode() == one.content.replace(b"\r\n", b"\n")
    assert "\r" not in data
    assert notes.lines == [("started", 1), ("ended", 1)]
    assert folder == "/"
    assert "PATH" in environment
    assert not set(environment) & (set(os.environ) - {"PATH", "LC_ALL", "LC_CTYPE"})


def test_an_address_that_begins_with_a_dash_stays_an_address(sendmail: Path) -> None:
    outcomes = sent(Sendmail(sendmail).connect(), [letter(1, "-OQueueDirectory=x@example.org")])
    assert outcomes[0].verdict is Verdict.TAKEN
    [(arguments, *_)] = seen(sendmail.parent)
    assert arguments[-2:] == ["--", "-OQueueDirectory=x@example.org"]


@pytest.mark.parametrize(
    "recipient",
    [
        "a@x.example,b@y.example", "a b@x.example", "a@x.example\nb@y.example", "|cat@x.example", "/etc/x@y.example",
        "a@x.example|cat", "", "root", "a@", "@x", "a;b@x.example", "<a@x.example>", 'a"b"@x.example', "a@x@y.example",
        "a\x00@x.example", "a\x85@x.example",
    ],
)  # fmt: skip
def test_what_is_not_one_address_never_reaches_the_program(sendmail: Path, recipient: str) -> None:
    [told] = sent(Sendmail(sendmail).connect(), [replace(letter(), recipient=recipient)])
    assert (told.verdict, told.scope) == (Verdict.REFUSED, Scope.RECIPIENT)
    assert seen(sendmail.parent) == []


@pytest.mark.parametrize("sender", ["-x@paper.example", "a b@paper.example", "x\n@paper.example"])
def test_a_return_path_that_is_none_refuses_the_letter(sendmail: Path, sender: str) -> None:
    [told] = sent(Sendmail(sendmail).connect(), [letter(sender=sender)])
    assert (told.verdict, told.scope) == (Verdict.REFUSED, Scope.MESSAGE)
    assert seen(sendmail.parent) == []


def test_the_empty_return_path_is_said_as_such(sendmail: Path) -> None:
    sent(Sendmail(sendmail).connect(), [letter(sender="")])
    assert seen(sendmail.parent)[0][0][1:3] == ["-f", "<>"]


@pytest.mark.parametrize(
    ("code", "verdict", "scope"),
    [
        (64, Verdict.REFUSED, Scope.RECIPIENT),
        (65, Verdict.REFUSED, Scope.MESSAGE),
        (67, Verdict.REFUSED, Scope.RECIPIENT),
        (68, Verdict.REFUSED, Scope.DOMAIN),
        (69, Verdict.LATER, Scope.ACCOUNT),
        (70, Verdict.LATER, Scope.ACCOUNT),
        (71, Verdict.LATER, Scope.ACCOUNT),
        (75, Verdict.LATER, Scope.ACCOUNT),
        (77, Verdict.LATER, Scope.ACCOUNT),
        (78, Verdict.LATER, Scope.ACCOUNT),
        (1, Verdict.LATER, Scope.ACCOUNT),
        (127, Verdict.LATER, Scope.ACCOUNT),
    ],
)
def test_each_exit_code_has_one_meaning(tmp_path: Path, code: int, verdict: Verdict, scope: Scope) -> None:
    path = script(tmp_path, f"print('no\\nway \\x1b[31m', file=sys.stderr); sys.exit({code})")
    session = Sendmail(path).connect()
    told = sent(session, [letter()])
    assert (told[0].verdict, told[0].scope) == (verdict, scope)
    assert "no way" in told[0].text
    assert told[0].text.isprintable()
    assert session.alive is (scope is not Scope.ACCOUNT)


def test_trouble_of_the_machine_ends_the_session_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    letters = iter([letter(1), letter(2)])
    outcomes = sent(Sendmail(script(tmp_path, "sys.exit(71)")).connect(), letters)
    assert len(outcomes) == 1
    assert next(letters).number == 2


def test_a_program_that_hangs_is_ended_with_its_children_and_the_outcome_is_unknown(tmp_path: Path) -> None:
    path = script(tmp_path, "import subprocess; subprocess.Popen(['sleep', '60']); time.sleep(60)")
    began = time.monotonic()
    [told] = sent(Sendmail(path, timeout=1.5).connect(), [letter()])
    assert told.verdict is Verdict.UNKNOWN
    assert time.monotonic() - began < 10


def test_a_program_ended_by_a_signal_may_have_taken_it(tmp_path: Path) -> None:
    [told] = sent(Sendmail(script(tmp_path, "os.kill(os.getpid(), 9)")).connect(), [letter()])
    assert told.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("path", ["/nowhere/sendmail", "/", "plain"])
def test_no_program_needs_a_person(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plain").touch(0o644)
    with pytest.raises(ChannelPaused, match="no program"):
        Sendmail(path).connect()


def test_a_program_that_went_away_is_told_as_the_machines_trouble(sendmail: Path) -> None:
    session = Sendmail(sendmail).connect()
    sendmail.unlink()
    [told] = sent(session, [letter()])
    assert (told.verdict, told.scope) == (Verdict.LATER, Scope.ACCOUNT)


def test_a_journal_that_cannot_be_written_keeps_the_letter_here(sendmail: Path) -> None:
    [told] = sent(Sendmail(sendmail).connect(), [letter(1), letter(2)], Notes(full="started"))
    assert told.verdict is Verdict.UNTRIED
    assert seen(sendmail.parent) == []


def test_a_journal_that_fails_afterwards_changes_no_outcome(sendmail: Path) -> None:
    session = Sendmail(sendmail).connect()
    told = sent(session, [letter(1), letter(2)], Notes(full="ended"))
    assert [one.verdict for one in told] == [Verdict.TAKEN]
    assert not session.alive


CONFIG = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.paper.example
mydestination =
inet_interfaces = loopback-only
maillog_file_prefixes = {folder}
maillog_file = {folder}/queue/log
"""


@pytest.mark.server("postfix")
def test_a_real_postfix_queues_each_letter_whole_for_its_one_recipient(tmp_path: Path) -> None:
    """Its sendmail and postdrop alone: no daemon runs, so nothing leaves the queue."""
    if os.geteuid() != 0:
        pytest.skip("only root may give Postfix a queue of his own")
    for name in ("etc", "queue", "data"):
        (tmp_path / name).mkdir()
    shutil.chown(tmp_path / "data", "postfix")
    (tmp_path / "etc" / "main.cf").write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "etc" / "master.cf").write_text("postlog unix-dgram n - n - 1 postlogd\n")
    subprocess.run([program("postfix"), "-c", tmp_path / "etc", "check"], check=True, capture_output=True)
    wrapper = tmp_path / "sendmail"
    wrapper.write_text(f'#!/bin/sh\nexec {program("sendmail")} -C {tmp_path}/etc "$@"\n')
    wrapper.chmod(0o755)
    recipients = ["reader@example.org", "-x@example.org", "a+b@xn--bcher-kva.example"]
    letters = [letter(number, recipient) for number, recipient in enumerate(recipients)]
    letters.append(letter(9, sender=""))
    told = sent(Sendmail(wrapper).connect(), letters)
    assert [one.verdict for one in told] == [Verdict.TAKEN] * 4
    seen = {}
    for path in (tmp_path / "queue" / "maildrop").iterdir():
        done = subprocess.run([program("postcat"), "-c", tmp_path / "etc", path], capture_output=True, check=True)
        lines = done.stdout.decode().split("\n")
        names = [line.partition(": ")[2] for line in lines if line.startswith(("sender: ", "recipient: "))]
        assert "." in lines
        assert "From hier beginnt eine Zeile mit From." in lines
        seen[(names[1], names[0])] = lines
    assert set(seen) == {(one.recipient, one.sender) for one in letters}


@given(st.text(max_size=40))
def test_whatever_the_address_it_is_the_last_argument_or_none(recipient: str) -> None:
    from distributor.mail.sendmail import _ADDRESS

    if _ADDRESS.fullmatch(recipient):
        assert recipient.count("@") == 1
        assert recipient.split() == [recipient]
        assert not set(recipient) & set(',;:<>()[]"\\')
