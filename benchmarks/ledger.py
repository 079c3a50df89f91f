"""How many posts a second go through the ledger: `python -m benchmarks.ledger [--quick] [--json]`.

Articles are planned on four channels of kind "memory", networks that take everything at once; measured is `drain()`:
peek, render, freeze, claim with an fsync, send, settle, each account in a thread of its own as in a worker. SQLite is
the embedded mode, one process; PostgreSQL that of many machines, here two worker processes with two accounts each.
`..._one_account_per_s` is one account in one process. SQLite lies on a disk, PostgreSQL is a server of its own on the
same disk, with fsync on. Counted are the ledger's rows that are `sent`. Each figure is the median of rounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
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
"""
ACCOUNTS = 4


def measure(*, quick: bool) -> dict[str, Any]:
    count, rounds = (40, 1) if quick else (600, 5)
    found: dict[str, Any] = {"posts": count, "rounds": rounds}
    with stage.folder() as place:
        file = f"sqlite:///{place}/"
        found["sqlite_per_s"] = _speed(f"{file}four.db", ACCOUNTS, 1, count, rounds)
        found["sqlite_one_account_per_s"] = _speed(f"{file}one.db", 1, 1, count, rounds)
        with _postgresql(place / "four") as url:
            found["postgresql_per_s"] = _speed(url, ACCOUNTS, 2, count, rounds) if url else None
        with _postgresql(place / "one") as url:
            found["postgresql_one_account_per_s"] = _speed(url, 1, 1, count, rounds) if url else None
        found["fsync_per_s"] = _fsyncs(place)
        return found if quick else found | peers.apprise(place)


def _app(url: str, accounts: int) -> App:
    channels = "".join(f'[channels.wall{number}]\nkind = "memory"\n' for number in range(accounts))
    text = SETTINGS.format(data=Path.cwd(), url=url) + channels
    return build_app(config.loads(text, Path.cwd() / "distributor.toml", {}), wake=False)


def _speed(url: str, accounts: int, processes: int, count: int, rounds: int) -> int:
    """Posts a second, by so many worker processes."""
    app = _app(url, accounts)
    begin = partial(_begin, url, accounts)
    try:
        with ProcessPoolExecutor(processes, get_context("spawn"), begin) as workers:
            list(workers.map(time.sleep, [0.5] * processes))
            return round(median(_round(app, workers, processes, number, count) for number in range(rounds)))
    finally:
        app.fetcher.close()
        app.store.close()


def _round(app: App, workers: ProcessPoolExecutor, processes: int, number: int, count: int) -> float:
    names = list(app.accounts())
    articles = count // len(names)
    _plan(app, range(number * articles, (number + 1) * articles))
    before = _sent(app)
    start = time.perf_counter()
    list(workers.map(_drain, [names[share::processes] for share in range(processes)]))
    taken = time.perf_counter() - start
    sent = _sent(app) - before
    assert sent == articles * len(names), f"{sent} posts were sent, not {articles * len(names)}"
    return sent / taken


_worker: list[App] = []


def _begin(url: str, accounts: int) -> None:
    """In a worker process: its own App."""
    logs.configure(level="WARNING")
    _worker.append(_app(url, accounts))


def _drain(names: list[str]) -> None:
    """In a worker process: a thread for each of these accounts."""
    with ThreadPoolExecutor(len(names)) as threads:
        list(threads.map(lambda account: drain(_worker[0], account), names))


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
def _postgresql(folder: Path) -> Iterator[str]:
    """A server's address; empty where PostgreSQL is not installed."""
    import pytest

    from tests import servers

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
