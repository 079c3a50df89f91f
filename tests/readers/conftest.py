"""A paper with readers: two digests, alerts, letters that wait in the ledger, a clock that stands still."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from distributor import subscribe
from distributor.context import App
from distributor.model import Message, Subscriber
from distributor.store import ledger, subscribers
from distributor.subscribe import Ask
from tests.desk import Clock, make_app, rows

SETTINGS = """
secret_key = "0123456789abcdef0123456789abcdef"
[site]
name = "The Paper"
timezone = "Europe/Paris"
public_url = "https://paper.example"
postal_address = "1 rue Haute, Paris"
categories = ["World News", "Business", "Sports"]
data = "data"
[mail]
from = "The Paper <news@paper.example>"
[digests.daily]
hour = 7
[digests.weekly]
frequency = "weekly"
[subscribers]
languages = ["en", "fr"]
"""
JANE = "jane@reader.example"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribe, "EVEN", 0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Callable[[str], App]:
    return lambda text: make_app(text, tmp_path, clock=clock)


@pytest.fixture
def app(make: Callable[[str], App]) -> App:
    return make(SETTINGS)


def wish(address: str = JANE, **changes: object) -> Ask:
    return Ask(**({"address": address, "categories": ("Business",), "language": "en"} | changes))  # type: ignore[arg-type]


def ask(app: App, address: str = JANE, **changes: object) -> None:
    subscribe.ask(app, wish(address, **changes), ip="192.0.2.7", source="https://paper.example/subscribe")


def letters(app: App) -> list[Message]:
    """What was written to readers, oldest first."""
    with app.store.read() as connection:
        found = [ledger.message(connection, row.message_id) for row in rows(app, "letters")]
    return [message for message, _ in filter(None, found)]


def token(message: Message) -> str:
    """That of the letter's link."""
    (found,) = set(re.findall(r"https://paper\.example/[a-z]+/([A-Za-z0-9_-]+)", message.text))
    return str(found)


def join(app: App, address: str = JANE, **changes: object) -> Subscriber:
    """A reader who asked and confirmed."""
    ask(app, address, **changes)
    done = subscribe.confirm(app, token(letters(app)[-1]), ip="192.0.2.7")
    assert done is not None
    return done.subscriber


def find(app: App, address: str = JANE) -> Subscriber | None:
    with app.store.read() as connection:
        return subscribers.by_address(connection, address)


def acts(app: App, reader: Subscriber) -> list[str]:
    with app.store.read() as connection:
        return [one.act for one in subscribers.consents(connection, reader.id)]
