"""What keeps the rest true: the ranking's snapshot, the canary, who is here."""

from __future__ import annotations

from datetime import datetime, timedelta

import distributor
from distributor import judging, owners, standings
from distributor.context import App
from distributor.store import census
from distributor.store.census import Process

__all__ = ["canary", "is_ready", "leave", "present", "rank"]

CANARY = "canary"
CANARY_FRESH = timedelta(seconds=60)


def rank(app: App) -> None:
    """What readers did is judged, and the ranking's snapshot made anew of it; of what is known, should judging fail."""
    try:
        judging.judge_seen(app)
    finally:
        standings.renew(app)


def canary(app: App, role: str = "worker") -> None:
    """A task that got done is the only proof that tasks get done."""
    now = app.clock()
    with app.store.write() as connection:
        census.remember(connection, CANARY, owners.process(), now)
        for gone in census.processes(connection):
            if owners.is_dead(gone.owner):
                census.leave(connection, gone.owner)
    present(app, role, now)


def present(app: App, role: str, started_at: datetime) -> None:
    """Notes that this process is here, and which settings it read."""
    process = Process(
        owner=owners.process(),
        role=role,
        version=distributor.__version__,
        config=str(app.settings.path or ""),
        fingerprint=app.settings.fingerprint,
        started_at=started_at,
        seen_at=app.clock(),
    )
    with app.store.write() as connection:
        census.note(connection, process)


def leave(app: App) -> None:
    with app.store.write() as connection:
        census.leave(connection, owners.process())


def is_ready(app: App) -> tuple[bool, str]:
    """Whether a canary task finished lately; the words say when."""
    with app.store.read() as connection:
        found = census.fact(connection, CANARY)
    if found is None:
        return False, "no task has finished yet"
    age = app.clock() - found[1]
    return age <= CANARY_FRESH, f"the last canary task finished {age.total_seconds():.0f} s ago"
