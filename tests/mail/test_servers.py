"""Servers that others wrote: aiosmtpd, Postfix's smtp-sink with its faults, and a real Postfix with a Maildir."""

from __future__ import annotations

import email
import email.policy
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dkim as dkimpy
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from distributor.errors import ChannelPaused, RetryLater
from distributor.mail import MARKER, Letter, Verdict
from distributor.mail.skeleton import Identity, Skeleton
from distributor.mail.smtp import SmtpTransport
from distributor.model import Message
from tests.contracts.transports import Notes, Rig, TransportContract, letter
from tests.mail.certificates import Certificates
from tests.mail.postfix import Postfix, is_listening
from tests.mail.test_dkim import PEM
from tests.mail.test_faults import PATIENT, QUICK
from tests.servers import free_port, program

TOKEN = "abcdefghijklmnopqrstuvwxyz-_"


class Box:
    """What aiosmtpd hands over."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, bytes]] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        self.letters.append((envelope.rcpt_tos[0], envelope.original_content or envelope.content))
        return "250 2.0.0 Ok: queued as aio1"


def controller(box: Box, **options: object) -> Controller:
    return Controller(box, hostname="127.0.0.1", port=free_port(), decode_data=False, **options)  # type: ignore[arg-type]


@pytest.mark.network
class TestAiosmtpd(TransportContract):
    faults = ()

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        box = Box()
        server = controller(box)
        server.start()
        yield Rig(SmtpTransport(f"smtp://127.0.0.1:{server.port}", timeouts=PATIENT), lambda: box.letters)
        server.stop()


@pytest.mark.network
@pytest.mark.parametrize("password", ["right", "wrong"])
def test_aiosmtpd_takes_the_login_in_tls_only(certificates: Certificates, password: str) -> None:
    def login(server: SMTP, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
        good = (data.login, data.password) == (b"bot", b"right")
        return AuthResult(success=good, handled=False)

    box = Box()
    options = {
        "authenticator": login,
        "auth_required": True,
        "require_starttls": True,
        "tls_context": certificates.server(),
    }
    server = controller(box, **options)
    server.start()
    try:
        way = SmtpTransport(
            f"smtp://127.0.0.1:{server.port}",
            username="bot",
            password=password,
            tls="required",
            ca_file=certificates.ca_file,
            timeouts=PATIENT,
        )
        if password == "wrong":
            with pytest.raises(ChannelPaused, match="refuses the login"):
                way.connect()
            return
        session = way.connect()
        assert [told.verdict for told in session.send([letter(1), letter(2)], Notes())] == [Verdict.TAKEN] * 2
        session.close()
        assert len(box.letters) == 2
    finally:
        server.stop()


@pytest.mark.network
def test_aiosmtpd_with_smtputf8_takes_an_address_beyond_ascii() -> None:
    box = Box()
    server = controller(box, enable_SMTPUTF8=True)
    server.start()
    try:
        session = SmtpTransport(f"smtp://127.0.0.1:{server.port}", timeouts=PATIENT).connect()
        outcomes = list(session.send([letter(1, "δοκιμή@bücher.example")], Notes()))
        session.close()
    finally:
        server.stop()
    assert outcomes[0].verdict is Verdict.TAKEN
    assert box.letters[0][0] == "δοκιμή@xn--bcher-kva.example"


class Sink:
    """smtp-sink with options, on a free port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port, self.dumps = free_port(), folder / "dumps"
        self.dumps.mkdir()
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        if user:
            shutil.chown(self.dumps, "nobody")
            for parent in (self.dumps, *self.dumps.parents):
                if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o011)
        command = [program("smtp-sink"), *user, "-d", f"{self.dumps}/m.", *options, f"127.0.0.1:{self.port}", "100"]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + 20
        while not is_listening(self.port):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def whole(self) -> list[bytes]:
        """What it took to the end, final dot included."""
        return [data for data in (path.read_bytes() for path in self.dumps.iterdir()) if data]


# smtp-sink's options, the first outcome, and whether the session lives on
SINK = [
    ((), "taken", True),
    (("-p",), "taken", True),
    (("-e",), "taken", True),
    (("-8", "-E"), "taken", True),
    (("-L",), "taken", True),
    (("-r", "MAIL"), "later", True),
    (("-r", "RCPT"), "later", True),
    (("-r", "DATA"), "later", True),
    (("-r", "."), "later", True),
    (("-f", "MAIL"), "refused", True),
    (("-f", "RCPT"), "refused", True),
    (("-f", "DATA"), "refused", True),
    (("-f", "."), "refused", True),
    (("-Q", "MAIL"), "later", False),
    (("-Q", "RCPT"), "later", False),
    (("-Q", "DATA"), "later", False),
    (("-Q", "."), "later", False),
    (("-q", "MAIL"), "later", False),
    (("-q", "RCPT"), "later", False),
    (("-q", "DATA"), "later", False),
    (("-q", "."), "unknown", False),
    (("-A", "0"), "refused", False),
    (("-w", "30"), "later", False),
    (("-T", "1024"), "taken", True),
]


@pytest.mark.server("postfix")
@pytest.mark.parametrize(("options", "verdict", "lives"), SINK)
def test_smtp_sink_with_each_of_its_faults(tmp_path: Path, options: tuple[str, ...], verdict: str, lives: bool) -> None:
    with Sink(tmp_path, *options) as sink:
        scheme = "lmtp" if "-L" in options else "smtp"
        timeouts = QUICK if "-w" in options else PATIENT
        session = SmtpTransport(f"{scheme}://127.0.0.1:{sink.port}", timeouts=timeouts).connect()
        outcomes = list(session.send([letter(number) for number in range(1, 5)], Notes()))
        assert outcomes[0].verdict.value == verdict
        assert session.alive == lives
        expected = {verdict} if lives else {"untried", verdict}
        assert {told.verdict.value for told in outcomes} <= expected
        session.close()


@pytest.mark.server("postfix")
@pytest.mark.parametrize("verb", ["CONNECT", "EHLO"])
@pytest.mark.parametrize(
    ("option", "error"), [("-r", RetryLater), ("-f", ChannelPaused), ("-q", RetryLater), ("-Q", RetryLater)]
)
def test_smtp_sink_that_lets_nobody_in(tmp_path: Path, verb: str, option: str, error: type[RetryLater]) -> None:
    with Sink(tmp_path, option, f"{verb},HELO" if verb == "EHLO" else verb) as sink:
        with pytest.raises(error) as caught:
            SmtpTransport(f"smtp://127.0.0.1:{sink.port}", timeouts=PATIENT).connect()
        assert type(caught.value) is error


def digest() -> tuple[Skeleton, bytes]:
    from distributor.mail.dkim import Signer

    signer = Signer.load(PEM, domain="paper.example", selector="s1")
    text = f"Bonjour,\n.\n..deux\nFrom here\nhttps://go.paper.example/r/{MARKER}\n" + "Été à la mer. " * 300
    html = f"<p>Été <a href='https://go.paper.example/r/{MARKER}'>lire</a></p>\n.\n" * 100
    message = Message(text=text, html=html, subject="Été: “ça” souffle", language="fr")
    identity = Identity(from_='"Le Journal" <news@paper.example>', list_id="daily.paper.example")
    return Skeleton(
        message, identity, [signer], date=datetime(2026, 3, 1, 7, tzinfo=UTC)
    ), signer.public_record().encode()


def post(skeleton: Skeleton, number: int, recipient: str) -> Letter:
    content = skeleton.content(
        to=recipient,
        message_id=f"<d.{number}.0@paper.example>",
        token=TOKEN,
        unsubscribe=f"https://go.paper.example/u/{TOKEN}",
    )
    return Letter(number, 1, f"bounce+{number}@paper.example", recipient, content)


@pytest.fixture(scope="module")
def postfix(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[tuple[int, Path]]:
    """A Postfix of its own: it delivers reader+anything@box.example into a Maildir, and knows nobody else there."""
    folder, port = tmp_path_factory.mktemp("postfix"), free_port()
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "nobody")
    settings = {
        "virtual_mailbox_domains": "box.example",
        "smtpd_recipient_restrictions": "reject_unauth_destination",
        "smtpd_tls_security_level": "may",
        "smtpd_tls_chain_files": f"{certificates.folder}/127.0.0.1.pem",
    }
    readers = "/^reader\\+?.*@box\\.example$/ inbox/\n"
    service = f"127.0.0.1:{port} inet n - n - - smtpd"
    server = Postfix(folder, service, settings, readers, mail=folder / "mail", owner="nobody").start(port)
    yield port, folder / "mail/inbox"
    server.stop()


@pytest.mark.server("postfix")
@pytest.mark.parametrize("tls", ["off", "required"])
def test_a_real_postfix_delivers_what_was_signed(
    postfix: tuple[int, Path], certificates: Certificates, tls: str
) -> None:
    port, inbox = postfix
    skeleton, record = digest()
    before = {path.name for path in inbox.glob("new/*")}
    way = SmtpTransport(f"smtp://127.0.0.1:{port}", tls=tls, ca_file=certificates.ca_file, timeouts=PATIENT)  # type: ignore[arg-type]
    readers = [f"reader+{number}@box.example" for number in range(1, 21)]
    readers[4], readers[9] = "nobody@box.example", "reader@elsewhere.example"
    session = way.connect()
    outcomes = list(session.send([post(skeleton, n, to) for n, to in enumerate(readers, 1)], Notes()))
    assert session.alive
    session.close()
    refused = [(told.number, told.status, told.scope.value) for told in outcomes if told.verdict is Verdict.REFUSED]
    assert refused == [(5, "5.1.1", "recipient"), (10, "5.7.1", "account")]
    assert all(told.remote_id for told in outcomes if told.verdict is Verdict.TAKEN)
    arrived = _wait_for(inbox, before, 18)
    assert len({mail["Message-ID"] for mail in map(_read, arrived)}) == 18
    for raw in arrived:
        assert dkimpy.verify(raw, dnsfunc=lambda name, timeout=5: record)
        assert _read(raw)["Subject"] == "Été: “ça” souffle"
        assert TOKEN in _read(raw).get_body(("html",)).get_content()


def _wait_for(inbox: Path, before: set[str], count: int) -> list[bytes]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        new = [path for path in inbox.glob("new/*") if path.name not in before]
        if len(new) >= count:
            break
        time.sleep(0.05)
    return [path.read_bytes() for path in new]


def _read(raw: bytes) -> Any:
    return email.message_from_bytes(raw, policy=email.policy.default)
