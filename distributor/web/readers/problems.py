"""What a reader sees when something is not there or went wrong: a page in their language, and the right status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from distributor.errors import DistributorError, NotFound
from distributor.web.guards import HEADERS
from distributor.web.readers.desk import Desk

__all__ = ["handlers", "page_of"]

log = structlog.get_logger(__name__)
_KEYS = {400: "unread", 404: "missing", 405: "method", 413: "large"}


def handlers(desk: Desk) -> Mapping[Any, Any]:
    """For Starlette's `exception_handlers`. No answer says more than its status; the log does."""

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status = error.status_code
        return _page(desk, request, _KEYS.get(status, "failed" if status >= 500 else "unread"), status, error.headers)

    def missing(request: Request, _error: Exception) -> Response:
        return _page(desk, request, "missing", 404)

    def ours(request: Request, error: Exception) -> Response:
        log.error("page failed", page=page_of(request), error=str(error))
        return _page(desk, request, "failed", 503, {"Retry-After": "5"})

    def unforeseen(request: Request, error: Exception) -> Response:
        log.error("page failed", page=page_of(request), error=f"{type(error).__name__}: {error}")
        # Starlette answers this one outside of all middleware.
        return _page(desk, request, "failed", 500, HEADERS)

    return {HTTPException: http, NotFound: missing, DistributorError: ours, Exception: unforeseen}


def page_of(request: Request) -> str:
    """Which page it was, for a log: the rest of an address may be a token."""
    return "/" + request.url.path.strip("/").partition("/")[0][:40]


def _page(desk: Desk, request: Request, key: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    try:
        return desk.page("problem", desk.language(request), status=status, key=key, headers=headers)
    except DistributorError as error:  # the template itself, or a broken catalogue
        log.error("page failed", page=page_of(request), error=str(error))
        return PlainTextResponse(f"{HTTPStatus(status).phrase}.\n", status, dict(headers or {}))
