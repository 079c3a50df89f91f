"""The staff's pages: what went where, when, how fast, and why. Reading only: what changes things is the command line.

/                   the board, kept up to date by /live
/articles/ID        one article: each channel's post, and why      /channels/NAME     its queue, its last posts
/deliveries/ID      one delivery with every attempt                /status.json       what `distributor status` says
/digests /outbox /readers                            mail and readers: see newsletters.py
/reports                                             what came of it, and CSV: see reports.py
/healthz /readyz /metrics
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from distributor import reporting
from distributor.context import App
from distributor.web import details
from distributor.web.assets import static_files
from distributor.web.board import Board
from distributor.web.guards import KnownHosts, SafeHeaders
from distributor.web.health import health_routes
from distributor.web.metrics import metrics_page
from distributor.web.newsletters import routes as newsletter_routes
from distributor.web.pages import Pages
from distributor.web.problems import handlers
from distributor.web.reports import routes as report_routes

__all__ = ["build"]


def build(app: App) -> Starlette:
    """It answers to loopback names, to the very address that it was reached at, and to `web.admin`'s own host."""
    pages = Pages(app, staff=True)
    return Starlette(
        routes=_routes(app, pages),
        middleware=[Middleware(SafeHeaders), Middleware(KnownHosts, names=[app.settings.web.admin.host])],
        exception_handlers=handlers(pages, terse=False),
    )


def _routes(app: App, pages: Pages) -> list[BaseRoute]:
    board = Board(app, pages)

    def index(_request: Request) -> Response:
        return HTMLResponse(board.page())

    def live(request: Request) -> Response:
        changes = board.since(request.query_params.get("since", ""))
        return Response(status_code=204) if changes is None else JSONResponse(changes)

    def article(request: Request) -> Response:
        return HTMLResponse(details.article_page(app, pages, board.token(), request.path_params["number"]))

    def channel(request: Request) -> Response:
        return HTMLResponse(details.channel_page(app, pages, board.token(), request.path_params["name"]))

    def delivery(request: Request) -> Response:
        return HTMLResponse(details.delivery_page(app, pages, board.token(), request.path_params["number"]))

    def status(_request: Request) -> Response:
        return JSONResponse(reporting.status(app).to_json())

    return [
        Route("/", index),
        Route("/live", live),
        Route("/articles/{number:int}", article),
        Route("/channels/{name:path}", channel),
        Route("/deliveries/{number:int}", delivery),
        *newsletter_routes(app, pages, board.token),
        *report_routes(app, pages),
        Route("/status.json", status),
        Route("/metrics", metrics_page(app)),
        *health_routes(app, terse=False),
        static_files(),
    ]
