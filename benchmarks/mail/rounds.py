"""What is measured, one figure after another; each in a folder of its own, against a sink that counts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import stage
from benchmarks.mail import readership, servers
from benchmarks.mail.servers import Sink
from distributor.store import Store
from distributor.store import tables as t

__all__ = ["PROCESSES", "Figures", "Office", "Worker", "drained", "engine_alone", "office", "planned", "signing"]

PROCESSES = 2
SESSIONS = 4  # at once at most, as the settings have it by default
DRAINED_S = 20.0  # of the crowd's mails, so that the drain's memory shows


class Worker:
    """A worker process; jobs are given and awaited apart, so that several work at once."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process, self._log = process, log
        self._heard()

    def begin(self, job: str, **given: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"job": job, **given}) + "\n")
        self.process.stdin.flush()

    def end(self) -> dict[str, Any]:
        return self._heard()

    def do(self, job: str, **given: Any) -> dict[str, Any]:
        self.begin(job, **given)
        return self.end()

    def _heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker ended: {self._log.read_text(errors='replace')[-3000:]}")
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def worker(settings: Path, log: Path) -> Iterator[Worker]:
    command = [sys.executable, "-m", "benchmarks.mail.worker", str(settings)]
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=stage.ROOT, text=True
        )
    try:
        yield Worker(process, log)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


@dataclass
class Office:
    """A store with articles and choices, a sink, and workers before it. `next_reader` is the next one's number."""

    place: Path
    sink: Sink
    settings: Path
    workers: list[Worker]
    url: str
    database: str
    sets: int
    beside: list[int] = field(default_factory=list)
    _store: Store | None = None
    _readers: int = 1
    _hours: int = 0

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = Store(self.database)
        return self._store

    def readers(self, count: int) -> int:
        """New readers on a schedule of their own, whose slot is not due before `due`. Gives the schedule."""
        now = datetime.now(UTC)
        # Each schedule needs an hour of its own; one that has just begun comes first.
        hour = (now.hour - self._hours) % 24
        readers = readership.Readers(count, self._readers, hour)
        with self.store.write() as connection:
            schedule = readership.add_readers(
                connection, readers, watermark=now - timedelta(days=1, hours=6), next_at=now + timedelta(days=9)
            )
        self._readers += count
        self._hours += 1
        return schedule

    def due(self, schedule: int) -> None:
        """The schedule's slot is there."""
        hour = datetime.now(UTC)
        with self.store.write() as connection:
            at = connection.execute(sa.select(t.schedule.c.hour).where(t.schedule.c.id == schedule)).scalar_one()
            slot = hour.replace(hour=at, minute=0, second=0, microsecond=0)
            slot -= timedelta(days=1) if slot > hour else timedelta(0)
            connection.execute(sa.update(t.schedule).where(t.schedule.c.id == schedule).values(next_at=slot))

    def sent(self) -> int:
        """What the ledger says was sent."""
        query = sa.select(sa.func.count()).where(t.delivery.c.state == "sent", t.delivery.c.recipient_id != 0)
        with self.store.read() as connection:
            return int(connection.execute(query).scalar_one())

    def states(self) -> dict[str, int]:
        query = sa.select(t.delivery.c.state, sa.func.count().label("number")).group_by(t.delivery.c.state)
        with self.store.read() as connection:
            return {row.state: row.number for row in connection.execute(query)}

    def rest(self) -> list[float]:
        return [one.do("rest")["rests_mb"] for one in self.workers]


@contextmanager
def office(
    database: str, *, tls: bool = False, sets: int = readership.SETS, processes: int = PROCESSES
) -> Iterator[Office]:
    """`database` is "sqlite" or "postgresql". Where a program is missing, tests.servers says it by skipping."""
    with ExitStack() as stack:
        place = stack.enter_context(stage.folder())
        sink = stack.enter_context(servers.sink(place))
        url, beside = f"sqlite:///{place}/ledger.db", [sink.pid]
        if database == "postgresql":
            server = stack.enter_context(servers.postgresql(place / "postgresql"))
            url = server.url
            assert server.process
            beside.append(server.process.pid)
        smtp = f"smtp://{sink.place}"
        if tls:
            port = stack.enter_context(servers.tls_relay(place, sink.port))
            smtp = f"smtps://127.0.0.1:{port}?ca_file={place}/ca.pem"
        data = place / "data"
        settings = place / "distributor.toml"
        settings.write_text(readership.settings(data=data, database=url, smtp=smtp, sessions=SESSIONS))
        store = Store(url).open()
        stack.callback(store.close)
        now = datetime.now(UTC)
        with store.write() as connection:
            readership.add_articles(connection, readership.articles(now.replace(minute=0) - timedelta(hours=4)))
            readership.add_choices(connection, sets)
        workers = [stack.enter_context(worker(settings, place / f"worker{n}.log")) for n in range(processes)]
        yield Office(place, sink, settings, workers, smtp, url, sets, beside, store)


@dataclass(frozen=True)
class Figures:
    """One round: mails a second by the sink's clock, and what processors and memory were used for, by process."""

    per_s: float
    bytes: int
    growth_mb: float
    worker_us: float
    system_us: float
    beside_us: float
    more: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "msgs_per_s": round(self.per_s),
            "rss_growth_mb": round(self.growth_mb, 1),
            "us_a_mail": {
                "worker_user": round(self.worker_us),
                "worker_system": round(self.system_us),
                "sink_and_database": round(self.beside_us),
            },
            # What two cores give that nobody else uses: reckoned from the processor's time, not measured.
            "of_two_free_cores_per_s": round(2e6 / (self.worker_us + self.system_us + self.beside_us)),
            **self.more,
        }


def engine_alone(place: Office, count: int, *, sessions: int = 2) -> Figures:
    """No ledger: made, signed, journalled, sent."""
    share, half = count // len(place.workers), place.sets // len(place.workers)
    jobs = [
        {
            "url": place.url,
            "count": share,
            "sessions": sessions,
            "start": n * share,
            "segments": [n * half, n * half + half],
        }
        for n in range(len(place.workers))
    ]
    for one, job in zip(place.workers, jobs, strict=True):
        one.do("engine", **{**job, "count": 1, "sessions": 1})
    return _together(place, "engine", share * len(place.workers), jobs)


def signing(place: Office, count: int) -> float:
    """Microseconds of one RSA-2048 signature, all processes signing at once."""
    place.rest()
    for one in place.workers:
        one.begin("sign", count=count)
    told = [one.end() for one in place.workers]
    return float(1e6 * sum(one["user_s"] for one in told) / count / len(told))


def drained(place: Office, count: int) -> Figures:
    """Through the ledger: planned before, claimed, sent and settled now."""
    for one in place.workers:  # what is idle has built its app and drained one mail
        place.due(place.readers(1))
        place.workers[0].do("plan")
        one.do("drain")
    crowd = place.readers(count)
    before, counted = place.sent(), place.sink.count
    place.due(crowd)
    plan = place.workers[0].do("plan")
    if plan["readers"] != count:
        raise RuntimeError(f"{plan['readers']} mails were planned for {count} readers")
    found = _together(place, "drain", count, [{}] * len(place.workers))
    sent, arrived = place.sent() - before, place.sink.count - counted
    if not sent == arrived == count:
        raise RuntimeError(f"{count} planned, {sent} sent by the ledger, {arrived} at the sink: {place.states()}")
    found.more.update(planned=count, sent=sent, at_the_sink=arrived, plan_s=round(plan["seconds"], 2))
    return found


def _together(place: Office, job: str, count: int, given: Sequence[dict[str, Any]]) -> Figures:
    rested = place.rest()
    before, used, begun = place.sink.count, servers.cpu_of(place.beside), time.perf_counter()
    for one, order in zip(place.workers, given, strict=True):
        one.begin(job, **order)
    ended = place.sink.wait(before + count, place.workers[0].process)
    beside = servers.cpu_of(place.beside) - used
    told = [one.end() for one in place.workers]
    growth = max(one["peak_mb"] - rest for one, rest in zip(told, rested, strict=True))
    used_us = [1e6 * sum(one[name] for one in told) / count for name in ("user_s", "system_s")]
    return Figures(
        per_s=count / (ended - begun),
        bytes=round(sum(one.get("bytes", 0) for one in told) / len(told)),
        growth_mb=growth,
        worker_us=used_us[0],
        system_us=used_us[1],
        beside_us=1e6 * beside / count,
        more={
            "by_process": [int(one["sent"]) for one in told],
            **({"composing_s": round(max(one["composing_s"] for one in told), 2)} if "composing_s" in told[0] else {}),
        },
    )


def planned(place: Office, readers: int) -> dict[str, Any]:
    """Seconds from the begin of planning to the first mail at the sink: one process plans, one drains."""
    warm = place.readers(1)
    crowd = place.readers(readers)
    place.due(warm)
    planner, drainer = place.workers
    planner.do("plan")
    drainer.do("drain")
    rests = place.rest()
    before = place.sink.count
    place.due(crowd)
    begun = time.perf_counter()
    drainer.begin("await", seconds=DRAINED_S)
    planner.begin("plan")
    first = place.sink.wait(before + 1, drainer.process, patience=300) - begun
    told, drained = planner.end(), drainer.end()
    if told["readers"] != readers:
        raise RuntimeError(f"{told['readers']} mails were planned for {readers} readers")
    return {
        "first_mail_s": round(first, 2),
        "planned_s": round(told["seconds"], 2),
        "planner_cpu_s": round(told["user_s"] + told["system_s"], 2),
        "planner_growth_mb": round(told["peak_mb"] - rests[0], 1),
        "drainer_growth_mb": round(drained["peak_mb"] - rests[1], 1),
        "drained_meanwhile": drained["sent"],
    }
