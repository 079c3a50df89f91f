"""The contract of mailboxes on memory, on a Maildir and on a real Dovecot, and what is particular to each."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.errors import ConfigError, DistributorError, Unreachable
from distributor.mail.bounces.imap import ImapAccount, ImapMailbox
from distributor.mail.bounces.mailbox import MaildirMailbox, MemoryMailbox
from tests.contracts.mailbox import MailboxContract, Rig, mail, subjects
from tests.mail.dovecot import Dovecot


class TestMemory(MailboxContract):
    @pytest.fixture
    def rig(self) -> Rig:
        mailbox = MemoryMailbox()
        return Rig(mailbox, lambda content: mailbox.waiting.update({f"{len(mailbox.waiting):04}": content}))


class TestMaildir(MailboxContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Rig:
        for name in ("new", "cur", "tmp"):
            (tmp_path / name).mkdir()
        arrived: list[int] = []

        def arrive(content: bytes) -> None:
            arrived.append(1)
            path = tmp_path / "new" / f"{1_700_000_000 + len(arrived)}.M{len(arrived)}P1.host"
            path.write_bytes(content)
            os.utime(path, (1_700_000_000 + len(arrived),) * 2)

        return Rig(MaildirMailbox(tmp_path), arrive)


def test_a_done_mail_of_a_maildir_lies_in_cur_as_seen(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.M1P1.host").write_bytes(mail(1))
    MaildirMailbox(tmp_path).done("1.M1P1.host")
    assert (tmp_path / "cur" / "1.M1P1.host:2,S").read_bytes() == mail(1)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_link_or_a_hidden_file_in_a_maildir_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "secret").write_text("the key")
    (tmp_path / "new" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "new" / ".hidden").write_text("x")
    assert list(MaildirMailbox(tmp_path).messages()) == []


def test_a_missing_maildir_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        list(MaildirMailbox(tmp_path / "nothing").messages())
    assert "new, cur and tmp" in caught.value.hint


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    running = Dovecot(tmp_path_factory.mktemp("dovecot"))
    yield running
    running.server.stop()


@pytest.mark.server("dovecot")
@pytest.mark.parametrize("security", ["tls", "starttls", "plain"])
class TestImap(MailboxContract):
    @pytest.fixture
    def rig(self, dovecot: Dovecot, security: str) -> Iterator[Rig]:
        account = dovecot.account(security)
        with ImapMailbox(account) as mailbox:
            yield Rig(mailbox, lambda content: dovecot.arrive(account, content))


@pytest.mark.server("dovecot")
class TestDovecot:
    def test_a_read_mail_is_seen_only_when_it_is_done(self, dovecot: Dovecot) -> None:
        account = dovecot.account()
        dovecot.arrive(account, mail(1))
        with ImapMailbox(account) as mailbox:
            [(name, _)] = mailbox.messages()
        with ImapMailbox(account) as again:
            assert subjects(again) == [b"Subject: 1"]
            again.done(name)
        with ImapMailbox(account) as last:
            assert subjects(last) == []

    def test_a_folder_of_many_is_asked_for_in_stretches(
        self, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("distributor.mail.bounces.imap._STRETCH", 2)
        account = dovecot.account()
        for number in range(1, 6):
            dovecot.arrive(account, mail(number))
        with ImapMailbox(account) as mailbox:
            assert subjects(mailbox) == [b"Subject: %d" % number for number in range(1, 6)]
            dovecot.arrive(account, mail(6))
            assert len(subjects(mailbox)) == 6
            monkeypatch.setattr("distributor.mail.bounces.imap.MOST_MESSAGES", 3)
            assert subjects(mailbox) == [b"Subject: 1", b"Subject: 2", b"Subject: 3"]

    def test_a_wrong_password_is_named_without_the_password(self, dovecot: Dovecot) -> None:
        with pytest.raises(ConfigError) as caught:
            list(ImapMailbox(dovecot.account(password="hunter2-secret")).messages())
        assert "refused the login" in str(caught.value)
        assert "hunter2" not in str(caught.value) + repr(caught.value.__cause__) + repr(dovecot.account())

    def test_a_missing_folder_is_named(self, dovecot: Dovecot) -> None:
        with pytest.raises(ConfigError, match='no folder \'Bounces "x"'):
            list(ImapMailbox(dovecot.account(folder='Bounces "x"')).messages())

    def test_an_unknown_certificate_is_refused(self, dovecot: Dovecot) -> None:
        for security in ("tls", "starttls"):
            with pytest.raises(Unreachable, match="CERTIFICATE"):
                list(ImapMailbox(dovecot.account(security, context=ssl.create_default_context())).messages())

    def test_a_session_that_broke_is_opened_again(self, dovecot: Dovecot) -> None:
        account = dovecot.account()
        dovecot.arrive(account, mail(1))
        with ImapMailbox(account) as mailbox:
            assert subjects(mailbox) == [b"Subject: 1"]
            assert mailbox._session is not None
            mailbox._session.sock.shutdown(socket.SHUT_RDWR)
            with pytest.raises(Unreachable):
                subjects(mailbox)
            assert subjects(mailbox) == [b"Subject: 1"]


def test_a_password_never_crosses_the_network_in_the_clear() -> None:
    with pytest.raises(ConfigError, match="in the clear"):
        ImapMailbox(ImapAccount("imap.example.net", "a", "b", security="plain"))


def test_a_password_with_a_line_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="control character"):
        ImapMailbox(ImapAccount("imap.example.net", "a", "b\r\nX LOGOUT"))


@pytest.mark.network
@pytest.mark.parametrize(
    "said", [b"", b"* BYE no\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 3000 + b"\r\n", b"* OK hi\r\n"]
)
def test_a_server_that_speaks_nonsense_or_nothing_is_unreachable(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(said)
                peer.settimeout(2)
                peer.recv(100)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        mailbox = ImapMailbox(ImapAccount("127.0.0.1", "a", "b", port=port, security="plain", timeout_s=0.3))
        with pytest.raises(DistributorError) as caught:
            list(mailbox.messages())
        thread.join(5)
    assert isinstance(caught.value, Unreachable)
