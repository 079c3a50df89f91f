"""/hooks/ses, /hooks/postmark, /hooks/standard: what providers tell about mails that we sent.

All of it is hostile until distributor.mail.hooks says otherwise; see hearing.py for what becomes of a hook.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import structlog
from starlette.routing import BaseRoute, Route

from distributor import bouncing, paths
from distributor.context import App
from distributor.errors import Unreachable
from distributor.mail.hooks import Event, postmark, secrets, sns, standard
from distributor.mail.hooks.certificates import Certificates
from distributor.web.hearing import Heard, endpoint

__all__ = ["routes"]

log = structlog.get_logger(__name__)


def routes(app: App) -> list[BaseRoute]:
    certificates = Certificates(lambda url: _fetched(app, url), app.clock)

    def ses(body: bytes, _headers: Mapping[str, str], _word: str) -> Heard:
        topics = (app.settings.mail.topic,) if app.settings.mail and app.settings.mail.topic else ()
        read = sns.read(body, topics=topics, certificate=certificates, now=app.clock())
        return f"ses:{read.id}", _heeding(app, "ses", read.events, read.confirm)

    def from_postmark(body: bytes, headers: Mapping[str, str], word: str) -> Heard:
        secrets.check(headers, _secret(app), given=word)
        return f"postmark:{hashlib.sha256(body).hexdigest()}", _heeding(app, "postmark", postmark.read(body))

    def from_others(body: bytes, headers: Mapping[str, str], _word: str) -> Heard:
        read = standard.read(body, headers, secrets=[_secret(app)], now=app.clock())
        return f"standard:{read.id}", _heeding(app, "standard", read.events)

    def hook(name: str, read: Callable[[bytes, Mapping[str, str], str], Heard]) -> Callable[..., object]:
        return endpoint(app, name, read, is_on=lambda: app.settings.mail is not None)

    return [
        Route(f"{paths.HOOKS}/ses", hook("ses", ses), methods=["POST"]),
        Route(f"{paths.HOOKS}/postmark", hook("postmark", from_postmark), methods=["POST"]),
        # Postmark can show a secret in the address only, as a word of the path or before the host.
        Route(f"{paths.HOOKS}/postmark/{{word}}", hook("postmark", from_postmark), methods=["POST"]),
        Route(f"{paths.HOOKS}/standard", hook("standard", from_others), methods=["POST"]),
    ]


def _secret(app: App) -> str:
    mail = app.settings.mail
    return mail.hook_secret.get_secret_value() if mail and mail.hook_secret else ""


def _heeding(app: App, name: str, events: Sequence[Event], confirm: str = "") -> Callable[[], None]:
    """The deed: an address to confirm is fetched, then each event is heeded."""

    def act() -> None:
        if confirm:
            _fetched(app, confirm)
            log.info("hook confirmed", hook=name)
        for event in events:
            bouncing.heed(app, event, proven=True)

    return act


def _fetched(app: App, url: str) -> bytes:
    """What Amazon has at an address of its own that sns.py judged. Raises Unreachable."""
    answer = app.fetcher.get(url)
    if answer.status != 200:
        raise Unreachable(f"Amazon answered {answer.status}")
    return answer.body
