"""Is it alive, can it work: for monitors and load balancers.

`/healthz`: this process answers and the database can be read. `/readyz`: a canary task finished lately, so tasks get
done (a living process proves nothing: celery #8030). Both give 200 or 503; the public ones say no more than that.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from distributor import upkeep
from distributor.context import App
from distributor.errors import StoreError

__all__ = ["health_routes"]

Verdict = tuple[bool, str]


def health_routes(app: App, *, terse: bool) -> list[Route]:
    """`/healthz` and `/readyz`; `terse` keeps the reasons to ourselves."""
    return [
        Route("/healthz", _page(lambda: _alive(app), terse=terse)),
        Route("/readyz", _page(lambda: _ready(app), terse=terse)),
    ]


def _page(judge: Callable[[], Verdict], *, terse: bool) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:  # noqa: ARG001
        good, why = judge()
        status = 200 if good else 503
        if terse:
            return PlainTextResponse("ok\n" if good else "unavailable\n", status)
        return JSONResponse({"ok": good, "detail": why}, status)

    return answer


def _alive(app: App) -> Verdict:
    try:
        with app.store.read() as connection:
            connection.execute(sa.text("SELECT 1"))
    except StoreError as error:
        return False, str(error)
    return True, "the database answers"


def _ready(app: App) -> Verdict:
    try:
        return upkeep.is_ready(app)
    except StoreError as error:
        return False, str(error)
