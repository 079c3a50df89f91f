"""How fast the command line answers, and what an idle bot costs: `python -m benchmarks.startup [--quick] [--json]`.

help_ms            the whole process of `distributor --help`, median
idle_rss_mb        `distributor run --sample` with everything in one process, when its sample is through
idle_cpu_percent   of one core, while it idles: it polls, sweeps and beats each second
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import stage

__all__ = ["measure"]

GOALS = {"help_ms": "300", "idle_rss_mb": "150", "idle_cpu_percent": "3"}
TICKS = os.sysconf("SC_CLK_TCK")


def measure(*, quick: bool) -> dict[str, Any]:
    settle, watch = (4.0, 1.5) if quick else (40.0, 20.0)
    return {
        "help_ms": round(median(_help() for _ in range(3 if quick else 15))),
        "python_ms": round(median(_process([sys.executable, "-c", "pass"]) for _ in range(3 if quick else 15))),
        **_idle(settle, watch),
    }


def _help() -> float:
    return _process([sys.executable, "-m", "distributor", "--help"])


def _process(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=stage.ROOT)
    return 1000 * (time.perf_counter() - start)


def _idle(settle: float, watch: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "distributor", "run", "--sample", "--port", "0"]
    with stage.folder() as place, stage.child(command, log=place / "log", TMPDIR=str(place)) as process:
        time.sleep(settle)
        before = _cpu(process.pid)
        time.sleep(watch)
        percent = 100 * (_cpu(process.pid) - before) / watch
        if process.poll() is not None:
            tail = (place / "log").read_text()[-1000:]
            raise RuntimeError(f"`distributor run --sample` ended with {process.returncode}: {tail}")
        return {"idle_rss_mb": round(_rss(process.pid), 1), "idle_cpu_percent": round(percent, 2)}


def _cpu(pid: int) -> float:
    """Seconds that a process has computed, all its threads together."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    fields = stat[stat.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _rss(pid: int) -> float:
    """MB of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    given = stage.options(__doc__)
    stage.tell(measure(quick=given.quick), given, goals=GOALS)


if __name__ == "__main__":
    main()
