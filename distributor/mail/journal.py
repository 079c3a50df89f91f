"""What a session knows and the ledger does not yet: an append-only file, one line a step, in the data folder.

    head      boot id                                        fsynced when the file is made
    S         number attempt                                 before the final dot
    E         number attempt verdict code status scope ...   after the answer

Each line is one write() without a buffer, so it survives kill -9 at any moment. It begins with a checksum, so that a
torn line is known. It does not survive the machine's own crash: after another boot the newest lines may be missing,
and `Left.whole` says so. The file is locked while its session lives: `abandoned` finds those whose session does not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from distributor.errors import StoreError
from distributor.mail import Letter, Outcome, Scope, Verdict

__all__ = ["FileJournal", "Left", "abandoned", "read"]

_SUFFIX = ".journal"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Left:
    """What a journal says. `started` holds (number, attempt) of every letter whose final dot may have left; those
    without an outcome in `ended` are uncertain. A letter in neither never left, but only if `whole`.
    """

    started: frozenset[tuple[int, int]]
    ended: tuple[Outcome, ...]
    whole: bool

    @property
    def uncertain(self) -> frozenset[tuple[int, int]]:
        return self.started - {(outcome.number, outcome.attempt) for outcome in self.ended}


class FileJournal:
    """A session's journal: made new, locked, and this process's alone. StoreError where the disk refuses.

    `owner` says in a file name whose it is (letters, digits, dashes): the lease's owner.
    """

    __slots__ = ("_file", "_torn", "path")

    def __init__(self, folder: Path, owner: str) -> None:
        slug = re.sub(r"[^A-Za-z0-9_.-]", "-", owner)[:100]
        self.path = folder / f"{slug}~{secrets.token_hex(4)}{_SUFFIX}"
        self._file = -1
        self._torn = False
        new = self.path.with_suffix(".new")  # `abandoned` must not find it before it is locked
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._write(f"H\t{_boot()}")
            os.fsync(self._file)
            new.rename(self.path)
            _fsync_folder(folder)
        except OSError as error:
            self.close()
            raise StoreError(f"the mail journal {self.path} cannot be made: {_words(error)}", hint=_HINT) from None

    def started(self, letter: Letter) -> None:
        self._write(f"S\t{letter.number}\t{letter.attempt}")

    def ended(self, outcome: Outcome) -> None:
        status, identity, text = outcome.status, outcome.remote_id, outcome.text
        if not (status + identity + text).isprintable():
            status, identity, text = _one_line(status), _one_line(identity), _one_line(text)
        head = f"E\t{outcome.number}\t{outcome.attempt}\t{outcome.verdict}\t{outcome.code}"
        self._write(f"{head}\t{status}\t{outcome.scope}\t{identity}\t{text}")

    def remove(self) -> None:
        """Everything in it is in the ledger: the file goes."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.close()

    def close(self) -> None:
        """Gives the lock back; the file stays for whoever settles it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, line: str) -> None:
        data = _framed(line)
        if self._torn:  # the end of the last line is missing: this one begins on its own
            data = b"\n" + data
        try:
            written = os.write(self._file, data)
        except OSError as error:
            raise StoreError(f"the mail journal cannot be written: {_words(error)}", hint=_HINT) from None
        self._torn = written < len(data)
        if self._torn:
            raise StoreError("the mail journal cannot be written: the disk is full", hint=_HINT)


_HINT = "make room on the data folder's disk; no mail leaves before"


def read(path: Path) -> Left:
    """What a journal says, however it ends. Lines that are torn or no lines of ours count as not there."""
    started: set[tuple[int, int]] = set()
    ended: dict[tuple[int, int], Outcome] = {}
    boot: str | None = None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"the mail journal {path} cannot be read: {_words(error)}") from None
    for line in data.split(b"\n"):
        match _unframed(line):
            case ["H", name]:
                boot = name
            case ["S", number, attempt]:
                started.add((int(number), int(attempt)))
            case ["E", number, attempt, verdict, code, status, scope, remote_id, text]:
                with contextlib.suppress(ValueError):  # a word of another version: the letter stays uncertain
                    said = Verdict(verdict), int(code), status, text, Scope(scope), remote_id
                    ended[int(number), int(attempt)] = Outcome(int(number), int(attempt), *said)
    return Left(frozenset(started), tuple(ended.values()), boot is not None and boot == _boot())


def abandoned(folder: Path) -> Iterator[tuple[str, Path]]:
    """The owner and the path of every journal in the folder that no living session holds, oldest name first."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(f"the mail journal {path} cannot be opened: {_words(error)}") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            if path.exists():
                yield path.name.rpartition("~")[0], path
        finally:
            os.close(file)


def _framed(line: str) -> bytes:
    data = line.encode("utf-8", "replace")
    return b"%08x %b\n" % (zlib.crc32(data), data)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _unframed(line: bytes) -> list[str]:
    if line[8:9] != b" " or line[:8] != b"%08x" % zlib.crc32(line[9:]):
        return []
    return line[9:].decode("utf-8", "replace").split("\t")


def _boot() -> str:
    """This run of the machine's kernel, where the system names it."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def _fsync_folder(folder: Path) -> None:
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
