"""/subscribe, the form that other sites embed, and /confirm.

The form is answered alike whoever the address belongs to, whether it was taken, a machine's, or one too many.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from distributor import addressing, choosing, paths, subscribe
from distributor.budgets import Budgets
from distributor.budgets import visitor as budgeted
from distributor.choosing import Ask
from distributor.web.guards import CSP
from distributor.web.readers import choices, gate, today
from distributor.web.readers.desk import Desk
from distributor.web.readers.forms import Form, clean, endpoint

__all__ = ["routes", "visitor"]

FRAMED = {
    "Content-Security-Policy": CSP.replace("frame-ancestors 'none'", "frame-ancestors *"),
    "Cross-Origin-Resource-Policy": "cross-origin",
}
WITH_FRAME = {"Content-Security-Policy": f"{CSP}; frame-src 'self'"}


def routes(desk: Desk, budgets: Budgets) -> list[BaseRoute]:
    def show(request: Request) -> Response:
        return _form(desk, request, _prefilled(desk, request))

    def embedded(request: Request) -> Response:
        return _form(desk, request, _prefilled(desk, request), framed=True)

    def ask(request: Request, form: Form) -> Response:
        return _asked(desk, budgets, request, form)

    def confirming(request: Request) -> Response:
        return _confirming(desk, request)

    def confirm(request: Request, _form: Form) -> Response:
        return _confirmed(desk, request)

    return [
        Route(paths.SUBSCRIBE, endpoint(get=show, post=ask), methods=["GET", "POST"]),
        Route(paths.FORM, endpoint(get=embedded), methods=["GET"]),
        Route(paths.CONFIRM + "/{token}", endpoint(get=confirming, post=confirm), methods=["GET", "POST"]),
    ]


def visitor(request: Request) -> str:
    """The network address of who asks; proxies.py has judged it."""
    return request.client.host if request.client else ""


def _prefilled(desk: Desk, request: Request) -> choices.Said:
    """The form as a link wants it: `/subscribe?category=Business&frequency=weekly`."""
    blank = choices.blank(desk.settings, desk.language(request))
    fields: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items()[:100]:
        fields.setdefault(clean(name), []).append(clean(value))
    fields.pop("address", None)  # an address does not belong into one
    return choices.Said(_begun(desk, Form(fields), blank))


def _begun(desk: Desk, form: Form, blank: Ask) -> Ask:
    """The choices of a form that has only some of ours, such as the address alone on a publisher's page."""
    fields = dict(form.fields)
    fields.setdefault("category", [choices.ALL])
    fields.setdefault("trending", ["on"])
    return choices.read(Form(fields), desk.settings, desk.languages, blank).ask


def _form(
    desk: Desk, request: Request, said: choices.Said, *, framed: bool = False, note: str = "", status: int = 200
) -> Response:
    language = said.ask.language if request.method == "POST" else desk.language(request)
    if missing := choices.unready(desk.settings):
        return desk.page("subscribe", language, status=503, missing=missing, framed=framed, private=False)
    values: dict[str, Any] = {
        "missing": "",
        "choices": choices.shown(said.ask, desk.settings, desk.languages, desk.words(language)),
        "wrong": dict(said.wrong),
        "note": note,
        "opened": gate.stamped(desk.keys[0], desk.app.clock()),
        "wording": choosing.wording(desk.app, language),
        "fresh": request.method != "POST",
        "action": desk.here(paths.SUBSCRIBE),
        "framed": framed,
    }
    headers = FRAMED if framed else {}
    return desk.page("subscribe", language, status=status, headers=headers, private=False, **values)


def _asked(desk: Desk, budgets: Budgets, request: Request, form: Form) -> Response:
    language = desk.language(request, form.one("language"))
    blank = choices.blank(desk.settings, language)
    whole = form.has("frequency")
    said = choices.read(form, desk.settings, desk.languages, blank) if whole else None
    if choices.unready(desk.settings):
        return _form(desk, request, choices.Said(blank))
    now, ip = desk.app.clock(), visitor(request)
    verdict = gate.judged(form, desk.keys, now)
    thanks = desk.page("asked", language, address=form.one("address"))
    if verdict == "trap":
        return thanks
    if said is None or verdict == "again":
        begun = said or choices.Said(_begun(desk, form, blank))
        return _form(desk, request, begun, note="form" if form.has(gate.STAMP) else "")
    wrong = dict(said.wrong) | ({} if _is_address(said.ask.address) else {"address": "address"})
    if not wrong and budgets.take(budgeted(ip), now):
        try:
            subscribe.ask(desk.app, said.ask, ip=ip, source=_source(desk, request))
        except ValueError:  # the settings offer something else by now
            wrong["categories"] = "choice"
    return _form(desk, request, choices.Said(said.ask, wrong), status=422) if wrong else thanks


def _is_address(text: str) -> bool:
    try:
        addressing.address_key(text)
    except ValueError:
        return False
    return True


def _source(desk: Desk, request: Request) -> str:
    """Where the form stood: ours, and the site that it was embedded in, as far as the browser tells."""
    origin = clean(request.headers.get("origin", ""))[:200]
    ours = urlsplit(desk.public_url)
    foreign = origin.startswith(("http://", "https://")) and urlsplit(origin).netloc != ours.netloc
    return desk.absolute(paths.SUBSCRIBE) + (f" from {origin}" if foreign else "")


def _confirming(desk: Desk, request: Request) -> Response:
    """Shows a button: machines open every link of a mail."""
    reader = subscribe.awaited(desk.app, request.path_params["token"])
    if reader is None:
        return desk.problem(desk.language(request), "expired", 404, way="subscribe")
    return desk.page("confirm", reader.language, address=reader.address)


def _confirmed(desk: Desk, request: Request) -> Response:
    done = subscribe.confirm(desk.app, request.path_params["token"], ip=visitor(request))
    if done is None:
        return desk.problem(desk.language(request), "expired", 404, way="subscribe")
    reader, words = done.subscriber, desk.words(done.subscriber.language)
    zone = desk.clock_of(reader)
    values: dict[str, Any] = {
        "date": words.date(done.first_at, zone) if done.first_at else "",
        "time": words.time(done.first_at, zone) if done.first_at else "",
        "preferences": desk.here(paths.PREFERENCES, today.token_of(desk, reader)),
        "today": today.address(desk, reader),
    }
    return desk.page("confirmed", reader.language, zone=zone, headers=WITH_FRAME, **values)
