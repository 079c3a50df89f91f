"""Mails and the edition's page as a browser shows them: no word too pale, nothing that runs over, headings in order."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from distributor.model import Image, Lane, Section
from tests import servers
from tests.rendering.newsroom import ARABIC, article, paper, renderer, sampled
from tests.rendering.test_letters import FACTS
from tests.web.test_browser import ARGUMENTS, CONTRAST

pytestmark = pytest.mark.server("chromium")

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung" * 2
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def documents() -> Mapping[str, str]:
    desk = renderer()
    made = {}
    for language in ("en", "fr", "ar"):
        morning = sampled(language)
        picture = Image("https://paper.example/a.jpg", "A boat", width=900, height=500)
        hard = paper(
            [
                article(
                    1, title=ARABIC, language="ar", lane=Lane.BREAKING, revision=2, image=picture, author="Ada " * 15
                ),
                article(2, title=LONG, summary=LONG, language="de", image=picture, author="ليلى حدّاد"),
            ],
            [Section("", (1,)), Section("Business", (2,), (3, 4))],
            language=language,
        )
        alert = paper(
            [article(1, lane=Lane.BREAKING, image=picture)], [Section("", (1,))], kind="alert", language=language
        )
        for name, one in (("digest", morning), ("hard", hard), ("alert", alert)):
            message = desk.digest(one)
            assert message is not None
            made[f"{name} {language}"] = message.html
        made[f"page {language}"] = desk.edition_page(morning)
        made[f"hard page {language}"] = desk.edition_page(hard)
        made[f"letter {language}"] = desk.letter("confirm", language=language, facts=FACTS).html
    return made


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page without a network: every picture is one dot."""
    from playwright.sync_api import sync_playwright

    profile: Path = tmp_path_factory.mktemp("profile")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=servers.program("chromium"), args=ARGUMENTS
        )
        context.route("**/*", lambda route: route.fulfill(status=200, content_type="image/png", body=PIXEL))
        try:
            yield context.pages[0] if context.pages else context.new_page()
        finally:
            context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_and_nothing_runs_over(browser: Any, documents: Mapping[str, str], scheme: str) -> None:
    """WCAG 2.2: contrast (1.4.3), reflow down to 320 pixels (1.4.10)."""
    browser.emulate_media(color_scheme=scheme)
    for name, document in documents.items():
        browser.set_content(document)
        assert browser.evaluate(CONTRAST) == [], name
        for width in (320, 360, 600, 800):
            browser.set_viewport_size({"width": width, "height": 800})
            assert browser.evaluate("document.documentElement.scrollWidth") <= width, (name, width)


def test_the_sheet_is_600_wide_and_in_the_middle(browser: Any, documents: Mapping[str, str]) -> None:
    browser.set_viewport_size({"width": 1000, "height": 800})
    for name in ("digest en", "digest ar", "letter en"):
        browser.set_content(documents[name])
        box = browser.locator(".sheet").bounding_box()
        assert (box["x"], box["width"]) == (200, 600), name


def test_headings_are_in_order_and_only_the_page_has_landmarks_of_its_own(
    browser: Any, documents: Mapping[str, str]
) -> None:
    for name, document in documents.items():
        browser.set_content(document)
        levels = browser.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(node => +node.tagName[1])")
        assert levels.count(1) == 1, name
        assert all(after - before <= 1 for before, after in pairwise(levels)), name
        tables = browser.evaluate("[...document.querySelectorAll('table')].map(node => node.getAttribute('role'))")
        assert set(tables) <= {"presentation"}, name
        assert browser.evaluate("[...document.images].every(node => node.hasAttribute('alt'))"), name


def test_right_to_left_puts_words_right_and_pictures_left(browser: Any, documents: Mapping[str, str]) -> None:
    browser.set_viewport_size({"width": 800, "height": 800})
    places = {}
    for language in ("en", "ar"):
        browser.set_content(documents[f"hard {language}"])
        picture = browser.locator(".pic").first.bounding_box()["x"]
        words = browser.locator(".side").first.bounding_box()["x"]
        places[language] = picture < words
        assert browser.locator(".next, .item").first.evaluate("node => getComputedStyle(node).direction") == (
            "rtl" if language == "ar" else "ltr"
        )
    assert places == {"en": False, "ar": True}
    foreign = browser.locator("h3", has_text="Donau")
    assert foreign.evaluate("node => getComputedStyle(node).direction") == "ltr"
    assert foreign.get_attribute("lang") == "de"
