"""A digest that was made, as it is looked at by tests."""

from __future__ import annotations

from typing import Any

from lxml import html as lxml_html

from distributor.model import Message
from distributor.rendering import Paper
from tests.rendering.newsroom import renderer

__all__ = ["RENDERER", "headings", "links", "mail", "titles", "tree"]

RENDERER = renderer()


def mail(given_paper: Paper) -> Message:
    message = RENDERER.digest(given_paper)
    assert message is not None
    return message


def tree(document: str) -> Any:
    return lxml_html.document_fromstring(document.encode(), parser=lxml_html.HTMLParser(encoding="utf-8"))


def titles(message: Message) -> list[str]:
    return [node.text_content() for node in tree(message.html).iter("h3")]


def headings(message: Message) -> list[str]:
    return [node.text_content() for node in tree(message.html).iter("h2")]


def links(document: str) -> list[str]:
    return [node.get("href") for node in tree(document).iter("a")]
