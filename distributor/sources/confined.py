"""Parsing in a child process with limits: what could cost too much is killed there, and other feeds go on.

The child is a fresh interpreter that gets the body on standard input and gives JSON back.
It sees no settings and no secrets.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from distributor.errors import Unreadable
from distributor.model import Entry, Image
from distributor.sources.items import ParsedFeed

__all__ = ["CPU_SECONDS", "MEMORY_BYTES", "main", "parse"]

CPU_SECONDS = 4
WALL_SECONDS = 30
MEMORY_BYTES = 224 * 1024 * 1024
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from distributor.sources.confined import main; main()"
_HINT = "It costs more than a feed may. If it is meant well, ask the publisher for a smaller one."


def parse(body: bytes, *, content_type: str = "", base_url: str = "") -> ParsedFeed:
    """As parse.parse, within 4 s of CPU and 224 MB. Raises Unreadable also where the limits are met."""
    question = json.dumps({"content_type": content_type, "base_url": base_url}).encode() + b"\n" + body
    command = [sys.executable, "-I", "-c", _BOOT, json.dumps([path for path in sys.path if path])]
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    try:
        done = subprocess.run(
            command, input=question, capture_output=True, timeout=WALL_SECONDS, env=environment, check=False
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else {}
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        raise Unreadable("could not be read within the limits of time and memory", hint=_HINT) from error
    if "feed" in answer:
        return _feed(answer["feed"])
    raise Unreadable(
        answer.get("error") or "could not be read within the limits of time and memory",
        hint=answer.get("hint") or _HINT,
    )


def main() -> None:
    """The child's part: limits first, then the parser."""
    _limit()
    from distributor.sources.parse import parse_here

    head, _, body = sys.stdin.buffer.read().partition(b"\n")
    try:
        answer: dict[str, Any] = {"feed": asdict(parse_here(body, **json.loads(head)))}
    except Unreadable as error:
        answer = {"error": str(error), "hint": error.hint}
    except (MemoryError, RecursionError):
        answer = {}
    sys.stdout.write(json.dumps(answer, default=_plain))


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on Windows: there only the clock limits
        return
    for name, value in (
        ("RLIMIT_CPU", CPU_SECONDS),
        ("RLIMIT_DATA", MEMORY_BYTES),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", 0),
    ):
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, name), (value, value))


def _plain(value: object) -> object:
    return (
        value.isoformat()
        if isinstance(value, datetime)
        else value.total_seconds()
        if isinstance(value, timedelta)
        else str(value)
    )


def _feed(data: dict[str, Any]) -> ParsedFeed:
    data = {**data, "entries": tuple(_entry(entry) for entry in data["entries"]), "deleted": tuple(data["deleted"])}
    if data["ttl"] is not None:
        data["ttl"] = timedelta(seconds=data["ttl"])
    return ParsedFeed(**data)


def _entry(data: dict[str, Any]) -> Entry:
    for name in ("published_at", "updated_at"):
        data[name] = datetime.fromisoformat(data[name]) if data[name] else None
    data["image"] = Image(**data["image"]) if data["image"] else None
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
    return Entry(**values)
