"""Hooks: what other programs tell. Hostile until it is proven; what was heard is not heard again.

body (bounded) -> read: proven, or HookRefused -> its id noted -> the deed -> 200
                                                       '-> it failed: forgotten, 503, the sender's next try does it
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import sqlalchemy as sa
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from distributor.context import App
from distributor.errors import DistributorError
from distributor.mail.hooks import BIGGEST_BODY, HookRefused
from distributor.store import tables
from distributor.store.articles import insert_into
from distributor.web.bodies import bounded

__all__ = ["Heard", "endpoint"]

log = structlog.get_logger(__name__)
KEPT = timedelta(hours=24)

# The hook's id, unique among all hooks, and what is to be done.
Heard = tuple[str, Callable[[], None]]
# (body, headers, the address's last word) of a request; raises HookRefused where it is not believed.
Reader = Callable[[bytes, Mapping[str, str], str], Heard]


def endpoint(
    app: App, name: str, read: Reader, *, is_on: Callable[[], bool]
) -> Callable[[Request], Awaitable[Response]]:
    """404 while nobody wants this hook."""

    async def answer(request: Request) -> Response:
        if not is_on():
            raise HTTPException(404)
        try:
            body = await bounded(request, BIGGEST_BODY)
        except HTTPException as error:
            return PlainTextResponse("too large\n", error.status_code)
        word = request.path_params.get("word", "")
        return await run_in_threadpool(_take, app, name, read, body, dict(request.headers), word)

    return answer


def _take(app: App, name: str, read: Reader, body: bytes, headers: Mapping[str, str], word: str) -> Response:
    try:
        identity, act = read(body, headers, word)
    except HookRefused as error:
        log.warning("hook refused", hook=name, why=str(error), hint=error.hint)
        return PlainTextResponse(f"{error}\n", error.status)
    if not _first(app, identity):
        return PlainTextResponse("heard before\n")
    try:
        act()
    except DistributorError as error:
        _forget(app, identity)
        log.error("hook failed", hook=name, error=str(error))
        return PlainTextResponse("try again\n", 503, {"Retry-After": "60"})
    except BaseException:
        _forget(app, identity)
        raise
    return PlainTextResponse("ok\n")


def _first(app: App, identity: str) -> bool:
    """Notes the hook; whether it was not noted before. What is older than any replay could be is dropped."""
    now = app.clock()
    with app.store.write(durable=True) as connection:
        connection.execute(sa.delete(tables.heard).where(tables.heard.c.at < now - KEPT))
        insert = insert_into(connection.dialect.name, tables.heard).values(id=identity, at=now)
        done = connection.execute(insert.on_conflict_do_nothing().returning(tables.heard.c.id))
        return done.first() is not None


def _forget(app: App, identity: str) -> None:
    with app.store.write(durable=True) as connection:
        connection.execute(sa.delete(tables.heard).where(tables.heard.c.id == identity))
