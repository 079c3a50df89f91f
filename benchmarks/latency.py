"""From a poll that sees a new item to the network's acceptance of its post: `python -m benchmarks.latency`.

Embedded mode as in `distributor run`: one process with Celery's threads, beat and the pages over memory://, the ledger
in SQLite on a disk with an fsync at each claim. The feed's server and a Telegram twin are processes of their own. Each
answer to a poll holds exactly one new item; time zero is when that answer begins to leave the feed's server, the end is
when the twin accepts the post. So the transfer, the parser, the ledger, Celery's hop and the request all count.
Only beat is told to ring for polls ten times a second instead of once, so that 300 items do not take five minutes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

from benchmarks import stage
from benchmarks.newsstand import Newsstand, newsstand

__all__ = ["measure"]

GOALS = {"p50_ms": "10", "p99_ms": "50"}
EVERY = 0.1
WARM_UP = 20
SETTINGS = """
[site]
data = "{data}"
[network]
allow_hosts = ["{place}"]
[sources.paper]
url = "{feed}"
interval_min = 0.01
interval_max = 0.01
[channels.telegram]
chat = "@paper"
token = "123456:benchmark-benchmark-benchmark"
base_url = "{network}"
pace = ["1000/1s"]
pictures = false
"""


def measure(*, quick: bool) -> dict[str, Any]:
    count = 20 if quick else 300
    with ExitStack() as stack:
        place = stack.enter_context(stage.folder())
        stand = stack.enter_context(newsstand(1, growing=True))
        took = _run(stack, place, stand, count)
    return {
        "items": len(took),
        "p50_ms": round(stage.percentile(took, 0.5), 2),
        "p90_ms": round(stage.percentile(took, 0.9), 2),
        "p99_ms": round(stage.percentile(took, 0.99), 2),
        "worst_ms": round(max(took), 2),
    }


def _run(stack: ExitStack, place: Path, stand: Newsstand, count: int) -> list[float]:
    effects = place / "effects"
    twin = [sys.executable, "-m", "tests.twins.telegram", "--log", str(effects)]
    network = _first_line(stack.enter_context(stage.child(twin)))
    config = place / "distributor.toml"
    config.write_text(SETTINGS.format(data=place, place=stand.place, feed=stand.feed(0), network=network))
    bot = [sys.executable, "-m", "benchmarks.latency", "--bot", str(config)]
    process = stack.enter_context(stage.child(bot, log=place / "bot.log"))
    deadline = time.monotonic() + 60 + count
    while len(posts := _posts(effects)) < WARM_UP + count:
        if process.poll() is not None or time.monotonic() > deadline:
            tail = (place / "bot.log").read_text()[-2000:]
            raise RuntimeError(f"only {len(posts)} of {WARM_UP + count} posts came: {tail}")
        time.sleep(0.5)
    answered = stand.answered()
    steady = sorted(answered.items(), key=lambda one: one[1])[WARM_UP : WARM_UP + count]
    return [1000 * (posts[title.split()[0]] - at) for title, at in steady if title.split()[0] in posts]


def _first_line(process: Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _posts(effects: Path) -> Mapping[str, float]:
    """When each post was accepted, by the first word of its article's title."""
    lines = effects.read_text().splitlines() if effects.exists() else []
    found: dict[str, float] = {}
    for effect in map(json.loads, lines):
        found[effect["text"].removeprefix("<b>").split()[0]] = effect["at"]
    return found


def bot(config: str) -> None:
    """`distributor run`, polling more often."""
    from distributor import config as settings
    from distributor import logs, run, worker

    loaded = settings.load(Path(config))
    logs.configure(loaded.secrets())
    worker.app.conf.beat_schedule["collect"]["schedule"] = timedelta(seconds=EVERY)
    run.run_forever(run.settings_plan(lambda: loaded), port=0)


def main() -> None:
    if sys.argv[1:2] == ["--bot"]:
        bot(sys.argv[2])
        return
    given = stage.options(__doc__)
    stage.tell(measure(quick=given.quick), given, goals=GOALS)


if __name__ == "__main__":
    main()
