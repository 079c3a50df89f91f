"""The mailbox of what came back: every mail is acted on before it is marked, and a broken mailbox is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor import mailboxes, reporting
from distributor.errors import ConfigError, StoreError
from distributor.mail.bounces.imap import ImapMailbox
from distributor.mail.bounces.mailbox import MaildirMailbox
from distributor.store import tables as t
from tests.bouncing.test_heed import path, reader
from tests.mailing.office import SETTINGS, Office

DSN = """Return-Path: <>
From: MAILER-DAEMON@mx.reader.example
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.reader.example

Final-Recipient: rfc822; r1@reader.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <r1@reader.example>: User unknown
--b--
"""
ARF = """From: fbl@provider.example
To: {to}
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is a complaint.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: provider/1.0
Version: 1
--b
Content-Type: message/rfc822

Return-Path: <{to}>
From: news@paper.example
To: r1@reader.example
Subject: News

Hello
--b--
"""


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / "back" / name).mkdir(parents=True)
    return tmp_path / "back"


@pytest.fixture
def office(tmp_path: Path, maildir: Path) -> Office:
    return Office(tmp_path, settings=SETTINGS.replace("[mail]\n", f'[mail]\nbounces = "maildir://{maildir}"\n'))


def test_reports_are_acted_on_and_marked(office: Office, maildir: Path) -> None:
    first, second = office.readers(2)
    (maildir / "new" / "1").write_text(DSN.format(to=path(office, first)))
    (maildir / "new" / "2").write_text(ARF.format(to=path(office, second)))
    (maildir / "new" / "3").write_text("From: a@b.example\nSubject: hello\n\nan ordinary mail\n")
    assert mailboxes.read_mailbox(office.app) == 3
    assert reader(office, 1).points == 1.0
    assert reader(office, 2).status == "suppressed"
    assert not list((maildir / "new").iterdir())
    assert {one.name for one in (maildir / "cur").iterdir()} == {"1:2,S", "2:2,S", "3:2,S"}
    assert mailboxes.read_mailbox(office.app) == 0


def test_a_forged_report_is_read_and_changes_nothing(office: Office, maildir: Path) -> None:
    office.readers(1)
    (maildir / "new" / "1").write_text(DSN.format(to="bounces+1-aaaaaaaaaaaaaaaa@paper.example"))
    assert mailboxes.read_mailbox(office.app) == 1
    assert reader(office).points == 0


def test_a_crash_before_the_mark_reads_the_report_again_and_counts_it_once(
    office: Office, maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (delivery,) = office.readers(1)
    (maildir / "new" / "1").write_text(DSN.format(to=path(office, delivery)))

    def fail(self: MaildirMailbox, name: str) -> None:
        raise StoreError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(MaildirMailbox, "done", fail)
        with pytest.raises(StoreError):
            mailboxes.read_mailbox(office.app)
    assert reader(office).points == 1.0
    assert mailboxes.read_mailbox(office.app) == 1
    assert reader(office).points == 1.0


def test_without_a_mailbox_nothing_is_read(tmp_path: Path) -> None:
    assert mailboxes.read_mailbox(Office(tmp_path).app) == 0


def test_a_mailbox_that_cannot_be_read_stands_in_status_until_it_can(office: Office, maildir: Path) -> None:
    (maildir / "new").rmdir()
    with pytest.raises(ConfigError):
        mailboxes.read_mailbox(office.app)
    (line,) = [one for one in reporting.status(office.app).problems if one.subject == "bounces"]
    assert "cannot be read as a Maildir" in line.text
    (maildir / "new").mkdir()
    mailboxes.read_mailbox(office.app)
    assert not [one for one in reporting.status(office.app).problems if one.subject == "bounces"]


@pytest.mark.parametrize(
    ("url", "host", "port", "security", "user", "folder"),
    [
        ("imaps://b%40paper.example@mail.example", "mail.example", 0, "tls", "b@paper.example", "INBOX"),
        ("imaps://b@mail.example:1993/Returned%20mail", "mail.example", 1993, "tls", "b", "Returned mail"),
        ("imap://b@mail.example", "mail.example", 0, "starttls", "b", "INBOX"),
        ("imap://b@127.0.0.1:1143", "127.0.0.1", 1143, "plain", "b", "INBOX"),
    ],
)
def test_an_imap_address_says_how_to_get_there(
    tmp_path: Path, url: str, host: str, port: int, security: str, user: str, folder: str
) -> None:
    text = f'[mail]\nbounces = "{url}"\nbounces_password = "hush"\n'
    office = Office(tmp_path, settings=SETTINGS.replace("[mail]\n", text))
    with mailboxes.open_mailbox(office.app) as mailbox:
        assert isinstance(mailbox, ImapMailbox)
        account = mailbox._account
    told = (account.host, account.port, account.security, account.user, account.folder, account.password)
    assert told == (host, port, security, user, folder, "hush")


@pytest.mark.parametrize("url", ["imaps://mail.example", "imaps://b@", "imaps://b@mail.example:x"])
def test_an_imap_address_that_lacks_something_is_refused_by_name(tmp_path: Path, url: str) -> None:
    office = Office(tmp_path, settings=SETTINGS.replace("[mail]\n", f'[mail]\nbounces = "{url}"\n'))
    with pytest.raises(ConfigError) as caught:
        mailboxes.read_mailbox(office.app)
    assert caught.value.key == "mail.bounces"
    with office.app.store.read() as connection:
        assert connection.execute(sa.select(t.fact.c.value)).scalar_one()
