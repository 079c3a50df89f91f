"""/trending: the list of what is trending, for the publisher's own pages and anybody's reader.

/trending.json  /trending.rss    all of it; ?category=Business, or /trending/business.json; ?limit=5
/trending  /trending/business    a page for a frame          /trending.js, /trending.css    the list within the page

Made from the ranking's snapshot, and kept in memory until the next one.
"""

from __future__ import annotations

from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from distributor import paths, trending
from distributor.rendering.content import clean
from distributor.trending import LONGEST, Listing, Lists
from distributor.web.audience.embeds import FRAMED, Piece, answer, document, static
from distributor.web.readers.desk import Desk
from distributor.web.readers.forms import clean as cleaned

__all__ = ["routes"]

MINUTE, HOUR = 60, 3_600
FEW = 10


def routes(desk: Desk) -> list[BaseRoute]:
    lists = Lists(desk.app)

    def as_json(request: Request) -> Response:
        return answer(request, _json(_asked(desk, lists, request)), MINUTE)

    def as_feed(request: Request) -> Response:
        return answer(request, _feed(desk, _asked(desk, lists, request)), MINUTE)

    def page(request: Request) -> Response:
        return _page(desk, request, _asked(desk, lists, request))

    async def script(request: Request) -> Response:
        return answer(request, static("trending.js"), HOUR)

    async def style(request: Request) -> Response:
        return answer(request, static("trending.css"), HOUR)

    base = paths.TRENDING
    return [
        Route(f"{base}.js", script, methods=["GET"]),
        Route(f"{base}.css", style, methods=["GET"]),
        Route(f"{base}.json", as_json, methods=["GET"]),
        Route(f"{base}.rss", as_feed, methods=["GET"]),
        Route(base, page, methods=["GET"]),
        Route(f"{base}/{{category}}.json", as_json, methods=["GET"]),
        Route(f"{base}/{{category}}.rss", as_feed, methods=["GET"]),
        Route(f"{base}/{{category}}", page, methods=["GET"]),
    ]


def _asked(desk: Desk, lists: Lists, request: Request) -> Listing:
    """The list that the address names, as long as it says. Raises NotFound for a category that there is none of."""
    word = cleaned(request.path_params.get("category", request.query_params.get("category", "")))
    whole = not word and "category" not in request.path_params
    title = "" if whole else trending.category_of(desk.settings.site.categories, word)
    said = request.query_params.get("limit", "")
    limit = int(said) if said.isascii() and said.isdigit() and len(said) < 4 else FEW
    found = lists.get(title)
    return Listing(found.site, found.category, found.at, found.lines[: min(max(limit, 1), LONGEST)])


def _json(found: Listing) -> Piece:
    return document(
        {
            "site": found.site,
            "category": found.category,
            "at": found.at,
            "articles": [trending.public(line) for line in found.lines],
        }
    )


def _page(desk: Desk, request: Request, found: Listing) -> Response:
    language = desk.language(request)
    lines: list[dict[str, Any]] = [
        {
            "title": clean(line.article.title) or line.article.url,
            "link": line.link or line.article.url,
            "category": clean(next(iter(line.article.categories), "")),
            "language": line.article.language,
            "at": line.article.published_at.isoformat(),
        }
        for line in found.lines
    ]
    headers = FRAMED | {"Cache-Control": f"public, max-age={MINUTE}", "Vary": "Accept-Language"}
    feed = desk.here(paths.TRENDING, trending.slug(found.category)) if found.category else desk.here(paths.TRENDING)
    return desk.page(
        "audience/trending",
        language,
        headers=headers,
        framed=True,
        private=False,
        category=found.category,
        lines=lines,
        style=desk.here(f"{paths.TRENDING}.css"),
        feed=f"{feed}.rss",
    )


def _feed(desk: Desk, found: Listing) -> Piece:
    """RSS 2.0 (rssboard.org/rss-specification), with the address of itself as Atom has it; best first."""
    words = desk.words(desk.languages[0])
    name = (
        words.text("web.trending.of", category=found.category) if found.category else words.text("web.trending.title")
    )
    own = (paths.TRENDING, trending.slug(found.category)) if found.category else (paths.TRENDING,)
    here = desk.absolute(*own)
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">',
        "<channel>",
        f"<title>{_xml(f'{found.site}: {name}')}</title>",
        f"<link>{_xml(here)}</link>",
        f"<description>{_xml(words.text('web.trending.lead', site=found.site))}</description>",
        f"<language>{_xml(desk.languages[0])}</language>",
        "<ttl>5</ttl>",
        f'<atom:link href={quoteattr(f"{here}.rss")} rel="self" type="application/rss+xml"/>',
        *([f"<lastBuildDate>{format_datetime(found.at)}</lastBuildDate>"] if found.at else []),
    ]
    for line in found.lines:
        article = line.article
        parts += [
            "<item>",
            f"<title>{_xml(article.title)}</title>",
            f"<link>{_xml(line.link or article.url)}</link>",
            f'<guid isPermaLink="true">{_xml(article.url)}</guid>',
            f"<description>{_xml(article.summary)}</description>",
            *(f"<category>{_xml(title)}</category>" for title in article.categories),
            f"<pubDate>{format_datetime(article.published_at)}</pubDate>",
            "</item>",
        ]
    parts += ["</channel>", "</rss>", ""]
    return Piece.of("\n".join(parts).encode("utf-8", "replace"), "application/rss+xml; charset=utf-8")


def _xml(text: str) -> str:
    return escape(clean(text, 1_000))
