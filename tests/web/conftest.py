"""A newsroom with one channel for each network, and a client that asks the staff's pages as a browser would."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from distributor import deliver, web
from distributor.context import App
from tests.desk import Clock, make_app

SETTINGS = """
[site]
name = "The Paper"
timezone = "Europe/Paris"
public_url = "https://go.paper.example"
[sources.paper]
url = "https://paper.example/feed"
flood_guard = 100
[channels.x]
kind = "preview"
network = "x"
[channels.telegram]
kind = "preview"
network = "telegram"
[channels.mastodon]
kind = "preview"
network = "mastodon"
[channels.bluesky]
kind = "preview"
network = "bluesky"
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(SETTINGS, tmp_path, clock=clock)


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(web.admin_app(app), base_url="http://127.0.0.1:8000")


def send_all(app: App) -> None:
    for account in app.accounts():
        deliver.drain(app, account)
