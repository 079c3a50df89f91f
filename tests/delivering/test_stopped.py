"""What happens to a post between its attempts: a window that passes, a person who stops it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from distributor import deliver, sweeping
from distributor.channels.memory import After, Memory
from distributor.context import App
from distributor.errors import ChannelError, RetryLater, Uncertain
from distributor.model import Doubt, Message, Receipt, State
from distributor.store import articles, ledger
from tests.desk import Clock, entry, ingest, make_app, rows, states

SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
max_age = "30d"
[channels.wall]
kind = "memory"
quiet_hours = "22:00-07:00"
"""


# One repeat within a quarter of an hour, as on X.
ONCE = Doubt(repeat_until=timedelta(minutes=15), repeats=1)


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


def drain(app: App) -> None:
    deliver.drain(app, app.stations["wall"].account)


def test_a_repeat_that_waited_past_its_window_is_for_a_person(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Memory, "doubt", ONCE)
    monkeypatch.delattr(Memory, "find")
    clock.now = clock.now.replace(hour=21, minute=59, second=30)
    wall(app).script(After(Uncertain("lost")))
    ingest(app, entry())
    drain(app)
    assert states(app) == [State.UNCERTAIN]
    clock.forward(minutes=1)
    drain(app)
    assert states(app) == [State.PENDING], "a repeat, that the quiet hours keep back"
    clock.now = clock.now.replace(hour=8) + timedelta(days=1)
    with app.store.write() as connection:
        connection.exec_driver_sql("UPDATE delivery SET expires_at = NULL")
    drain(app)
    assert [(row.state, row.reason) for row in rows(app)] == [(State.UNCERTAIN, "repeat-too-late")]
    assert len(wall(app).posts) == 1, "readers saw it once"


@pytest.mark.parametrize(
    ("status", "state", "reason"), [("withdrawn", State.SKIPPED, "withdrawn"), ("held", State.HELD, "by-hand")]
)
def test_an_article_stopped_while_its_post_was_under_way_is_not_sent_again(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch, status: str, state: State, reason: str
) -> None:
    def send(self: Memory, message: Message, key: str) -> Receipt:
        with app.store.write() as connection:
            articles.set_status(connection, 1, status)
            ledger.skip(connection, [1], status, clock.now)
        error: ChannelError = RetryLater("busy")
        raise error

    ingest(app, entry())
    monkeypatch.setattr(Memory, "send", send)
    drain(app)
    monkeypatch.undo()
    clock.forward(minutes=5)
    drain(app)
    sweeping.sweep(app)
    assert [(row.state, row.reason) for row in rows(app)] == [(state, reason)]
    assert wall(app).posts == []


def test_one_channel_of_a_held_article_may_be_let_go(app: App) -> None:
    ingest(app, entry())
    with app.store.write() as connection:
        articles.set_status(connection, 1, "held", "by-hand")
        ledger.hold(connection, [1], "by-hand")
        ledger.release(connection, [1], app.clock())
    drain(app)
    assert states(app) == [State.SENT]
