"""From a site's page to its feed: the page's own links first, then the addresses that systems use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin, urlsplit

from distributor.errors import SourceError, Unreachable, Unreadable
from distributor.sources import Get, Response, clean, prepare
from distributor.sources.canonical import same_site
from distributor.sources.parse import parse

__all__ = ["WELL_KNOWN", "FeedLink", "discover", "is_page", "links"]

WELL_KNOWN = (
    "/feed", "/feed/", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json", "/rss/",
    "/feeds/posts/default",
    "/?feed=rss2", "/rss/index.xml", "/index.rss", "/feed/rss", "/feed/atom",
    "/blog/feed", "/news/feed", "/blog/rss.xml",
    "/arc/outboundfeeds/rss/?outputType=xml", "/feed.rss", "/feed.atom",
)  # fmt: skip
MAX_PAGE = 2_000_000
MAX_TRIES = 25
_TYPES = {
    "application/rss+xml": 0,
    "application/atom+xml": 0,
    "application/feed+json": 1,
    "application/rdf+xml": 1,
    "application/json": 3,
    "application/xml": 3,
    "text/xml": 3,
}
_ELEMENT = re.compile(r"<(link|a|base)\b((?:[^<>\"']|\"[^\"]{0,4000}\"|'[^']{0,4000}'){0,400})>", re.I)
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|title)\b", re.I)
_HIDDEN = re.compile(r"<!--|<script\b|<style\b")
_ATTRIBUTE = re.compile(r"""([\w:-]{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_OTHER = re.compile(r"comment|kommentar|commentaire|comentario|/(?:category|tag|author|search)/|oembed|wp-json", re.I)
_FEED_PATH = re.compile(
    r"(?:^|[/._-])(?:rss\d?|feeds?|atom|index\.xml|feed\.json)(?:[/._?-]|$)|\.(?:rss|atom|rdf)(?:\?|$)", re.I
)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page names. `type` is its media type, '' for one that only looks like a feed."""

    url: str
    title: str = ""
    type: str = ""


def links(html: bytes, base_url: str) -> list[FeedLink]:
    """The feeds that a page names, the site's main feed first: comments and topics last."""
    text = prepare.decode(html[:MAX_PAGE])
    found: dict[str, tuple[int, FeedLink]] = {}
    base = base_url
    for position, (name, attributes) in enumerate(_elements(text)):
        if name == "base":
            base = clean.link(attributes.get("href", ""), base_url) or base
            continue
        weight, link = _candidate(name, attributes, base)
        if link is not None:
            known = found.get(link.url)
            if known is None or weight < known[0] // 100_000:
                found[link.url] = (weight * 100_000 + min(position, 99_999), link)
    return [link for _, link in sorted(found.values(), key=lambda one: one[0])][:100]


def is_page(body: bytes) -> bool:
    """Whether it looks like a web page: an empty answer or a broken feed names no other feed."""
    return _PAGE.search(body[:4_096]) is not None


def discover(url: str, get: Get) -> str:
    """The address of the feed of `url`, which is a feed itself, or a page that has one.

    Raises SourceError, whose hint lists what was tried; Unreachable where not even the page could be had.
    """
    page = get(url, None, max_bytes=prepare.MAX_BYTES)
    if not 200 <= page.status < 300:
        raise Unreachable(f"{url} answered {page.status}", status=page.status, hint="Check the address in a browser.")
    if _is_feed(page):
        return page.moved_to or url
    named = [link.url for link in links(page.body, page.url)]
    root = urljoin(page.url, "/")
    guesses = [urljoin(root, path) for path in WELL_KNOWN]
    if urlsplit(page.url).path.strip("/"):
        guesses = [page.url.partition("?")[0].rstrip("/") + "/feed", *guesses]
    tried = list(dict.fromkeys([*named[:10], *guesses]))[:MAX_TRIES]
    for address in tried:
        found = _feed_at(address, get)
        if found:
            return found
    raise SourceError(
        f"no feed found at {url}",
        hint=f"Give the feed's own address. Tried {len(tried)}: {', '.join(urlsplit(one).path for one in tried[:8])}",
    )


def _feed_at(address: str, get: Get) -> str:
    try:
        answer = get(address, None, max_bytes=prepare.MAX_BYTES)
    except SourceError:
        return ""
    return (answer.moved_to or address) if 200 <= answer.status < 300 and _is_feed(answer) else ""


def _is_feed(answer: Response) -> bool:
    try:
        parse(answer.body, content_type=answer.headers.get("content-type") or "", base_url=answer.url)
    except Unreadable:
        return False
    return True


def _visible(text: str) -> str:
    """Without comments, scripts and styles. One that is never closed hides the rest, as it does in a browser."""
    pieces, position, lowered = [], 0, text.lower()
    while found := _HIDDEN.search(lowered, position):
        pieces.append(text[position : found.start()])
        closing = "-->" if found[0] == "<!--" else f"</{found[0][1:]}"
        position = lowered.find(closing, found.end())
        if position < 0:
            return "".join(pieces)
        position += len(closing)
    return "".join([*pieces, text[position:]])


def _elements(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for found in _ELEMENT.finditer(_visible(text)):
        attributes = {n.lower(): unescape(a or b or c) for n, a, b, c in _ATTRIBUTE.findall(found[2])}
        yield found[1].lower(), attributes


def _candidate(name: str, attributes: dict[str, str], base: str) -> tuple[int, FeedLink | None]:
    """(weight, link): the lighter comes first."""
    url = clean.link(re.sub(r"^feed:(?://)?(?=https?:)", "", attributes.get("href", "").strip()), base)
    kind = attributes.get("type", "").partition(";")[0].strip().lower()
    rel = attributes.get("rel", "").lower().split()
    title = clean.line(attributes.get("title", ""))
    if not url:
        return 0, None
    other = 5 if _OTHER.search(f"{urlsplit(url).path} {title}") else 0
    if name == "link" and kind in _TYPES and {"alternate", "feed"} & set(rel):
        return _TYPES[kind] + other, FeedLink(url, title, kind)
    if name == "link" and "feed" in rel:
        return 2 + other, FeedLink(url, title, kind)
    if name == "a" and (kind in _TYPES or _FEED_PATH.search(urlsplit(url).path)):
        return (20 if same_site(url, base) else 40) + other, FeedLink(url, title, kind)
    return 0, None
