"""How posts fare is read back: when, how often, at what price, and what a failure means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import given
from hypothesis import strategies as st

from distributor import acts, deliver, reporting
from distributor.channels.memory import Memory
from distributor.context import App
from distributor.errors import ChannelPaused, Rejected, RetryLater
from distributor.measuring import measure_due, next_look
from distributor.store import accounts, queue, readings, signals, tables
from tests.desk import Clock, entry, ingest, make_app

SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
[channels.wall]
kind = "memory"
"""
STEP = timedelta(minutes=1)
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(SETTINGS, tmp_path, clock=clock)


def wall(app: App) -> Memory:
    channel = app.stations["wall"].channel
    assert isinstance(channel, Memory)
    return channel


def post(app: App, *numbers: int) -> None:
    for number in numbers or (1,):
        ingest(app, entry(number, published_at=app.clock()))
    deliver.drain(app, app.stations["wall"].account)


def counts(app: App, article_id: int = 1) -> dict[tuple[str, str], int]:
    with app.store.read() as connection:
        found = signals.series(connection, [article_id]).get(article_id, {})
    return {key: sum(number for _, number in series) for key, series in found.items()}


def minutes_read(app: App, clock: Clock, days: int = 9) -> list[float]:
    """At which ages a post was read, when beat rings as soon as anything is due, and now and then besides."""
    found = []
    while clock() < START + timedelta(days=days):
        if measure_due(app):
            found.append((clock() - START) / timedelta(minutes=1))
        with app.store.read() as connection:
            due = connection.execute(sa.select(sa.func.min(tables.reading.c.next_at))).scalar_one()
        clock.now = max(min(due or clock() + timedelta(days=1), clock() + timedelta(days=1)), clock() + STEP)
    return found


def test_a_post_that_is_read_late_has_its_likes_since_it_was_posted(app: App, clock: Clock) -> None:
    post(app)
    wall(app).fare("1", likes=700)
    clock.forward(hours=30)
    measure_due(app)
    with app.store.read() as connection:
        series = signals.series(connection, [1])[1]["wall", "likes"]
    assert sum(number for _, number in series) == 700
    assert max(number for _, number in series) < 30


def test_a_post_is_read_less_and_less_until_a_week_is_over(app: App, clock: Clock) -> None:
    post(app)
    assert minutes_read(app, clock) == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10080]


def test_only_what_a_total_grew_by_is_a_signal(app: App, clock: Clock) -> None:
    post(app)
    wall(app).fare("1", likes=3, reposts=1)
    clock.forward(minutes=10)
    assert measure_due(app) == 1
    assert counts(app) == {("wall", "likes"): 3, ("wall", "reposts"): 1}
    wall(app).fare("1", likes=5)
    clock.forward(minutes=10)
    assert measure_due(app) == 1
    assert counts(app) == {("wall", "likes"): 5, ("wall", "reposts"): 1}
    wall(app).fare("1", likes=2)
    clock.forward(minutes=20)
    measure_due(app)
    assert counts(app)["wall", "likes"] == 5, "a like taken back takes nothing back"


def test_many_posts_are_read_in_batches_and_each_once(app: App, clock: Clock) -> None:
    post(app, *range(1, 61))
    clock.forward(minutes=10)
    assert measure_due(app) == 60
    assert measure_due(app) == 0


def test_nothing_is_read_where_the_settings_say_so(tmp_path: Path, clock: Clock) -> None:
    app = make_app(SETTINGS + "[signals]\nengagement = false\n", tmp_path, clock=clock)
    post(app)
    clock.forward(minutes=10)
    assert measure_due(app) == 0


def test_a_deleted_post_is_read_once_more_and_then_never(app: App, clock: Clock) -> None:
    post(app)
    wall(app).delete(wall(app).posts[0].receipt)
    assert minutes_read(app, clock) == [10, 20]


def test_a_network_that_asks_for_patience_gets_it_and_posting_goes_on(app: App, clock: Clock) -> None:
    post(app)
    clock.forward(minutes=10)
    wall(app).script(ChannelPaused("429", until=clock() + timedelta(minutes=30)))
    assert measure_due(app) == 0
    ingest(app, entry(2, published_at=clock()))
    deliver.drain(app, app.stations["wall"].account)
    assert len(wall(app).posts) == 2
    clock.forward(minutes=29)
    assert measure_due(app) == 1, "the second post, which is ten minutes old"
    clock.forward(minutes=1)
    assert measure_due(app) == 1


def test_a_refusal_is_told_once_and_stops_no_account(app: App, clock: Clock) -> None:
    post(app)
    said: list[Any] = []
    for _ in range(5):
        clock.forward(hours=1)
        wall(app).script(ChannelPaused("401: the token may not read", hint="make a new one"))
        with structlog.testing.capture_logs() as logs:
            measure_due(app)
        said += [one for one in logs if one["event"] == "posts are not read back"]
    assert len(said) == 1
    with app.store.read() as connection:
        assert accounts.state(connection, app.stations["wall"].account).stopped == ""
        assert readings.troubles(connection, clock()) == {"wall": "401: the token may not read"}
    (problem,) = [one for one in reporting.status(app).problems if one.subject == "wall"]
    assert (problem.mark, problem.command) == ("?", "distributor channels check wall")
    assert "401" in problem.text
    clock.forward(hours=1)
    assert measure_due(app) == 1
    with app.store.read() as connection:
        assert readings.troubles(connection, clock()) == {}


@pytest.mark.parametrize("error", [RetryLater("busy"), Rejected("what?"), ValueError("a third party's fault")])
def test_a_failure_keeps_the_post_for_later(app: App, clock: Clock, error: Exception) -> None:
    post(app)
    clock.forward(minutes=10)
    wall(app).script(error)  # type: ignore[arg-type]
    if isinstance(error, ValueError):
        wall(app).measure = lambda _: (_ for _ in ()).throw(error)  # type: ignore[method-assign, assignment]
    assert measure_due(app) == 0
    vars(wall(app)).pop("measure", None)
    clock.forward(minutes=15)
    wall(app).script()
    wall(app)._script.clear()
    assert measure_due(app) == 1


def test_a_paused_channel_is_not_read(app: App, clock: Clock) -> None:
    post(app)
    acts.pause(app, "wall", "me")
    clock.forward(minutes=10)
    assert measure_due(app) == 0
    acts.resume(app, "wall", "me")
    assert measure_due(app) == 1


class TestMoney:
    def dear(self, folder: Path, clock: Clock, budget: str) -> App:
        app = make_app(SETTINGS + budget, folder, clock=clock)
        wall(app).cost = 0.2  # type: ignore[attr-defined]
        wall(app).read_cost = 0.005  # type: ignore[attr-defined]
        return app

    def test_without_a_budget_nothing_is_read_for_money(self, tmp_path: Path, clock: Clock) -> None:
        app = self.dear(tmp_path, clock, "")
        post(app)
        clock.forward(hours=1)
        assert measure_due(app) == 0

    def test_with_one_each_post_is_read_less_often_and_it_is_a_part_of_what_was_spent(
        self, tmp_path: Path, clock: Clock
    ) -> None:
        app = self.dear(tmp_path, clock, "monthly_budget = 10\n")
        post(app)
        assert minutes_read(app, clock) == [10, 40, 160, 640, 2560, 10080]
        with app.store.read() as connection:
            assert queue.spent(connection, "wall", START) == pytest.approx(0.2 + 6 * 0.005)

    def test_at_most_a_tenth_of_it_is_spent_on_reading(self, tmp_path: Path, clock: Clock) -> None:
        app = self.dear(tmp_path, clock, "monthly_budget = 1\n")
        post(app, 1, 2, 3)
        minutes_read(app, clock, days=8)
        with app.store.read() as connection:
            assert readings.spent(connection, "wall", START) <= 0.1

    def test_posts_that_wait_come_first(self, tmp_path: Path, clock: Clock) -> None:
        app = self.dear(tmp_path, clock, "monthly_budget = 0.4\n")
        post(app)
        ingest(app, entry(2, published_at=clock()))
        clock.forward(minutes=10)
        assert measure_due(app) == 0, "what is left is the second post's"


@given(age=st.integers(0, 20 * 86_400), factor=st.sampled_from([2, 4]))
def test_each_look_is_later_than_the_last_and_the_last_is_a_week_after(age: int, factor: int) -> None:
    now = START + timedelta(seconds=age)
    then = next_look(START, now, factor)
    if age >= 7 * 86_400:
        assert then is None
    else:
        assert then is not None
        assert now < then <= START + timedelta(days=7)
