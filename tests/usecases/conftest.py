"""A newsroom for the use cases: one source, four channels in memory, a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from distributor import deliver, states
from distributor.channels.memory import After, Memory
from distributor.context import App
from distributor.errors import Uncertain
from distributor.model import Delivery, State
from distributor.store import ledger
from tests.desk import Clock, make_app

SETTINGS = """
[site]
name = "The Paper"
timezone = "Europe/Paris"
[sources.paper]
url = "https://paper.example/feed"
max_age = "30d"
flood_guard = 3
category_map = { money = "Business" }
[channels.wall]
kind = "memory"
[channels.sports]
kind = "memory"
categories = ["Sports"]
[channels.night]
kind = "memory"
quiet_hours = "08:00-14:00"
[channels.desk]
kind = "memory"
approval = true
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def newsroom(tmp_path: Path, clock: Clock) -> Callable[[str], App]:
    """An App for other settings."""
    return lambda text: make_app(text, tmp_path, clock=clock)


@pytest.fixture
def app(newsroom: Callable[[str], App]) -> App:
    return newsroom(SETTINGS)


def memory(app: App, name: str = "wall") -> Memory:
    channel = app.stations[name].channel
    assert isinstance(channel, Memory)
    return channel


def make_uncertain(app: App, name: str = "wall") -> Delivery:
    """The next post of a channel is taken, and nobody but a person can know it."""
    station = app.stations[name]
    memory(app, name).script(After(Uncertain("reset by peer", reason="timeout")))
    deliver.drain(app, station.account)
    with app.store.write() as connection:
        (row,) = ledger.deliveries(connection, channel=name, states=[State.UNCERTAIN])
        assert ledger.settle(connection, row, states.left_open(row, None), app.clock())
    return row
