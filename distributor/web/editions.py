"""The digests' page (what went out, how far it is, what waits) and the preview for any reader's choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from distributor import choosing, composing, digest, editions, overseeing
from distributor.context import App
from distributor.errors import DistributorError, NotFound
from distributor.mail import MARKER
from distributor.model import NO_CATEGORY, Choice, Message
from distributor.store import slots

__all__ = ["Asked", "asked", "digests_view", "preview_view", "rendered"]

SLOTS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """Which digest, as which reader would get it."""

    digest: str
    choice: Choice

    @property
    def query(self) -> str:
        pairs = [("category", title) for title in self.choice.categories]
        pairs += [("language", self.choice.language), ("trending", "1" if self.choice.trending else "0")]
        return urlencode(pairs)


def asked(app: App, name: str, query: QueryParams) -> Asked:
    """What the address says; what is not offered is left out. Raises NotFound for an unknown digest."""
    if name not in composing.digests_of(app):
        known = ", ".join(composing.digests_of(app)) or "none"
        raise NotFound(f"there is no digest {name[:60]!r}", hint=f"the digests are: {known}")
    offered = composing.offered(app, name)
    wanted = {title.casefold() for title in query.getlist("category")}
    chosen = tuple(title for title in offered if title.casefold() in wanted)
    if wanted == {NO_CATEGORY}:
        chosen = (NO_CATEGORY,)
    languages = choosing.languages(app.settings)
    language = query.get("language", "")
    return Asked(
        name,
        Choice(
            categories=() if set(chosen) == set(offered) else tuple(sorted(chosen)),
            trending=query.getlist("trending")[-1:] != ["0"] or chosen == (NO_CATEGORY,),
            language=language if language in languages else languages[0],
        ),
    )


def rendered(app: App, one: Asked) -> Message | None:
    """None when there is nothing new. Raises TemplateError."""
    return digest.preview(app, one.digest, one.choice, app.clock())


def preview_view(app: App, one: Asked) -> dict[str, Any]:
    message, wrong = None, ""
    try:
        message = rendered(app, one)
    except DistributorError as error:
        wrong = str(error)
    offered = composing.offered(app, one.digest)
    return {
        "digest": one.digest,
        "title": _title(app, one.digest),
        "message": message,
        "wrong": wrong,
        "text": message.text.replace(MARKER, "…") if message else "",
        "size": len(message.html.encode()) if message else 0,
        "mail": f"/digests/{one.digest}/preview/mail?{one.query}",
        "offered": [(title, not one.choice.categories or title in one.choice.categories) for title in offered],
        "alone": editions.alone(one.choice),
        "languages": choosing.languages(app.settings),
        "choice": one.choice,
    }


def digests_view(app: App) -> dict[str, Any]:
    """The digests of the settings, and the newest slots with their editions taken together."""
    counts = {name: digest.count_by_hand(app, name) for name in composing.digests_of(app)}
    with app.store.read() as connection:
        found = slots.latest(connection, app.clock(), limit=SLOTS)
        orphans = overseeing.orphans(app, connection)
    return {
        "digests": [
            {"name": name, "title": _title(app, name), "approval": app.settings.digests[name].approval, "readers": many}
            for name, many in counts.items()
        ],
        "mail": app.settings.mail is not None,
        "slots": found,
        "orphans": orphans,
    }


def _title(app: App, name: str) -> str:
    return app.settings.digests[name].title or name
