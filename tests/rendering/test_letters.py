"""The mails that a reader's own act brings about: each in each language, with its one link."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from distributor.errors import TemplateError
from distributor.model import Message
from distributor.rendering.inlining import inline
from distributor.rendering.letters import LETTERS
from distributor.rendering.speech import columns
from tests.rendering.newsroom import TOKEN, renderer

RENDERER = renderer()
URL = f"https://go.paper.example/c/{TOKEN}"
FACTS = {
    "url": URL,
    "hours": 48,
    "address": "ada@reader.example",
    "old": "ada@reader.example",
    "new": "ada@new.example",
    "choices": ["World News", "Business"],
}


def letter(name: str, language: str = "en", **facts: Any) -> Message:
    return RENDERER.letter(
        name, language=language, facts=FACTS | facts, sender="The Paper", postal_address="1 rue Haute, Paris"
    )


@pytest.mark.parametrize("language", ["en", "fr", "ar", "sv"])
@pytest.mark.parametrize("name", LETTERS)
def test_every_letter_is_written_in_every_language(name: str, language: str) -> None:
    message = letter(name, language)
    page = lxml_html.document_fromstring(message.html.encode())
    assert (page.get("lang"), page.get("dir")) == (language, "rtl" if language == "ar" else "ltr")
    assert 10 < len(message.subject) <= 90
    assert "mail." not in message.subject + message.text + page.text_content()
    assert "{" not in message.text + page.find("body").text_content()
    assert [node.get("href") for node in page.iter("a")] == ([] if name == "test" else [URL])
    assert (f"\n{URL}\n" in message.text) is (name != "test")
    assert len(list(page.iter("h1"))) == 1
    for line in message.text.split("\n"):
        assert columns(line) <= 72 or "://" in line
    assert "1 rue Haute, Paris" in message.text
    assert len(message.html.encode()) < 20_000


def test_a_confirmation_says_who_asked_for_what_and_how_long_it_holds() -> None:
    text = " ".join(letter("confirm").text.split())
    for words in ("ada@reader.example", "World News · Business", "works for 48 hours", "If that was not you"):
        assert words in text
    assert "works for 1 hour." in letter("confirm", hours=1).text


def test_a_move_names_both_addresses_to_both() -> None:
    for name in ("switch-old", "switch-new"):
        message = letter(name)
        assert "ada@reader.example" in message.text
        assert "ada@new.example" in message.html
    assert "stay where they are" in letter("switch-old").text


def test_a_test_needs_no_facts() -> None:
    message = RENDERER.letter("test", language="en", facts={})
    assert "It works" in message.html
    assert "href" not in message.html


def test_hostile_facts_are_words() -> None:
    message = letter(
        "confirm", url="javascript:alert(1)", address='<b onclick="x">a</b>\r\nBcc: x', choices=["<i>", "\u202e"]
    )
    page = lxml_html.document_fromstring(message.html.encode())
    assert not list(page.iter("b", "i", "a"))
    assert "\u202e" not in message.html
    assert "\r" not in message.text
    assert "javascript" not in message.html + message.text


def test_a_moment_among_the_facts_is_said_in_the_readers_language(tmp_path: Path) -> None:
    folder = tmp_path / "mail/confirm"
    folder.mkdir(parents=True)
    (folder / "subject.txt.j2").write_text('{{ facts.first|moment("date") }}, {{ facts.first|moment("time") }}')
    first = datetime(2026, 11, 24, 6, tzinfo=UTC)
    message = renderer(tmp_path).letter("confirm", language="fr", facts=FACTS | {"first": first})
    assert message.subject == "mardi 24 novembre 2026, 07:00"


def test_a_letter_that_is_not_there_or_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="welcome"):
        letter("welcome")
    with pytest.raises(TemplateError):
        letter("../digest")
    folder = tmp_path / "mail/test"
    folder.mkdir(parents=True)
    (folder / "body.txt.j2").write_text("\n{{ facts.nothing }}")
    with pytest.raises(TemplateError) as caught:
        renderer(tmp_path).letter("test", language="en", facts={})
    assert caught.value.where == f"{folder}/body.txt.j2:2"


def test_rules_are_written_into_elements_and_the_kept_ones_stay_where_they_are() -> None:
    page = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>a</title><!--[if mso]><xml></xml><![endif]-->
<style>p { color: #111111; } .b { color: #222222; }</style>
<style data-keep>@media (prefers-color-scheme: dark) { p { color: #eeeeee !important; } }</style>
<style data-keep>[data-ogsc] p { color: #eeeeee !important; }</style></head>
<body><p>a&nbsp;é</p><p class="b">b</p><!--[if mso]></td><![endif]--></body></html>"""
    done = inline(page)
    assert '<p style="color:#111111">a&nbsp;é</p>' in done
    assert '<p class="b" style="color:#222222">b</p>' in done
    assert done.count("<style>") == 2
    assert "@media (prefers-color-scheme: dark) { p { color: #eeeeee !important; } }" in done
    assert "[data-ogsc] p" in done
    assert done.count("<!--[if mso]>") == 2
    assert done.index("charset") < 100
    assert not re.search("data-keep|<!--kept", done)
