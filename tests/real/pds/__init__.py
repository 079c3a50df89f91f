"""Installs and starts a Bluesky PDS on loopback, with the ordinary npm client.

The modules (250 MB) stay in the user's cache folder, `DISTRIBUTOR_TEST_CACHE` moves it. better-sqlite3 must fit the
Node in use: it is built here, against the headers beside that Node if they lie there, so nothing else is fetched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Missing", "install", "running"]

HERE = Path(__file__).parent


class Missing(Exception):
    """There is no Node, or the packages cannot be had; one line that says which."""


def install() -> Path:
    """The folder that holds `node_modules`, filled at the first call (about two minutes)."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Missing("node and npm are not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    cache = Path(os.environ.get("DISTRIBUTOR_TEST_CACHE") or Path.home() / ".cache" / "distributor-tests")
    folder = cache / f"pds-{version}"
    built = folder / "node_modules/better-sqlite3/build/Release/better_sqlite3.node"
    if (folder / "complete").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", folder)
    environment = dict(os.environ)
    prefix = Path(node).resolve().parents[1]
    if (prefix / "include/node/node.h").exists():
        environment["npm_config_nodedir"] = str(prefix)
    _npm([npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"], folder, environment)
    if not built.exists():
        _npm([npm, "rebuild", "better-sqlite3", "--loglevel=error"], folder, environment)
    if not built.exists():
        raise Missing("better-sqlite3 could not be built for this Node")
    (folder / "complete").touch()
    return folder


def _npm(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Missing(f"{' '.join(command[1:3])} failed: {done.stderr.strip()[-300:]}")


@contextmanager
def running(modules: Path, data: Path) -> Iterator[dict[str, str]]:
    """A server with one account: `url`, `handle`, `password`. It ends with the block."""
    command = ["node", str(HERE / "launch.mjs"), str(modules), str(data)]
    log = data.with_suffix(".log")
    environment = {**os.environ, "LOG_ENABLED": "0", "NODE_ENV": "production"}
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as server,
    ):
        assert server.stdin
        assert server.stdout
        try:
            line = server.stdout.readline()
            if not line:
                raise Missing(f"the PDS did not start: {log.read_text()[-500:]}")
            yield json.loads(line)
        finally:
            server.stdin.close()  # it ends by itself then
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
