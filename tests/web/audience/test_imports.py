"""Page views by a signed hook: proven, bounded, heard once, and put in the place of what was told before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from distributor import web
from distributor.context import App
from distributor.store import signals
from tests.desk import START, Clock, entry, ingest, make_app
from tests.web.readers.test_hooks import SECRET, signed

SETTINGS = """
[site]
public_url = "https://go.paper.example"
[sources.paper]
url = "https://paper.example/feed"
[channels.wall]
kind = "memory"
"""
PAGE = "https://paper.example/articles/1"


@pytest.fixture
def build(tmp_path: Path) -> Callable[[str], App]:
    def built(more: str) -> App:
        app = make_app(SETTINGS + more, tmp_path, clock=Clock())
        ingest(app, entry(1))
        return app

    return built


@pytest.fixture
def app(build: Callable[[str], App]) -> App:
    return build(f'[signals]\nhook_secret = "{SECRET}"\n')


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(web.public_app(app), base_url="https://go.paper.example")


def tell(client: TestClient, told: Any, identity: str = "m1") -> int:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return client.post("/hooks/views", content=body, headers=signed(body, identity, START)).status_code


def view(count: Any = 7, **changes: Any) -> dict[str, Any]:
    return {"views": [{"url": PAGE, "at": START.isoformat(), "count": count} | changes]}


def counted(app: App, channel: str = "imported") -> list[int]:
    with app.store.read() as connection:
        series = signals.series(connection, [1]).get(1, {}).get((channel, "views"), [])
    return [number for _, number in series]


def test_what_is_told_again_replaces_what_was_told(app: App, client: TestClient) -> None:
    assert tell(client, view(7)) == 200
    assert tell(client, view(9), "m2") == 200
    assert counted(app) == [9]


def test_a_hook_is_heard_once(app: App, client: TestClient) -> None:
    assert tell(client, view(7)) == 200
    assert tell(client, view(9), "m1") == 200
    assert counted(app) == [7]


def test_who_counted_can_be_said(app: App, client: TestClient) -> None:
    assert tell(client, view(5) | {"channel": "matomo"}) == 200
    assert counted(app, "matomo") == [5]


def test_an_unsigned_or_changed_hook_is_refused(app: App, client: TestClient) -> None:
    body = json.dumps(view()).encode()
    assert client.post("/hooks/views", content=body).status_code == 401
    assert client.post("/hooks/views", content=body + b" ", headers=signed(body, "m", START)).status_code == 401
    assert counted(app) == []


def test_without_a_secret_there_is_no_hook(build: Callable[[str], App]) -> None:
    client = TestClient(web.public_app(build("")), base_url="https://go.paper.example")
    assert tell(client, view()) == 404


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"[]",
        b'"views"',
        b"\xff\xfe{}",
        b"[" * 100_000,
        {"views": []},
        {"views": "all"},
        {"views": [view()["views"][0]] * 5_001},
        {"views": [None]},
        view(-1),
        view(1.5),
        view(True),
        view(10**18),
        view("7"),
        view(url=""),
        view(url=7),
        view(url="x" * 3_000),
        view(at="yesterday"),
        view(at=None),
        view(at="0001-01-01T00:00:00+14:00"),
        view() | {"channel": "wall"},
        view() | {"channel": "site"},
        view() | {"channel": "<b>"},
        view() | {"channel": ["a"]},
        view() | {"kind": "wishes"},
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole_in_a_line(app: App, client: TestClient, told: Any) -> None:
    assert 400 <= tell(client, told) < 500
    assert counted(app) == []


def test_pages_that_are_no_articles_are_passed_over(app: App, client: TestClient) -> None:
    rows = [
        {"url": url, "at": START.isoformat(), "count": 3} for url in ("https://paper.example/", "javascript:1", PAGE)
    ]
    assert tell(client, {"views": rows}) == 200
    assert counted(app) == [3]


def test_a_body_too_large_is_not_read(client: TestClient) -> None:
    assert tell(client, b"x" * (2 * 1024 * 1024)) == 413
