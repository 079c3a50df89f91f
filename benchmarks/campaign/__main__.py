"""`python -m benchmarks.campaign`: what is asked for, and the verdict as one JSON object on the last line."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.campaign.backends import BACKENDS
from benchmarks.campaign.conductor import Orders, Outcome, conduct

SUMS = ("planned", "sent", "lost", "doubled", "uncertain", "killed_slots", "kills")


@dataclass(frozen=True)
class Size:
    """For each backend: articles (four posts each), kills, seconds over which the articles appear; see Backend."""

    articles: int
    kills: int
    seconds: float
    limit: float
    haste: float


FULL = Size(articles=1250, kills=100, seconds=240.0, limit=1500.0, haste=1.0)
QUICK = Size(articles=50, kills=10, seconds=8.0, limit=200.0, haste=0.2)


def main(arguments: Sequence[str] | None = None) -> int:
    given = _arguments(arguments)
    size = QUICK if given.quick else FULL
    size = replace(
        size,
        articles=given.articles or size.articles,
        kills=size.kills if given.kills is None else given.kills,
        seconds=given.seconds or size.seconds,
        limit=given.limit or size.limit,
    )
    # Whoever ends a campaign ends all that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    orders = orders_of(size, seed=given.seed, settle=not given.quick, faults=given.faults, rate=given.rate)
    quiet = given.json
    outcomes = []
    for name in given.backend or list(BACKENDS):
        if not quiet:
            print(f"{name}: {orders.articles} articles on four networks, {orders.kills} kills", flush=True)
        try:
            outcomes.append(run(name, orders, haste=size.haste, quiet=quiet, keep=given.keep))
        except (pytest.skip.Exception, pytest.fail.Exception) as missing:  # how tests.servers says it
            print(f"error: {missing}", file=sys.stderr)
            return 2
        if not quiet:
            print(json.dumps(outcomes[-1].to_json()), flush=True)
    print(json.dumps(total(outcomes)))
    return 0 if all(one.good for one in outcomes) else 1


def orders_of(size: Size, **more: Any) -> Orders:
    return Orders(size.articles, size.kills, size.seconds, size.limit, **more)


def run(name: str, orders: Orders, *, haste: float = 1.0, quiet: bool = True, keep: bool = False) -> Outcome:
    """One campaign in a folder of its own, which is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"campaign-{name}-"))
    folder.chmod(0o755)  # PostgreSQL runs as its own user
    make = BACKENDS[name]
    backends = []

    def making(place: Path) -> Any:
        backends.append(make(place, haste))
        return backends[0]

    try:
        return conduct(making, folder, orders, (lambda _: None) if quiet else lambda line: print(line, flush=True))
    finally:
        if keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            for backend in backends:
                backend.leave()
            shutil.rmtree(folder, ignore_errors=True)


def total(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All campaigns in one: sums, and each one's own figures."""
    told = [one.to_json() for one in outcomes]
    sums = {key: sum(one[key] for one in told) for key in SUMS}
    return {**sums, "seconds": round(sum(one["seconds"] for one in told), 1), "backends": told}


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 kills and a few hundred posts, in about a minute")
    parser.add_argument("--json", action="store_true", help="nothing but the last line")
    parser.add_argument("--backend", action="append", choices=list(BACKENDS), help="only this one")
    parser.add_argument("--articles", type=int, help="for each backend; each article is four posts")
    parser.add_argument("--kills", type=int, help="for each backend")
    parser.add_argument("--seconds", type=float, help="over how long the articles appear")
    parser.add_argument("--limit", type=float, help="a campaign that takes longer is broken off, and judged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", default="reset,server-error", help="how answers fail although the post is taken")
    parser.add_argument("--rate", type=float, default=0.005, help="the share of requests that such a fault hits")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
