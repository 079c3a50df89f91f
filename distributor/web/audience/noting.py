"""One request becomes one thing seen, unless its reader asked not to be followed."""

from __future__ import annotations

from starlette.requests import Request

from distributor import robots
from distributor.context import App
from distributor.counting import Counter, Seen

__all__ = ["note"]


def note(
    app: App, counter: Counter, request: Request, kind: str, article_id: int, channel: str, marks: int = 0
) -> None:
    """Counts it for the article. With `DNT: 1` or `Sec-GPC: 1` nothing is recorded at all."""
    headers = request.headers
    if robots.is_private(headers):
        return
    address = request.client.host if request.client else ""
    settings = app.settings.signals
    shown = robots.marks(request.method, headers, settings.robot_agents)
    counter.note(
        Seen(
            at=app.clock(),
            kind=kind,
            article_id=article_id,
            channel=channel,
            visitor=counter.visitor(address, headers.get("user-agent", "")),
            marks=marks | shown | robots.network_mark(address, settings.robot_networks),
        )
    )
