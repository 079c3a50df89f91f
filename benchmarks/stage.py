"""What the benchmarks share: options, the last line, folders on a real disk, processes of their own."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

__all__ = ["ROOT", "Options", "child", "folder", "machine", "options", "percentile", "tell"]

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Options:
    quick: bool
    json: bool


def options(description: str | None) -> Options:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small run, without peers")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = parser.parse_args()
    return Options(given.quick, given.json)


def tell(found: Mapping[str, Any], given: Options, *, goals: Mapping[str, str]) -> None:
    """The figures beside their goals, and all of it as one JSON object in the last line."""
    found = {**found, "machine": machine()}
    if not given.json:
        for name, value in found.items():
            goal = f"   goal {goals[name]}" if name in goals else ""
            sys.stdout.write(f"{name:<28}{value}{goal}\n")
    sys.stdout.write(json.dumps(found) + "\n")


def machine() -> str:
    """The load tells whether others worked on the machine at the same time."""
    cores, load = os.cpu_count(), os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores, Python {platform.python_version()}, load {load:.1f}"
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share * 1000) // 1000) - 1)]


@contextmanager
def folder() -> Iterator[Path]:
    """A folder on a real disk, where fsync means something: the temporary one is often memory."""
    place = Path(os.environ.get("BENCHMARK_DIR", "/var/tmp"))
    with tempfile.TemporaryDirectory(prefix="distributor-bench-", dir=place, ignore_cleanup_errors=True) as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@contextmanager
def child(command: Sequence[str], *, log: Path | None = None, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process of our own, its standard output to be read; ended by its id."""
    errors: IO[bytes] | int = log.open("ab") if log else subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, cwd=ROOT, text=True, env={**os.environ, **environment}
        )
    finally:
        if not isinstance(errors, int):
            errors.close()
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
