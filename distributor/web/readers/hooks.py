"""/hooks/ses, /hooks/postmark, /hooks/standard: what providers tell about mails that we sent.

All of it is hostile until distributor.mail.hooks says otherwise. What was heard is not heard again; what could not be
done is forgotten, so that the provider's next try does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from distributor import bouncing, paths
from distributor.context import App
from distributor.errors import DistributorError, Unreachable
from distributor.mail.hooks import BIGGEST_BODY, Event, HookRefused, postmark, secrets, sns, standard
from distributor.mail.hooks.certificates import Certificates
from distributor.store import tables
from distributor.store.articles import insert_into
from distributor.web.readers.forms import bounded

__all__ = ["routes"]

log = structlog.get_logger(__name__)
KEPT = timedelta(hours=24)

# (id, events, address to confirm) of a hook that was believed
Heard = tuple[str, Sequence[Event], str]
Reader = Callable[[bytes, Mapping[str, str], str], Heard]


def routes(app: App) -> list[BaseRoute]:
    certificates = Certificates(lambda url: _fetched(app, url), app.clock)

    def ses(body: bytes, _headers: Mapping[str, str], _word: str) -> Heard:
        topics = (app.settings.mail.topic,) if app.settings.mail and app.settings.mail.topic else ()
        read = sns.read(body, topics=topics, certificate=certificates, now=app.clock())
        return f"ses:{read.id}", read.events, read.confirm

    def from_postmark(body: bytes, headers: Mapping[str, str], word: str) -> Heard:
        secrets.check(headers, _secret(app), given=word)
        return f"postmark:{hashlib.sha256(body).hexdigest()}", postmark.read(body), ""

    def from_others(body: bytes, headers: Mapping[str, str], _word: str) -> Heard:
        read = standard.read(body, headers, secrets=[_secret(app)], now=app.clock())
        return f"standard:{read.id}", read.events, ""

    return [
        Route(f"{paths.HOOKS}/ses", _endpoint(app, "ses", ses), methods=["POST"]),
        Route(f"{paths.HOOKS}/postmark", _endpoint(app, "postmark", from_postmark), methods=["POST"]),
        # Postmark can show a secret in the address only, as a word of the path or before the host.
        Route(f"{paths.HOOKS}/postmark/{{word}}", _endpoint(app, "postmark", from_postmark), methods=["POST"]),
        Route(f"{paths.HOOKS}/standard", _endpoint(app, "standard", from_others), methods=["POST"]),
    ]


def _secret(app: App) -> str:
    mail = app.settings.mail
    return mail.hook_secret.get_secret_value() if mail and mail.hook_secret else ""


def _endpoint(app: App, name: str, read: Reader) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        if app.settings.mail is None:
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
        identity, events, confirm = read(body, headers, word)
    except HookRefused as error:
        log.warning("hook refused", hook=name, why=str(error), hint=error.hint)
        return PlainTextResponse(f"{error}\n", error.status)
    if not _first(app, identity):
        return PlainTextResponse("heard before\n")
    try:
        if confirm:
            _fetched(app, confirm)
            log.info("hook confirmed", hook=name)
        for event in events:
            bouncing.heed(app, event, proven=True)
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


def _fetched(app: App, url: str) -> bytes:
    """What Amazon has at an address of its own that sns.py judged. Raises Unreachable."""
    answer = app.fetcher.get(url)
    if answer.status != 200:
        raise Unreachable(f"Amazon answered {answer.status}")
    return answer.body
