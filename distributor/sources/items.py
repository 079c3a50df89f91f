"""From what a feed's reader collected to an Entry: every format ends here, so that all are cleaned alike."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from distributor.model import Entry, Image
from distributor.sources import clean, dates, pictures

__all__ = ["Builder", "Item", "ParsedFeed", "language_tag"]

SUMMARY_LENGTH = 5_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_BREAKING = {"breaking", "breaking news", "breaking-news"}
# WordPress signs every excerpt; it is the site's voice, not the author's.
_SIGNATURE = re.compile(
    r"<p>\s*The post <a\b[^>]*>.{0,2000}?</a> (?:first appeared on|appeared first on) .{0,2000}?</p>\s*\Z", re.S
)


@dataclass
class Item:
    """One entry as collected: raw text, not trusted, not decoded. `title_html` None: the format does not say.

    `summary` and `body` are HTML. `published`, `updated` and `created` are dates as the source wrote them.
    """

    guid: str = ""
    link: str = ""
    title: str = ""
    title_html: bool | None = None
    summary: str = ""
    body: str = ""
    social: str = ""
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    author: str = ""
    pictures: list[pictures.Picture] = field(default_factory=list)
    language: str = ""
    published: str = ""
    updated: str = ""
    created: str = ""
    canonical: str = ""
    breaking: bool = False
    comments: str = ""
    base: str = ""
    # Taken where nothing better is said.
    lesser_summary: str = ""
    media_title: str = ""
    media_description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A whole feed, cleaned. `site_url`, `hub` and `self_url` are http(s) or ''; `deleted` are GUIDs (RFC 6721)."""

    entries: tuple[Entry, ...] = ()
    title: str = ""
    language: str = ""
    site_url: str = ""
    hub: str = ""
    self_url: str = ""
    ttl: timedelta | None = None
    deleted: tuple[str, ...] = ()


class Builder:
    """Makes the entries of one feed, with what it says for all of them."""

    def __init__(self, base: str, language: str = "") -> None:
        self.base = base
        self.language = language_tag(language)
        self._sanitize = clean.Sanitizer()

    def entry(self, item: Item) -> Entry:
        """The cleaned, bounded entry."""
        base = item.base or self.base
        url = clean.link(item.link, base)
        title = clean.title(item.title, html=item.title_html) or clean.title(item.media_title)
        published, updated = dates.parse(item.published), dates.parse(item.updated)
        summary, body = self._texts(item, base)
        words, tags = _terms(item.words), _terms(item.tags)
        return Entry(
            guid=_guid(item, url, title),
            url=url,
            title=title,
            summary=summary,
            social=_paragraphs(item.social, 5_000),
            body=body,
            words=words,
            tags=tags,
            author=clean.title(item.author, html=None)[:200],
            image=self._image(item, body, base),
            language=language_tag(item.language) or self.language,
            published_at=published or dates.parse(item.created) or updated,
            updated_at=updated if published else None,
            canonical=clean.link(item.canonical, base),
            breaking=item.breaking or any(word.casefold() in _BREAKING for word in words + tags),
            comments=_count(item.comments),
        )

    def _texts(self, item: Item, base: str) -> tuple[str, str]:
        """(summary, body). Where only a description is given, it is both."""
        raw_body = _unsigned(item.body or item.summary)
        raw_summary = _unsigned(item.summary or item.lesser_summary)
        body = self._sanitize(raw_body, base)
        if not raw_summary:
            return "", body
        summary = _paragraphs(clean.plain(raw_summary[: 20 * SUMMARY_LENGTH]), SUMMARY_LENGTH)
        return summary, body

    def _image(self, item: Item, body: str, base: str) -> Image | None:
        candidates = [*item.pictures, *pictures.in_html(body)]
        caption = clean.plain(item.media_description) or (item.media_title if item.media_title != item.title else "")
        return pictures.choose(candidates, base, caption if item.pictures else "")


def _unsigned(markup: str) -> str:
    return markup[:-5_000] + _SIGNATURE.sub("", markup[-5_000:]) if "appeared first on" in markup else markup


def says_something(entry: Entry) -> bool:
    """An entry without text, link or id of its own is a mistake of the feed's, not news."""
    return bool(entry.title or entry.url or entry.body or not entry.guid.startswith("sha256:"))


def language_tag(text: str) -> str:
    """A BCP 47 tag such as "fr" or "pt-BR", or '' for what is none."""
    tag = text[:40].strip().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else ""


def _guid(item: Item, url: str, title: str) -> str:
    """The source's own id; else the link; else a digest of title and date, the same each time the entry is seen."""
    own = clean.line(item.guid)
    if own and len(item.guid) <= clean.TITLE_LENGTH:
        return own
    if own or url:
        return (own and _digest(item.guid)) or url
    moment = dates.parse(item.published) or dates.parse(item.updated)
    return _digest(f"{title}\n{moment.isoformat() if isinstance(moment, datetime) else item.summary or item.body}")


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _terms(raw: list[str]) -> tuple[str, ...]:
    """Each word once, whatever its case, in order; at most 100."""
    terms: dict[str, str] = {}
    for text in raw[:1_000]:
        term = clean.title(text, html=None)[:200]
        if term:
            terms.setdefault(term.casefold(), term)
    return tuple(terms.values())[:100]


def _paragraphs(text: str, length: int) -> str:
    """Plain text whose paragraphs are kept: one line each."""
    lines = (clean.line(part, length) for part in clean.latin_mended(clean.readable(text)).split("\n"))
    joined = "\n".join(part for part in lines if part)
    return joined if len(joined) <= length else joined[: length - 1].rstrip() + "…"


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
