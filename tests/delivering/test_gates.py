"""Which channels may speak now, and what the others wait for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from distributor import deliver, gates
from distributor.context import App
from distributor.gates import Opening
from distributor.pacing import Pace
from distributor.store import accounts, queue
from tests.desk import START, Clock, entry, ingest, make_app, rows, states

SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
max_age = "30d"
[channels.wall]
kind = "memory"
account = "shared"
quiet_hours = "22:00-07:00"
min_gap = "10m"
[channels.desk]
kind = "memory"
account = "shared"
"""
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(SETTINGS, tmp_path, clock=clock)


def opening(app: App, name: str = "wall") -> Opening:
    (stations,) = app.accounts().values()
    with app.store.read() as connection:
        opened = gates.account_gates(connection, stations[0].account, stations, app.clock())
    return dict(zip([station.name for station in stations], opened, strict=True))[name]


def drain(app: App) -> None:
    deliver.drain(app, app.stations["wall"].account)


def test_at_first_everything_is_open(app: App) -> None:
    assert opening(app) == Opening(START, START, "")


def test_in_quiet_hours_only_what_is_urgent_goes_out(app: App, clock: Clock) -> None:
    now = clock.forward(hours=14)
    opened = opening(app)
    assert (opened.urgent, opened.why) == (now, "quiet hours or posting slots")
    assert opened.ordinary == START + timedelta(hours=22)
    assert opened.gate("wall", now) == queue.Gate("wall", ordinary=False, urgent=True)
    assert opening(app, "desk").ordinary == now


def test_a_channels_own_pace_holds_ordinary_posts_only(app: App) -> None:
    ingest(app, entry(1))
    drain(app)
    opened = opening(app)
    assert (opened.ordinary, opened.urgent, opened.why) == (START + 10 * MINUTE, START, "its pace")
    assert opening(app, "desk").ordinary == START


def test_the_networks_pace_holds_everything_of_the_account(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(app.stations["wall"].channel), "paces", (Pace(2, MINUTE),), raising=False)
    ingest(app, entry(1))
    drain(app)
    for name in ("wall", "desk"):
        assert opening(app, name).urgent == START + MINUTE
    assert opening(app, "desk").why == "the network's pace"


def test_a_pause_of_the_account_lasts_until_its_moment(app: App) -> None:
    account = app.stations["wall"].account
    with app.store.write() as connection:
        accounts.report(connection, account, outages=5, paused_until=START + MINUTE, why="it is down")
    assert opening(app) == Opening(START + MINUTE, START + MINUTE, "it is down")


@pytest.mark.parametrize("who", ["account", "channel"])
def test_what_was_stopped_waits_for_a_person(app: App, who: str) -> None:
    name = app.stations["wall"].account if who == "account" else gates.channel_account("wall")
    with app.store.write() as connection:
        accounts.stop(connection, name, "401: log in again", START)
    assert opening(app) == Opening(None, None, "401: log in again")
    assert (opening(app, "desk").urgent is None) == (who == "account")
    assert opening(app).gate("wall", START) == queue.Gate("wall", ordinary=False, urgent=False)


@pytest.mark.parametrize("switch", ["wall", "*"])
def test_what_a_person_switched_off_is_off(app: App, switch: str) -> None:
    with app.store.write() as connection:
        accounts.pause(connection, switch, "ann", START)
    told = "everything paused by ann" if switch == "*" else "paused by ann"
    assert opening(app) == Opening(None, None, told)
    assert (opening(app, "desk").urgent is None) == (switch == "*")


def test_what_may_be_out_counts_for_the_pace_and_what_surely_is_not_does_not(app: App, clock: Clock) -> None:
    from distributor.channels.memory import Memory
    from distributor.errors import Rejected, Uncertain

    channel = app.stations["wall"].channel
    assert isinstance(channel, Memory)
    ingest(app, entry(1))
    channel.script(Rejected("no"))
    drain(app)
    assert opening(app).ordinary == START
    ingest(app, entry(2))
    channel.script(Uncertain("reset", reason="connection-lost"))
    drain(app)
    assert [row.state.value for row in rows(app, "wall")] == ["failed", "uncertain"]
    assert opening(app).ordinary == START + 10 * MINUTE


def test_a_turn_sends_no_more_than_the_gates_let_out(app: App, clock: Clock) -> None:
    ingest(app, *(entry(number) for number in range(1, 4)))
    drain(app)
    assert sorted(states(app, "wall")) == ["pending", "pending", "sent"]
    clock.forward(minutes=10)
    drain(app)
    assert sorted(states(app, "wall")) == ["pending", "sent", "sent"]


def test_a_clock_that_was_set_back_stops_nothing(app: App, clock: Clock) -> None:
    clock.forward(hours=8)
    ingest(app, entry(1))
    drain(app)
    clock.forward(hours=-5)
    assert opening(app).ordinary == clock()
    ingest(app, entry(2), entry(3))
    drain(app)
    # From now on the pace is kept by the new time.
    assert opening(app).ordinary == clock() + 10 * MINUTE
