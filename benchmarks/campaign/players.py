"""Processes that take part: started, killed at random, started again, and in the end all ended by id."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ROOT", "Player", "Twins"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(eq=False)
class Player:
    """One process and its children, in a process group of their own. `killed` are all process ids ever killed."""

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    killed: list[int] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    _groups: list[int] = field(default_factory=list)

    def start(self) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_with_parent(), *self.command],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
            )
        self._groups.append(self.process.pid)

    def revive(self) -> bool:
        """Starts it again if it ended by itself; True when that was needed."""
        if self.process is not None and self.process.poll() is None:
            return False
        self.start()
        return True

    def kill(self, chance: random.Random) -> None:
        """kill -9 of the whole group, of the parent alone, or of one child; what is gone is started again at once."""
        assert self.process is not None
        children = _children(self.process.pid)
        way = chance.choice(("group", "parent", "child")) if children else "group"
        if way == "child":
            self._end(chance.choice(children))
            return
        if way == "parent":
            # Its children are orphans now; until they notice, they go on beside the new process.
            self._end(self.process.pid)
        else:
            self.killed += [self.process.pid, *children]
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        self.start()

    def stop(self, patience: float = 10.0) -> None:
        """A friendly word first; then everything that was ever started here is ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        for group in self._groups:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(30)

    def _end(self, pid: int) -> None:
        self.killed.append(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Twins:
    """The networks' stand-ins, each with a log of effects. `faults`: accepted, and then the answer fails."""

    NETWORKS = ("x", "telegram", "mastodon", "bluesky")

    def __init__(self, folder: Path, *, faults: str, rate: float, seed: int) -> None:
        self.folder = folder
        self.logs = {network: folder / f"{network}.effects" for network in self.NETWORKS}
        self.urls: dict[str, str] = {}
        self._players = [self._player(network, faults, rate, seed) for network in self.NETWORKS]

    def start(self) -> None:
        for player in self._players:
            player.start()
        for network in self.NETWORKS:
            self.urls[network] = _first_line(self.folder / f"twin-{network}.log")

    def stop(self) -> None:
        for player in self._players:
            player.stop(1.0)

    def _player(self, network: str, faults: str, rate: float, seed: int) -> Player:
        command = [sys.executable, "-m", f"tests.twins.{network}", "--log", str(self.logs[network])]
        # Telegram cannot be asked afterwards: a fault there would be one more post for a person to look at, always.
        if faults and network != "telegram":
            command += ["--faults", faults, "--rate", str(rate), "--seed", str(seed)]
        return Player(f"twin-{network}", command, self.folder)


def _with_parent() -> list[str]:
    """Nothing outlives a campaign, even one that is killed itself (prctl(2), PR_SET_PDEATHSIG), where setpriv is."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _first_line(path: Path, patience: float = 30.0) -> str:
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        if path.exists() and "\n" in (text := path.read_text()):
            return text.splitlines()[0]
        time.sleep(0.05)
    raise RuntimeError(f"{path.stem} did not start: {path.read_text() if path.exists() else ''}")


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
