"""JSON-LD in pages: what schema.org's NewsArticle and its kin say, in any of the shapes that sites give it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from distributor.sources.pictures import Picture

__all__ = ["Article", "best"]

MAX_SCRIPTS = 30
MAX_NODES = 5_000
_COMMENT = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*;?\s*$"
)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_KINDS = {"report", "liveblogposting", "blogposting", "socialmediaposting", "review", "criticreview"}


@dataclass
class Article:
    """One article as its page states it, raw; empty where it says nothing."""

    title: str = ""
    summary: str = ""
    body: str = ""
    published: str = ""
    updated: str = ""
    language: str = ""
    authors: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    images: list[Picture] = field(default_factory=list)
    comments: int | None = None


def best(scripts: list[str]) -> Article:
    """The article that says most among all that the scripts hold; an empty one where there is none."""
    nodes = [node for text in scripts[:MAX_SCRIPTS] for node in _nodes(_loaded(text))]
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
    articles = [_article(node, by_id) for node in nodes if _is_article(node)]
    return max(articles, key=_richness, default=Article())


def _loaded(text: str) -> Any:
    text = _COMMENT.sub("", _COMMENT.sub("", text.strip())).strip()
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(data: Any) -> Iterator[dict[str, Any]]:
    """Every object, however it is nested: in lists, @graph, mainEntity; a stack of our own, not recursion."""
    pending, seen = [data], 0
    while pending and seen < MAX_NODES:
        node = pending.pop()
        seen += 1
        if isinstance(node, dict):
            yield node
            pending += [value for value in reversed(node.values()) if isinstance(value, dict | list)]
        elif isinstance(node, list):
            pending += list(reversed(node[:MAX_NODES]))


def _is_article(node: dict[str, Any]) -> bool:
    kinds = [kind.rpartition("/")[2].lower() for kind in _texts(node.get("@type"))]
    return any(kind.endswith("article") or kind in _KINDS for kind in kinds)


def _article(node: dict[str, Any], by_id: dict[str, Any]) -> Article:
    def get(name: str) -> Any:
        return _followed(node.get(name), by_id)

    count = get("commentCount")
    return Article(
        title=_first(get("headline")) or _first(get("name")),
        summary=_first(get("description")) or _first(get("abstract")),
        body=_first(get("articleBody")) or _first(get("text")),
        published=_first(get("datePublished")) or _first(get("dateCreated")),
        updated=_first(get("dateModified")),
        language=_first(get("inLanguage")),
        authors=_texts(get("author")) or _texts(get("creator")),
        sections=_texts(get("articleSection")),
        keywords=[word.strip() for text in _texts(get("keywords")) for word in text.split(",") if word.strip()],
        images=[*_images(get("image")), *_images(get("thumbnailUrl"))],
        comments=int(count) if isinstance(count, int | str) and str(count).isascii() and str(count).isdigit() else None,
    )


def _followed(value: Any, by_id: dict[str, Any]) -> Any:
    """References by @id, as @graph has them, replaced by what they mean."""
    if isinstance(value, list):
        return [_followed(one, by_id) for one in value[:50] if not isinstance(one, list)]
    if isinstance(value, dict) and isinstance(value.get("@id"), str) and len(value) <= 2:
        return by_id.get(value["@id"], value)
    return value


def _texts(value: Any) -> list[str]:
    """Strings out of a string, an object with a name, or a list of either."""
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, dict):
        return _texts(value.get("name") or value.get("alternateName") or value.get("@value") or value.get("@list"))
    if isinstance(value, list):
        return [text for one in value[:100] if not isinstance(one, list) for text in _texts(one)]
    return []


def _first(value: Any) -> str:
    return next(iter(_texts(value)), "")


def _images(value: Any) -> list[Picture]:
    if isinstance(value, list):
        return [picture for one in value[:20] if not isinstance(one, list) for picture in _images(one)]
    if isinstance(value, str):
        return [Picture(value, 2)]
    if not isinstance(value, dict):
        return []
    url = _first(value.get("url")) or _first(value.get("contentUrl")) or _first(value.get("@id"))
    alt = _first(value.get("caption")) or _first(value.get("description"))
    sizes = [re.sub(r"\D.*", "", str(value.get(name, ""))) for name in ("width", "height")]
    return [Picture(url, 2, alt, width=sizes[0], height=sizes[1])] if url else []


def _richness(article: Article) -> tuple[int, int]:
    said = [article.title, article.published, article.summary, article.images, article.authors, article.body]
    return sum(bool(one) for one in said), len(article.body)
