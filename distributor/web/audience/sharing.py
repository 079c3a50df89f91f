"""/share: the bar "share this post on ..." for the publisher's pages, and where its links lead.

/share?u=URL            the bar as a page, for a frame       /share.js, /share.css    the bar within the page
/share/NETWORK?u=URL    counts, and leads on to the network's own address with our link and title: what is no article
                        of ours is 404, so nobody is led anywhere else
/share/mastodon?u=URL   asks for the reader's instance, then shows a link to it: no redirect to what a request names
/share/copy, /share/device   beacons of the script: the link was copied, the phone's share sheet opened
"""

from __future__ import annotations

import json
from functools import cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from distributor import paths, robots, sharing
from distributor.counting import Counter
from distributor.sharing import MASTODON
from distributor.web.audience.embeds import ANYWHERE, FRAMED, Piece, answer, static
from distributor.web.audience.known import Known, Page
from distributor.web.audience.noting import note
from distributor.web.audience.views import told
from distributor.web.readers.desk import Desk
from distributor.web.readers.forms import clean

__all__ = ["routes"]

HOUR = 3_600
NOWHERE_ELSE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


def routes(desk: Desk, counter: Counter, known: Known) -> list[BaseRoute]:
    app = desk.app

    async def bar(request: Request) -> Response:
        page = await known.page(request.query_params.get("u", ""))
        # In a page of the publisher's, nothing looks better than our words for what is not there.
        return _bar(desk, request, page) if page and page.live else HTMLResponse("", 404, FRAMED)

    async def lead_on(request: Request) -> Response:
        network = request.path_params["network"]
        if request.method == "POST":
            return await _told(request, network)
        if network not in sharing.NETWORKS:
            raise HTTPException(404)
        page = await _page(request)
        if network == MASTODON and "instance" in request.query_params:  # counted when it was asked for
            return _mastodon(desk, request, page)
        _count(request, page, network)
        if network == MASTODON:
            return _mastodon(desk, request, page)
        return RedirectResponse(sharing.address(network, page.url, page.title), 302, NOWHERE_ELSE)

    async def _page(request: Request) -> Page:
        page = await known.page(request.query_params.get("u", ""))
        if page is None or not page.live:
            raise HTTPException(404)
        return page

    async def _told(request: Request, network: str) -> Response:
        if network not in sharing.DEVICE:
            raise HTTPException(404 if network not in sharing.NETWORKS else 405)
        url, driven = await told(request)
        page = await known.page(url)
        if page is not None:
            _count(request, page, network, robots.AGENT if driven else 0)
        return Response(status_code=204, headers=ANYWHERE)

    def _count(request: Request, page: Page, network: str, marks: int = 0) -> None:
        if app.settings.signals.shares:
            note(app, counter, request, "shares", page.article_id, network, marks)

    async def script(request: Request) -> Response:
        return answer(request, _script(desk), HOUR)

    async def style(request: Request) -> Response:
        return answer(request, static("share.css"), HOUR)

    return [
        Route(paths.SHARE, bar, methods=["GET"]),
        Route(f"{paths.SHARE}.js", script, methods=["GET"]),
        Route(f"{paths.SHARE}.css", style, methods=["GET"]),
        Route(f"{paths.SHARE}/{{network}}", lead_on, methods=["GET", "POST"]),
    ]


def _bar(desk: Desk, request: Request, page: Page) -> Response:
    language = desk.language(request, request.query_params.get("language", "") or page.language)
    words = desk.words(language)
    return desk.page(
        "audience/share",
        language,
        headers=FRAMED,
        framed=True,
        page_url=page.url,
        style=desk.here(f"{paths.SHARE}.css"),
        script=desk.here(f"{paths.SHARE}.js"),
        ways=[one._asdict() for one in sharing.ways(desk.prefix, page.url, words.text("web.share.email"))],
    )


def _mastodon(desk: Desk, request: Request, page: Page) -> Response:
    given = clean(request.query_params.get("instance", ""))
    host = sharing.instance(given)
    return desk.page(
        "audience/mastodon",
        desk.language(request),
        status=422 if given and not host else 200,
        given=given,
        wrong=bool(given and not host),
        instance=host,
        link=sharing.address(MASTODON, page.url, page.title, host) if host else "",
        page_url=page.url,
        page_title=page.title,
        page_language=page.language,
        again=desk.here(paths.SHARE, MASTODON, u=page.url),
        action=desk.here(paths.SHARE, MASTODON),
    )


def _script(desk: Desk) -> Piece:
    return _filled(
        tuple((tag, _said(desk, tag)) for tag in desk.languages),
    )


def _said(desk: Desk, tag: str) -> tuple[tuple[str, str], ...]:
    words = desk.words(tag)
    keys = ("title", "email", "copy", "copied", "device")
    return (("dir", words.direction), *((key, words.text(f"web.share.{key}")) for key in keys))


@cache
def _filled(words: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> Piece:
    """The script with the words of every language in it: it asks for nothing more."""
    told = {"networks": dict(sharing.NETWORKS), "words": {tag: dict(said) for tag, said in words}}
    body = static("share.js").body.replace(b'"FILLED IN"', json.dumps(told).encode(), 1)
    return Piece.of(body, static("share.js").type)
