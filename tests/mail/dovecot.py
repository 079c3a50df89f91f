"""A real Dovecot for tests: IMAP on free ports of 127.0.0.1, a Maildir for each user, ended by id."""

from __future__ import annotations

import getpass
import imaplib
import os
import socket
import ssl
from pathlib import Path

from distributor.mail.bounces.imap import ImapAccount
from tests import servers
from tests.mail.certificates import Certificates

__all__ = ["PASSWORD", "Dovecot"]

PASSWORD = 'pa"ss wörd'

_DOVECOT = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = yes
ssl_cert = <{folder}/127.0.0.1.pem
ssl_key = <{folder}/127.0.0.1.pem
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
        self.certificates = Certificates.make(folder)
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
        self.context = ssl.create_default_context(cafile=str(self.certificates.ca_file))
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
