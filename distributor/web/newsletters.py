"""The staff's pages about mail and readers. They only read; what changes something is a command, which they name.

/digests    the digests, their editions and how far each is    /digests/NAME/preview   with any choices
/outbox     mails that were put into a folder, not sent        /outbox/BOX/NAME        one of them
/readers    how many, what they chose, who came and left; one by the exact address
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from distributor.context import App
from distributor.errors import NotFound
from distributor.web import editions, mails, readership
from distributor.web.pages import Pages

__all__ = ["routes"]


def routes(app: App, pages: Pages, token: Callable[[], str]) -> list[BaseRoute]:
    def page(template: str, here: str, headers: Any = None, **values: Any) -> Response:
        return HTMLResponse(pages.render(template, here=here, **values), headers=headers)

    def digests(_request: Request) -> Response:
        return page("digests.html", "digests", token=token(), **editions.digests_view(app))

    def preview(request: Request) -> Response:
        asked = editions.asked(app, request.path_params["name"], request.query_params)
        shown = editions.preview_view(app, asked)
        return page("preview.html", "digests", mails.FRAMING, **shown)

    def preview_mail(request: Request) -> Response:
        asked = editions.asked(app, request.path_params["name"], request.query_params)
        return _mail(app, editions.rendered(app, asked))

    def outbox(_request: Request) -> Response:
        return page("outbox.html", "outbox", token=token(), shelves=mails.shelves(app))

    def letter(request: Request) -> Response:
        box, name = request.path_params["box"], request.path_params["name"]
        mail = mails.read_mail(mails.letter(app, box, name))
        return page("letter.html", "outbox", mails.FRAMING, box=box, file=name, mail=mail)

    def letter_part(request: Request) -> Response:
        content = mails.letter(app, request.path_params["box"], request.path_params["name"])
        if request.path_params["part"] == "source":
            return PlainTextResponse(content.decode("utf-8", "replace"))
        if request.path_params["part"] != "html":
            raise NotFound("there is no such page")
        return mails.framed(mails.read_mail(content).html, app.settings.network.allow_hosts)

    def readers(request: Request) -> Response:
        return page("readers.html", "readers", **readership.view(app, request.query_params.get("address", "")))

    return [
        Route("/digests", digests),
        Route("/digests/{name}/preview", preview),
        Route("/digests/{name}/preview/mail", preview_mail),
        Route("/outbox", outbox),
        Route("/outbox/{box}/{name}", letter),
        Route("/outbox/{box}/{name}/{part}", letter_part),
        Route("/readers", readers),
    ]


def _mail(app: App, message: Any) -> Response:
    if message is None:
        raise NotFound("there is nothing new for these choices")
    return mails.framed(message.html, app.settings.network.allow_hosts)
