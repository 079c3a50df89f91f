"""What hostile words, addresses and pictures cannot do to a digest."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor.model import Article, Image, Section
from tests.rendering.newsroom import article, paper
from tests.rendering.reading import RENDERER, links, mail, titles, tree

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7*7 }}{% raw %}",
    "</title></style><style>*{display:none}</style>",
    "<!--[if mso]><b>",
    "-->]]><![endif]-->",
    "a\u202egnp.exe\u2066\u2069",
    "line\r\nBcc: victim@example.com\u2028\x00\x85",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_words(words: str) -> None:
    bad = article(
        1, title=words, summary=words * 3, author=words, categories=(words,), image=Image("https://a.example/b", words)
    )
    sections = [Section("", (1,)), Section(words, (2,), (7,))]
    hostile = paper([bad, article(2)], sections, name=words, sender=words, postal_address=words)
    message = mail(hostile)
    clean = mail(
        paper(
            [article(1, image=Image("https://a.example/b", "Aaa")), article(2)],
            sections=[Section("", (1,)), Section("B", (2,), (7,))],
        )
    )
    for document in (message.html, RENDERER.edition_page(hostile)):
        page = tree(document)
        assert not list(page.iter("script"))
        assert not [name for node in page.iter() for name in node.keys() if name.startswith("on")]  # noqa: SIM118
        assert all(re.match(r"https?://", href) for href in links(document))
        assert not re.search("[\u202a-\u202e\u2066\u2067\x00\x85\u2028]", document)
    assert [node.tag for node in tree(message.html).iter("style", "b", "img")] == [
        node.tag for node in tree(clean.html).iter("style", "b", "img")
    ]
    assert not re.search(r"[\r\n\x00\x85\u2028\u202e]", message.subject)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "", "ftp://a.example/", "https://", "mailto:a@b.c"]
)
def test_a_story_without_a_web_address_is_told_without_a_link(url: str) -> None:
    message = mail(paper([article(1), article(2, url=url)]))
    assert titles(message)[1] == "Story number 2"
    assert all(href.startswith("https://") for href in links(message.html))
    sly = mail(paper([article(1)], tracked=lambda _: url))
    assert all(href.startswith("https://") for href in links(sly.html))


WORDS = st.text(max_size=60)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    title=WORDS,
    summary=WORDS,
    author=WORDS,
    section=WORDS,
    language=st.sampled_from(["en", "ar", "he", "xx", "../x", ""]),
)
def test_whatever_is_written_a_mail_is_made(title: str, summary: str, author: str, section: str, language: str) -> None:
    one: Article = article(1, title=title, summary=summary, author=author, language=language, categories=(section,))
    message = mail(paper([one, article(2)], [Section(section, (1, 2), (3,))], language=language or "en"))
    assert message.subject or not title.strip()
    assert "Story number 2" in unescape(message.html)
    assert "Story number 2" in message.text
    assert not list(tree(message.html).iter("script"))
