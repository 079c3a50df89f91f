"""A newsroom with readers, a client for its public pages, and what a reader's mailbox would hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from distributor import passes, subscribe, web
from distributor.context import App
from distributor.mail import tokens
from distributor.model import Subscriber
from distributor.store import subscribers, tables
from tests.desk import Clock, entry, ingest, make_app

URL = "https://go.paper.example"
SETTINGS = """
secret_key = "0123456789abcdef0123456789abcdef"
[site]
name = "The Paper"
timezone = "Europe/Paris"
public_url = "https://go.paper.example"
postal_address = "1 rue Haute, Paris"
categories = ["World News", "Business", "Science"]
[sources.paper]
url = "https://paper.example/feed"
flood_guard = 100
[mail]
from = "The Paper <news@paper.example>"
hook_secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
topic = "arn:aws:sns:eu-west-1:123456789012:mail"
[digests.daily]
hour = 7
[digests.weekly]
frequency = "weekly"
[subscribers]
languages = ["en", "fr", "ar"]
"""
SUBMIT = {"content-type": "application/x-www-form-urlencoded"}


class Form(HTMLParser):
    """The first form of a page whose buttons include `act`, as a browser would send it untouched."""

    def __init__(self, html: str, act: str = "") -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self.actions: list[str] = []
        self.acts: list[set[str]] = []
        self._select: tuple[str, list[str], list[str]] | None = None
        self.feed(html)
        place = next((n for n, acts in enumerate(self.acts) if not act or act in acts), 0)
        self.fields = self.forms[place] if self.forms else {}
        self.action = self.actions[place] if self.actions else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append({})
            self.actions.append(given.get("action") or "")
            self.acts.append(set())
        elif tag == "button":
            self.acts[-1].add(given.get("value") or "")
        elif tag == "input" and given.get("name"):
            sort = given.get("type", "text")
            if sort not in ("checkbox", "radio") or "checked" in given:
                self.forms[-1].setdefault(str(given["name"]), []).append(
                    given.get("value") or ("on" if sort == "checkbox" else "")
                )
        elif tag == "select":
            self._select = (str(given["name"]), [], [])
        elif tag == "option" and self._select:
            value = given.get("value")
            self._select[1].append("\0" if value is None else value)
            if "selected" in given:
                self._select[2].append("\0" if value is None else value)

    def handle_data(self, data: str) -> None:
        if self._select:
            for listed in self._select[1:]:
                if listed and listed[-1] == "\0" and data.strip():
                    listed[-1] = data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            name, options, chosen = self._select
            self.forms[-1][name] = (chosen or options)[:1]
            self._select = None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(SETTINGS, tmp_path, clock=clock)


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(web.public_app(app), base_url=URL, follow_redirects=False)


@pytest.fixture
def ask(client: TestClient, clock: Clock) -> Callable[..., Any]:
    """Opens the form, waits as a person does, sends it with `changes`."""

    def asked(address: str = "reader@example.org", path: str = "/subscribe", **changes: Any) -> Any:
        form = Form(client.get(path).text)
        clock.forward(seconds=5)
        fields = form.fields | {"address": [address]} | changes
        return client.post(form.action, data={name: value for name, value in fields.items() if value is not None})

    return asked


@pytest.fixture
def reader(app: App, client: TestClient, ask: Callable[..., Any]) -> Subscriber:
    """A reader who asked and confirmed."""
    ask()
    assert client.post(link_in(app, "confirm")).status_code == 200
    (found,) = everybody(app)
    return found


def letters(app: App) -> list[dict[str, Any]]:
    """The mails that were planned, the newest last."""
    query = sa.select(tables.message.c.data).order_by(tables.message.c.id)
    with app.store.read() as connection:
        return list(connection.execute(query).scalars())


def link_in(app: App, page: str) -> str:
    """The path of the newest letter's link to a page."""
    for letter in reversed(letters(app)):
        if found := re.search(rf"{URL}(/{page}/[A-Za-z0-9_-]+)", letter["text"]):
            return found[1]
    raise AssertionError(f"no letter leads to {page}")


def everybody(app: App) -> list[Subscriber]:
    with app.store.read() as connection:
        return subscribers.listed(connection)


def token_of(app: App, reader: Subscriber) -> str:
    return tokens.mint(passes.keys(app)[0], "reader", reader.id)


def everything(app: App) -> dict[str, list[Any]]:
    """Every row of every table."""
    with app.store.read() as connection:
        return {
            name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for name, table in tables.metadata.tables.items()
        }


def news(app: App, *titles: str) -> None:
    ingest(app, *(entry(number, title=title) for number, title in enumerate(titles, 1)))


def fresh_link(app: App, reader: Subscriber) -> str:
    subscribe.request_link(app, reader.address, ip="192.0.2.1")
    return link_in(app, "preferences")
