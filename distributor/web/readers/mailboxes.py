"""/link and /switch/TOKEN: what only the owner of a mailbox can do goes through that mailbox."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from distributor import paths, personal, subscribe
from distributor.budgets import Budgets
from distributor.budgets import visitor as budgeted
from distributor.web.readers import gate
from distributor.web.readers.desk import Desk
from distributor.web.readers.forms import Form, endpoint
from distributor.web.readers.subscribing import visitor

__all__ = ["routes"]


def routes(desk: Desk, budgets: Budgets) -> list[BaseRoute]:
    def link(request: Request) -> Response:
        return _link_page(desk, desk.language(request))

    def ask_link(request: Request, form: Form) -> Response:
        return _ask_link(desk, budgets, request, form)

    def switching(request: Request) -> Response:
        return _switching(desk, request)

    def switch(request: Request, _form: Form) -> Response:
        return _switched(desk, request)

    both = ["GET", "POST"]
    return [
        Route(paths.LINK, endpoint(get=link, post=ask_link), methods=both),
        Route(paths.SWITCH + "/{token}", endpoint(get=switching, post=switch), methods=both),
    ]


def _link_page(desk: Desk, language: str, *, wrong: str = "", note: str = "", address: str = "") -> Response:
    opened = gate.stamped(desk.keys[0], desk.app.clock())
    status = 422 if wrong else 200
    return desk.page("link", language, status=status, wrong=wrong, note=note, address=address, opened=opened)


def _ask_link(desk: Desk, budgets: Budgets, request: Request, form: Form) -> Response:
    """The same answer for every address: who is subscribed is nobody's business."""
    language, address, now = desk.language(request), form.one("address"), desk.app.clock()
    verdict, ip = gate.judged(form, desk.keys, now), visitor(request)
    if verdict == "again":
        return _link_page(desk, language, note="form", address=address)
    if verdict == "good" and budgets.take(budgeted(ip), now):
        try:
            subscribe.request_link(desk.app, address, ip=ip)
        except ValueError:
            return _link_page(desk, language, wrong="address", address=address)
    return desk.page("done", language, title="link.title", text="link.done", address=address)


def _switching(desk: Desk, request: Request) -> Response:
    found = personal.awaited_switch(desk.app, request.path_params["token"])
    language = desk.language(request)
    if found is None:
        return desk.problem(language, "expired", 404, way="link")
    return desk.page("switch", language, old=found[0], new=found[1])


def _switched(desk: Desk, request: Request) -> Response:
    language = desk.language(request)
    step = subscribe.confirm_switch(desk.app, request.path_params["token"], ip=visitor(request))
    if not step:
        return desk.problem(language, "expired", 404, way="link")
    text = "switch.half" if step == "waiting" else "switch.done"
    return desk.page("done", language, title="switch.title", text=text, address="")
