"""/unsubscribe/TOKEN: a button for people (GET), and the act itself (POST), also by a mail program's one click.

RFC 8058: the program posts `List-Unsubscribe=One-Click`, urlencoded or as multipart, without cookies, and follows no
redirect. Whatever is posted here is taken for the wish to leave: an opt-out that was misread is worse than one too
many, and machines that open links do not post. A token that we never made is 404, so that a damaged link is not taken
for done; one that we made is 200 however often it comes, also after its reader was forgotten.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from distributor import paths, subscribe
from distributor.mail import tokens
from distributor.model import Subscriber
from distributor.web.readers import choices
from distributor.web.readers.desk import Desk
from distributor.web.readers.forms import Form, endpoint

__all__ = ["leave", "routes"]


def routes(desk: Desk) -> list[BaseRoute]:
    def show(request: Request) -> Response:
        token = request.path_params["token"]
        reader = subscribe.reader(desk.app, token)
        if reader is None:
            return _gone(desk, request, token)
        if reader.status in ("left", "suppressed"):
            return _goodbye(desk, reader.language, reader.address)
        values: dict[str, Any] = {
            "address": reader.address,
            "fewer": desk.here(paths.PREFERENCES, token) if choices.fewer(desk.settings, reader) else "",
            "preferences": desk.here(paths.PREFERENCES, token),
        }
        return desk.page("leave", reader.language, **values)

    def act(request: Request, form: Form) -> Response:
        token = request.path_params["token"]
        reader = subscribe.reader(desk.app, token)
        if reader is None:
            return _gone(desk, request, token)
        one_click = form.one("List-Unsubscribe").casefold() == "one-click"
        return leave(desk, request, reader, how="one-click" if one_click else "page")

    return [Route(paths.UNSUBSCRIBE + "/{token}", endpoint(get=show, post=act), methods=["GET", "POST"])]


def leave(desk: Desk, request: Request, reader: Subscriber, *, how: str) -> Response:
    """Unsubscribes, and says goodbye. A second time it only says goodbye."""
    if reader.status not in ("left", "suppressed"):
        subscribe.leave(desk.app, reader.id, how=how, ip=request.client.host if request.client else "")
    return _goodbye(desk, reader.language, reader.address)


def _goodbye(desk: Desk, language: str, address: str) -> Response:
    return desk.page("left", language, address=address)


def _gone(desk: Desk, request: Request, token: str) -> Response:
    language = desk.language(request)
    if tokens.read(desk.keys, "reader", token) is not None:
        return _goodbye(desk, language, "")
    return desk.problem(language, "unknown", 404, way="link")
