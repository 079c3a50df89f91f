"""What readers did is judged a minute later, when it can be seen who was a robot, and becomes counts.

events a minute old -> what else the same visitors did -> robots.judge -> counts by article, channel and kind
events that tell nothing any more, and the salts of past days -> gone
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from distributor import robots
from distributor.context import App
from distributor.robots import Event, Rules
from distributor.store import forgetting, signals

__all__ = ["forget", "judge_seen", "rules_of"]

log = structlog.get_logger(__name__)

# By then a burst is over, the second request has come, and every process has written what it saw.
AFTER = timedelta(seconds=60)
BATCH = 1_000
# Beside them, what else the same visitors did: a thousand busy robots are looked at once, and not for each click.
BESIDE = 20_000
# Who did more than this within the horizon is a flood, and not looked at one by one.
MOST_OF_ONE = 300
TURN, JUDGING = 20.0, 0.75


def judge_seen(app: App, *, turn_s: float = TURN) -> int:
    """Judges what is old enough, in short transactions, at most for one turn; how many events it was.

    Raises StoreError; what was not judged is judged the next time.
    """
    begun, rules, total = time.monotonic(), rules_of(app), 0
    # A part of the turn is for forgetting, however much there is to judge: nothing is kept longer, and there is room.
    until = begun + JUDGING * turn_s
    while time.monotonic() < until and not app.stopping.is_set():
        with app.store.write() as connection:
            app.store.lock(connection, "signals")
            number = _judge(connection, app.clock() - AFTER, rules)
        total += number
        if number < BATCH:
            break
    forget(app, rules, begun + turn_s)
    return total


def rules_of(app: App) -> Rules:
    """The settings, as judging needs them."""
    settings = app.settings.signals
    return Rules(settings.repeat_within, settings.scanner_within, settings.burst)


def forget(app: App, rules: Rules, until: float) -> None:
    """Deletes the events that no later one has to be compared with, and the salts of past days."""
    now, more = app.clock(), True
    while more and time.monotonic() < until:
        with app.store.write() as connection:
            app.store.lock(connection, "signals")
            more = forgetting.events(connection, now - rules.horizon - AFTER, now)
            forgetting.salts(connection, now)


def _judge(connection: sa.Connection, until: datetime, rules: Rules) -> int:
    new = signals.unjudged(connection, until, BATCH)
    if not new:
        return 0
    new += signals.theirs(connection, new, until, BESIDE)
    floods = signals.floods(connection, new, rules.horizon, MOST_OF_ONE)
    marked = [_marked(event, floods) for event in new]
    recent = signals.around(connection, [one for one in marked if not one.marks & robots.TOO_MANY], rules.horizon)
    verdicts = robots.judge(marked, recent, rules)
    signals.settle(connection, [*new, *(event for event in recent if event.id in verdicts)], verdicts)
    return len(new)


def _marked(event: Event, floods: Collection[int]) -> Event:
    return replace(event, marks=event.marks | robots.TOO_MANY) if event.id in floods else event
