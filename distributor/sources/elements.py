"""The elements of an entry, whatever the format: each handler takes one element into the Item."""

# ruff: noqa: ARG001 (every handler is called with the same three, whether it needs them or not)

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distributor.sources import clean
from distributor.sources.items import Item
from distributor.sources.names import short
from distributor.sources.pictures import Picture

__all__ = ["Scope", "attribute", "collect", "link_text", "markup", "resolved", "text_of", "title"]

_HTML_TYPES = {"text/html", "html", "application/xhtml+xml", "xhtml", ""}
_REFERENCE = re.compile(r"&([A-Za-z0-9_]+);")
_PREFIXED = re.compile(r"<(/?)[A-Za-z_][\w.-]*:")
_PERSON = re.compile(r"\S+@\S+\s*\((.+)\)|(.+?)\s*<\S+@\S+>")
_XML = "{http://www.w3.org/XML/1998/namespace}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_NAMES = {"xml:lang": (f"{_XML}lang", "lang"), "rdf:about": (f"{_RDF}about",), "rdf:resource": (f"{_RDF}resource",)}
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:\?|$)", re.I)


@dataclass(frozen=True)
class Scope:
    """What an element cannot say by itself. `base` is the feed's address; `has_bases`: some xml:base is set."""

    atom: bool
    base: str
    has_bases: bool

    def base_of(self, element: Any) -> str:
        return clean.link(element.base or "", self.base) or self.base if self.has_bases else self.base


def collect(parent: Any, item: Item, scope: Scope) -> None:
    """Every child of `parent` that means something goes into `item`."""
    for element in parent:
        handler = _HANDLERS.get(short(element.tag, element.prefix))
        if handler is not None:
            handler(element, item, scope)


def attribute(element: Any, name: str) -> str:
    return next((value for key in _NAMES[name] if (value := element.get(key))), "")


def text_of(element: Any) -> str:
    """The element's text and that of all below it, stripped."""
    text: str = element.text or "" if not len(element) else "".join(element.itertext())
    return text.strip()


def link_text(element: Any) -> str:
    """An address as text. Some feeds escape it twice (feedparser's repair)."""
    return _REFERENCE.sub(r"&\1", text_of(element).replace("&amp;", "&"))


def resolved(element: Any, address: str, scope: Scope) -> str:
    return clean.link(address, scope.base_of(element)) or address


def markup(element: Any, scope: Scope) -> str:
    """The element's content as HTML, whether it is escaped, in CDATA, XHTML, plain text or base64."""
    kind = element.get("type", "").lower()
    if len(element):
        return _inner(element)
    text = text_of(element)
    if element.get("mode") == "base64" or (
        scope.atom and "/" in kind and not kind.startswith("text/") and "xml" not in kind
    ):
        text = _from_base64(text)
    if kind in {"text", "text/plain"} or (kind == "" and scope.atom):
        return text if clean.is_html(text) else html.escape(text, quote=False)
    return text


def title(element: Any, scope: Scope) -> tuple[str, bool | None]:
    """(raw title, whether it is HTML; None: the format does not say). Atom says it by `type`, RSS does not."""
    kind = element.get("type", "").lower()
    if len(element):
        return _inner(element), True
    text = text_of(element)
    if element.get("mode") == "base64":
        text = _from_base64(text)
    if kind in {"html", "text/html", "xhtml", "application/xhtml+xml"}:
        return text, True
    return text, False if scope.atom else None


def _inner(element: Any) -> str:
    from lxml import etree

    parts = [html.escape(element.text or "", quote=False)]
    parts += [etree.tostring(child, encoding="unicode") for child in element]
    return _PREFIXED.sub(r"<\1", "".join(parts)).strip()


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except (binascii.Error, ValueError):
        return text


def _guid(element: Any, item: Item, scope: Scope) -> None:
    guid = text_of(element)
    permanent = next((v for k, v in element.items() if k.lower() == "ispermalink"), "true") == "true"
    item.guid = resolved(element, guid, scope) if permanent and scope.has_bases else guid
    if permanent and not item.link and "/" in guid:
        item.link = resolved(element, guid, scope)


def _link(element: Any, item: Item, scope: Scope) -> None:
    rel = element.get("rel", "alternate").lower()
    kind = element.get("type", "").lower()
    href = element.get("href") or element.get("url") or attribute(element, "rdf:resource")
    address = resolved(element, href, scope) if href else resolved(element, link_text(element), scope)
    if rel == "alternate" and address and (kind in _HTML_TYPES or not item.link):
        item.link = address
    elif rel == "enclosure" and (kind.startswith("image/") or (not kind and _IMAGE_FILE.search(address))):
        item.pictures.append(Picture(address, 1, element.get("title", ""), kind))
    elif rel == "canonical":
        item.canonical = address
    elif rel == "replies":
        counts = [value for key, value in element.items() if key.endswith("count")]
        item.comments = item.comments or (counts[0] if counts else "")


def _title(element: Any, item: Item, scope: Scope) -> None:
    if not item.title:
        item.title, item.title_html = title(element, scope)


def _media_title(element: Any, item: Item, scope: Scope) -> None:
    item.media_title = text_of(element) or item.media_title


def _description(element: Any, item: Item, scope: Scope) -> None:
    content = markup(element, scope)
    if not item.summary:
        item.summary = content
    elif not item.body and content != item.summary:
        item.body = content


def _lesser_description(element: Any, item: Item, scope: Scope) -> None:
    item.lesser_summary = item.lesser_summary or markup(element, scope)


def _content(element: Any, item: Item, scope: Scope) -> None:
    if not element.get("src"):
        item.body = markup(element, scope) or item.body


def _author(element: Any, item: Item, scope: Scope) -> None:
    names = [text_of(child) for child in element if short(child.tag, child.prefix).endswith("name")]
    text = names[0] if names else text_of(element) if not len(element) else ""
    person = _PERSON.fullmatch(text)
    name = next((part for part in person.groups() if part), text) if person else text
    if name and "@" not in name and name not in item.author.split(", "):
        item.author = f"{item.author}, {name}" if item.author else name


def _lesser_author(element: Any, item: Item, scope: Scope) -> None:
    if not item.author:
        _author(element, item, scope)


def _category(element: Any, item: Item, scope: Scope) -> None:
    scheme = (element.get("scheme") or element.get("domain") or "").lower()
    word = element.get("label") or element.get("term") or text_of(element)
    if not word or scheme.endswith("#kind"):
        return
    (item.tags if scheme.endswith(("tag", "tags")) else item.words).append(word)


def _keywords(element: Any, item: Item, scope: Scope) -> None:
    item.tags += text_of(element).split(",")


def _media_content(element: Any, item: Item, scope: Scope) -> None:
    """Media RSS 1.5.1: `medium` or `type` says what it is; title, description and thumbnail may stand inside."""
    inner = Item(base=item.base)
    collect(element, inner, scope)
    url, kind = element.get("url", ""), element.get("type", "").lower()
    medium = element.get("medium", "").lower()
    if url and (
        medium == "image" or kind.startswith("image/") or (not medium and not kind and _IMAGE_FILE.search(url))
    ):
        alt = clean.plain(inner.media_description) or inner.media_title
        rank = 0 if element.get("isDefault") == "true" else 1
        item.pictures.append(Picture(url, rank, alt, kind, element.get("width", ""), element.get("height", "")))
    item.pictures += inner.pictures
    item.media_title = item.media_title or inner.media_title
    item.tags += inner.tags


def _media_group(element: Any, item: Item, scope: Scope) -> None:
    """A group describes one thing: a picture in several sizes, or a film, of which only a thumbnail is a picture."""
    before = len(item.pictures)
    collect(element, item, scope)
    if item.media_description and all(picture.rank == 2 for picture in item.pictures[before:]):
        item.lesser_summary = item.lesser_summary or html.escape(item.media_description, quote=False)
        item.media_description = ""


def _media_description(element: Any, item: Item, scope: Scope) -> None:
    item.media_description = item.media_description or text_of(element)


def _thumbnail(element: Any, item: Item, scope: Scope) -> None:
    item.pictures.append(
        Picture(element.get("url") or text_of(element), 2, "", "", element.get("width", ""), element.get("height", ""))
    )


def _enclosure(element: Any, item: Item, scope: Scope) -> None:
    url, kind = element.get("url", ""), element.get("type", "").lower()
    if kind.startswith("image/") or (not kind and _IMAGE_FILE.search(url)):
        item.pictures.append(Picture(url, 1, "", kind))


def _image(element: Any, item: Item, scope: Scope) -> None:
    """<itunes:image href>, <webfeeds:cover image>, <image><url>, <image>address</image>."""
    inner = {short(child.tag, child.prefix): text_of(child) for child in element}
    url = element.get("href") or element.get("image") or element.get("url") or inner.get("url") or text_of(element)
    item.pictures.append(
        Picture(url, 1, inner.get("title", ""), width=inner.get("width", ""), height=inner.get("height", ""))
    )


def _set(field: str) -> Callable[[Any, Item, Scope], None]:
    def take(element: Any, item: Item, scope: Scope) -> None:
        setattr(item, field, text_of(element) or getattr(item, field))

    return take


def _breaking(element: Any, item: Item, scope: Scope) -> None:
    item.breaking = text_of(element).lower() not in {"false", "no", "0"}


def _canonical(element: Any, item: Item, scope: Scope) -> None:
    item.canonical = link_text(element)


_HANDLERS: dict[str, Callable[[Any, Item, Scope], None]] = {
    **dict.fromkeys(("guid", "id"), _guid),
    **dict.fromkeys(("link", "atom:link"), _link),
    **dict.fromkeys(("title", "dc:title"), _title),
    "media:title": _media_title,
    **dict.fromkeys(("description", "summary", "abstract"), _description),
    **dict.fromkeys(("dc:description", "itunes:summary", "itunes:subtitle", "dcterms:abstract"), _lesser_description),
    **dict.fromkeys(("content", "content:encoded", "xhtml:body", "body", "fullitem"), _content),
    **dict.fromkeys(("author", "dc:creator", "dc:author"), _author),
    "itunes:author": _lesser_author,
    **dict.fromkeys(("category", "dc:subject"), _category),
    **dict.fromkeys(("keywords", "media:keywords", "itunes:keywords", "tags"), _keywords),
    **dict.fromkeys(("pubdate", "published", "issued", "dcterms:issued"), _set("published")),
    **dict.fromkeys(("updated", "modified", "lastbuilddate", "dc:date", "dcterms:modified"), _set("updated")),
    **dict.fromkeys(("created", "dcterms:created"), _set("created")),
    **dict.fromkeys(("language", "dc:language", "dcterms:language"), _set("language")),
    **dict.fromkeys(("slash:comments", "thr:total"), _set("comments")),
    "media:content": _media_content,
    "media:group": _media_group,
    "media:description": _media_description,
    "media:thumbnail": _thumbnail,
    "enclosure": _enclosure,
    **dict.fromkeys(("image", "itunes:image", "webfeeds:cover", "webfeeds:featuredimage"), _image),
    "feedburner:origlink": _canonical,
    "distributor:social": _set("social"),
    "distributor:breaking": _breaking,
}
