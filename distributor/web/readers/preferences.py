"""/preferences/TOKEN: what readers change by themselves.

A digest gets forwarded, so its token may change choices, pause and leave; what shows or moves a person's data needs a
fresh link, which only the mailbox's owner can have asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from distributor import digest, paths, subscribe
from distributor.budgets import Budgets
from distributor.budgets import visitor as budgeted
from distributor.choosing import INSTANT, Ask, ask_of
from distributor.model import Subscriber
from distributor.web.readers import choices, leaving, today
from distributor.web.readers.desk import Desk
from distributor.web.readers.forms import Form, endpoint
from distributor.web.readers.subscribing import visitor

__all__ = ["routes"]

LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True)
class Caller:
    """Whose page it is; `fresh` when the link was asked for just now, so that it may do everything."""

    subscriber: Subscriber
    fresh: bool
    token: str


Act = Callable[[Desk, Request, Form, Caller], Response]


def routes(desk: Desk, budgets: Budgets) -> list[BaseRoute]:
    def show(request: Request) -> Response:
        caller = _caller(desk, request)
        first = "fewer" in request.query_params  # the link "fewer mails" of a digest
        return _page(desk, caller, fewer_first=first) if caller else _unknown(desk, request)

    def act(request: Request, form: Form) -> Response:
        caller = _caller(desk, request)
        return _act(desk, budgets, request, form, caller) if caller else _unknown(desk, request)

    def preview(request: Request) -> Response:
        caller = _caller(desk, request)
        return today.frame(desk, caller.subscriber) if caller else _unknown(desk, request)

    return [
        Route(paths.PREFERENCES + "/{token}", endpoint(get=show, post=act), methods=["GET", "POST"]),
        Route(paths.PREFERENCES + "/{token}/today", endpoint(get=preview), methods=["GET"]),
    ]


def _caller(desk: Desk, request: Request) -> Caller | None:
    token = request.path_params["token"]
    if reader := subscribe.reader(desk.app, token):
        return Caller(reader, False, token)
    found = subscribe.fresh(desk.app, token)
    return Caller(found.subscriber, True, token) if found else None


def _unknown(desk: Desk, request: Request) -> Response:
    return desk.problem(desk.language(request), "expired", 404, way="link")


def _page(
    desk: Desk,
    caller: Caller,
    *,
    said: choices.Said | None = None,
    done: str = "",
    wrong: str = "",
    status: int = 200,
    fewer_first: bool = False,
) -> Response:
    """The page of one reader; `done` and `wrong` are keys of what is said on top of it."""
    reader = caller.subscriber
    said = said or choices.Said(ask_of(reader))
    words, zone, now = desk.words(reader.language), desk.clock_of(reader), desk.app.clock()
    day = now.astimezone(zone).date()
    until = reader.paused_until if reader.paused_until and reader.paused_until > now else None
    values: dict[str, Any] = {
        "address": reader.address,
        "active": reader.status == "active",
        "choices": choices.shown(said.ask, desk.settings, desk.languages, words),
        "wrong": dict(said.wrong),
        "fresh": caller.fresh,
        "done": done,
        "failed": wrong,
        "paused": words.date(until, zone) if until else "",
        "earliest": (day + timedelta(days=1)).isoformat(),
        "latest": (day + LONGEST_PAUSE).isoformat(),
        "suggested": (until.astimezone(zone).date() if until else day + timedelta(days=14)).isoformat(),
        "fewer": choices.fewer(desk.settings, reader) is not None,
        "fewer_first": fewer_first,
        "action": desk.here(paths.PREFERENCES, caller.token),
    }
    return desk.page("preferences", reader.language, status=status, zone=zone, **values)


def _act(desk: Desk, budgets: Budgets, request: Request, form: Form, caller: Caller) -> Response:
    name = form.one("act")
    act = (_EVERYBODY | (_FRESH if caller.fresh else {})).get(name)
    if act is None:
        return _page(desk, caller, wrong="fresh" if name in _FRESH else "choice", status=403 if name in _FRESH else 422)
    if caller.subscriber.status != "active" and name not in ("leave", *_FRESH):
        return _page(desk, caller)
    if name == "switch" and not budgets.take(budgeted(visitor(request)), desk.app.clock()):
        return _page(desk, caller, done="data.switch_done")
    return act(desk, request, form, caller)


def _save(desk: Desk, request: Request, form: Form, caller: Caller) -> Response:
    before = replace(ask_of(caller.subscriber))
    said = choices.read(form, desk.settings, desk.languages, before)
    ask = replace(said.ask, address=caller.subscriber.address)
    if said.wrong:
        return _page(desk, caller, said=choices.Said(ask, said.wrong), wrong="title", status=422)
    return _changed(desk, request, caller, ask, "settings.saved")


def _fewer(desk: Desk, request: Request, _form: Form, caller: Caller) -> Response:
    ask = choices.fewer(desk.settings, caller.subscriber)
    return _changed(desk, request, caller, ask, "settings.fewer_done") if ask else _page(desk, caller)


def _changed(desk: Desk, request: Request, caller: Caller, ask: Ask, done: str) -> Response:
    source = desk.absolute(paths.PREFERENCES)
    # Who wants each article as it happens gets what came since the last digest in one more: nothing is left out.
    changed = digest.end_digests if ask.frequency == INSTANT else subscribe.change
    try:
        reader = changed(desk.app, caller.subscriber.id, ask, ip=visitor(request), source=source)
    except ValueError:  # the settings offer something else by now
        return _page(desk, caller, wrong="choice", status=422)
    return _page(desk, replace(caller, subscriber=reader), done=done)


def _pause(desk: Desk, _request: Request, form: Form, caller: Caller) -> Response:
    until = _until(form.one("until"), desk, caller.subscriber)
    if until is None:
        return _page(desk, caller, wrong="date", status=422)
    subscribe.pause(desk.app, caller.subscriber.id, until)
    return _page(desk, replace(caller, subscriber=replace(caller.subscriber, paused_until=until)))


def _until(text: str, desk: Desk, reader: Subscriber) -> datetime | None:
    """The beginning of that day on the reader's clock; None unless it is a day to come within a year."""
    zone, now = desk.clock_of(reader), desk.app.clock()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    today_there = now.astimezone(zone).date()
    if not today_there < day <= today_there + LONGEST_PAUSE:
        return None
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _resume(desk: Desk, _request: Request, _form: Form, caller: Caller) -> Response:
    subscribe.pause(desk.app, caller.subscriber.id, None)
    return _page(desk, replace(caller, subscriber=replace(caller.subscriber, paused_until=None)), done="settings.saved")


def _leave(desk: Desk, request: Request, _form: Form, caller: Caller) -> Response:
    return leaving.leave(desk, request, caller.subscriber, how="preferences")


def _download(desk: Desk, _request: Request, _form: Form, caller: Caller) -> Response:
    data = json.dumps(subscribe.export(desk.app, caller.subscriber.id), ensure_ascii=False, indent=2, default=str)
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "X-Robots-Tag": "noindex, nofollow"}
    return Response(data + "\n", media_type="application/json", headers=headers)


def _switch(desk: Desk, request: Request, form: Form, caller: Caller) -> Response:
    try:
        subscribe.ask_switch(desk.app, caller.subscriber.id, form.one("address"), ip=visitor(request))
    except ValueError:
        return _page(desk, caller, wrong="address", status=422)
    return _page(desk, caller, done="data.switch_done")


def _forget(desk: Desk, request: Request, _form: Form, caller: Caller) -> Response:
    subscribe.forget(desk.app, caller.subscriber.id, who="reader", ip=visitor(request))
    return desk.page("done", caller.subscriber.language, title="data.erase", text="data.erased", address="")


_EVERYBODY: dict[str, Act] = {"save": _save, "fewer": _fewer, "pause": _pause, "resume": _resume, "leave": _leave}
_FRESH: dict[str, Act] = {"download": _download, "switch": _switch, "forget": _forget}
