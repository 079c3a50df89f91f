"""The commands of docs/scaling.md as they stand there, on a real RabbitMQ: workers, beat, and the pages beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from distributor.model import State
from distributor.sample import Newsroom
from distributor.sample.server import serve
from distributor.store import Store, census
from tests import servers
from tests.desk import START

SETTINGS = """
[network]
allow_hosts = ["{place}"]
[sources.paper]
url = "http://{place}/atom.xml"
backfill = 5
[channels.wall]
kind = "preview"
network = "mastodon"
[channels.window]
kind = "preview"
network = "x"
"""


@contextmanager
def process(folder: Path, environment: dict[str, str], *command: str) -> Iterator[None]:
    with (folder / f"{command[-1]}.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        try:
            running.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait(10)


@pytest.fixture
def broker() -> Iterator[servers.Server]:
    with tempfile.TemporaryDirectory(prefix="distributor-rabbitmq-") as folder:
        server = servers.rabbitmq(Path(folder))
        yield server
        server.stop()


@pytest.mark.server("rabbitmq")
def test_workers_and_beat_on_rabbitmq_bring_every_article_out_once(tmp_path: Path, broker: servers.Server) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with ExitStack() as stack:
        newsroom = stack.enter_context(serve(Newsroom(started=START)))
        (work / "distributor.toml").write_text(SETTINGS.format(place=newsroom.url.removeprefix("http://")))
        database = f"sqlite:///{work}/ledger.sqlite3"
        environment = {key: word for key, word in os.environ.items() if not key.startswith("DISTRIBUTOR_")}
        environment |= {"DISTRIBUTOR_DATABASE": database, "DISTRIBUTOR_BROKER": broker.url, "C_FORCE_ROOT": "1"}
        celery = ("celery", "-A", "distributor.worker")
        worker = (*celery, "worker", "--pool", "threads", "--concurrency", "4", "-Q", "watch,post")
        stack.enter_context(process(work, environment, *worker))
        stack.enter_context(process(work, environment, *celery, "beat"))
        store = Store(database).open()
        counts = _settled(store, 10)
        ready = _canary(store)
        store.close()
    said = "".join(path.read_text(errors="replace")[-3000:] for path in work.glob("*.log"))
    assert counts[State.SENT] == sum(counts.values()) == 10, said
    assert ready, said


def _settled(store: Store, wanted: int) -> dict[State, int]:
    ends = time.monotonic() + 60
    while True:
        with store.read() as connection:
            counts = census.counts(connection)
        if counts[State.SENT] >= wanted or time.monotonic() > ends:
            return counts
        time.sleep(0.2)


def _canary(store: Store) -> bool:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        with store.read() as connection:
            if census.fact(connection, "canary"):
                return True
        time.sleep(0.2)
    return False
