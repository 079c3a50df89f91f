"""Judged on real reports of many mail systems, `../shared/data/bounces`: recipient and kind, hard or soft."""

from __future__ import annotations

import email
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from distributor.mail.bounces import Report, read
from distributor.mail.bounces.addresses import addresses_in, is_machine

KINDS = {"feedback": {"complaint", "unsubscribe"}, "vacation": {"reply"}, "delivered": {"delivered"}}
BOUNCES = {"bounce", "delay"}
# These reports hold the recipient's address nowhere: `To: <Undisclosed Recipients>`, no Original-Rcpt-To.
NAMELESS = {"arf-11.eml"}


@dataclass
class Judged:
    file: str
    wanted: dict[str, Any]
    got: Report | None

    @property
    def found(self) -> bool:
        if self.got is None or self.got.kind not in KINDS.get(self.wanted["reason"], BOUNCES):
            return False
        return bool(self.got.recipient)

    @property
    def told_apart(self) -> bool:
        return self.got is not None and self.got.hard is self.wanted["hard"]


@pytest.fixture(scope="module")
def folder() -> Path:
    found = Path(__file__).resolve().parents[4] / "shared" / "data" / "bounces"
    if not found.is_dir():
        pytest.skip("../shared/data/bounces is not there: it is not part of the project")
    return found


@pytest.fixture(scope="module")
def judged(folder: Path) -> list[Judged]:
    wanted = json.loads((folder / "expected.json").read_text("utf-8"))
    rows: list[Judged] = []
    for file, recipients in sorted(wanted.items()):
        reports = [*read((folder / file).read_bytes()), *[None] * len(recipients)]
        rows += [Judged(file, row, report) for row, report in zip(recipients, reports, strict=False)]
    return rows


def share(good: list[bool]) -> float:
    return sum(good) / len(good)


def test_recipient_and_kind_are_found(judged: list[Judged]) -> None:
    missed = [row.file for row in judged if not row.found]
    assert len(judged) > 300
    assert share([row.found for row in judged]) >= 0.99, missed


def test_hard_and_soft_are_told_apart(judged: list[Judged]) -> None:
    missed = [row.file for row in judged if not row.told_apart]
    assert share([row.told_apart for row in judged]) >= 0.97, missed


def test_the_reason_and_the_reply_code_are_mostly_those_expected(judged: list[Judged]) -> None:
    reports = [(row.wanted, row.got) for row in judged if row.got]
    assert share([wanted["reason"] == got.reason for wanted, got in reports]) >= 0.85
    assert share([wanted["reply"] == got.reply for wanted, got in reports]) >= 0.95


def test_no_report_has_more_recipients_than_it_names(folder: Path) -> None:
    wanted = json.loads((folder / "expected.json").read_text("utf-8"))
    counts = {file: (len(rows), len(read((folder / file).read_bytes()))) for file, rows in wanted.items()}
    assert {file: pair for file, pair in counts.items() if pair[0] != pair[1]} == {}


def test_a_recipient_is_an_address_of_the_message_in_the_role_of_one(folder: Path, judged: list[Judged]) -> None:
    """In a field or a phrase that names recipients; never a machine, and never whom the report was written to."""
    themselves = set()
    for row in judged:
        if row.got is None or row.file in NAMELESS or row.got.kind in {"reply", "unsubscribe"}:
            continue
        recipient = row.got.recipient
        text = _flat((folder / row.file).read_bytes())
        assert recipient.lower() in text, row.file
        assert recipient in NAMED_AS_THEY_ARE or not is_machine(recipient), row.file
        if recipient.lower() in _written_to((folder / row.file).read_bytes()):
            themselves.add(row.file)
    assert themselves <= SELF_SENT


# Anonymised mails in which everybody has one address, and reports of mails that people sent to themselves.
SELF_SENT = {
    "lhost-dragonfly-26.eml", "lhost-dragonfly-28.eml", "lhost-einsundeins-03.eml", "lhost-exim-61.eml",
    "lhost-postfix-09.eml", "lhost-sendmail-54.eml", "lhost-x3-06.eml", "rhost-franceptt-12.eml",
}  # fmt: skip
NAMED_AS_THEY_ARE = {"postmaster@cx.libsisimai.org", "bounce@simulator.amazonses.com"}  # these were written to


def _written_to(raw: bytes) -> set[str]:
    found = re.search(rb"(?im)^to:(.*)$", raw.partition(b"\n\n")[0])
    return {address.lower() for address in addresses_in(found[1].decode("latin-1"))} if found else set()


def _flat(raw: bytes) -> str:
    """The mail as it is, and as the standard library decodes its parts."""
    parts = email.message_from_bytes(raw).walk()
    texts = [part.get_payload(decode=True) for part in parts if not part.is_multipart()]
    return b"\n".join([raw, *(text for text in texts if isinstance(text, bytes))]).decode("latin-1").lower()


HAND_CHECKED = Path(__file__).parent / "recipients.tsv"


def test_the_recipients_that_people_read_out_of_the_mails(folder: Path) -> None:
    """`recipients.tsv`: file, and the addresses that failed, as read by eye."""
    wrong = {}
    lines = HAND_CHECKED.read_text("utf-8").splitlines()
    for line in lines:
        file, *addresses = line.split("\t")
        got = [report.recipient for report in read((folder / file).read_bytes())]
        if got != addresses:
            wrong[file] = (got, addresses)
    assert len(lines) >= 60
    assert wrong == {}


# A half that lost its other half: what one form tells, the other form must tell too.


def test_the_prose_alone_still_names_the_recipient(folder: Path) -> None:
    names = rb"original-recipient|final-recipient|x-actual-recipient|action|status|diagnostic-code|remote-mta"
    fields = rb"(?im)^(?:" + names + rb"):.*\n(?:[ \t].*\n)*"
    assert _same_recipients(folder, lambda raw: re.sub(fields, b"", raw)) >= 0.9


def test_a_report_whose_mime_was_lost_still_names_the_recipient(folder: Path) -> None:
    def flat(raw: bytes) -> bytes:
        head, _, body = raw.partition(b"\n\n")
        return re.sub(rb"(?im)^content-type:.*\n(?:[ \t].*\n)*", b"", head + b"\n") + b"\n" + body

    assert _same_recipients(folder, flat) >= 0.95


def _same_recipients(folder: Path, change: Any) -> float:
    same = []
    for path in sorted(folder.glob("*.eml")):
        raw = path.read_bytes().replace(b"\r\n", b"\n")
        changed = change(raw)
        if changed != raw:
            before, after = ({report.recipient.lower() for report in read(mail)} for mail in (raw, changed))
            same.append(before == after)
    return share(same)
