"""Real servers for tests, each started by hand on a free port of 127.0.0.1, with a folder of its own, and ended by id.

A missing program skips the test with a word; with CI=true it fails: there, everything must run.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

__all__ = ["Server", "free_port", "postgresql", "program", "rabbitmq", "redis"]

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/sbin", "/usr/lib/rabbitmq/bin")


@dataclass
class Server:
    """A running server. `kill` is a crash, `start` brings it back on the same port with the same data."""

    url: str
    command: Sequence[str]
    folder: Path
    is_up: Callable[[], bool]
    user: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_as(self.user), *self.command],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self.environment},
                cwd=self.folder,
            )
        deadline = time.monotonic() + 60
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.command[0]} did not start: {text}")
            time.sleep(0.05)
        return self

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Ends the server and its children, by their process group."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)
            self.process.wait(30)

    def stop(self) -> None:
        try:
            self.kill(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()


def program(name: str) -> str:
    """Where a program is; without it the test is skipped, or fails where CI=true."""
    found = shutil.which(name) or next(
        (str(path) for place in PLACES for path in sorted(Path("/").glob(f"{place[1:]}/{name}"), reverse=True)), None
    )
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed, and CI must run everything: make services")
    pytest.skip(f"{name} is not installed: make services")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def redis(folder: Path) -> Server:
    port = free_port()
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    command += ["--appendonly", "yes", "--maxmemory-policy", "noeviction", "--save", ""]
    return Server(f"redis://127.0.0.1:{port}/0", command, folder, lambda: _answers(port)).start()


def postgresql(folder: Path) -> Server:
    """PostgreSQL refuses to run as root: then it runs as the package's own user, in a folder given to it."""
    user = "postgres" if os.geteuid() == 0 else ""
    _give(folder, user)
    port, data = free_port(), folder / "data"
    initdb = [program("initdb"), "-D", str(data), "-U", "distributor", "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run([*_as(user), *initdb, "--locale=C.UTF-8"], check=True, capture_output=True, cwd=folder)
    command = [program("postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder)]
    command += ["-c", "max_connections=200", "-c", "shared_buffers=64MB"]
    url = f"postgresql+psycopg://distributor@127.0.0.1:{port}/postgres"
    return Server(url, command, folder, lambda: _accepts_queries(port), user).start()


def rabbitmq(folder: Path) -> Server:
    port, node = free_port(), free_port()
    user = "rabbitmq" if os.geteuid() == 0 else ""
    _give(folder, user)
    environment = {
        "RABBITMQ_NODENAME": f"distributor{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(node),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    return Server(
        f"amqp://guest:guest@127.0.0.1:{port}//",
        [program("rabbitmq-server")],
        folder,
        lambda: _answers(port),
        user,
        environment,
    ).start()


def _give(folder: Path, user: str) -> None:
    """Lets another user own the folder, and reach it: pytest's own folders are closed to others."""
    if user:
        shutil.chown(folder, user)
        for parent in folder.parents[:-1]:
            if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)


def _as(user: str) -> list[str]:
    if not user:
        return []
    return [program("setpriv"), f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _accepts_queries(port: int) -> bool:
    import psycopg

    try:
        with psycopg.connect(f"postgresql://distributor@127.0.0.1:{port}/postgres", connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False
