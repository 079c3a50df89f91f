"""OPML 2.0 (http://opml.org/spec2.opml): the lists in which feed readers keep their subscriptions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from distributor.errors import Unreadable
from distributor.sources import clean, prepare

__all__ = ["Outline", "read", "write"]

MAX_OUTLINES = 10_000


@dataclass(frozen=True, slots=True)
class Outline:
    """One subscription. `category` is its folder, folders in folders joined by "/"."""

    title: str
    xml_url: str
    html_url: str = ""
    category: str = ""


def read(body: bytes) -> list[Outline]:
    """The subscriptions, each address once, at most 10,000. Raises Unreadable for what is no OPML."""
    from distributor.sources.parse import tree

    if not body.strip():
        raise Unreadable("the OPML file is empty")
    root = tree(prepare.prepare(body)) if len(body) <= prepare.MAX_BYTES else None
    if root is None or str(root.tag).rpartition("}")[2].lower() != "opml":
        raise Unreadable("is no OPML", hint="Export the list again as OPML; its first element must be <opml>.")
    found: dict[str, Outline] = {}
    pending: list[tuple[Any, str]] = [(element, "") for element in reversed(list(root)) if _is(element, "body")]
    while (
        pending and len(found) < MAX_OUTLINES
    ):  # a stack of our own: folders may be nested deeper than Python may call
        element, folder = pending.pop()
        attributes = {name.lower(): value for name, value in element.items()}
        title = clean.line(attributes.get("title") or attributes.get("text") or "")
        address = clean.link(attributes.get("xmlurl", "").strip().removeprefix("feed:"))
        if address:
            category = folder or clean.line(attributes.get("category", "").strip("/"))
            found.setdefault(
                address, Outline(title or address, address, clean.link(attributes.get("htmlurl", "")), category)
            )
        inner = folder if _is(element, "body") or address else f"{folder}/{title}".strip("/")
        pending += [(child, inner[:1_000]) for child in reversed(list(element)) if _is(child, "outline")]
    return list(found.values())


def write(outlines: Iterable[Outline], title: str = "distributor") -> bytes:
    """An OPML 2.0 file in UTF-8, one folder a category, in the order given."""
    folders: dict[str, list[Outline]] = {}
    for outline in outlines:
        folders.setdefault(outline.category, []).append(outline)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<opml version="2.0">']
    lines += [f"<head><title>{_escaped(title)}</title></head>", "<body>"]
    for category, members in folders.items():
        inner = [f"  {_outline(member)}" for member in members]
        lines += [f"<outline text={_quoted(category)}>", *inner, "</outline>"] if category else inner
    return "\n".join([*lines, "</body>", "</opml>", ""]).encode()


def _outline(outline: Outline) -> str:
    home = f" htmlUrl={_quoted(outline.html_url)}" if outline.html_url else ""
    name = _quoted(outline.title)
    return f'<outline type="rss" text={name} title={name} xmlUrl={_quoted(outline.xml_url)}{home}/>'


def _quoted(text: str) -> str:
    return quoteattr(clean.line(text, 4_000))


def _escaped(text: str) -> str:
    return _quoted(text)[1:-1].replace("'", "&apos;") if text else ""


def _is(element: Any, name: str) -> bool:
    return str(element.tag).rpartition("}")[2].lower() == name
