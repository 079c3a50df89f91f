"""New credentials reach processes that run already: whoever drains or sweeps next reads the settings again."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor import acts, deliver, sweeping
from distributor.channels.memory import Memory
from distributor.context import App
from distributor.errors import ChannelPaused, ConfigError
from tests.desk import entry, ingest, make_app

SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
max_age = "30d"
[channels.wall]
kind = "memory"
account = "ACCOUNT"
"""


def memory(app: App) -> Memory:
    channel = app.stations["wall"].channel
    assert isinstance(channel, Memory)
    return channel


@pytest.fixture
def app(tmp_path: Path) -> App:
    return make_app(SETTINGS.replace("ACCOUNT", "old"), tmp_path)


@pytest.fixture
def elsewhere(app: App, tmp_path: Path) -> App:
    """Another process, such as the command line, that reads the new credentials: they are another account."""
    return make_app(SETTINGS.replace("ACCOUNT", "new"), tmp_path, store=app.store)


def stop(app: App) -> None:
    ingest(app, entry())
    memory(app).script(ChannelPaused("401: revoked"))
    deliver.drain(app, "memory:old")


def test_new_credentials_of_another_account_are_taken_up_without_a_restart(app: App, elsewhere: App) -> None:
    stop(app)
    app.rebuild = lambda: elsewhere.stations
    assert sweeping.sweep(app) == []
    acts.check_channel(elsewhere, "wall", "desk")
    assert sweeping.sweep(app) == ["memory:new"]
    deliver.drain(app, "memory:new")
    assert len(memory(elsewhere).posts) == 1


def test_a_worker_that_only_drains_takes_them_up_too(app: App, elsewhere: App) -> None:
    stop(app)
    app.rebuild = lambda: elsewhere.stations
    acts.check_channel(elsewhere, "wall", "desk")
    deliver.drain(app, "memory:new")
    assert len(memory(elsewhere).posts) == 1


def test_settings_that_cannot_be_read_again_leave_the_old_ones(app: App, elsewhere: App) -> None:
    def broken() -> dict[str, object]:
        raise ConfigError("there is no file secrets/telegram")

    before = app.stations
    app.rebuild = broken  # type: ignore[assignment]
    acts.check_channel(elsewhere, "wall", "desk")
    sweeping.sweep(app)
    assert app.stations is before


def test_nothing_is_read_again_while_nobody_proved_anything(app: App) -> None:
    app.rebuild = lambda: pytest.fail("read again for nothing")
    ingest(app, entry())
    sweeping.sweep(app)
    deliver.drain(app, "memory:old")
    assert len(memory(app).posts) == 1
