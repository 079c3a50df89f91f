"""What the elements of feeds are called: "prefix:name" in lower case, whatever prefix or spelling a feed chose."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["short"]

# Namespaces whose elements are the core of some feed format: no prefix.
_CORE = (
    "http://www.w3.org/2005/atom",
    "http://purl.org/atom/ns#",
    "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://channel.netscape.com/rdf/simple/0.9/",
    "http://blogs.law.harvard.edu/tech/rss",
    "http://purl.org/rss/1.0/modules/rss091#",
    "http://purl.org/net/rss1.1#",
)
_MODULES = {
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://search.yahoo.com/mrss": "media",
    "http://search.yahoo.com/mrss/": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://purl.org/rss/1.0/modules/slash/": "slash",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://purl.org/syndication/thread/1.0": "thr",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://purl.org/atompub/tombstones/1.0": "at",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.w3.org/xml/1998/namespace": "xml",
    "http://webfeeds.org/rss/1.0": "webfeeds",
    "urn:distributor:feed": "distributor",
}


@lru_cache(maxsize=4096)
def short(tag: str, prefix: str | None = None) -> str:
    """ "{http://purl.org/dc/elements/1.1/}Creator" -> "dc:creator"; unknown namespaces go by the feed's own prefix."""
    namespace, brace, name = tag.rpartition("}")
    if not brace:
        return tag.lower()  # no namespace, or a prefix that was never declared: it then stands there as it is
    namespace = namespace[1:].lower()
    if namespace in _CORE or "backend.userland.com/rss" in namespace:
        return name.lower()
    known = _MODULES.get(namespace, prefix)
    return f"{known}:{name}".lower() if known else name.lower()
