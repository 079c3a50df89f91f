"""A worker process: `python -m benchmarks.mail.worker SETTINGS`. One JSON line in is a job, one JSON line out its end.

    {"job": "drain"}    drains the mail account until nothing of it is due
    {"job": "await", "seconds": 10}   drains what becomes due within so many seconds
    {"job": "plan"}     plans digests that are due
    {"job": "sign", "count": 1000}    RSA-2048 and nothing else
    {"job": "engine"}   the engine without the ledger
    {"job": "rest"}     forgets how much memory it had at most, and says what it has now

Each answer has the seconds it took, the processor's seconds, and the most memory since the last rest.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

from distributor import config, logs
from distributor.app import build_app
from distributor.context import App

__all__ = ["memory"]

_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
_NOW = re.compile(r"VmRSS:\s+(\d+) kB")


def memory(*, peak: bool) -> float:
    """MB that this process has, or had at most since its last rest."""
    found = (_PEAK if peak else _NOW).search(Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    logs.configure(level="WARNING")
    path = Path(sys.argv[1])
    app = build_app(config.load(path), wake=False)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        begun, used = time.perf_counter(), _used()
        told = _JOBS[order.pop("job")](app, **order)
        user, system = (now - before for now, before in zip(_used(), used, strict=True))
        told |= {
            "seconds": time.perf_counter() - begun,
            "user_s": user,
            "system_s": system,
            "peak_mb": memory(peak=True),
        }
        print(json.dumps(told), flush=True)
    app.store.close()


def _used() -> tuple[float, float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime, usage.ru_stime


def _drain(app: App, until: int = 0, **_: Any) -> dict[str, Any]:
    """Until nothing is due any more; a turn that the other process is faster at is no end."""
    from distributor.mailing import drain_mail

    turns, quiet, sent = 0, 0, 0
    while quiet < 3:
        drained = drain_mail(app, "mail")
        turns += 1
        sent += drained.sent
        quiet = 0 if drained.sent or drained.more else quiet + 1
        if quiet:
            time.sleep(0.05)
    return {"turns": turns, "sent": sent}


def _await(app: App, seconds: float) -> dict[str, Any]:
    from distributor.mailing import drain_mail

    sent = 0
    timer = threading.Timer(seconds, app.stopping.set)
    timer.start()
    while not app.stopping.is_set():
        drained = drain_mail(app, "mail").sent
        sent += drained
        time.sleep(0 if drained else 0.002)
    timer.join()
    app.stopping.clear()
    return {"sent": sent}


def _plan(app: App, **_: Any) -> dict[str, Any]:
    from distributor.digest import build_due

    editions = readers = 0
    while True:
        built = build_due(app)
        editions += built.editions
        readers += built.readers
        if not built.more:
            return {"editions": editions, "readers": readers}


def _sign(app: App, count: int) -> dict[str, Any]:
    room = app.mailroom
    assert room
    stamp = room.signers[0].stamp([b"from"])
    for _ in range(count):
        stamp.field(b"from:news@paper.example\r\n", b"0" * 44)
    return {"sent": count}


def _engine(app: App, *, url: str, count: int, **given: Any) -> dict[str, Any]:
    from benchmarks.mail import engine

    return engine.run(app, url, count, **given)


def _rest(app: App) -> dict[str, Any]:
    Path("/proc/self/clear_refs").write_text("5")
    return {"rests_mb": memory(peak=False)}


_JOBS: dict[str, Any] = {
    "drain": _drain,
    "await": _await,
    "plan": _plan,
    "sign": _sign,
    "engine": _engine,
    "rest": _rest,
}

if __name__ == "__main__":
    main()
