"""The publisher's own page in a real browser, with scripts and frames from here: counted, styled, within bounds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from distributor import robots, sharing, upkeep, web
from distributor.context import App
from tests import servers
from tests.web.test_browser import ARGUMENTS, CONTRAST

from .conftest import PAGE, Noted, public

pytestmark = pytest.mark.server("chromium")

STORY = """<!doctype html><html lang="{language}" dir="{dir}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>A story</title><link rel="icon" href="data:,"><link rel="canonical" href="{page}">
<style>:root {{ color-scheme: light dark }} body {{ background: Canvas; color: CanvasText }}
a {{ color: hotpink !important; font-size: 40px }}</style></head>
<body><main><h1>A story</h1><div class="distributor-share"></div><div class="distributor-trending"></div>
<iframe title="Share" width="300" height="400" src="{here}/share?u={page}"></iframe></main>
<script src="{here}/share.js" async></script><script src="{here}/trending.js" async></script>
<script src="{here}/v.js" async></script></body></html>"""
SHADOW = "node => [...node.shadowRoot.querySelectorAll('a, button')].map((one) => one.textContent)"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=servers.program("chromium"), args=ARGUMENTS
        )
        try:
            yield found
        finally:
            found.close()


@pytest.fixture
def newsroom(app: App, noted: Noted) -> Iterator[tuple[str, str]]:
    """(the publisher's page, our address), on two origins."""
    upkeep.rank(app)
    with web.serve(public(app, noted), "127.0.0.1", 0) as ours:

        def story(request: Request) -> HTMLResponse:
            language = request.query_params.get("language", "en")
            direction = "rtl" if language == "ar" else "ltr"
            return HTMLResponse(STORY.format(language=language, dir=direction, page=PAGE, here=ours.url))

        with web.serve(Starlette(routes=[Route("/story", story)]), "127.0.0.1", 0) as site:
            yield f"{site.url}/story", ours.url


def until(noted: Noted, many: int) -> None:
    end = time.monotonic() + 5
    while len(noted.seen) < many and time.monotonic() < end:
        time.sleep(0.02)


def test_a_story_is_counted_once_it_is_seen_and_its_bar_works(
    context: Any, newsroom: tuple[str, str], noted: Noted
) -> None:
    story, ours = newsroom
    page = context.pages[0]
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(story)
    page.locator(".distributor-share button").wait_for()
    until(noted, 1)
    assert noted.told == [("views", 1, "site")]
    assert noted.seen[0].marks & robots.AGENT  # this browser is driven by a program, and says so
    names = [name for name in sharing.NETWORKS.values() if name]
    assert page.locator(".distributor-share").evaluate(SHADOW) == [*names, "Email", "Copy link"]
    link = page.locator(".distributor-share").get_by_role("link", name="Telegram")
    assert link.get_attribute("href") == f"{ours}/share/telegram?u=https%3A%2F%2Fpaper.example%2Farticles%2F1"
    # The publisher's own styles for links stay outside.
    assert link.evaluate("node => getComputedStyle(node).fontSize") == "15px"
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").first.click()
    page.get_by_text("The link is copied.").first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == PAGE
    until(noted, 2)
    assert noted.told[1:] == [("shares", 1, "copy")]
    assert len(page.locator(".distributor-trending").evaluate(SHADOW)) == 2
    assert context.cookies() == []
    assert wrong == []


def test_who_asks_not_to_be_followed_sends_nothing(context: Any, newsroom: tuple[str, str], noted: Noted) -> None:
    story, ours = newsroom
    page = context.pages[0]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })")
    page.goto(story)
    page.get_by_role("button", name="Copy link").first.click()
    page.get_by_text("The link is copied.").first.wait_for()
    assert f"{ours}/v" not in asked
    assert noted.seen == []


@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_overflows_and_all_of_it_can_be_read(context: Any, newsroom: tuple[str, str], language: str) -> None:
    story, ours = newsroom
    page = context.pages[0]
    pages = (
        f"{ours}/share?u={PAGE}&language={language}",
        f"{ours}/share/mastodon?u={PAGE}&language={language}&instance=x",
        f"{ours}/share/mastodon?u={PAGE}&language={language}&instance=mastodon.example",
        f"{ours}/trending?language={language}",
        f"{story}?language={language}",
    )
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (320, 1000):
            page.set_viewport_size({"width": width, "height": 800})
            for address in pages:
                page.goto(address)
                page.wait_for_load_state("networkidle")
                wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                assert page.evaluate(wide) <= 0, (address, width)
                assert page.evaluate(CONTRAST) == [], (address, scheme)
