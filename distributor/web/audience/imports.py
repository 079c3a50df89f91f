"""POST /hooks/views: page views that another program counted, signed by Standard Webhooks with signals.hook_secret.

    {"views": [{"url": "https://paper.example/a", "at": "2026-03-01T12:00:00Z", "count": 31}], "channel": "matomo"}

`count` is the total of the 20 minutes or the hour that begins at `at`: told again, it replaces what was told before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.routing import BaseRoute, Route

from distributor import paths, viewing
from distributor.context import App
from distributor.errors import ConfigError
from distributor.mail.hooks import HookRefused, standard
from distributor.mail.hooks.events import document
from distributor.viewing import View
from distributor.web.hearing import Heard, endpoint

__all__ = ["routes"]

MOST = 5_000
BIGGEST = 1_000_000_000
CHANNEL = "imported"


def routes(app: App) -> list[BaseRoute]:
    def read(body: bytes, headers: Mapping[str, str], _word: str) -> Heard:
        secret = app.settings.signals.hook_secret
        assert secret is not None
        identity = standard.verified(body, headers, [secret.get_secret_value()], app.clock())
        told = document(body)
        try:
            channel, kind = _word_of(told, "channel", CHANNEL), viewing.kind_of(_word_of(told, "kind", "views"))
            channel = viewing.channel_of(app, channel)
        except ConfigError as error:
            raise HookRefused(str(error), status=422, hint=error.hint) from None
        views = _views(told.get("views"))

        def act() -> None:
            viewing.put(app, views, channel=channel, kind=kind)

        return f"views:{identity}", act

    is_on = lambda: app.settings.signals.hook_secret is not None  # noqa: E731 (one line for one question)
    return [Route(f"{paths.HOOKS}/views", endpoint(app, "views", read, is_on=is_on), methods=["POST"])]


def _word_of(told: Mapping[str, Any], key: str, default: str) -> str:
    word = told.get(key, default)
    if not isinstance(word, str):
        raise HookRefused(f"{key} is no text", status=422)
    return word


def _views(told: object) -> list[View]:
    """All of them, or none: a program that tells one row wrong should hear of it."""
    if not isinstance(told, list) or not told or len(told) > MOST:
        raise HookRefused(f"views is a list of 1 to {MOST} rows", status=422)
    return [_view(place, row) for place, row in enumerate(told)]


def _view(place: int, row: object) -> View:
    url, at, count = (row.get(key) for key in ("url", "at", "count")) if isinstance(row, dict) else (None,) * 3
    if not isinstance(url, str) or not 0 < len(url) <= 2_000:
        raise HookRefused(f"views[{place}].url is no address", status=422)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count < BIGGEST:
        raise HookRefused(f"views[{place}].count is no count", status=422)
    try:
        moment = datetime.fromisoformat(str(at))
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = datetime.min.replace(tzinfo=UTC)
    if not 2000 <= moment.year <= 2100:
        raise HookRefused(f"views[{place}].at is no time, such as 2026-03-01T12:00:00Z", status=422)
    return View(place, url, moment, count=count)
