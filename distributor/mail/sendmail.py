"""Out through a local sendmail program: Postfix's, Exim's, OpenSMTPD's, msmtp's.

    sendmail -i -f RETURN_PATH -- RECIPIENT  < message, with LF line ends

Its exit code is the answer (sysexits.h): 0 took it, 64 65 67 68 refuse it, the others are this machine's trouble.
There is never a shell. The message lies in a file before the program starts: were it written through a pipe, a
sender killed half way would let the program deliver half a mail.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import IO, ClassVar, Self

from distributor.errors import ChannelPaused
from distributor.mail import Letter, Outcome, Scope, Session, Verdict
from distributor.mail.headers import wire_address
from distributor.mail.options import Setup
from distributor.mail.singly import Hand, Singly, outcome

__all__ = ["PATH", "Sendmail"]

PATH = "/usr/sbin/sendmail"

# What the program is to see as one address: no option, no list, no pipe, no file.
_ADDRESS = re.compile(r"[^\s\x00-\x20\x7f-\x9f,;:<>()\[\]\"\\@]{1,64}@[^\s\x00-\x20\x7f-\x9f,;:<>()\"\\@|/!]{1,253}")
_REFUSED = {
    64: ("5.5.4", Scope.RECIPIENT),  # USAGE: it does not like an address
    65: ("5.6.0", Scope.MESSAGE),  # DATAERR
    67: ("5.1.1", Scope.RECIPIENT),  # NOUSER
    68: ("5.1.2", Scope.DOMAIN),  # NOHOST
}
_NAMES = {
    64: "usage", 65: "data error", 66: "no input", 67: "no such user", 68: "no such host", 69: "unavailable",
    70: "software error", 71: "system error", 72: "a system file is missing", 73: "cannot create a file",
    74: "input or output error", 75: "try again later", 76: "protocol error", 77: "permission denied",
    78: "configuration error",
}  # fmt: skip


class Sendmail:
    """One program, run once for each letter. `timeout` is in seconds; after it nobody knows what became of the mail."""

    kind: ClassVar[str] = "sendmail"

    def __init__(
        self, path: str | Path = PATH, *, sessions: int = 4, per_second: float = 0, timeout: float = 600
    ) -> None:
        self.path = str(path)
        self.identity = self.path
        self.sessions, self.per_second = sessions, per_second
        self._timeout = timeout

    @classmethod
    def build(cls, setup: Setup) -> Self:
        setup.only("path")
        sessions = setup.whole("sessions", 4, low=1, high=100)
        per_second = setup.number("per_second", 0, low=0, high=100_000)
        timeout = setup.number("timeout", 600, low=1, high=3600)
        setup.done()
        path = setup.path or PATH
        if not path.startswith("/"):
            raise setup.wrong("path", "must begin with a slash", 'write it like "sendmail:///usr/sbin/sendmail"')
        return cls(path, sessions=sessions, per_second=per_second, timeout=timeout)

    def connect(self) -> Session:
        self._look()
        return Singly(self._prepare)

    def check(self) -> list[str]:
        self._look()
        return [f"{self.path} is there and may be run"]

    def _look(self) -> None:
        try:
            good = stat.S_ISREG(os.stat(self.path).st_mode) and os.access(self.path, os.X_OK)  # noqa: PTH116
        except (OSError, ValueError):
            good = False
        if not good:
            raise ChannelPaused(f"{self.path} is no program that may be run", hint="install one, or name another")

    def _prepare(self, letter: Letter) -> Hand | Outcome:
        try:
            recipient = wire_address(letter.recipient)
        except ValueError:
            recipient = ""
        if not _ADDRESS.fullmatch(recipient) or recipient.startswith(("|", "/")):
            text = "this address cannot be given to a local sendmail"
            return outcome(letter, Verdict.REFUSED, status="5.1.3", text=text)
        if letter.sender and (not _ADDRESS.fullmatch(letter.sender) or letter.sender.startswith(("|", "/", "-"))):
            text = "this return path cannot be given to a local sendmail"
            return outcome(letter, Verdict.REFUSED, status="5.1.7", text=text, scope=Scope.MESSAGE)
        return lambda: self._hand(letter, recipient)

    def _hand(self, letter: Letter, recipient: str) -> Outcome:
        # `--` ends the options: an address that begins with "-" stays an address.
        command = [self.path, "-i", "-f", letter.sender or "<>", "--", recipient]
        try:
            with tempfile.TemporaryFile() as message, tempfile.TemporaryFile() as said:
                message.write(letter.content.replace(b"\r\n", b"\n"))
                message.seek(0)
                code = self._run(command, message, said)
                said.seek(0)
                words = said.read(2000).decode("utf-8", "replace")
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            text = f"{self.path} could not be run: {error}"
            return outcome(letter, Verdict.LATER, status="4.3.0", text=text, scope=Scope.ACCOUNT)
        return _judged(letter, code, words)

    def _run(self, command: list[str], message: IO[bytes], said: IO[bytes]) -> int | None:
        """The exit code; None where the time ran out. The program is a group of its own: Ctrl-C is not for it."""
        process = subprocess.Popen(
            command,
            stdin=message,
            stdout=subprocess.DEVNULL,
            stderr=said,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin", "LC_ALL": "C"},
            start_new_session=True,
        )
        with process:
            try:
                return process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return None


def _judged(letter: Letter, code: int | None, words: str) -> Outcome:
    if code == 0:
        return outcome(letter, Verdict.TAKEN, text=words)
    if code is None:
        return outcome(letter, Verdict.UNKNOWN, text="sendmail did not end in time, and was killed")
    if code < 0:
        return outcome(letter, Verdict.UNKNOWN, text=f"sendmail was ended by signal {-code}: {words}")
    text = f"sendmail: exit code {code}, {_NAMES.get(code, 'of no known meaning')}: {words}"
    if code in _REFUSED:
        status, scope = _REFUSED[code]
        return outcome(letter, Verdict.REFUSED, status=status, text=text, scope=scope)
    # 75 too: Postfix gives it for whatever is wrong with itself, and has asked no other server yet.
    return outcome(letter, Verdict.LATER, status="4.3.0", text=text, scope=Scope.ACCOUNT)
