"""Where reports arrive: a Maildir, an IMAP folder (`imap`), or memory.

    for name, message in mailbox.messages():     oldest first, bounded in size and number
        settle(read(message))                    the caller's transaction
        mailbox.done(name)                       only now the message is marked: a crash before it reads it again

So a report may be read twice, and never gets lost: settling must be idempotent, which scores are (once a day).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from distributor.errors import ConfigError
from distributor.mail.bounces.opening import MOST_BYTES

__all__ = ["MOST_MESSAGES", "Mailbox", "MaildirMailbox", "MemoryMailbox"]

MOST_MESSAGES = 1000  # one call of messages(); the next call goes on


class Mailbox(Protocol):
    """A folder of mails. Raises DistributorError only: ConfigError, Unreachable."""

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """Each mail that is not done, as its name and at most its first 256 KB."""

    def done(self, name: str) -> None:
        """Marks a mail: it comes no more. A mail that is gone is done too."""


class MemoryMailbox:
    """A mailbox for tests: `waiting` by name, `finished` in order."""

    def __init__(self, waiting: Mapping[str, bytes] | None = None) -> None:
        self.waiting: dict[str, bytes] = dict(waiting or {})
        self.finished: list[str] = []

    def messages(self) -> Iterator[tuple[str, bytes]]:
        for name in list(self.waiting)[:MOST_MESSAGES]:
            if name in self.waiting:
                yield name, self.waiting[name][:MOST_BYTES]

    def done(self, name: str) -> None:
        if self.waiting.pop(name, None) is not None:
            self.finished.append(name)


class MaildirMailbox:
    """A Maildir: what lies in `new/` is read, and moved to `cur/` as seen (`:2,S`) when it is done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """Raises ConfigError where the folder is no Maildir, or may not be read."""
        try:
            with os.scandir(self.folder / "new") as found:
                files = [(entry.stat().st_mtime, entry.name) for entry in found if _is_mail(entry)]
        except OSError as error:
            raise ConfigError(
                f"{self.folder} cannot be read as a Maildir: {error.strerror or error}",
                hint="it needs the folders new, cur and tmp, and this user must be allowed to read and move",
            ) from error
        for _, name in sorted(files)[:MOST_MESSAGES]:
            try:
                with (self.folder / "new" / name).open("rb") as file:
                    content = file.read(MOST_BYTES)
            except FileNotFoundError:  # another reader was faster
                continue
            except OSError as error:
                raise ConfigError(f"{self.folder / 'new' / name} cannot be read: {error.strerror or error}") from error
            yield name, content

    def done(self, name: str) -> None:
        """Raises ConfigError where the mail may not be moved."""
        source = self.folder / "new" / Path(name).name
        bare = source.name.partition(":2,")[0]
        try:
            (self.folder / "cur").mkdir(exist_ok=True)
            source.rename(self.folder / "cur" / f"{bare}:2,S")
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigError(
                f"{source} cannot be moved to cur: {error.strerror or error}", hint="this user must own the Maildir"
            ) from error


def _is_mail(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)
