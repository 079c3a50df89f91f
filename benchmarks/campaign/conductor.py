"""Lets it all happen: publishes, kills, brings on disasters, and waits until nothing is left to send."""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.campaign import verdict
from benchmarks.campaign.backends import Backend
from benchmarks.campaign.ledger import Ledger, Standing, status_gaps
from benchmarks.campaign.newspaper import Newspaper, planned
from benchmarks.campaign.players import Twins
from benchmarks.campaign.verdict import Verdict

__all__ = ["Orders", "Outcome", "conduct"]

FEEDS = 5
LOOK = 0.02


@dataclass(frozen=True)
class Orders:
    """`seconds` is over how long the articles appear, `limit` when a campaign is broken off.

    `settle`: wait until the bot has settled every doubt that it can settle by itself (Mastodon: a minute and more).
    """

    articles: int
    kills: int
    seconds: float
    limit: float
    seed: int = 1
    settle: bool = True
    faults: str = ""
    rate: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What came of it. `gaps` is what `distributor status` leaves unsaid.

    `recovery` is (median, longest) seconds from a kill to the slowest network's next post.
    """

    backend: str
    verdict: Verdict
    kills: int
    seconds: float
    finished: bool
    recovery: tuple[float, float]
    revived: int
    attempts: dict[str, int]
    gaps: tuple[str, ...]
    disasters: tuple[str, ...]

    @property
    def good(self) -> bool:
        """It came to its end, and all that was demanded is so."""
        return self.finished and self.verdict.good and not self.gaps

    def to_json(self) -> dict[str, Any]:
        return {
            "backend": self.backend,
            "planned": self.verdict.planned,
            "sent": self.verdict.sent,
            "lost": len(self.verdict.lost),
            "doubled": len(self.verdict.doubled),
            "uncertain": len(self.verdict.uncertain),
            "killed_slots": self.verdict.killed_slots,
            "kills": self.kills,
            "revived": self.revived,
            "seconds": round(self.seconds, 1),
            "finished": self.finished,
            "recovery_p50_s": round(self.recovery[0], 2),
            "recovery_max_s": round(self.recovery[1], 2),
            "states": self.verdict.states,
            "attempts": self.attempts,
            "disasters": list(self.disasters),
            "broken": [*self.verdict.broken_bounds, *self.gaps, *(f"strange: {one}" for one in self.verdict.strange)],
        }


class _Campaign:
    """One campaign under way."""

    def __init__(self, backend: Backend, paper: Newspaper, twins: Twins, orders: Orders, say: Callable[[str], None]):
        self.backend, self.paper, self.twins, self.orders, self.say = backend, paper, twins, orders, say
        self.chance = random.Random(orders.seed)
        self.total = len(planned(paper.articles))
        self.kills: list[float] = []
        self.happened: list[str] = []
        self._effects = 0
        self._offsets = dict.fromkeys(twins.logs, 0)
        self._order = itertools.count()
        self._due: list[tuple[float, int, str, Callable[[], object]]] = []
        # What is to come, by how many posts are out; the next one last.
        self._kills = sorted((self.chance.uniform(0.0, 0.97) * self.total for _ in range(orders.kills)), reverse=True)
        self._disasters = sorted(backend.disasters(), key=lambda one: one.share, reverse=True)
        self.revived = 0
        self._began = time.monotonic()

    def run(self, ledger: Ledger) -> bool:
        """True when all was sent; False when the time was up."""
        began = self._began
        looked = 0.0
        while (now := time.monotonic()) - began < self.orders.limit:
            self.paper.publish(int(len(self.paper.articles) * min(1.0, (now - began) / self.orders.seconds)) + 1)
            self._look()
            self._befall(now)
            if now - looked > 1.0:
                looked = now
                self.revived += sum(player.revive() for player in set(self.backend.targets()))
                coming = self._due or self._kills or self._disasters
                if not coming and self._is_over(ledger.standing()):
                    return True
            time.sleep(LOOK)
        return False

    def _is_over(self, standing: Standing | None) -> bool:
        if standing is None or standing.rows < self.total or standing.waiting:
            return False
        return not (self.orders.settle and standing.doubts)

    def _befall(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            _, _, name, end = heapq.heappop(self._due)
            end()
            self._tell(f"{name}: over")
        if self._kills and self._kills[-1] <= self._effects:
            self._kills.pop()
            self._kill()
        # Kills go on meanwhile, but one disaster ends before the next begins.
        if not self._due and self._disasters and self._disasters[-1].share * self.total <= self._effects:
            disaster = self._disasters.pop()
            self._tell(disaster.name)
            self.happened.append(disaster.name)
            if ending := disaster.act():
                heapq.heappush(self._due, (time.monotonic() + ending[0], next(self._order), disaster.name, ending[1]))

    def _tell(self, what: str) -> None:
        self.say(f"  {time.monotonic() - self._began:7.1f} s {self._effects:6} posts  {what}")

    def _kill(self) -> None:
        target = self.chance.choice(self.backend.targets())
        time.sleep(self.chance.uniform(0.0, 0.1))
        self.kills.append(time.time())
        target.kill(self.chance)

    def end_disasters(self) -> None:
        """Nobody is left locked, full or down, however the campaign ended."""
        while self._due:
            heapq.heappop(self._due)[3]()

    def _look(self) -> None:
        """Counts the effects that came since the last look."""
        for network, path in self.twins.logs.items():
            if path.exists():
                with path.open("rb") as log:
                    log.seek(self._offsets[network])
                    new = log.read()
                self._offsets[network] += len(new)
                self._effects += new.count(b"\n")


def conduct(make: Callable[[Path], Backend], folder: Path, orders: Orders, say: Callable[[str], None]) -> Outcome:
    """One campaign from the first article to the verdict. Everything it started is ended when it returns."""
    began = time.monotonic()
    twins = Twins(folder, faults=orders.faults, rate=orders.rate, seed=orders.seed)
    backend = make(folder)
    with Newspaper(orders.articles, feeds=FEEDS, seed=orders.seed) as paper:
        campaign = None
        try:
            twins.start()
            backend.start(paper, twins.urls)
            ledger = Ledger(backend.database)
            campaign = _Campaign(backend, paper, twins, orders, say)
            finished = campaign.run(ledger)
            campaign.end_disasters()
            outcome = _outcome(campaign, ledger, time.monotonic() - began, finished)
            ledger.close()
            return outcome
        finally:
            if campaign is not None:
                campaign.end_disasters()
            backend.stop()
            twins.stop()


def _outcome(campaign: _Campaign, ledger: Ledger, seconds: float, finished: bool) -> Outcome:
    lines = [line for path in campaign.twins.logs.values() if path.exists() for line in path.read_text().splitlines()]
    effects = verdict.read_effects(lines)
    crashes = sum(name == "postgresql crashed" for name in campaign.happened)
    killed = [pid for target in campaign.backend.targets() for pid in target.killed]
    judged = verdict.judge(
        planned(campaign.paper.articles),
        effects,
        ledger.rows(),
        ledger.lost_attempts(),
        killed,
        counted=ledger.counted(),
        crash_slots=crashes * campaign.backend.accounts,
        faults=ledger.faults(),
    )
    return Outcome(
        campaign.backend.name,
        judged,
        len(campaign.kills),
        seconds,
        finished,
        verdict.recoveries(campaign.kills, effects),
        campaign.revived,
        ledger.outcomes(),
        tuple(status_gaps(campaign.twins.folder / "distributor.toml", ledger.unknown())),
        tuple(campaign.happened),
    )
