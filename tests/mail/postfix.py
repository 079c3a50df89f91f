"""A real Postfix for tests: a folder of its own, listeners on free ports of 127.0.0.1, a Maildir for each reader."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers import Server, program

__all__ = ["Postfix", "is_listening", "uid_of"]

_MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.box.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
virtual_mailbox_base = {mail}
virtual_mailbox_maps = regexp:{folder}/conf/readers
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
mynetworks = 127.0.0.0/8
smtpd_client_connection_rate_limit = 0
"""
_SERVICES = """pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Postfix, which starts as root only. `services` are lines of master.cf beside the usual ones, `readers` those of
    a regexp table from addresses to Maildirs below `mail`, which the user `owner` writes to.
    """

    def __init__(
        self, folder: Path, services: str, settings: Mapping[str, str], readers: str, *, mail: Path, owner: str
    ) -> None:
        if os.geteuid() != 0:
            pytest.skip("Postfix starts as root only")
        self.folder, self._binary = folder, program("postfix")
        for parent in (folder, *folder.parents):
            if parent.stat().st_uid == 0:
                parent.chmod(parent.stat().st_mode | 0o011)
        for name in ("conf", "queue", "data"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        uid, gid = uid_of(owner)
        main = _MAIN.format(folder=folder, mail=mail, uid=uid, gid=gid)
        main += "".join(f"{name} = {value}\n" for name, value in settings.items())
        (folder / "conf/main.cf").write_text(main)
        (folder / "conf/master.cf").write_text(f"{services.strip()}\n{_SERVICES}")
        (folder / "conf/readers").write_text(readers)

    def start(self, port: int) -> Postfix:
        """Returns when the listener on `port` is there."""
        command = [self._binary, "-c", str(self.folder / "conf"), "start-fg"]
        self._server = Server("", command, self.folder, lambda: is_listening(port)).start()
        return self

    def stop(self) -> None:
        """Ends the master by the number that it wrote down: it leaves the process group that it was started in."""
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int((self.folder / "queue/pid/master.pid").read_text()), signal.SIGTERM)
        self._server.stop()


def uid_of(name: str) -> tuple[int, int]:
    import pwd

    found = pwd.getpwnam(name)
    return found.pw_uid, found.pw_gid


def is_listening(port: int) -> bool:
    """Whether somebody listens there, without connecting: a connection would be counted."""
    hexed = f":{port:04X} "
    return any(hexed in line and " 0A " in line for line in Path("/proc/net/tcp").read_text().splitlines())
