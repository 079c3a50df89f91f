"""The share bar, the Mastodon page and the trending list before html-validate and axe, from the npm registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from distributor import sharing, upkeep, web
from distributor.context import App
from tests.desk import entry, ingest, make_app
from tests.real.mail_html import check
from tests.web.audience.conftest import PAGE, SETTINGS, Noted, public

Look = Callable[[str], list[tuple[str, str]]]

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    app = make_app(SETTINGS, tmp_path_factory.mktemp("app"))
    ingest(app, entry(1, title='Tea & "sympathy" <b>', words=("business",)))
    ingest(app, entry(2, title="قرية عين الرمان", language="ar", words=("science",)))
    upkeep.rank(app)
    return app


PATHS = [
    f"{path}&language={language}"
    for language in ("en", "fr", "ar")
    for path in (
        f"/share?u={PAGE}",
        f"/share/mastodon?u={PAGE}",
        f"/share/mastodon?u={PAGE}&instance=x",
        f"/share/mastodon?u={PAGE}&instance=mastodon.example",
        "/trending?limit=5",
        "/trending/business?limit=5",
        "/trending/world-news?limit=5",
        "/trending/nowhere?limit=5",
    )
]


def test_html_validate_finds_nothing(app: App, modules: Path, tmp_path: Path) -> None:
    client = TestClient(public(app, Noted()), base_url="https://go.paper.example")
    for number, path in enumerate(PATHS):
        (tmp_path / f"page-{number}.html").write_text(client.get(path).text)
    snippet = sharing.snippet("https://go.paper.example", PAGE, "Share this post on", "Email")
    style, _, bar = snippet.partition("\n")
    head = f"<head>\n<title>A story</title>\n{style}\n</head>"
    page = f'<!DOCTYPE html>\n<html lang="en">\n{head}\n<body>\n{bar}</body>\n</html>\n'
    (tmp_path / f"page-{len(PATHS)}.html").write_text(page)
    told = check(modules, tmp_path)
    assert len(told) == len(PATHS) + 1
    names = [*PATHS, "snippet"]
    assert {names[int(name[5:-5])]: one["invalid"] for name, one in told.items() if one["invalid"]} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(app: App, browser: Any, violations: Look, scheme: str) -> None:
    browser.emulate_media(color_scheme=scheme)
    with (
        web.serve(public(app, Noted()), "127.0.0.1", 0) as server,
        web.serve(web.admin_app(app), "127.0.0.1", 0) as staff,
    ):
        for width in (320, 1000):
            browser.set_viewport_size({"width": width, "height": 900})
            for address in [*(server.url + path for path in PATHS), f"{staff.url}/"]:
                assert violations(address) == [], (address, width)
