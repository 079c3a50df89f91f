"""Clicks on links of ours, as readers make them: `python -m benchmarks.clicks`.

The public listener as `distributor web` serves it, in a process of its own that is kept to one core, with its counter
and a SQLite file on a disk. 64 keep-alive connections ask for links of 1,000 articles, at a fixed rate: a click is
timed from the moment it was due, so one that had to wait for others counts its waiting. Then as many as it takes, which
gives `most_per_s`. In the end the server is told to stop, and every click must be in the database: none is lost.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import stage

__all__ = ["measure"]

GOALS = {"per_s": "1000", "p99_ms": "20", "lost": "0"}
RATE = 1_000
CONNECTIONS = 64
ARTICLES = 1_000
LEAD = 0.1  # seconds to connect, before the first click is due
SETTINGS = """
[site]
name = "The Paper"
public_url = "https://go.paper.example"
data = "{data}"
[web]
trusted_proxies = ["127.0.0.1"]
[database]
url = "sqlite:///{data}/ledger.db"
"""
# A third of them robots, as on the real net; each client is one reader behind a proxy's address.
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
)
REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: go.paper.example\r\nUser-Agent: {agent}\r\nX-Forwarded-For: {ip}\r\n"
    "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.8\r\n\r\n"
)


def measure(*, quick: bool) -> dict[str, Any]:
    count = RATE * (3 if quick else 30)
    with ExitStack() as stack:
        place = stack.enter_context(stage.folder())
        (place / "distributor.toml").write_text(SETTINGS.format(data=place))
        command = [sys.executable, "-m", "benchmarks.clicks", "--serve", str(place)]
        server = stack.enter_context(stage.child(command, log=place / "server.log"))
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        if not url:
            raise RuntimeError((place / "server.log").read_text()[-2000:])
        if (cores := sorted(os.sched_getaffinity(0)))[1:]:
            os.sched_setaffinity(0, cores[1:])
        requests = _requests(json.loads((place / "paths.json").read_text()))
        asyncio.run(_ask(url, requests, RATE, rate=0))  # the first clicks load modules and links
        before = _cpu(server.pid)
        began = time.monotonic()
        took = asyncio.run(_ask(url, requests, count, rate=RATE))
        seconds, used = time.monotonic() - began, _cpu(server.pid) - before
        began = time.monotonic()
        most = asyncio.run(_ask(url, requests, count, rate=0))
        most_per_s = len(most) / (time.monotonic() - began)
        server.send_signal(signal.SIGTERM)
        kept = int(server.stdout.readline())
        asked = RATE + len(took) + len(most)
    return {
        "clicks": len(took),
        "per_s": round(len(took) / (seconds - LEAD)),
        "p50_ms": round(1000 * stage.percentile(took, 0.5), 2),
        "p99_ms": round(1000 * stage.percentile(took, 0.99), 2),
        "worst_ms": round(1000 * max(took), 2),
        "of_one_core": round(used / seconds, 3),
        "most_per_s": round(most_per_s),
        "lost": asked - kept,
    }


def _requests(paths: Sequence[str]) -> list[bytes]:
    chance = random.Random(4)
    return [
        REQUEST.format(
            path=path, agent=chance.choice(AGENTS), ip=f"198.51.{chance.randrange(100)}.{chance.randrange(250)}"
        ).encode()
        for path in chance.sample(paths, len(paths))
    ]


async def _ask(url: str, requests: Sequence[bytes], count: int, *, rate: float) -> list[float]:
    """Seconds of each click since it was due; with rate 0 the next is due when the one before is answered."""
    place = urlsplit(url)
    slots: Iterator[int] = iter(range(count))
    took: list[float] = []
    start = time.perf_counter() + LEAD

    async def reader() -> None:
        incoming, outgoing = await asyncio.open_connection(place.hostname, place.port)
        for slot in slots:
            due = start + slot / rate if rate else time.perf_counter()
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            outgoing.write(requests[slot % len(requests)])
            answer = await incoming.readuntil(b"\r\n\r\n")
            took.append(time.perf_counter() - due)
            if not answer.startswith(b"HTTP/1.1 302"):
                raise RuntimeError(f"no redirect: {answer[:200]!r}")
        outgoing.close()

    await asyncio.gather(*(reader() for _ in range(CONNECTIONS)))
    return took


def _cpu(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(place: Path) -> None:
    """The public listener, until SIGTERM; then how many clicks the database holds."""
    import sqlalchemy as sa

    from distributor import config, web
    from distributor.app import build_app
    from distributor.mail import tokens
    from distributor.store import links, signal_tables

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    app = build_app(config.load(place / "distributor.toml", {}), wake=False)
    made = [_link(app.key, number) for number in range(1, ARTICLES + 1)]
    with app.store.write() as connection:
        links.add(connection, made, datetime.now(UTC))
    tails = itertools.cycle(["", f"/{tokens.mint(app.key, 'click', 7)}"])
    (place / "paths.json").write_text(
        json.dumps([f"/r/{one.code}{tail}" for one, tail in zip(made, tails, strict=False)])
    )
    pages = web.public_app(app)
    counter = pages.state.counter.start()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with web.serve(pages, "127.0.0.1", 0) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        stop.wait()
    counter.close()
    with app.store.read() as connection:
        events = connection.execute(sa.select(sa.func.count()).select_from(signal_tables.event)).scalar_one()
        raw = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(signal_tables.signal.c.raw), 0))).scalar_one()
    sys.stdout.write(f"{events + raw}\n")
    sys.stdout.flush()


def _link(key: bytes, number: int) -> Any:
    from distributor.codes import Link, code_of

    url = f"https://paper.example/articles/{number}?utm_source=x"
    return Link(code=code_of(key, number, "x"), article_id=number, channel="x", url=url)


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]))
        return
    given = stage.options(__doc__)
    stage.tell(measure(quick=given.quick), given, goals=GOALS)


if __name__ == "__main__":
    main()
