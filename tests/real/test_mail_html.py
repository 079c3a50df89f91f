"""Our mails before html-validate, caniemail and axe, from the npm registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from distributor.model import Lane, Section
from tests.real.mail_html import check
from tests.rendering.newsroom import article, monster, paper, renderer, sampled
from tests.rendering.test_letters import FACTS, LETTERS

Look = Callable[[str], list[tuple[str, str]]]

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

# What a program may lack and still show a good mail, and why:
BETTER = {
    # the kept style sheet: dark mode and small screens. Everything else stands in attributes.
    "@media",
    "<style> element",
    "!important keyword",
    "Attribute selector",
    "Chaining selectors",
    "Class selector",
    "Descendant combinator",
    "Type selector",
    "word-break",  # also there: a word of a hundred letters
    "<body> element",  # its ground is on the table within it too
    "display:none",  # the preheader is then seen
    "height property",  # said of `line-height`: no mail has a height
    "lang attribute",
    "role attribute",  # tables are then told as tables
    "text-decoration",  # links are then underlined
    "width attribute",  # the style attribute has it too, or max-width holds it
}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every kind of mail and page in every shipped language."""
    folder, desk = tmp_path_factory.mktemp("documents"), renderer()
    for language in ("en", "fr", "ar"):
        morning = sampled(language)
        first = next(iter(morning.articles.values()))
        alert = paper([first], [Section("", (first.id,))], kind="alert", language=language)
        bare = paper([article(1, url="", summary="", author="", lane=Lane.BREAKING, revision=2)], language=language)
        for name, one in {"digest": morning, "alert": alert, "bare": bare, "monster": monster(12, 20)}.items():
            message = desk.digest(one)
            assert message
            (folder / f"mail-{name}-{language}.html").write_text(message.html)
        for name in LETTERS:
            message = desk.letter(
                name, language=language, facts=FACTS, sender="The Paper", postal_address="1 rue Haute"
            )
            (folder / f"mail-{name}-{language}.html").write_text(message.html)
        (folder / f"page-{language}.html").write_text(desk.edition_page(morning))
    return folder


@pytest.fixture(scope="module")
def told(modules: Path, documents: Path) -> Mapping[str, Any]:
    return check(modules, documents)


def test_html_validate_finds_nothing(told: Mapping[str, Any]) -> None:
    assert len(told) == 30
    assert {name: one["invalid"] for name, one in told.items() if one["invalid"]} == {}


def test_mail_programs_know_what_our_mails_need(told: Mapping[str, Any]) -> None:
    for name, one in told.items():
        if name.startswith("mail-"):
            assert set(one["unsupported"]) <= BETTER, (name, one["unsupported"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, violations: Look, documents: Path, scheme: str) -> None:
    browser.emulate_media(color_scheme=scheme)
    browser.context.route("http*://**", lambda route: route.abort())
    for width in (360, 800):
        browser.set_viewport_size({"width": width, "height": 900})
        for path in sorted(documents.glob("*.html")):
            assert violations(path.as_uri()) == [], (path.name, width)
