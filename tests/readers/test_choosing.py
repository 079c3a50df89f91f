"""Choosing otherwise, pausing, leaving."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor import choosing, subscribe
from distributor.context import App
from distributor.errors import NotFound
from distributor.model import State
from distributor.store import alerts, ledger, subscribers
from tests.desk import Clock, make_app
from tests.readers.conftest import SETTINGS, acts, find, join, wish
from tests.readers.test_subscribe import DAY, plan_digest, state

# -- choosing


def test_other_choices_go_on_in_the_same_window(app: App, clock: Clock) -> None:
    reader = join(app)
    clock.forward(days=3)
    for changes in ({"categories": ("Sports",)}, {"hour": 18}, {"frequency": "weekly"}, {"timezone": "Asia/Tokyo"}):
        after = subscribe.change(app, reader.id, wish(**changes), ip="", source="")
        assert (after.watermark, after.seen) == (reader.watermark, reader.seen)
    assert acts(app, reader) == ["asked", "confirmed", *["changed"] * 4]


def test_from_instant_the_window_begins_where_the_alerts_ended(app: App, clock: Clock) -> None:
    reader = join(app)
    waiting = plan_digest(app, reader.id)
    clock.forward(hours=5)
    instant = subscribe.change(app, reader.id, wish(frequency="instant"), ip="", source="")
    assert (instant.watermark, instant.seen) == (reader.watermark, ())
    assert state(app, waiting) == (State.PENDING, "")
    with app.store.write() as connection:
        subscribers.save(connection, replace(instant, seen=(3, 4)), schedule=None, next_at=None)
        told = clock.forward(hours=5)
        alerts.set_done(connection, told, told)
    clock.forward(seconds=3)
    back = subscribe.change(app, reader.id, wish(frequency="daily"), ip="", source="")
    assert (back.watermark, back.seen) == (told, ())


def test_a_change_to_the_same_is_none(app: App, clock: Clock) -> None:
    reader = join(app)
    subscribe.change(app, reader.id, choosing.ask_of(reader), ip="", source="")
    assert acts(app, reader) == ["asked", "confirmed"]


def test_a_category_that_was_removed_stays_with_who_has_it(app: App, tmp_path: Path) -> None:
    reader = join(app)
    fewer = make_app(SETTINGS.replace('"Business", ', ""), tmp_path, store=app.store)
    kept = subscribe.change(fewer, reader.id, choosing.ask_of(replace(reader, hour=9)), ip="", source="")
    assert kept.categories == ("Business",)
    assert kept.hour == 9


@given(st.lists(st.tuples(st.sampled_from(["daily", "weekly", "instant"]), st.integers(0, 400)), max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_a_window_never_goes_back(tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, int]]) -> None:
    clock = Clock()
    app = make_app(SETTINGS, tmp_path_factory.getbasetemp(), clock=clock)
    reader = join(app)
    for frequency, hours in moves:
        clock.forward(hours=hours)
        after = subscribe.change(app, reader.id, wish(frequency=frequency), ip="", source="")
        assert reader.watermark <= after.watermark <= clock.now
        if reader.frequency != "instant" or frequency == "instant":
            assert after.watermark == reader.watermark
        reader = after
        with app.store.write() as connection:
            alerts.set_done(connection, clock.now, clock.now)
    app.store.close()


def test_a_pause_ends_within_a_year_and_can_be_ended(app: App, clock: Clock) -> None:
    reader = join(app)
    until = clock.now + 14 * DAY
    assert subscribe.pause(app, reader.id, until).paused_until == until
    assert subscribe.pause(app, reader.id, None).paused_until is None
    for wrong in (clock.now, clock.now - DAY, clock.now + 400 * DAY):
        with pytest.raises(ValueError, match="pause"):
            subscribe.pause(app, reader.id, wrong)
    assert acts(app, reader)[2:] == ["paused", "resumed"]


# -- leaving


def test_who_leaves_gets_nothing_more(app: App) -> None:
    reader = join(app)
    waiting = plan_digest(app, reader.id)
    held = plan_digest(app, reader.id, 2)
    with app.store.write() as connection:
        ledger.hold(connection, [held.id], "approval")
    assert subscribe.leave(app, reader.id, how="one-click", ip="192.0.2.3")
    assert not subscribe.leave(app, reader.id, how="one-click")
    assert state(app, waiting) == state(app, held) == (State.SKIPPED, "unsubscribed")
    assert acts(app, reader).count("left") == 1
    left = find(app)
    assert left is not None
    assert left.status == "left"


def test_leaving_of_nobody_is_said(app: App) -> None:
    with pytest.raises(NotFound, match="99"):
        subscribe.leave(app, 99, how="page")
