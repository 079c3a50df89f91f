"""Who holds a lease, and whether its process still lives: a dead one's work need not wait for the lease to end.

An owner is "host/boot/namespace/pid/start/thread": enough to know on the same machine that exactly this process is
gone, and to say nothing of a process on another machine.
"""

from __future__ import annotations

import os
import socket
import threading
from functools import cache
from pathlib import Path

__all__ = ["current", "is_dead", "process"]

UNKNOWN = "?"


def process() -> str:
    """This process's name, without the thread."""
    return _process(os.getpid())


def current() -> str:
    """This thread of this process."""
    return f"{process()}/{threading.get_ident():x}"


def is_dead(owner: str) -> bool:
    """True when the owner's process surely ended; False when it lives or nobody here can know."""
    parts = owner.split("/")
    if len(parts) < 5 or "/".join(parts[:3]) != _place() or not parts[3].isdecimal():
        return False
    return _started(int(parts[3])) not in {parts[4], UNKNOWN}


@cache
def _process(pid: int) -> str:
    return f"{_place()}/{pid}/{_started(pid)}"


@cache
def _place() -> str:
    """The machine, its boot and its process namespace: within one place a pid means one process."""
    return f"{socket.gethostname().replace('/', '_')}/{_boot()}/{_namespace()}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "-"


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        return "-"


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty when there is no such process.

    Where there is no /proc, or it hides the processes of other users, only whether the pid exists is known.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return _exists(pid)
    fields = stat[stat.rindex(")") + 2 :].split()
    # A zombie holds nothing any more.
    return "" if fields[0] in {"Z", "X"} else fields[19]


def _exists(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return ""
    except OSError:
        pass
    return UNKNOWN
