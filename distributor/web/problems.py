"""What a visitor sees when something is not there or went wrong: a page and the right status, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from distributor.errors import DistributorError, NotFound
from distributor.web.guards import HEADERS
from distributor.web.pages import Pages

__all__ = ["handlers"]

log = structlog.get_logger(__name__)


def handlers(pages: Pages, *, terse: bool) -> Mapping[Any, Any]:
    """For Starlette's `exception_handlers`. `terse` tells strangers no more than the status."""

    def page(status: int, text: str, hint: str = "", headers: Mapping[str, str] | None = None) -> Response:
        title = HTTPStatus(status).phrase
        shown = {"text": f"{title}.", "hint": ""} if terse else {"text": text, "hint": hint}
        return HTMLResponse(
            pages.render("problem.html", title=title, terse=terse, **shown), status, dict(headers or {})
        )

    def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        text = "There is no such page." if error.status_code == 404 else f"{error.detail}."
        return page(error.status_code, text, headers=error.headers)

    def missing(_request: Request, error: Exception) -> Response:
        return page(404, str(error), getattr(error, "hint", ""))

    def ours(request: Request, error: Exception) -> Response:
        log.error("page failed", path=request.url.path, error=str(error))
        return page(503, str(error), getattr(error, "hint", ""), {"Retry-After": "5"})

    def unforeseen(request: Request, error: Exception) -> Response:
        log.error("page failed", path=request.url.path, error=f"{type(error).__name__}: {error}")
        # Starlette answers this one outside of all middleware.
        return page(500, "Something went wrong; the log tells what.", headers=HEADERS)

    return {HTTPException: http, NotFound: missing, DistributorError: ours, Exception: unforeseen}
