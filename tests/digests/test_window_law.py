"""The law of windows: whatever happens to clocks, schedules and wishes, nothing is lost and nothing comes twice."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from distributor import digest
from distributor.model import State
from tests.digests.newsroom import Newsroom, at

ZONES = ("UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Pacific/Chatham", "Africa/Casablanca")


class Windows(RuleBasedStateMachine):
    """Two readers of everything, whose wishes change while articles come, builders fail and the clock is moved."""

    @initialize(start=st.sampled_from(["2026-03-27T20:00", "2026-10-23T20:00", "2026-10-02T20:00", "2028-02-28T03:00"]))
    def begin(self, start: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.room = Newsroom(Path(self.folder.name))
        self.room.clock.now = at(start)
        self.readers = [self.room.reader("ada", breaking=True), self.room.reader("bob", timezone="Europe/Berlin")]
        self.published: list[int] = []

    @rule(breaking=st.booleans(), seconds=st.integers(1, 20_000))
    def publish(self, breaking: bool, seconds: int) -> None:
        self.room.clock.forward(seconds=seconds)
        self.published.append(self.room.publish(breaking=breaking))

    @rule(hours=st.integers(1, 40), turn=st.sampled_from([0.0, 20.0]))
    def build(self, hours: int, turn: float) -> None:
        self.room.clock.forward(hours=hours)
        digest.build_due(self.room.app, until_turn_s=turn)

    @rule(days=st.integers(2, 20))
    def outage(self, days: int) -> None:
        self.room.clock.forward(days=days)

    @rule(hours=st.integers(-30, 30))
    def clock_jumps(self, hours: int) -> None:
        self.room.clock.forward(hours=hours)
        self.room.build()

    @rule(
        who=st.integers(0, 1),
        frequency=st.sampled_from(["daily", "weekly"]),
        zone=st.sampled_from(ZONES),
        hour=st.sampled_from([None, 0, 2, 3, 23]),
    )
    def wish(self, who: int, frequency: str, zone: str, hour: int | None) -> None:
        reader = self.room.get(self.readers[who])
        self.room.save(replace(reader, frequency=frequency, timezone=zone, hour=hour))

    @rule()
    def by_hand(self) -> None:
        digest.send_by_hand(self.room.app, "daily", who="eve")

    @rule(many=st.integers(0, 3))
    def mail(self, many: int) -> None:
        """Some of what waits is sent, so that it is not superseded."""
        from distributor.store import tables as t

        waiting = [row.id for row in self.room.mails() if row.state is State.PENDING][:many]
        with self.room.app.store.write() as connection:
            connection.execute(t.delivery.update().where(t.delivery.c.id.in_(waiting)).values(state="sent", attempt=1))

    @invariant()
    def nothing_comes_twice(self) -> None:
        for reader in getattr(self, "readers", []):
            told = self.room.told(reader)
            assert len(told) == len(set(told)), told

    def teardown(self) -> None:
        if not hasattr(self, "room"):
            return
        # Every slot comes in the end, however far ahead the clock had been.
        for _ in range(3):
            self.room.clock.forward(days=60)
            self.room.build()
        for reader in self.readers:
            assert sorted(self.room.told(reader)) == self.published
        self.room.app.store.close()
        self.folder.cleanup()


TestWindows = Windows.TestCase
TestWindows.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
