"""The publisher moved a digest's hour or days: readers who left them to the publisher move with it.

Their watermarks stay, so nothing is lost and nothing comes twice; the next digest comes at the new slot.
"""

from __future__ import annotations

import structlog

from distributor import composing, schedules
from distributor.context import App
from distributor.store import census, subscribers, wishes

__all__ = ["reschedule"]

log = structlog.get_logger(__name__)

# A fact: for which hours and days of the digests every reader's schedule was last looked up.
SETTLED = "digest-schedules"


def reschedule(app: App) -> int:
    """Looks all readers' schedules up again when the settings changed since the last time; how many moved."""
    digests = composing.digests_of(app)
    now = app.clock()
    said = {name: [list(weekdays), hour] for name, (weekdays, hour) in sorted(digests.items())}
    with app.store.read() as connection:
        known = census.fact(connection, SETTLED)
    if known is not None and known[0] == said:
        return 0
    moved = 0
    with app.store.write(durable=True) as connection:
        for wish in wishes.wishes(connection, list(digests)):
            schedule = schedules.schedule_of(wish.frequency, wish.weekdays, wish.hour, wish.timezone, digests)
            if schedule is not None:
                number = subscribers.schedule_id(connection, schedule, schedules.next_slot(schedule, now))
                moved += wishes.move(connection, wish, number)
        census.remember(connection, SETTLED, said, now)
    if moved:
        log.info("readers moved with their digest", readers=moved)
    return moved
