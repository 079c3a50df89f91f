"""Feeds that are not well-formed, read by feedparser, which guesses where XML parsers stop."""

from __future__ import annotations

import io
from typing import Any

from distributor.errors import Unreadable
from distributor.sources import clean
from distributor.sources.items import Builder, Item, ParsedFeed, language_tag, says_something
from distributor.sources.pictures import Picture

__all__ = ["read"]


def read(data: bytes, base: str) -> ParsedFeed:
    """The feed in UTF-8 `data`. Raises Unreadable where feedparser finds neither entries nor a feed."""
    import feedparser

    headers = {"content-type": "application/xml; charset=utf-8"} | (
        {"content-location": base} if clean.link(base) else {}
    )
    try:
        # A stream, never bytes or text: those feedparser may take for the name of a local file.
        found = feedparser.parse(
            io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
        return _feed(found, base)
    except Unreadable:
        raise
    except Exception as error:  # whatever a parser of broken documents stumbles over is the document's fault
        raise Unreadable(
            f"is too broken to be read ({type(error).__name__})", hint="Open it with a feed validator."
        ) from error


def _feed(found: Any, base: str) -> ParsedFeed:
    if not found.entries and not found.version:
        raise Unreadable("is no feed: neither RSS, Atom nor JSON Feed", hint="Give the address of its feed.")
    head = found.feed
    language = language_tag(head.get("language") or "")
    builder = Builder(base, language)
    links = head.get("links") or []
    atom = found.version.startswith("atom")
    entries = (builder.entry(_item(entry, atom)) for entry in found.entries[:1_000])
    return ParsedFeed(
        entries=tuple(entry for entry in entries if says_something(entry)),
        title=clean.title(head.get("title") or ""),
        language=language,
        site_url=clean.link(head.get("link") or "", base),
        hub=_by_rel(links, "hub"),
        self_url=_by_rel(links, "self"),
    )


def _by_rel(links: list[Any], rel: str) -> str:
    return next((clean.link(link.get("href", "")) for link in links if link.get("rel") == rel), "")


def _item(entry: Any, atom: bool) -> Item:
    detail = entry.get("title_detail") or {}
    html = True if "html" in detail.get("type", "") else False if atom else None
    content = [part.get("value", "") for part in entry.get("content") or []]
    summary = entry.get("summary") or ""
    return Item(
        guid=_text(entry, "id"),
        link=_text(entry, "link"),
        title=_text(entry, "title"),
        title_html=html,
        summary="" if content and summary == content[0] else summary,
        body=content[0] if content else "",
        social=_text(entry, "distributor_social"),
        words=[tag.get("label") or tag.get("term") or "" for tag in entry.get("tags") or []],
        author=_text(entry, "author"),
        pictures=_pictures(entry),
        language=_text(entry, "language") or detail.get("language") or "",
        published=_text(entry, "published"),
        updated=_text(entry, "updated") if "updated" in entry else "",
        created=_text(entry, "created"),
        comments=_text(entry, "slash_comments") or _text(entry, "thr_total"),
        breaking=bool(_text(entry, "distributor_breaking")),
        media_description=_text(entry, "media_description"),
    )


def _text(entry: Any, key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _pictures(entry: Any) -> list[Picture]:
    media = [(m.get("url", ""), 1, m.get("type", ""), m) for m in entry.get("media_content") or [] if _is_image(m)]
    media += [
        (link.get("href", ""), 1, link.get("type", ""), {}) for link in entry.get("enclosures") or [] if _is_image(link)
    ]
    media += [(m.get("url", ""), 2, "", m) for m in entry.get("media_thumbnail") or []]
    return [
        Picture(url, rank, "", kind, str(m.get("width", "")), str(m.get("height", ""))) for url, rank, kind, m in media
    ]


def _is_image(media: Any) -> bool:
    return media.get("medium") == "image" or str(media.get("type", "")).startswith("image/")
