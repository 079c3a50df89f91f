"""RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, read from a tree that lxml made.

Where formats overlap or a feed contradicts itself, the choice is feedparser's, which the field takes as the reference:
the last date and the last link win, the first title wins, a GUID is the link where there is no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from distributor.sources import clean, elements
from distributor.sources.elements import Scope, attribute, text_of
from distributor.sources.items import Builder, Item, ParsedFeed, language_tag, says_something
from distributor.sources.names import short

__all__ = ["ROOTS", "feed"]

ROOTS = frozenset({"rss", "rdf:rdf", "rdf", "feed", "entry", "channel", "item"})
_PERIODS = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_LONGEST = timedelta(days=365)
ITEMS = 1_000
HEAD_ELEMENTS = 5_000


def feed(root: Any, base: str) -> ParsedFeed:
    """The feed below `root` (an lxml element); `base` is the address that it came from."""
    name = short(root.tag, root.prefix)
    scope = Scope(atom=name in {"feed", "entry"}, base=base, has_bases=_has_bases(root))
    head = _Head(scope)
    for element in islice(_head_elements(root), HEAD_ELEMENTS):
        head.take(element)
    language = language_tag(head.language)
    builder = Builder(base, language)
    entries = (builder.entry(_item(element, scope)) for element in _items(root))
    return ParsedFeed(
        entries=tuple(entry for entry in entries if says_something(entry)),
        title=clean.title(head.title, html=head.title_html),
        language=language,
        site_url=clean.link(head.link, base),
        hub=clean.link(head.hub, base),
        self_url=clean.link(head.self_url, base),
        ttl=head.ttl(),
        deleted=tuple(head.deleted),
    )


def _has_bases(root: Any) -> bool:
    return bool(root.xpath("boolean(//@xml:base)"))


def _items(root: Any) -> Iterator[Any]:
    found = 0
    for element in root.iter("{*}item", "{*}entry", "{*}Item", "{*}ITEM", "{*}Entry"):
        if short(element.tag, element.prefix) in {"item", "entry"}:
            yield element
            found += 1
            if found == ITEMS:
                return


def _item(element: Any, scope: Scope) -> Item:
    item = Item(base=scope.base_of(element))
    item.language = attribute(element, "xml:lang")
    item.guid = attribute(element, "rdf:about")
    elements.collect(element, item, scope)
    return item


def _head_elements(root: Any) -> Iterator[Any]:
    """What stands at the feed's level: children of the root, and of its channel."""
    yield root
    for child in root:
        name = short(child.tag, child.prefix)
        if name == "channel":
            yield child
            yield from (inner for inner in child if short(inner.tag, inner.prefix) != "item")
        elif name not in {"item", "entry"}:
            yield child


class _Head:
    """What a feed says of itself."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.title = self.link = self.hub = self.self_url = self.language = ""
        self.title_html: bool | None = None
        self.deleted: list[str] = []
        self._minutes = self._period = self._frequency = ""

    def take(self, element: Any) -> None:
        name = short(element.tag, element.prefix)
        self.language = (
            attribute(element, "xml:lang") if name in {"rss", "rdf:rdf", "feed", "channel"} else self.language
        )
        if name in {"title", "dc:title"} and not self.title:
            self.title, self.title_html = elements.title(element, self.scope)
        elif name in {"link", "atom:link"}:
            self._take_link(element)
        elif name in {"language", "dc:language"}:
            self.language = text_of(element) or self.language
        elif name == "at:deleted-entry":
            self.deleted += [ref] if (ref := clean.line(element.get("ref", ""))) else []
        elif name in {"ttl", "sy:updateperiod", "sy:updatefrequency"}:
            field = {"ttl": "_minutes", "sy:updateperiod": "_period", "sy:updatefrequency": "_frequency"}[name]
            setattr(self, field, text_of(element))

    def _take_link(self, element: Any) -> None:
        rel, href = element.get("rel", "alternate").lower(), element.get("href", "")
        address = elements.resolved(element, href, self.scope) if href else elements.link_text(element)
        if rel == "hub":
            self.hub = self.hub or address
        elif rel == "self":
            self.self_url = self.self_url or address
        elif rel == "alternate" and address:
            self.link = address

    def ttl(self) -> timedelta | None:
        """RSS 2.0 `ttl` is in minutes; the syndication module says how many updates there are in a period.

        "hourly, 1" says nothing: WordPress writes it into every feed, whatever the site does.
        """
        if self._minutes.isascii() and self._minutes.isdigit() and 0 < len(self._minutes) < 8:
            return min(timedelta(minutes=int(self._minutes)), _LONGEST) or None
        seconds = _PERIODS.get(self._period.lower())
        if seconds is None:
            return None
        often = int(self._frequency) if self._frequency.isascii() and self._frequency.isdigit() else 1
        if (self._period.lower(), often) == ("hourly", 1):
            return None
        return timedelta(seconds=seconds / min(max(often, 1), 10_000))
