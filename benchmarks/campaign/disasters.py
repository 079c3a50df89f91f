"""What befalls a campaign: crashes, flushes, locks, a full disk. Each returns how long it lasts and what ends it."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.campaign.players import Player
from tests.servers import Server

__all__ = ["Disk", "Ending", "crash", "flush", "lock", "more"]

Ending = tuple[float, Callable[[], object]]
DISK_MB = 256


def crash(server: Server, down: float) -> Ending:
    """kill -9 of the server and its children; it comes back after `down` seconds with what was on its disk."""
    server.kill()
    return down, server.start


def flush(url: str) -> None:
    """Every bell is forgotten."""
    import redis

    with redis.Redis.from_url(url, socket_timeout=5) as client:
        client.flushall()


def more(players: Sequence[Player], lasting: float) -> Ending:
    """So many more take part for a while."""
    for player in players:
        player.start()

    def leave() -> None:
        for player in players:
            player.stop(2.0)

    return lasting, leave


def lock(file: Path, lasting: float) -> Ending:
    """Another process holds the database: nobody can write."""
    holder = sqlite3.connect(file, timeout=10.0, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")

    def release() -> None:
        holder.execute("ROLLBACK")
        holder.close()

    return lasting, release


class Disk:
    """A small disk of its own for the data folder, where mounting is allowed; else nothing can be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mounted = False

    def open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=700", "campaign", str(self.folder)]
        self.mounted = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0

    def fill(self, lasting: float) -> Ending | None:
        """Writes until nothing more fits."""
        if not self.mounted:
            return None
        filler = self.folder / "filler"
        block = b"\0" * 65536
        with filler.open("wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while file.write(block[:size]):
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        return lasting, filler.unlink

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)
            self.mounted = False
