"""How many posts a second go through the ledger: `python -m benchmarks.ledger [--quick] [--json]`.

Articles are planned on one channel of kind "memory", a network that takes everything at once; measured is `drain()`:
peek, render, freeze, claim with an fsync, send, settle. SQLite lies on a disk; PostgreSQL is a server of its own on
the same disk, with fsync on. Counted are the ledger's rows that are `sent`. Each is the median of rounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from benchmarks import peers, stage
from distributor import config, logs, publish
from distributor.app import build_app
from distributor.context import App
from distributor.deliver import drain
from distributor.matching import Candidate
from distributor.model import Entry
from distributor.store import tables as t
from distributor.store.sources import SourceState

__all__ = ["measure"]

GOALS = {"sqlite_per_s": "300", "postgresql_per_s": "300"}
SETTINGS = """
[site]
data = "{data}"
[database]
url = "{url}"
[sources.paper]
url = "https://paper.example/feed"
[channels.wall]
kind = "memory"
"""


def measure(*, quick: bool) -> dict[str, Any]:
    count, rounds = (30, 1) if quick else (500, 5)
    found: dict[str, Any] = {"posts": count, "rounds": rounds}
    with stage.folder() as place:
        found = {
            "posts": count,
            "rounds": rounds,
            "sqlite_per_s": _speed(f"sqlite:///{place}/ledger.db", count, rounds),
        }
        with _postgresql(place) as url:
            found["postgresql_per_s"] = _speed(url, count, rounds) if url else None
        found["fsync_per_s"] = _fsyncs(place)
        return found if quick else found | peers.apprise(place)


def _speed(url: str, count: int, rounds: int) -> int:
    settings = config.loads(SETTINGS.format(data=Path.cwd(), url=url), Path.cwd() / "distributor.toml", {})
    app = build_app(settings, wake=False)
    try:
        return round(median(_round(app, number, count) for number in range(rounds)))
    finally:
        app.fetcher.close()
        app.store.close()


def _round(app: App, number: int, count: int) -> float:
    _plan(app, range(number * count, (number + 1) * count))
    start = time.perf_counter()
    while _sent(app) < (number + 1) * count:
        drain(app, "memory:wall")
    return count / (time.perf_counter() - start)


def _plan(app: App, numbers: range) -> None:
    now = app.clock()
    batch = publish.Batch(
        source=app.settings.sources["paper"],
        state=SourceState(name="paper", url="https://paper.example/feed", next_poll_at=now),
        candidates=[Candidate(_entry(number, now), f"https://paper.example/{number}") for number in numbers],
        first=True,
        backfill="all",
    )
    publish.ingest(app, [batch], now)


def _entry(number: int, now: datetime) -> Entry:
    return Entry(
        guid=str(number),
        url=f"https://paper.example/{number}",
        title=f"Article number {number} tells of the harbour",
        summary=f"This is the summary of article number {number}, which is long enough to be told as it is.",
        words=("Business",),
        published_at=now.astimezone(UTC),
        language="en",
    )


def _sent(app: App) -> int:
    with app.store.read() as connection:
        query = sa.select(sa.func.count()).select_from(t.delivery).where(t.delivery.c.state == "sent")
        return int(connection.execute(query).scalar_one())


@contextmanager
def _postgresql(place: Path) -> Iterator[str]:
    """A server's address; empty where PostgreSQL is not installed."""
    import pytest

    from tests import servers

    folder = place / "postgresql"
    folder.mkdir()
    try:
        server = servers.postgresql(folder)
    except (pytest.skip.Exception, pytest.fail.Exception):
        yield ""
        return
    try:
        yield server.url
    finally:
        server.stop()


def _fsyncs(place: Path) -> int:
    """What this disk can do at all."""
    import os

    descriptor = os.open(place / "probe", os.O_CREAT | os.O_WRONLY)
    try:
        start = time.perf_counter()
        for _ in range(200):
            os.write(descriptor, b"x" * 4096)
            os.fdatasync(descriptor)
        return round(200 / (time.perf_counter() - start))
    finally:
        os.close(descriptor)


def main() -> None:
    given = stage.options(__doc__)
    logs.configure(level="WARNING")
    stage.tell(measure(quick=given.quick), given, goals=GOALS)


if __name__ == "__main__":
    main()
