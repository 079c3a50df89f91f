"""A newsroom with two articles on its site, and a browser's requests to its public pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from distributor.context import App
from distributor.counting import Counter, Seen
from distributor.web import audience
from distributor.web.assets import static_files
from distributor.web.guards import SafeHeaders
from distributor.web.readers.desk import Desk
from distributor.web.readers.problems import handlers
from tests.desk import Clock, entry, ingest, make_app

URL = "https://go.paper.example"
PAGE = "https://paper.example/articles/1"
SETTINGS = """
secret_key = "0123456789abcdef0123456789abcdef"
[site]
name = "The Paper"
timezone = "Europe/Paris"
public_url = "https://go.paper.example"
categories = ["World News", "Business", "Science"]
[sources.paper]
url = "https://paper.example/feed"
flood_guard = 100
category_map = { business = "Business", science = "Science" }
[subscribers]
languages = ["en", "fr", "ar"]
"""
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.8",
}


@dataclass
class Noted:
    """A counter's twin: it remembers what it is told."""

    seen: list[Seen] = field(default_factory=list)

    def note(self, seen: Seen) -> None:
        self.seen.append(seen)

    def visitor(self, ip: str, agent: str) -> int:
        return hash((ip, agent)) & 0xFFFF

    @property
    def told(self) -> list[tuple[str, int, str]]:
        return [(one.kind, one.article_id, one.channel) for one in self.seen]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    app = make_app(SETTINGS, tmp_path, clock=clock)
    ingest(app, entry(1, title='Tea & "sympathy" <b>', words=("business",)))
    ingest(app, entry(2, title="قرية عين الرمان", language="ar", words=("science",)))
    return app


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def client(app: App, noted: Noted) -> TestClient:
    return TestClient(
        public(app, noted), base_url=URL, follow_redirects=False, headers=BROWSER, raise_server_exceptions=False
    )


def public(app: App, noted: Noted | Counter) -> Starlette:
    """The public listener with these pages alone."""
    desk = Desk(app)
    return Starlette(
        routes=[*audience.routes(app, noted), static_files()],  # type: ignore[arg-type]
        middleware=[Middleware(SafeHeaders)],
        exception_handlers=handlers(desk),
    )
