"""The readers' pages in a real browser: from the form to leaving, with and without script, in sizes and schemes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from distributor import web
from distributor.context import App
from tests import servers
from tests.desk import Clock
from tests.web.readers.conftest import everybody, fresh_link, link_in, news, token_of
from tests.web.test_browser import ARGUMENTS, CONTRAST

pytestmark = pytest.mark.server("chromium")


@pytest.fixture(params=["script", "plain"])
def page(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page of a new profile in Tokyo, once without JavaScript."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=servers.program("chromium"),
            args=ARGUMENTS,
            java_script_enabled=request.param == "script",
            timezone_id="Asia/Tokyo",
            locale="en-GB",
        )
        try:
            yield context.pages[0] if context.pages else context.new_page()
        finally:
            context.close()


def test_a_reader_subscribes_confirms_changes_and_leaves(
    app: App, page: Any, clock: Clock, request: pytest.FixtureRequest
) -> None:
    script = "script" in request.node.name
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    news(app, "The harbour opens")
    with web.serve(web.public_app(app), "127.0.0.1", 0) as server:
        page.goto(f"{server.url}/subscribe")
        assert page.locator("#timezone").input_value() == ("Asia/Tokyo" if script else "Europe/Paris")
        assert page.locator("#guessed").is_visible() == script
        assert not page.get_by_label("Business").is_visible()
        page.get_by_label("Everything").uncheck()
        page.get_by_label("Business").check()
        page.get_by_label("Your mail address").fill("jane@example.org")
        clock.forward(seconds=5)
        page.get_by_role("button", name="Subscribe").click()
        page.get_by_role("heading", name="Look into your mailbox").wait_for()

        page.goto(server.url + link_in(app, "confirm"))
        page.get_by_role("button", name="Confirm").click()
        page.get_by_role("heading", name="You are subscribed").wait_for()
        (reader,) = everybody(app)
        assert (reader.status, reader.categories) == ("active", ("Business",))
        edition = page.frame_locator("iframe")
        edition.get_by_role("heading", name="The harbour opens").wait_for()
        assert edition.locator("h1").evaluate("node => getComputedStyle(node).textAlign") == "center"

        page.get_by_role("link", name="Your settings").click()
        page.get_by_label("Once a week").check()
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Saved.").wait_for()
        assert everybody(app)[0].frequency == "weekly"

        page.goto(f"{server.url}/unsubscribe/{token_of(app, reader)}")
        page.get_by_role("button", name="Unsubscribe").click()
        page.get_by_role("heading", name="You are unsubscribed").wait_for()
        assert everybody(app)[0].status == "left"
    assert complaints == []


@pytest.mark.parametrize("page", ["script"], indirect=True)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_fits_and_can_be_read(
    app: App, page: Any, client: TestClient, ask: Callable[..., Any], language: str
) -> None:
    news(app, "The harbour opens")
    ask(language=language)
    confirm = link_in(app, "confirm")
    client.post(confirm)
    (reader,) = everybody(app)
    token = token_of(app, reader)
    paths = ["/subscribe", "/subscribe/form", "/link", "/archive", "/nowhere"]
    paths = [f"{path}?language={language}" for path in paths] + [f"/preferences/{token}", fresh_link(app, reader)]
    with web.serve(web.public_app(app), "127.0.0.1", 0) as server:
        for path in [*paths, f"/unsubscribe/{token}", confirm, f"/preferences/{token}/today"]:
            page.goto(server.url + path)
            assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                for width in (320, 768, 1440):
                    page.set_viewport_size({"width": width, "height": 900})
                    assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, scheme, width)
                assert page.evaluate(CONTRAST) == [], (path, scheme)
        page.goto(f"{server.url}/subscribe")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"


@pytest.mark.parametrize("page", ["script"], indirect=True)
def test_the_form_works_in_a_frame_of_another_site(app: App, page: Any, clock: Clock) -> None:
    with web.serve(web.public_app(app), "127.0.0.1", 0) as server:
        embedding = f'<!DOCTYPE html><title>x</title><iframe src="{server.url}/subscribe/form"></iframe>'
        publisher = Starlette(routes=[Route("/", lambda _request: HTMLResponse(embedding))])
        with web.serve(publisher, "127.0.0.1", 0) as other:
            page.goto(other.url)
            form = page.frame_locator("iframe")
            form.get_by_label("Your mail address").fill("jane@example.org")
            clock.forward(seconds=5)
            form.get_by_role("button", name="Subscribe").click()
            page.get_by_role("heading", name="Look into your mailbox").wait_for()
        assert page.url == f"{server.url}/subscribe"
    assert [reader.address for reader in everybody(app)] == ["jane@example.org"]
