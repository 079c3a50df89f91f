"""Logs and ledger against the newspaper: what was lost, what was doubled, what nobody knows. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

__all__ = ["Effect", "Lost", "Row", "Verdict", "judge", "read_effects", "recoveries"]

TOKEN = re.compile(r"N\d{6}")


@dataclass(frozen=True)
class Effect:
    """A post that readers of a network see."""

    network: str
    token: str
    at: float


@dataclass(frozen=True)
class Row:
    """A delivery as the ledger has it in the end."""

    network: str
    token: str
    state: str
    reason: str


@dataclass(frozen=True)
class Lost:
    """An attempt whose worker was not heard of again: which process made it, on which account."""

    process: int
    owner: str
    account: str


@dataclass(frozen=True)
class Verdict:
    """`planned` is the newspaper's articles x rules; `sent` the distinct effects; the lists name what went wrong.

    `uncertain` are the ledger's rows of unknown outcome. `killed_slots` is how many slots killed workers held.
    """

    planned: int
    sent: int
    lost: tuple[tuple[str, str], ...]
    doubled: tuple[tuple[str, str], ...]
    strange: tuple[tuple[str, str], ...]
    uncertain: tuple[tuple[str, str], ...]
    killed_slots: int
    broken_bounds: tuple[str, ...]
    states: Mapping[str, int]

    @property
    def good(self) -> bool:
        """Nothing lost, nothing doubled, the law holds, and every doubt has a killed worker's slot behind it."""
        return not (self.lost or self.doubled or self.strange or self.broken_bounds)


def judge(
    planned: set[tuple[str, str]],
    effects: Sequence[Effect],
    rows: Sequence[Row],
    lost_attempts: Sequence[Lost],
    killed: Iterable[int],
    *,
    counted: int,
    crash_slots: int = 0,
    faults: int = 0,
) -> Verdict:
    """The campaign's outcome.

    `counted` is what the ledger says was planned, from its articles. `crash_slots` is how many slots were held by
    living workers when their database crashed, `faults` how many requests were answered with a fault.
    """
    seen = Counter((effect.network, effect.token) for effect in effects)
    uncertain = [row for row in rows if row.state == "uncertain"]
    open_ends = {(row.network, row.token) for row in uncertain}
    dead = set(killed)
    of_dead = [attempt for attempt in lost_attempts if attempt.process in dead]
    broken = [
        f"{count} posts in doubt on one slot of process {process}, account {account}"
        for (process, account), count in Counter((one.process, one.account) for one in of_dead).items()
        if count > 1
    ]
    others = len(lost_attempts) - len(of_dead)
    if others > crash_slots:
        broken.append(f"{others} posts in doubt without a killed worker, {crash_slots} at the most are due to crashes")
    if len(uncertain) > len(of_dead) + others + faults:
        broken.append(f"{len(uncertain)} posts are uncertain, only {len(of_dead) + others} attempts were interrupted")
    if counted != len(rows) or counted != len(planned):
        broken.append(f"the ledger's law: {len(planned)} posts called for, {counted} counted, {len(rows)} rows")
    return Verdict(
        planned=len(planned),
        sent=len(seen),
        lost=tuple(sorted(planned - set(seen) - open_ends)),
        doubled=tuple(sorted(key for key, count in seen.items() if count > 1)),
        strange=tuple(sorted(set(seen) - planned)),
        uncertain=tuple(sorted(open_ends)),
        killed_slots=len(of_dead),
        broken_bounds=tuple(broken),
        states=dict(Counter(row.state for row in rows)),
    )


def read_effects(lines: Iterable[str]) -> list[Effect]:
    """The posts in a twin's log. An effect without a token would be the twin's own fault, and raises ValueError."""
    found = []
    for line in lines:
        told: dict[str, Any] = json.loads(line)
        if told["effect"] != "post":
            continue
        token = TOKEN.search(told["text"])
        if token is None:
            raise ValueError(f"a post that no article called for: {told['text'][:80]!r}")
        found.append(Effect(told["network"], token[0], told["at"]))
    return found


def recoveries(kills: Sequence[float], effects: Sequence[Effect]) -> tuple[float, float]:
    """(median, longest) seconds from a kill to the next post on the slowest network; zeros where none followed."""
    times: dict[str, list[float]] = {}
    for effect in sorted(effects, key=lambda one: one.at):
        times.setdefault(effect.network, []).append(effect.at)
    gaps = []
    for kill in kills:
        after = [next((at for at in moments if at > kill), None) for moments in times.values()]
        if known := [at - kill for at in after if at is not None]:
            gaps.append(max(known))
    return (median(gaps), max(gaps)) if gaps else (0.0, 0.0)
