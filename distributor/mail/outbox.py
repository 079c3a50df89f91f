"""Letters into a folder: a Maildir, or one `.eml` file each. The embedded default, shown on the page; nothing leaves.

    outbox:                the folder `outbox` of the data folder
    maildir:///srv/mail    a Maildir that another program empties: each letter is on the disk before it counts as taken
    eml:///srv/mail        the same as plain files, for mail programs and tools

A letter is written aside and then linked under a name that is the same for every attempt at its delivery: a repeat
after an unknown outcome finds the name taken, and makes no second mail.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import heapq
import itertools
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import ClassVar, Self

from distributor.errors import ChannelPaused, NotFound
from distributor.mail import Letter, Outcome, Scope, Session, Verdict
from distributor.mail.headers import one_line
from distributor.mail.options import Setup
from distributor.mail.singly import Hand, Singly, outcome

__all__ = ["Kept", "Outbox"]

_NAME = re.compile(r"\d{1,20}\.[0-9a-f]{16}\.distributor(?:\.eml|:2,[A-Za-z]{0,20})?")
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?([^\r\n]{1,990})", re.IGNORECASE | re.MULTILINE)
_HEAD = 64 * 1024
_STALE = 36 * 3600  # a file in tmp that nobody finished, by the Maildir rule


@dataclass(frozen=True, slots=True)
class Kept:
    """One letter in the folder, as a list shows it. `at` is when it came (UTC), `size` its bytes on the disk."""

    name: str
    at: datetime
    size: int
    sender: str
    recipient: str
    subject: str


class Outbox:
    """A folder of letters: the transport, and the reader of what it holds (`letters`, `get`).

    `form` is "maildir" (tmp, new, cur; LF line ends) or "eml" (CRLF). With `sync` a letter and its name are on the
    disk before it is taken; without, a power cut may cost the last seconds' files.
    """

    kind: ClassVar[str] = "outbox"

    def __init__(
        self, folder: str | Path, *, form: str = "maildir", sync: bool = False, sessions: int = 4, per_second: float = 0
    ) -> None:
        self.folder = Path(folder)
        self.identity = str(self.folder)
        self.sessions, self.per_second = sessions, per_second
        self._maildir, self._sync = form == "maildir", sync
        self._new = self.folder / "new" if self._maildir else self.folder
        self._aside = self.folder / ("tmp" if self._maildir else ".tmp")
        self._numbers = itertools.count()

    @classmethod
    def build(cls, setup: Setup) -> Self:
        setup.only("path")
        form = setup.choice("form", ("maildir", "eml"), "eml" if setup.scheme == "eml" else "maildir")
        sync = setup.flag("sync", setup.scheme != "outbox")
        sessions = setup.whole("sessions", 4, low=1, high=100)
        per_second = setup.number("per_second", 0, low=0, high=100_000)
        setup.done()
        if not setup.path and setup.scheme != "outbox":
            raise setup.wrong("path", "is missing", f'write it like "{setup.scheme}:///srv/mail"')
        return cls(
            setup.folder / (setup.path or "outbox"), form=form, sync=sync, sessions=sessions, per_second=per_second
        )

    def connect(self) -> Session:
        self._make()
        return Singly(self._prepare)

    def check(self) -> list[str]:
        self._make()
        if not os.access(self._new, os.W_OK | os.X_OK) or not os.access(self._aside, os.W_OK | os.X_OK):
            raise ChannelPaused(
                f"{self.folder} may not be written", hint="give it to the user that distributor runs as"
            )
        return [f"letters are put into {self.folder}: nothing leaves this machine"]

    def letters(self, limit: int = 50) -> list[Kept]:
        """The newest letters, newest first. Empty where the folder is not there."""
        newest = heapq.nlargest(max(0, limit), self._files(), key=lambda found: found[0])
        return [kept for at, path in newest if (kept := _kept(path, at)) is not None]

    def get(self, name: str) -> bytes:
        """A letter's bytes by its name in `letters`. Raises NotFound, also for what is no such name (`../x`)."""
        for folder in (self._new, self.folder / "cur") if _NAME.fullmatch(name) else ():
            with contextlib.suppress(OSError):
                return _read(folder / name)
        raise NotFound(f"there is no letter {name[:80]!r} in the outbox")

    def _make(self) -> None:
        try:
            for folder in [self._aside, self._new, *([self.folder / "cur"] if self._maildir else [])]:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._tidy()
        except OSError as error:
            raise ChannelPaused(f"{self.folder}: {error.strerror or error}", hint="is it a folder, and ours?") from None

    def _tidy(self) -> None:
        with os.scandir(self._aside) as entries:
            for entry in entries:
                if entry.name.endswith(".part") and time.time() - entry.stat(follow_symlinks=False).st_mtime > _STALE:
                    Path(entry.path).unlink(missing_ok=True)

    def _prepare(self, letter: Letter) -> Hand | Outcome:
        return lambda: self._hand(letter)

    def _hand(self, letter: Letter) -> Outcome:
        name = _name(letter) + ("" if self._maildir else ".eml")
        aside = self._aside / f"{name}.{os.getpid()}.{next(self._numbers)}.part"
        try:
            if letter.attempt > 1 and self._was_read(name):
                return outcome(letter, Verdict.TAKEN, text="was there already", remote_id=name)
            try:
                self._write(aside, letter)
                return self._link(letter, aside, name)
            finally:
                aside.unlink(missing_ok=True)
        except OSError as error:
            text = f"{self.folder}: {error.strerror or error}"
            return outcome(letter, Verdict.LATER, status="4.3.1", text=text, scope=Scope.ACCOUNT)

    def _write(self, aside: Path, letter: Letter) -> None:
        """What a mail server writes at its end: the envelope goes on top, where no signature covers it."""
        top = f"Return-Path: <{one_line(letter.sender)}>\r\nDelivered-To: {one_line(letter.recipient)}\r\n"
        content = top.encode("utf-8", "replace") + letter.content
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0) as file:
            left = memoryview(content.replace(b"\r\n", b"\n") if self._maildir else content)
            while left:
                left = left[file.write(left) :]
            if self._sync:
                os.fsync(file.fileno())

    def _link(self, letter: Letter, aside: Path, name: str) -> Outcome:
        """A link never replaces a file, as a renaming would: the name decides who was first."""
        try:
            _place(aside, self._new / name)
        except FileExistsError:
            return outcome(letter, Verdict.TAKEN, text="was there already", remote_id=name)
        if self._sync:
            _sync_folder(self._new)
        return outcome(letter, Verdict.TAKEN, text=f"put into {self._new.name}", remote_id=name)

    def _was_read(self, name: str) -> bool:
        """Whether a mail program moved it to `cur` since the first attempt, where it bears flags behind its name."""
        return self._maildir and any(True for _ in (self.folder / "cur").glob(f"{name}*"))

    def _files(self) -> Iterator[tuple[float, Path]]:
        for folder in (self._new, self.folder / "cur"):
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    if _NAME.fullmatch(entry.name):
                        with contextlib.suppress(OSError):  # read, moved or deleted just now
                            yield entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)


def _place(aside: Path, place: Path) -> None:
    """Raises FileExistsError where the name is taken, as far as the file system can tell."""
    try:
        os.link(aside, place)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        if place.exists():  # no hard links here (FAT, some network folders)
            raise FileExistsError(str(place)) from None
        aside.rename(place)


def _name(letter: Letter) -> str:
    """The same for each attempt; another data folder's delivery of the same number has another Message-ID."""
    found = _MESSAGE_ID.search(letter.content[:_HEAD].partition(b"\r\n\r\n")[0])
    seed = b"\0".join((found[1].strip() if found else letter.content, letter.recipient.encode("utf-8", "replace")))
    return f"{letter.number}.{hashlib.sha256(seed).hexdigest()[:16]}.distributor"


def _kept(path: Path, at: float) -> Kept | None:
    try:
        head, size = _read(path, _HEAD), path.stat().st_size
    except OSError:
        return None
    fields = BytesHeaderParser(policy=policy.compat32).parsebytes(head)
    sender = one_line(str(fields.get("Return-Path", ""))).strip("<>")
    return Kept(
        path.name,
        datetime.fromtimestamp(at, UTC),
        size,
        sender,
        one_line(str(fields.get("Delivered-To", ""))),
        _decoded(str(fields.get("Subject", ""))),
    )


def _decoded(value: str) -> str:
    from email.header import decode_header, make_header

    try:
        return one_line(str(make_header(decode_header(value))))
    except (ValueError, LookupError):
        return one_line(value)


def _read(path: Path, most: int = -1) -> bytes:
    """A plain file's bytes: no link is followed, nothing else is opened."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise FileNotFoundError(str(path))
        return file.read(most)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
