"""Feeds of every format, from bytes to entries.

    JSON Feed                   our own reader
    XML                         lxml
    XML that is not well-formed mended, then lxml; where that fails too, feedparser
    what looks hostile          the same in a child process with limits (confined.py); so is what is broken and large

Tried: fastfeedparser first. It is quicker, but leaves out what we need (xml:base, schemes of categories, tombstones,
comment counts, an editor's own elements) and disagrees with feedparser more often: see benchmarks/parsing.py.
"""

from __future__ import annotations

from typing import Any

from distributor.errors import Unreadable
from distributor.sources import prepare
from distributor.sources.items import ParsedFeed
from distributor.sources.names import short
from distributor.sources.prepare import Prepared

__all__ = ["ParsedFeed", "parse", "parse_here", "tree"]

TAME_BYTES = 100_000
_TOO_MUCH = "If it is meant well, ask the publisher for a feed with fewer or simpler entries."
_HINTS = {
    "html": "Give the address of its feed, or let `distributor sources add` discover it from the page.",
    "opml": "Import it: distributor sources import-opml FILE",
    "urlset": "A sitemap lists pages; look for the site's RSS, Atom or JSON feed.",
    "sitemapindex": "A sitemap lists pages; look for the site's RSS, Atom or JSON feed.",
}


def parse(body: bytes, *, content_type: str = "", base_url: str = "") -> ParsedFeed:
    """The entries of a feed in the feed's order, at most 1,000, each cleaned and bounded (see model.Entry).

    `content_type` is the HTTP header, for its charset; `base_url` the address that relative links start from.
    A feed without entries is a feed. Raises Unreadable, and nothing else.
    """
    if not body.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise Unreadable("is empty", hint="The server answered without a body; it is tried again at the next poll.")
    if _is_json(body):
        from distributor.sources import jsonfeed

        return jsonfeed.read(body, content_type, base_url)
    prepared = prepare.prepare(body, content_type)
    if prepare.looks_hostile(prepared):
        return _confined(body, content_type, base_url)
    root = tree(prepared)
    if root is None:
        if len(body) > TAME_BYTES:
            return _confined(body, content_type, base_url)
        return _tolerant(prepared, base_url)
    return _read(root, base_url)


def parse_here(body: bytes, *, content_type: str = "", base_url: str = "") -> ParsedFeed:
    """`parse` without the child: only for the child itself."""
    prepared = prepare.prepare(body, content_type)
    root = tree(prepared)
    return _tolerant(prepared, base_url) if root is None else _read(root, base_url)


def _is_json(body: bytes) -> bool:
    return body[:1_000].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith((b"{", b"["))


def _confined(body: bytes, content_type: str, base_url: str) -> ParsedFeed:
    from distributor.sources import confined

    return confined.parse(body, content_type=content_type, base_url=base_url)


def tree(prepared: Prepared) -> Any | None:
    """The root element; None where the document is not well-formed, mended or not."""
    root = _well_formed(prepared.data)
    return _well_formed(prepare.mend(prepared)) if root is None else root


def _well_formed(data: bytes) -> Any | None:
    """Namespace prefixes that nobody declared are forgiven; nothing else is. No DTD, entity, network or huge tree."""
    from lxml import etree

    parser = etree.XMLParser(
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if any(error.type == etree.ErrorTypes.ERR_NO_MEMORY for error in parser.error_log):
        raise Unreadable("does not fit into the memory that a feed may take", hint=_TOO_MUCH)
    forgiven = all(error.domain == etree.ErrorDomains.NAMESPACE for error in parser.error_log)
    return root if root is not None and forgiven else None


def _read(root: Any, base_url: str) -> ParsedFeed:
    from distributor.sources import xmltree

    name = short(root.tag, root.prefix)
    parsed = xmltree.feed(root, base_url)
    if not parsed.entries and name not in xmltree.ROOTS:
        name = name.rpartition(":")[2]
        what = "is a web page, not a feed" if name == "html" else f"is XML, but no feed: its root is <{name[:40]}>"
        raise Unreadable(what, hint=_HINTS.get(name, "Give the address of an RSS, Atom or JSON feed."))
    return parsed


def _tolerant(prepared: Prepared, base_url: str) -> ParsedFeed:
    from distributor.sources import tolerant

    return tolerant.read(prepare.mend(prepared), base_url)
