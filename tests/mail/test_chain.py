"""One chain of real servers: our engine, a relay, a Postfix with a verifying OpenDKIM milter, a Dovecot read by IMAP.

    engine -> Postfix (relay) -> Postfix (mx, OpenDKIM milter) -> Maildir -> Dovecot -> IMAP
                 a reader whom the mx does not know -> DSN to the VERP address -> Maildir -> Dovecot -> bounce reader

The relay has two doors: one hands on what it got, the other changes List-Unsubscribe on the way.
"""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from distributor import mailboxes, mailing
from distributor.mail.bounces.imap import ImapAccount, ImapMailbox
from distributor.mail.dkim import Signer
from distributor.model import State
from distributor.store import bounces
from tests.desk import make_app
from tests.digests.newsroom import SETTINGS, Newsroom
from tests.mail.dovecot import PASSWORD, Dovecot
from tests.mail.postfix import Postfix, is_listening
from tests.mail.test_dkim import PEM
from tests.servers import Server, free_port, program

# The readers' mailboxes are Dovecot's users; everything sent to bounces+... comes into one.
READERS = """/^ada@reader\\.example$/ reader0/
/^bob@reader\\.example$/ reader1/
/^bounces(\\+.*)?@paper\\.example$/ reader2/
"""
CHANGED = "/^List-Unsubscribe: <https:(.*)$/ REPLACE List-Unsubscribe: <http:$1\n"


@dataclass
class Chain:
    """`straight` and `changing` are the relay's doors."""

    straight: int
    changing: int
    dovecot: Dovecot

    def account(self, number: int) -> ImapAccount:
        return self.dovecot.account(user=f"reader{number}")

    def arrived(self, number: int) -> Any:
        """The one unread mail of a reader's, as soon as it is there; it is marked as read."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with ImapMailbox(self.account(number)) as mailbox:
                for name, content in mailbox.messages():
                    mailbox.done(name)
                    return email.message_from_bytes(content, policy=email.policy.default)
            time.sleep(0.1)
        raise AssertionError(f"nothing came to reader{number}")


@pytest.fixture(scope="module")
def opendkim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The milter, as the user nobody. It asks no name server: the key stands in a file."""
    binary, folder, port = program("opendkim"), tmp_path_factory.mktemp("opendkim"), free_port()
    record = Signer.load(PEM, domain="paper.example", selector="s1").public_record()
    (folder / "dns").write_text(f"s1._domainkey.paper.example {record}\n")
    lines = [
        "Mode v",
        f"TestDNSData {folder}/dns",
        f"Socket inet:{port}@127.0.0.1",
        "AuthservID mx.box.example",
        "AlwaysAddARHeader yes",
        "UserID nobody",
        "Syslog no",
    ]
    (folder / "conf").write_text("\n".join(lines) + "\n")
    for path in (folder, *folder.parents):
        if path.stat().st_uid == 0:
            path.chmod(path.stat().st_mode | 0o011)
    server = Server("", [binary, "-f", "-x", f"{folder}/conf"], folder, lambda: is_listening(port))
    server.start()
    yield port
    server.stop()


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, opendkim: int) -> Iterator[Chain]:
    dovecot = Dovecot(tmp_path_factory.mktemp("dovecot"))
    folder = tmp_path_factory.mktemp("postfix")
    mx, straight, changing = free_port(), free_port(), free_port()
    relay = f"-o content_filter=smtp:[127.0.0.1]:{mx} -o smtpd_reject_unlisted_recipient=no"
    services = f"""
127.0.0.1:{mx} inet n - n - - smtpd -o smtpd_milters=inet:127.0.0.1:{opendkim}
127.0.0.1:{straight} inet n - n - - smtpd {relay}
127.0.0.1:{changing} inet n - n - - smtpd {relay} -o cleanup_service_name=changing
changing unix n - n - 0 cleanup -o header_checks=regexp:{folder}/changed
"""
    (folder / "changed").write_text(CHANGED)
    settings = {
        "virtual_mailbox_domains": "reader.example, paper.example",
        "smtpd_recipient_restrictions": "reject_unauth_destination",
        "milter_default_action": "tempfail",
    }
    postfix = Postfix(folder, services, settings, READERS, mail=dovecot.folder / "mail", owner="mail").start(mx)
    yield Chain(straight, changing, dovecot)
    postfix.stop()
    dovecot.server.stop()


def newsroom(folder: Path, chain: Chain, door: int, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """A publisher with one article, whose mails leave by that door and come back to Dovecot."""
    (folder / "key.pem").write_bytes(PEM)
    box = f"imaps://reader2:{quote(PASSWORD)}@127.0.0.1:{chain.dovecot.tls}"
    mail = f'smtp = "smtp://127.0.0.1:{door}?tls=off"\nbounces = "{box}"\n'
    mail += f'dkim_selector = "s1"\ndkim_key = """{PEM.decode()}"""\n'
    text = SETTINGS.format(daily="", more="").replace("[mail]\n", f"[mail]\n{mail}")
    monkeypatch.setenv("SSL_CERT_FILE", str(chain.dovecot.certificates.ca_file))
    room = Newsroom(folder)
    room.app = make_app(text, folder, clock=room.clock, store=room.app.store)
    return room


def send(room: Newsroom, *readers: str) -> dict[str, int]:
    """One digest to each; the deliveries' numbers."""
    ids = {name: room.reader(name) for name in readers}
    room.publish()
    assert room.build("2026-05-05T07:00").readers == len(readers)
    mailing.drain_mail(room.app, "mail")
    rows = {row.recipient_id: row for row in room.mails()}
    assert {row.state for row in rows.values()} == {State.SENT}
    return {name: rows[number].id for name, number in ids.items()}


@pytest.mark.server("postfix")
@pytest.mark.server("opendkim")
@pytest.mark.server("dovecot")
class TestChain:
    def test_a_digest_arrives_whole_and_its_signature_is_verified(
        self, chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = newsroom(tmp_path, chain, chain.straight, monkeypatch)
        send(room, "ada")
        mail = chain.arrived(0)
        [verdict] = mail.get_all("Authentication-Results")
        assert verdict.startswith("mx.box.example;")
        assert "dkim=pass" in verdict
        assert "header.d=paper.example" in verdict
        assert "Article number 1" in str(mail["Subject"])
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert len(mail.get_all("Received")) == 2

    def test_a_list_unsubscribe_that_was_changed_on_the_way_fails_it(
        self, chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = newsroom(tmp_path, chain, chain.changing, monkeypatch)
        send(room, "bob")
        mail = chain.arrived(1)
        assert str(mail["List-Unsubscribe"]).startswith("<http:")
        [verdict] = mail.get_all("Authentication-Results")
        assert "dkim=fail" in verdict
        assert "dkim=pass" not in verdict

    def test_a_real_dsn_finds_the_reader_who_is_unknown_there(
        self, chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = newsroom(tmp_path, chain, chain.straight, monkeypatch)
        sent = send(room, "ada", "nobody")
        deadline = time.monotonic() + 60
        while not mailboxes.read_mailbox(room.app):
            assert time.monotonic() < deadline, "no DSN came back"
            time.sleep(0.1)
        told = {}
        with room.app.store.read() as connection:
            for row in room.mails():
                told[row.id] = bounces.of_delivery(connection, row.recipient_id, row.id, "bounce")
        assert told == {sent["nobody"]: [True], sent["ada"]: []}
        chain.arrived(0)
