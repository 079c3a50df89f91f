"""The sample site's pages and feeds as bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from distributor.sample.articles import SampleArticle

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["NAME", "TAGLINE", "article", "feed", "front", "notice"]

NAME = "The Harbour Courier"
TAGLINE = "News from the coast of Averell, and what it means: a newspaper that exists in this sample only."
ID = "tag:courier.example,2025:feed"
_NOTICES = {404: "There is no such page.", 410: "This article has been withdrawn."}


def feed(path: str, base: str, shown: Sequence[SampleArticle], gone: Sequence[Any], modified: datetime) -> bytes:
    """The feed at `path`: RSS 2.0, Atom 1.0 (with RFC 6721 tombstones), or JSON Feed 1.1."""
    if path == "/feed.json":
        return json.dumps(_json_feed(base, shown), ensure_ascii=False, indent=1).encode()
    return _render(path.lstrip("/"), base, articles=shown, gone=gone, modified=modified, id=ID)


def front(base: str, shown: Sequence[SampleArticle], public: str = "") -> bytes:
    """The front page: everything, newest first. `public` is where a distributor's scripts are."""
    return _render("front.html", base, articles=shown, public=public)


def article(base: str, shown: SampleArticle, public: str = "") -> bytes:
    """One article's page with OpenGraph, JSON-LD and its canonical address."""
    return _render("article.html", base, article=shown, data=_json_ld(base, shown), public=public)


def notice(base: str, status: int) -> bytes:
    """The page for what is not there (404) or no more (410)."""
    return _render("notice.html", base, text=_NOTICES[status])


def _json_feed(base: str, shown: Sequence[SampleArticle]) -> dict[str, Any]:
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": NAME,
        "description": TAGLINE,
        "home_page_url": f"{base}/",
        "feed_url": f"{base}/feed.json",
        "language": "en",
        "items": [_json_item(base, article) for article in shown],
    }


def _json_item(base: str, article: SampleArticle) -> dict[str, Any]:
    picture = article.picture
    address = f"{base}/media/{picture.name}"
    extension = {
        "social": article.social,
        "breaking": article.breaking,
        "tags": list(article.tags),
        "comments": article.comments,
    }
    item = {
        "id": article.guid,
        "url": f"{base}/articles/{article.slug}",
        "title": article.title,
        "summary": article.summary,
        "content_html": article.body,
        "image": address,
        "attachments": [{"url": address, "mime_type": picture.type, "title": picture.alt}],
        "date_published": _rfc3339(article.published_at),
        "date_modified": _rfc3339(article.updated_at) if article.revision > 1 else "",
        "authors": [{"name": article.author}],
        "tags": list(article.categories),
        "language": article.language,
        "_distributor": {key: value for key, value in extension.items() if value not in ("", False)},
    }
    return {key: value for key, value in item.items() if value != ""}


def _json_ld(base: str, article: SampleArticle) -> dict[str, Any]:
    """https://schema.org/NewsArticle"""
    picture = article.picture
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "description": article.summary or article.title,
        "url": f"{base}/articles/{article.slug}",
        "mainEntityOfPage": f"{base}/articles/{article.slug}",
        "inLanguage": article.language,
        "datePublished": _rfc3339(article.published_at),
        "dateModified": _rfc3339(article.updated_at),
        "author": [{"@type": "Person", "name": article.author}],
        "publisher": {"@type": "NewsMediaOrganization", "name": NAME, "url": f"{base}/"},
        "articleSection": list(article.categories),
        "keywords": list(article.tags),
        "commentCount": article.comments,
        "image": {
            "@type": "ImageObject",
            "url": f"{base}/media/{picture.name}",
            "caption": picture.alt,
            "width": picture.width,
            "height": picture.height,
        },
    }


def _render(template: str, base: str, **values: Any) -> bytes:
    site = {"name": NAME, "tagline": TAGLINE, "base": base}
    return _templates().get_template(template).render(site=site, **values).encode()


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("distributor.sample", "pages")
    templates = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters["rfc822"] = lambda moment: format_datetime(moment, usegmt=True)
    templates.filters["rfc3339"] = _rfc3339
    return templates


def _rfc3339(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
