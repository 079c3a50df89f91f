"""The law of windows: whatever happens to clocks, schedules and wishes, nothing is lost and nothing comes twice."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from distributor import digest
from distributor.model import State
from distributor.store import tables as t
from tests.digests.newsroom import Newsroom, at

ZONES = ("UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Pacific/Chatham", "Africa/Casablanca")
# Evenings before clocks are put forward, and back, and before a leap day.
STARTS = ("2026-03-27T20:00", "2026-10-23T20:00", "2026-10-02T20:00", "2028-02-28T03:00")


@dataclass
class World:
    """Two readers of everything, whose wishes change while articles come, builders stop midway and clocks are moved."""

    room: Newsroom
    readers: list[int] = field(default_factory=list)
    published: list[int] = field(default_factory=list)

    def publish(self, seconds: int, *, breaking: bool) -> None:
        self.room.clock.forward(seconds=seconds)
        self.published.append(self.room.publish(breaking=breaking))

    def build(self, hours: int, turn: float) -> None:
        self.room.clock.forward(hours=hours)
        digest.build_due(self.room.app, until_turn_s=turn)

    def outage(self, days: int) -> None:
        self.room.clock.forward(days=days)

    def jump(self, hours: int) -> None:
        self.room.clock.forward(hours=hours)
        self.room.build()

    def wish(self, who: int, frequency: str, zone: str, hour: int | None) -> None:
        reader = self.room.get(self.readers[who])
        self.room.save(replace(reader, frequency=frequency, timezone=zone, hour=hour))

    def by_hand(self) -> None:
        digest.send_by_hand(self.room.app, "daily", who="eve")

    def mail(self, many: int) -> None:
        """Some of what waits is sent, so that it is not superseded."""
        waiting = [row.id for row in self.room.mails() if row.state is State.PENDING][:many]
        with self.room.app.store.write() as connection:
            connection.execute(t.delivery.update().where(t.delivery.c.id.in_(waiting)).values(state="sent", attempt=1))


def event(name: str, *arguments: st.SearchStrategy[Any], **named: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(name), st.tuples(*arguments), st.fixed_dictionaries(named))


publishing = event("publish", st.integers(1, 20_000), breaking=st.booleans())
building = event("build", st.integers(1, 40), st.sampled_from([0.0, 20.0]))
events = st.one_of(
    publishing,
    publishing,
    publishing,
    building,
    building,
    event("outage", st.integers(2, 20)),
    event("jump", st.integers(-30, 30)),
    event(
        "wish",
        st.integers(0, 1),
        st.sampled_from(["daily", "weekly"]),
        st.sampled_from(ZONES),
        st.sampled_from([None, 0, 2, 3, 23]),
    ),
    event("by_hand"),
    event("mail", st.integers(0, 3)),
)


@settings(max_examples=30)
@given(st.sampled_from(STARTS), st.lists(events, min_size=8, max_size=30))
def test_nothing_is_lost_and_nothing_comes_twice(start: str, happened: Sequence[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Newsroom(Path(folder)))
        world.room.clock.now = at(start)
        # Readers of long ago: nothing that comes while the clock is behind is older than they are.
        since = at(start) - timedelta(days=60)
        world.readers = [
            world.room.reader("ada", breaking=True, watermark=since),
            world.room.reader("bob", timezone="Europe/Berlin", watermark=since),
        ]
        for name, arguments, named in happened:
            getattr(world, name)(*arguments, **named)
            for reader in world.readers:
                told = world.room.told(reader)
                assert len(told) == len(set(told)), "nothing comes twice"
        # Every slot comes in the end, however far ahead the clock had been.
        for _ in range(2):
            world.room.clock.forward(days=60)
            world.room.build()
        for reader in world.readers:
            assert sorted(world.room.told(reader)) == world.published, "nothing is lost"
        world.room.app.store.close()
