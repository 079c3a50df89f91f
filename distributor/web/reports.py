"""The staff's pages of what came of it: tables and lines, and the same figures as CSV.

/reports                  channels and digests      /reports/channels.csv   /reports/digests.csv
/reports/articles/ID      one article               /reports/articles/ID.csv
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from distributor import reports
from distributor.context import App
from distributor.finding import find_article
from distributor.reports import ArticleReport, ChannelFigures, articles, channels, digests
from distributor.reports.best import DAYS
from distributor.text.cells import sheet
from distributor.web.pages import Pages
from distributor.web.trends import spark

__all__ = ["routes"]

# What can be asked for: a longer time is the command line's.
PERIODS = {"1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90)}
USUAL = "7d"
SLOTS = 20


def routes(app: App, pages: Pages) -> list[BaseRoute]:
    def overview(request: Request) -> Response:
        word = request.query_params.get("article", "").strip()
        if word:
            return RedirectResponse(f"/reports/articles/{find_article(app, word).id}", 303)
        return HTMLResponse(pages.render("reports.html", here="reports", **_overview(app, _period(request))))

    def article(request: Request) -> Response:
        found = reports.of_article(app, str(request.path_params["number"]))
        return HTMLResponse(pages.render("report_article.html", here="reports", **_article(app, found)))

    def article_sheet(request: Request) -> Response:
        found = reports.of_article(app, str(request.path_params["number"]))
        return _csv(f"article-{found.article.id}", articles.COLUMNS, found.rows())

    def channels_sheet(request: Request) -> Response:
        period = _period(request)
        return _csv(f"channels-{period}", channels.COLUMNS, reports.of_channels(app, PERIODS[period]).rows())

    def digests_sheet(_request: Request) -> Response:
        return _csv("digests", digests.COLUMNS, reports.of_digests(app, limit=SLOTS).rows())

    return [
        Route("/reports", overview),
        Route("/reports/channels.csv", channels_sheet),
        Route("/reports/digests.csv", digests_sheet),
        Route("/reports/articles/{number:int}.csv", article_sheet),
        Route("/reports/articles/{number:int}", article),
    ]


def _period(request: Request) -> str:
    asked = request.query_params.get("since", USUAL)
    return asked if asked in PERIODS else USUAL


def _csv(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(sheet(columns, rows), media_type="text/csv", headers=headers)


def _overview(app: App, period: str) -> dict[str, Any]:
    found = reports.of_channels(app, PERIODS[period])
    sent = reports.of_digests(app, limit=SLOTS)
    most = max((one.clicks.counted for one in found.lines), default=0)
    return {
        "period": period,
        "periods": {"1d": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days"},
        "channels": [
            {
                "line": one,
                "width": round(1000 * one.clicks.counted / most, 1) if most else 0,
                "hour": _hour(one.best.hour),
                "day": "–" if one.best.weekday is None else DAYS[one.best.weekday],
                "linked": one.channel in app.settings.channels,
            }
            for one in found.lines
        ],
        "articles": found.articles,
        "slots": [{"line": one, "hour": _hour(one.best_hour)} for one in sent.lines],
        "digest_articles": sent.articles,
    }


def _article(app: App, found: ArticleReport) -> dict[str, Any]:
    zone = ZoneInfo(app.settings.site.timezone)
    figures = [*found.channels, found.total]
    return {
        "article": found.article,
        "lines": [
            {"figures": one, "hour": _hour(one.best_hour), "spark": spark(one.line), "told": _told(one, found, zone)}
            for one in figures
        ],
        "steps": f"{len(found.total.line)} {'hours' if found.step < timedelta(days=1) else 'days'}",
        "begins": found.begins,
    }


def _hour(hour: int | None) -> str:
    return "–" if hour is None else f"{hour:02}:00"


def _told(one: ChannelFigures, found: ArticleReport, zone: ZoneInfo) -> str:
    """The line in words, for who does not see it."""
    total, most = sum(one.line), max(one.line, default=0)
    if not total:
        return "nothing counted"
    best: datetime = found.begins + found.step * list(one.line).index(most)
    return f"{total:,} counted, most on {best.astimezone(zone):%d %b, %H:00} ({most:,})"
