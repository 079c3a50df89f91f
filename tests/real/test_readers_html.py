"""The readers' pages before html-validate and axe, from the npm registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from distributor import web
from distributor.context import App
from distributor.model import Choice, Edition, Section
from distributor.store import editions, subscribers
from tests.desk import Clock, make_app
from tests.real.mail_html import check
from tests.web.readers.conftest import SETTINGS, Form, everybody, fresh_link, link_in, news, token_of

DUPLICATE = "form-dup-name"

Look = Callable[[str], list[tuple[str, str]]]

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    return make_app(SETTINGS, tmp_path_factory.mktemp("app"))


@pytest.fixture(scope="module")
def paths(app: App) -> list[str]:
    """Every page that can be shown, in three languages."""
    news(app, "The harbour opens", "A second story")
    now = app.clock()
    with app.store.write() as connection:
        made = Edition(
            digest="daily",
            choice=Choice(),
            slot=now,
            since=now,
            until=now,
            sections=(Section("Business", (1, 2)),),
            made_at=now,
        )
        editions.make(connection, made, choice=subscribers.choice_id(connection, Choice()), archive=True)
    found = []
    client = TestClient(web.public_app(app), base_url="https://go.paper.example")
    for language in ("en", "fr", "ar"):
        query = f"?language={language}"
        form = Form(client.get(f"/subscribe{query}").text)
        assert isinstance(app.clock, Clock)
        app.clock.forward(seconds=5)
        client.post("/subscribe", data=form.fields | {"address": [f"{language}@example.org"]})
        confirm = link_in(app, "confirm")
        client.post(confirm)
        reader = next(one for one in everybody(app) if one.address.startswith(language))
        token, fresh = token_of(app, reader), fresh_link(app, reader)
        found += [f"{path}{query}" for path in ("/subscribe", "/subscribe/form", "/link", "/archive", "/nowhere")]
        found += [
            confirm,
            fresh,
            f"/preferences/{token}?fewer=1",
            f"/preferences/{token}/today",
            f"/unsubscribe/{token}",
        ]
    return found


def test_html_validate_finds_nothing(app: App, paths: list[str], modules: Path, tmp_path: Path) -> None:
    client = TestClient(web.public_app(app), base_url="https://go.paper.example")
    for number, path in enumerate(paths):
        (tmp_path / f"page-{number}.html").write_text(client.get(path).text)
    told = check(modules, tmp_path)
    assert len(told) == len(paths)
    # Boxes of one question share a name (HTML, 4.10.18.1); the rule knows only names that end in [].
    wrong = {
        paths[int(name[5:-5])]: [line for line in one["invalid"] if DUPLICATE not in line] for name, one in told.items()
    }
    assert {path: lines for path, lines in wrong.items() if lines} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(app: App, paths: list[str], browser: Any, violations: Look, scheme: str) -> None:
    browser.emulate_media(color_scheme=scheme)
    with web.serve(web.public_app(app), "127.0.0.1", 0) as server:
        for width in (320, 1024):
            browser.set_viewport_size({"width": width, "height": 900})
            for path in paths:
                assert violations(server.url + path) == [], (path, width)
