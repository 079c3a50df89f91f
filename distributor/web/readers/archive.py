"""/editions/ID, /archive and /archive.rss: editions as anybody may read them.

An edition for people's approval, or for an hour to come, is nobody's yet. The archive lists those of everything, one
for each digest and slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from distributor import composing, editions, paths
from distributor.model import Edition
from distributor.rendering import style_hashes
from distributor.rendering.content import clean
from distributor.store import editions as stored
from distributor.web.readers.desk import Desk
from distributor.web.readers.forms import endpoint

__all__ = ["routes"]

PER_PAGE = 30
IN_FEED = 30
TOP = 5  # stories that may have been withdrawn before an edition is named by its digest
POLICY = "default-src 'none'; img-src http: https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True)
class Line:
    """One edition in the list."""

    id: int
    name: str
    title: str
    slot: datetime
    language: str


def routes(desk: Desk) -> list[BaseRoute]:
    def edition(request: Request) -> Response:
        return _edition(desk, request)

    def archive(request: Request) -> Response:
        return _archive(desk, request)

    def feed(_request: Request) -> Response:
        return _feed(desk)

    return [
        Route(paths.EDITION + "/{number:int}", endpoint(get=edition), methods=["GET"]),
        Route(paths.ARCHIVE, endpoint(get=archive), methods=["GET"]),
        Route(paths.ARCHIVE_FEED, endpoint(get=feed), methods=["GET"]),
    ]


def _edition(desk: Desk, request: Request) -> Response:
    number = request.path_params["number"]
    with desk.app.store.read() as connection:
        found = stored.get(connection, number) if number < 2**62 else None
        if found is None or not _is_public(found, desk.app.clock()):
            return desk.problem(desk.language(request), "missing", 404)
        paper = composing.paper(desk.app, connection, found)
    page = desk.app.renderer.edition_page(paper)
    rules = " ".join(style_hashes(page)) or "'none'"
    policy = f"{POLICY}; style-src {rules}"
    return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "public, max-age=300"})


def _is_public(edition: Edition, now: datetime) -> bool:
    if edition.slot > now or edition.status == "held":
        return False
    return edition.status != "cancelled" or edition.message_id != 0


def _archive(desk: Desk, request: Request) -> Response:
    before = _number(request.query_params.get("before", ""))
    language = desk.language(request)
    lines = _lines(desk, before, PER_PAGE + 1)
    words = desk.words(language)
    shown: list[dict[str, Any]] = [
        {
            "title": line.title,
            "name": line.name,
            "date": words.date(line.slot, desk.zone),
            "at": line.slot.isoformat(),
            "language": line.language,
            "dir": desk.words(line.language).direction,
            "url": desk.here(paths.EDITION, line.id),
        }
        for line in lines[:PER_PAGE]
    ]
    older = desk.here(paths.ARCHIVE, before=str(lines[PER_PAGE - 1].id)) if len(lines) > PER_PAGE else ""
    newest = desk.here(paths.ARCHIVE) if before else ""
    headers = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Language"}
    values: dict[str, Any] = {"editions": shown, "older": older, "newest": newest, "private": bool(before)}
    return desk.page("archive", language, headers=headers, **values)


def _number(text: str) -> int:
    """The id in a link of ours; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _lines(desk: Desk, before: int, most: int) -> list[Line]:
    """The editions of everything, the newest first, each named by its top story that still stands."""
    now = desk.app.clock()
    with desk.app.store.read() as connection:
        found = stored.archived(connection, before=before, limit=most)
        leading = {edition.id: editions.numbers(edition.sections)[:TOP] for edition in found}
        known = stored.live_articles(connection, sorted({number for ids in leading.values() for number in ids}))
    made = []
    for edition in found:
        if edition.slot > now:
            continue
        titles = (clean(known[number].title) for number in leading[edition.id] if number in known)
        name = _name(desk, edition.digest)
        made.append(Line(edition.id, name, next(titles, name), edition.slot, edition.choice.language))
    return made


def _name(desk: Desk, digest: str) -> str:
    known = desk.settings.digests.get(digest)
    return (known.title if known else "") or desk.settings.site.name


def _feed(desk: Desk) -> Response:
    """RSS 2.0 (rssboard.org/rss-specification), with the address of itself as Atom has it."""
    lines = _lines(desk, 0, IN_FEED)
    site, language = desk.settings.site, desk.languages[0]
    about = desk.words(language).text("web.archive")
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">',
        "<channel>",
        f"<title>{_xml(site.name)}</title>",
        f"<link>{_xml(desk.absolute(paths.ARCHIVE))}</link>",
        f"<description>{_xml(about)}</description>",
        f"<language>{_xml(language)}</language>",
        f'<atom:link href={quoteattr(desk.absolute(paths.ARCHIVE_FEED))} rel="self" type="application/rss+xml"/>',
        *([f"<lastBuildDate>{format_datetime(lines[0].slot)}</lastBuildDate>"] if lines else []),
    ]
    for line in lines:
        url = _xml(desk.absolute(paths.EDITION, line.id))
        told = desk.words(line.language).date(line.slot, desk.zone)
        parts += [
            "<item>",
            f"<title>{_xml(line.title)}</title>",
            f"<link>{url}</link>",
            f'<guid isPermaLink="true">{url}</guid>',
            f"<description>{_xml(f'{line.name} · {told}')}</description>",
            f"<pubDate>{format_datetime(line.slot)}</pubDate>",
            "</item>",
        ]
    parts += ["</channel>", "</rss>", ""]
    headers = {"Cache-Control": "public, max-age=300"}
    return Response("\n".join(parts), media_type="application/rss+xml; charset=utf-8", headers=headers)


def _xml(text: str) -> str:
    return escape(clean(text, 1_000))
