"""Mails under fire: nothing lost, nothing sent twice: `python -m benchmarks.mail_campaign [--quick] [--json]`.

Readers of 200 category sets are due for a digest. Two processes plan and drain, and are killed with -9 at random
moments of their work; the relay (benchmarks/mail/hostile.py) is killed and restarted, disconnects in the middle of
DATA, answers 421, 450, 452 and 5xx at every verb, and is silent after the final dot. Two of a hundred addresses do not
exist.

Waiting is cut short: twice a second what was put off is due, and a person reopens what was stopped. In the end the
relay's log is held against the readers and the ledger:

    lost           planned, not in the relay's log, not uncertain, and never refused for good by the relay
    doubled        in the log more than once
    uncertain      rows of unknown outcome: at most one for each killed session (`of_kills`), and one for each final dot
                   that the relay left without an answer, or took to its grave (`of_relay`)
    broken         where the law fails: rows, editions x readers, and what the ledger says was sent
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks import stage
from benchmarks.mail import readership, servers
from distributor.store import Store, accounts
from distributor.store import tables as t

__all__ = ["Log", "Row", "Verdict", "judge", "read_log"]

PROCESSES = 2
NO_ANSWER = "no-answer"
STOPPED = "the worker that mailed it stopped"


@dataclass(frozen=True)
class Log:
    """The relay's log: how often it took a mail for a recipient, whom it refused for good, dots without an answer."""

    taken: Mapping[str, int]
    refused: frozenset[str]
    unanswered: int


@dataclass(frozen=True)
class Row:
    """A delivery as the ledger has it in the end."""

    recipient: str
    state: str
    error: str


@dataclass(frozen=True)
class Verdict:
    planned: int
    sent: int
    failed: int
    lost: int
    doubled: int
    uncertain: int
    of_kills: int
    of_relay: int
    broken: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.broken)


def read_log(lines: Iterable[str]) -> Log:
    taken: Counter[str] = Counter()
    refused: set[str] = set()
    unanswered = 0
    for line in lines:
        kind, recipient, *_ = line.split()
        match kind:
            case "T":
                taken[recipient] += 1
            case "F":
                refused.add(recipient)
            case "U":
                unanswered += 1
    return Log(taken, frozenset(refused), unanswered)


def judge(
    readers: set[str], rows: list[Row], log: Log, *, planned: int, kills: int, relay_kills: int, sessions: int
) -> Verdict:
    """`planned` is editions x readers, by the editions; `sessions` how many conversations there are at once in all."""
    state = {row.recipient: row.state for row in rows}
    open_ends = {row.recipient for row in rows if row.state == "uncertain"}
    of_kills = sum(row.state == "uncertain" and row.error.startswith(STOPPED) for row in rows)
    of_relay = len(open_ends) - of_kills
    refused = {name for name in log.refused if state.get(name) == "failed"}
    lost = readers - set(log.taken) - open_ends - refused
    broken = []
    if not planned == len(rows) == len(readers):
        broken.append(f"{len(readers)} readers, {planned} in the editions, {len(rows)} rows")
    if of_kills > kills:
        broken.append(f"{of_kills} mails are uncertain after {kills} killed sessions")
    if of_relay > log.unanswered + relay_kills * sessions:
        broken.append(f"{of_relay} mails are uncertain, the relay left {log.unanswered} final dots without an answer")
    said = {row.recipient for row in rows if row.state == "sent"}
    if wrong := said - set(log.taken):
        broken.append(f"{len(wrong)} mails are sent by the ledger, and never came: {sorted(wrong)[:3]}")
    if wrong := set(log.taken) - said - open_ends:
        broken.append(f"{len(wrong)} mails came, and the ledger does not know: {sorted(wrong)[:3]}")
    if strangers := set(log.taken) - readers:
        broken.append(f"{len(strangers)} mails went to nobody's address")
    return Verdict(
        planned=planned,
        sent=len(log.taken),
        failed=sum(row.state == "failed" for row in rows),
        lost=len(lost),
        doubled=sum(count > 1 for count in log.taken.values()),
        uncertain=len(open_ends),
        of_kills=of_kills,
        of_relay=of_relay,
        broken=tuple(broken),
    )


@dataclass(frozen=True)
class Orders:
    mails: int
    kills: int
    restarts: int
    rate: float
    limit: float
    seed: int
    database: str


class Campaign:
    """A store, two workers, a relay, and what befalls them."""

    def __init__(self, orders: Orders, place: Path, stack: ExitStack) -> None:
        self.orders, self.place, self.stack = orders, place, stack
        self.chance = random.Random(orders.seed)
        self.port, self.log = servers.free_port(), place / "relay.log"
        self.log.touch()
        self.kills = self.restarts = self.reopened = 0
        self._read = self._count = 0
        url = f"sqlite:///{place}/ledger.db"
        if orders.database == "postgresql":
            url = stack.enter_context(servers.postgresql(place / "postgresql")).url
        self.settings = place / "distributor.toml"
        smtp = f"smtp://127.0.0.1:{self.port}"
        self.settings.write_text(readership.settings(data=place / "data", database=url, smtp=smtp))
        self.store = Store(url).open()
        stack.callback(self.store.close)
        self._plan()
        self.relay = self._start_relay()
        self.workers = [self._start_worker() for _ in range(PROCESSES)]
        stack.callback(self._end)

    def _plan(self) -> None:
        """Readers whose slot is due; two of a hundred with an address that does not exist."""
        now = datetime.now(UTC)
        slot = now.replace(minute=0, second=0, microsecond=0)
        readers = readership.Readers(self.orders.mails, 1, slot.hour)
        bad = sa.update(t.subscriber).where(t.subscriber.c.id % 49 == 7)
        renamed = {name: "bad" + t.subscriber.c[name] for name in ("address", "address_key")}
        with self.store.write() as connection:
            readership.add_articles(connection, readership.articles(slot - timedelta(hours=3)))
            readership.add_choices(connection)
            readership.add_readers(connection, readers, watermark=now - timedelta(days=1, hours=6), next_at=slot)
            connection.execute(bad.values(**renamed))
            self.readers = set(connection.execute(sa.select(t.subscriber.c.address)).scalars())

    def _start(self, *module: str) -> subprocess.Popen[bytes]:
        with (self.place / f"{module[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"benchmarks.mail.{module[0]}", *module[1:]],
                cwd=stage.ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def _start_relay(self) -> subprocess.Popen[bytes]:
        seed = self.orders.seed * 1000 + self.restarts
        where = ["--port", str(self.port), "--log", str(self.log)]
        return self._start("hostile", *where, "--rate", str(self.orders.rate), "--seed", str(seed))

    def _start_worker(self) -> subprocess.Popen[bytes]:
        return self._start("post", str(self.settings))

    def _end(self) -> None:
        for process in (*self.workers, self.relay):
            process.kill()
            process.wait()

    def run(self) -> bool:
        """Until nothing is left to send; False when time was up before."""
        kills = sorted(self.chance.uniform(0.01, 0.95) for _ in range(self.orders.kills))
        restarts = sorted(self.chance.uniform(0.05, 0.9) for _ in range(self.orders.restarts))
        ends, hurried = time.monotonic() + self.orders.limit, 0.0
        while time.monotonic() < ends:
            share = self._taken() / self.orders.mails
            if self.kills < len(kills) and share >= kills[self.kills]:
                self._kill()
            if self.restarts < len(restarts) and share >= restarts[self.restarts]:
                self._restart()
            if time.monotonic() - hurried > 0.5:
                if self._hurry():
                    return True
                hurried = time.monotonic()
            time.sleep(self.chance.uniform(0.005, 0.03))
        return False

    def _taken(self) -> int:
        """How many mails the relay took, by its log's new lines."""
        with self.log.open("rb") as log:
            log.seek(self._read)
            news = log.read()
        news = news[: news.rfind(b"\n") + 1]
        self._read += len(news)
        self._count += news.count(b"\nT ") + news.startswith(b"T ")
        return self._count

    def _kill(self) -> None:
        number = self.chance.randrange(len(self.workers))
        self.workers[number].kill()
        self.workers[number].wait()
        self.workers[number] = self._start_worker()
        self.kills += 1

    def _restart(self) -> None:
        self.relay.kill()
        self.relay.wait()
        self.restarts += 1
        time.sleep(self.chance.uniform(0.0, 0.5))
        self.relay = self._start_relay()

    def _hurry(self) -> bool:
        """What was put off is due now, and a person reopens the account. Whether everything is settled."""
        now = datetime.now(UTC)
        d = t.delivery.c
        with self.store.write() as connection:
            connection.execute(sa.update(t.delivery).where(d.state == "pending", d.due_at > now).values(due_at=now))
            connection.execute(sa.update(t.domain).values(paused_until=None))
            state = accounts.state(connection, "mail")
            if state.stopped or state.paused_until:
                accounts.reopen(connection, "mail")
                self.reopened += bool(state.stopped)
            left = sa.select(sa.func.count()).where(d.state.in_(["pending", "sending", "held"]))
            waiting = sa.select(sa.func.count()).where(t.schedule.c.next_at <= now)
            return not connection.execute(left).scalar_one() and not connection.execute(waiting).scalar_one()

    def verdict(self) -> Verdict:
        d, s = t.delivery.c, t.subscriber.c
        query = sa.select(s.address, d.state, d.error).select_from(
            t.delivery.outerjoin(t.subscriber, s.id == d.recipient_id)
        )
        with self.store.read() as connection:
            rows = [Row(*row) for row in connection.execute(query)]
            planned = connection.execute(sa.select(sa.func.sum(t.edition.c.readers))).scalar_one()
        return judge(
            self.readers,
            rows,
            read_log(self.log.read_text().splitlines()),
            planned=int(planned or 0),
            kills=self.kills,
            relay_kills=self.restarts,
            sessions=PROCESSES,
        )


def run(orders: Orders, *, keep: bool = False) -> tuple[dict[str, Any], bool]:
    """The verdict and the figures around it, and whether all is well."""
    with ExitStack() as stack:
        place = stack.enter_context(stage.folder())
        campaign = Campaign(orders, place, stack)
        begun = time.monotonic()
        finished = campaign.run()
        verdict = campaign.verdict()
        found = asdict(verdict) | {
            "kills": campaign.kills,
            "relay_kills": campaign.restarts,
            "reopened": campaign.reopened,
            "finished": finished,
            "seconds": round(time.monotonic() - begun, 1),
            "database": orders.database,
        }
        if keep:
            sys.stderr.write((place / "post.log").read_text()[-4000:])
        return found, verdict.good and finished


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="3,000 mails, 10 kills")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--mails", type=int)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--restarts", type=int, help="of the relay")
    parser.add_argument("--rate", type=float, help="the share of the relay's answers that are faults")
    parser.add_argument("--limit", type=float, default=1500.0, help="seconds; then it is broken off, and judged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", action="store_true", help="show the end of the workers' log")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever ends it ends all that it started
    mails, kills, restarts, rate = (3_000, 10, 3, 0.003) if given.quick else (100_000, 100, 10, 0.0005)
    orders = Orders(
        mails=given.mails or mails,
        kills=kills if given.kills is None else given.kills,
        restarts=restarts if given.restarts is None else given.restarts,
        rate=rate if given.rate is None else given.rate,
        limit=given.limit,
        seed=given.seed,
        database=given.database,
    )
    try:
        found, good = run(orders, keep=given.log)
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:  # how tests.servers says it
        sys.exit(f"error: {missing}")
    if not given.json:
        for name, value in found.items():
            print(f"{name:<14}{value}")
    print(json.dumps(found))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
