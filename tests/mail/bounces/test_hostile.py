"""Reports are hostile input: nothing raises, and nothing costs more than a moment."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.mail.bounces import read
from distributor.mail.bounces.addresses import find_addresses
from distributor.mail.bounces.opening import DEEPEST, MOST_BYTES, MOST_PARTS, open_mail

SIZE = MOST_BYTES
HEAD = b"From: MAILER-DAEMON@x.example\nTo: b@y.example\nSubject: Undelivered Mail\nReturn-Path: <>\n"
REPORT = b"Content-Type: multipart/report; boundary=b\n"
STATUS = b"\n--b\nContent-Type: message/delivery-status\n\n"
FEEDBACK = STATUS.replace(b"delivery-status", b"feedback-report")
BUSY = b"account mailbox user domain recipient "


def many(template: bytes, count: int) -> bytes:
    return b"".join(template.replace(b"#", b"%d" % number) for number in range(count))


HOSTILE = {
    "at signs": HEAD + b"\n" + b"@" * SIZE,
    "addresses": HEAD + b"\n" + b"a@b.example " * (SIZE // 12),
    "blocks": HEAD + b"\n" + many(b"<a#@b.example>: 550 5.1.1 user unknown\n", 6000),
    "open tags": HEAD + b"Content-Type: text/html\n\n" + b"<" * SIZE,
    "open styles": HEAD + b"Content-Type: text/html\n\n" + b"<style" * (SIZE // 6),
    "open paragraphs": HEAD + b"Content-Type: text/html\n\n" + b"<p " * (SIZE // 3),
    "one word": HEAD + b"\n" + b"a" * SIZE,
    "short lines": HEAD + b"\n" + b"a\n" * (SIZE // 2),
    "empty lines": HEAD + b"\n" + b"\n" * SIZE,
    "blanks": HEAD + b"\n" + b" " * SIZE,
    "nested parts": HEAD + many(b"Content-Type: multipart/mixed; boundary=b#\n\n--b#\n", 5000),
    "nested mails": HEAD + b"Content-Type: message/rfc822\n\n" * 8000,
    "parts": HEAD + REPORT + b"\n" + b"--b\n\nx\n" * (SIZE // 8),
    "statuses": HEAD + REPORT + many(STATUS + b"Final-Recipient: rfc822;a#@b.c\nAction: failed\n", 3000),
    "long diagnoses": HEAD + REPORT + STATUS + many(
        b"Final-Recipient: rfc822;a#@b.c\nStatus: 5.0.0\nDiagnostic-Code: smtp; # " + BUSY * 40 + b"\n\n", 200),
    "long blocks": HEAD + b"\n" + many(b"<a#@b.example>: " + BUSY * 20 + b"\n", 300),
    "fields": b"X: y\n" * 50000,
    "folds": b"X: y\n" + b" fold\n" * 50000,
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 20000 + b"\n\nx",
    "recipients": b"To: " + b"<a@b.example>," * 15000 + b"\n" + HEAD + b"\nuser unknown",
    "base64": HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"QUJD" * 60000,
    "quoted-printable": HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=41=" * 60000,
    "deep json": HEAD + b'\n{"notificationType":' + b"[" * 100000,
    "codes": HEAD + b"\n" + b"550 5.1.1 " * 20000,
    "links": HEAD + b"\n" + b"http://" * 30000,
    "quotes": HEAD + b"\n" + b'"a@' * 60000,
    "hosts": HEAD + b"\n<a@b.example>: " + b"a.b." * 60000,
    "a long domain": HEAD + b"\n<a@" + b"a." * 60000,
    "commands": HEAD + b"\n" + b"RCPT TO:<" * 20000,
    "transcripts": HEAD + b"\n" + b">>> DATA\n" * 20000,
    "rules": HEAD + b"\n" + b"- original message -\n" * 9000,
    "complaints": HEAD + REPORT + FEEDBACK + many(b"Original-Rcpt-To: a#@b.c\n", 7000),
    "a charset that is none": HEAD + b'Content-Type: text/plain; charset="\xff\x00zip"\n\nuser unknown <a@b.example>:',
    "utf-7": HEAD + b"Content-Type: text/plain; charset=utf-7\n\n" + b"+AAA" * 60000,
    "punycode": HEAD + b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 120000,
    "idna": HEAD + b"Content-Type: text/plain; charset=idna\n\n" + b"a" * SIZE,
    "nuls": b"\x00" * SIZE,
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_costs_little(name: str) -> None:
    read(HEAD)  # the words are loaded once
    took = []
    for _ in range(3):
        start = time.process_time()
        reports = read(HOSTILE[name])
        took.append(time.process_time() - start)
    assert len(reports) <= 200
    assert min(took) < 0.1


def test_only_the_first_quarter_of_a_megabyte_is_looked_at() -> None:
    end = b"\n<late@b.example>: 550 5.1.1 user unknown\n"
    assert read(HEAD + b"\nfailed\n" + b"x" * SIZE + end) == []
    assert len(read(HEAD + b"\n" + b" " * 1000 + end)) == 1


def test_the_tree_is_bounded() -> None:
    parts = list(open_mail(HOSTILE["nested mails"]).walk())
    assert len(parts) <= DEEPEST + 1
    assert len(list(open_mail(HOSTILE["parts"]).walk())) <= MOST_PARTS + 1


def test_nuls_and_line_ends_of_every_kind_hide_nothing() -> None:
    report = HEAD + b"\n<r@b.example>: 550 5.1.1 user unknown\n"
    for change in (report.replace(b"\n", b"\r\n"), report.replace(b"\n", b"\r"), report.replace(b"e", b"\x00e")):
        assert [found.recipient for found in read(change)] == ["r@b.example"]
    assert [found.recipient for found in read(b"From x Thu Jan  1 00:00:00 1970\n" + report)] == ["r@b.example"]


PIECES = st.sampled_from(
    [
        *(b"\n", b"\n\n", b"--b\n", b"--b--", b"@", b"<", b"\xff\xfe", b"\x00", b"<a@b.c>", b": 550 ", b"user unknown"),
        *(
            b"From: ",
            b"Return-Path: <>\n",
            b"Subject: =?x?q?",
            b"Auto-Submitted: auto-replied\n",
            b"Feedback-Type: abuse\n",
        ),
        *(b"Content-Type: multipart/report; boundary=b\n", b"Content-Type: message/rfc822\n"),
        *(b"Content-Type: message/delivery-status\n", b"Content-Type: text/html; charset="),
        *(b"Content-Transfer-Encoding: base64\n", b"Final-Recipient: rfc822;", b"Action: failed\n", b"Status: 5.1.1"),
        b'{"notificationType":"Bounce",',
    ]
)


@given(st.lists(PIECES | st.binary(max_size=12), max_size=60).map(b"".join))
@settings(max_examples=300)
def test_reading_never_raises(raw: bytes) -> None:
    for report in read(raw):
        assert report.kind
        assert len(report.diagnostic) <= 500
        assert "\n" not in report.diagnostic + report.recipient


@given(st.data())
@settings(max_examples=100)
def test_a_damaged_real_report_never_raises(data: st.DataObject) -> None:
    folder = Path(__file__).resolve().parents[4] / "shared" / "data" / "bounces"
    files = sorted(folder.glob("*.eml")) if folder.is_dir() else []
    if not files:
        pytest.skip("../shared/data/bounces is not there: it is not part of the project")
    raw = bytearray(data.draw(st.sampled_from(files)).read_bytes()[:30000])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        raw[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=20))
    read(bytes(raw))


@given(st.text(alphabet="ab@.<>\"' é", max_size=60))
def test_a_found_address_is_in_the_text(text: str) -> None:
    for start, end, address in find_addresses(text):
        assert text[start:end] == address
        assert address.count("@") == 1
