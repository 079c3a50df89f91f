"""What mails are sent into: smtp-sink with its counter, a relay that ends TLS before it. On loopback, ended by id."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import Server, free_port, program

__all__ = ["Sink", "cpu_of", "free_port", "postgresql", "sink", "tls_relay"]

TICKS = os.sysconf("SC_CLK_TCK")
_COUNTED = re.compile(rb"mesg=(\d+)\r")


@dataclass
class Sink:
    """smtp-sink: takes everything, keeps nothing, and counts final dots."""

    port: int
    pid: int
    log: Path

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def count(self) -> int:
        """Messages that it has answered the final dot of, from its start on."""
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 200))
            found = _COUNTED.findall(file.read())
        return int(found[-1]) if found else 0

    def wait(self, count: int, process: subprocess.Popen[str] | None = None, *, patience: float = 900.0) -> float:
        """When it had that many: seconds of time.perf_counter(), to a millisecond or two."""
        ends = time.perf_counter() + patience
        while self.count < count:
            if time.perf_counter() > ends or (process is not None and process.poll() is not None):
                raise RuntimeError(f"only {self.count} of {count} mails came to the sink")
            time.sleep(0.002)
        return time.perf_counter()


@contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    port, log = free_port(), folder / "sink.count"
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [program("smtp-sink"), *user, "-c", f"127.0.0.1:{port}", "1000"]
    with _running(command, log, port) as process:
        yield Sink(port, process.pid, log)


@contextmanager
def tls_relay(folder: Path, behind: int, *, tls: bool = True) -> Iterator[int]:
    """socat in C, a process for each connection, between us and the sink: with TLS from the first byte, or without."""
    from tests.mail.certificates import Certificates

    if not (folder / "ca.pem").exists():
        Certificates.make(folder)
    port = free_port()
    listen = "fork,reuseaddr,bind=127.0.0.1,backlog=100,nodelay"
    if tls:
        here = f"OPENSSL-LISTEN:{port},{listen},cert={folder}/127.0.0.1.pem,verify=0"  # key and certificate
    else:
        here = f"TCP-LISTEN:{port},{listen}"
    command = [program("socat"), "-b", "131072", here, f"TCP:127.0.0.1:{behind},nodelay"]
    with _running(command, folder / "socat.log", port):
        yield port


@contextmanager
def _running(command: Sequence[str], log: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        _await(port, process, log)
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process and its children: socat has one for each connection."""
    import signal
    from contextlib import suppress

    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until somebody listens, without connecting: a connection would be counted."""
    words, ends = f":{port:04X} ", time.monotonic() + 20
    while True:
        if any(words in line and " 0A " in line for line in Path("/proc/net/tcp").read_text().splitlines()):
            return
        if process.poll() is not None or time.monotonic() > ends:
            raise RuntimeError(f"port {port}: nobody listens: {log.read_text(errors='replace')[-500:]}")
        time.sleep(0.02)


@contextmanager
def postgresql(folder: Path) -> Iterator[Server]:
    """A server of its own, fsync on."""
    from tests import servers

    folder.mkdir()
    server = servers.postgresql(folder)
    try:
        yield server
    finally:
        server.stop()


def cpu_of(pids: Sequence[int]) -> float:
    """Seconds that processes have computed, with the children of theirs that live."""
    found = 0.0
    for pid in pids:
        found += _cpu(pid)
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            continue
        found += sum(_cpu(int(child)) for child in children)
    return found


def _cpu(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = stat[stat.rindex(")") + 2 :].split()
    return sum(int(field) for field in fields[11:15]) / TICKS
