"""JSON Feed 1 and 1.1 (https://www.jsonfeed.org/version/1.1/), read as forgivingly as RSS must be."""

from __future__ import annotations

import html
import json
from typing import Any

from distributor.errors import Unreadable
from distributor.sources import clean, prepare
from distributor.sources.items import Builder, Item, ParsedFeed, language_tag, says_something
from distributor.sources.pictures import Picture

__all__ = ["read"]


def read(body: bytes, content_type: str = "", base: str = "") -> ParsedFeed:
    """Raises Unreadable for what is not JSON, or JSON without a list of items."""
    data = _loaded(body, content_type)
    language = language_tag(_text(data, "language"))
    builder = Builder(base, language)
    items = [item for item in data.get("items") or [] if isinstance(item, dict)][: prepare.MAX_ITEMS]
    hubs = [hub for hub in _list(data, "hubs") if isinstance(hub, dict)]
    author = _authors(data)
    entries = (builder.entry(_item(item, author)) for item in items)
    return ParsedFeed(
        entries=tuple(entry for entry in entries if says_something(entry)),
        title=clean.title(_text(data, "title"), html=False),
        language=language,
        site_url=clean.link(_text(data, "home_page_url"), base),
        self_url=clean.link(_text(data, "feed_url"), base),
        hub=next((address for hub in hubs if (address := clean.link(_text(hub, "url"), base))), ""),
    )


def _loaded(body: bytes, content_type: str) -> dict[str, Any]:
    if len(body) > 2 * prepare.MAX_BYTES:
        raise Unreadable("is a JSON Feed of more than 10 MB", hint="Ask the publisher for a feed with fewer entries.")
    try:
        data = json.loads(
            prepare.decode(body, content_type).lstrip("\ufeff \t\r\n\0"), parse_constant=lambda _: None, parse_int=str
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable("begins like JSON, but is none", hint="Open it with a JSON validator.") from error
    if not isinstance(data, dict) or not isinstance(data.get("items", []), list):
        raise Unreadable("is JSON, but no JSON Feed: there is no list of items", hint="See https://www.jsonfeed.org.")
    if "items" not in data and "jsonfeed" not in _text(data, "version"):
        raise Unreadable("is JSON, but no JSON Feed: there is no list of items", hint="See https://www.jsonfeed.org.")
    return data


def _item(item: dict[str, Any], feed_author: str) -> Item:
    extension = item.get("_distributor")
    ours = extension if isinstance(extension, dict) else {}
    text, markup, summary = _text(item, "content_text"), _text(item, "content_html"), _text(item, "summary")
    return Item(
        guid=_text(item, "id"),
        link=_text(item, "url")
        or _text(item, "external_url")
        or (_text(item, "id") if "://" in _text(item, "id") else ""),
        title=_text(item, "title"),
        title_html=False,
        summary=html.escape(summary, quote=False),
        body=markup or html.escape(text, quote=False).replace("\n\n", "<br><br>"),
        social=_text(ours, "social"),
        breaking=ours.get("breaking") is True,
        words=[word for word in _list(item, "tags") if isinstance(word, str)],
        author=_authors(item) or feed_author,
        pictures=_pictures(item),
        language=_text(item, "language"),
        published=_text(item, "date_published"),
        updated=_text(item, "date_modified"),
        comments=_text(ours, "comments"),
    )


def _pictures(item: dict[str, Any]) -> list[Picture]:
    found = [Picture(_text(item, "image"), 0), Picture(_text(item, "banner_image"), 1)]
    attached = [a for a in _list(item, "attachments") if isinstance(a, dict)]
    found += [
        Picture(_text(a, "url"), 1, _text(a, "title"), _text(a, "mime_type"))
        for a in attached
        if _text(a, "mime_type").startswith("image/")
    ]
    return [picture for picture in found if picture.url]


def _authors(data: dict[str, Any]) -> str:
    """Version 1.1 has `authors`, version 1 `author`."""
    people = [*_list(data, "authors"), data.get("author")]
    names = [_text(person, "name") for person in people if isinstance(person, dict)]
    return ", ".join(dict.fromkeys(name for name in names if name))


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value[:1_000] if isinstance(value, list) else []


def _text(data: dict[str, Any], key: str) -> str:
    """A string; a number as one, since ids and dates come as numbers too."""
    value = data.get(key)
    return value if isinstance(value, str) else str(value) if isinstance(value, float) else ""
