"""The contract of mailboxes on memory, on a Maildir and on a real Dovecot, and what is particular to each."""

from __future__ import annotations

import getpass
import imaplib
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
from tests import servers
from tests.contracts.mailbox import MailboxContract, Rig, mail, subjects

_DOVECOT = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 50
first_valid_uid = {uid}
first_valid_gid = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
auth_failure_delay = 0 secs
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

PASSWORD = 'pa"ss wörd'


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


def _certificate(folder: Path) -> None:
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


class Dovecot:
    """A real Dovecot on 127.0.0.1. As root it serves its mails as the user `mail`: Dovecot refuses to as root."""

    def __init__(self, folder: Path) -> None:
        import grp
        import pwd

        program = servers.program("dovecot")
        owner = pwd.getpwnam("mail" if os.geteuid() == 0 else getpass.getuser())
        self.folder, self.plain, self.tls = folder, servers.free_port(), servers.free_port()
        for name in ("run", "state", "mail", "home"):
            (folder / name).mkdir()
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
        folder.chmod(0o755)
        for parent in folder.parents[:-1]:
            if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
        _certificate(folder)
        (folder / "users").write_text("".join(f"reader{n}:{PASSWORD}\n" for n in range(100)))
        user = "dovecot" if os.geteuid() == 0 else owner.pw_name
        group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
        (folder / "dovecot.conf").write_text(
            _DOVECOT.format(
                folder=folder,
                plain=self.plain,
                tls=self.tls,
                user=user,
                group=group,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
            )
        )
        command = [program, "-F", "-c", str(folder / "dovecot.conf")]
        self.server = servers.Server("", command, folder, self._answers).start()
        self.context = ssl.create_default_context(cafile=str(folder / "cert.pem"))
        self._users = iter(range(100))

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            return probe.connect_ex(("127.0.0.1", self.plain)) == 0

    def account(self, security: str = "tls", **changes: object) -> ImapAccount:
        values: dict[str, object] = {
            "host": "127.0.0.1",
            "user": f"reader{next(self._users)}",
            "password": PASSWORD,
            "port": self.tls if security == "tls" else self.plain,
            "security": security,
            "timeout_s": 10.0,
            "context": self.context,
        }
        return ImapAccount(**{**values, **changes})  # type: ignore[arg-type]

    def arrive(self, account: ImapAccount, content: bytes) -> None:
        with imaplib.IMAP4("127.0.0.1", self.plain, timeout=10) as session:
            session.authenticate("PLAIN", lambda _: f"\0{account.user}\0{PASSWORD}".encode())
            state, _ = session.append("INBOX", "", "", content)
            assert state == "OK"


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
