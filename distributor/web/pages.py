"""Pages from templates. Everything is escaped unless a template says otherwise; none says so of what others wrote."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import distributor
from distributor.config import passing
from distributor.context import App
from distributor.web import previews
from distributor.web.assets import asset

__all__ = ["Pages", "duration"]

PLACES = (
    ("/", "Articles"),
    ("/digests", "Digests"),
    ("/readers", "Readers"),
    ("/reports", "Reports"),
    ("/outbox", "Outbox"),
)


class Pages:
    """Renders the templates of `templates/web`. Safe for threads. Only the staff's pages link to one another."""

    def __init__(self, app: App, *, staff: bool = False) -> None:
        self.zone, self.clock = ZoneInfo(app.settings.site.timezone), app.clock
        self.initial = next((char.upper() for char in app.settings.site.name if char.isalnum()), "·")
        self.environment = Environment(
            loader=FileSystemLoader(Path(distributor.__file__).parent / "templates" / "web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.environment.globals |= {
            "asset": asset,
            "initial": self.initial,
            "program": f"distributor --config {app.settings.path}" if passing(app.settings) else "distributor",
            "public_url": str(app.settings.site.public_url or "") if app.settings.mail else "",
            "site": app.settings.site.name,
            "staff": PLACES if staff else (),
            "version": distributor.__version__,
            "zone": app.settings.site.timezone,
        }
        self.environment.filters |= {
            "duration": duration,
            "moment": self._moment,
            "number": lambda number: f"{number:,}",
            "safe_link": previews.safe_link,
        }

    def render(self, name: str, **values: Any) -> str:
        return self.environment.get_template(name).render(values)

    def _moment(self, at: datetime | None, *, ago: bool = True) -> Markup:
        """A moment on the publisher's own clock; the page's script tells how long ago it was."""
        if at is None:
            return Markup("–")
        local = at.astimezone(self.zone)
        today = self.clock().astimezone(self.zone).date()
        shown = f"{local:%H:%M:%S}" if today == local.date() else f"{local:%d %b %H:%M}"
        exact = at.isoformat(timespec="milliseconds")
        whole = f"{local:%Y-%m-%d %H:%M:%S %Z}"
        return Markup(f'<time datetime="{exact}" title="{whole}"{" data-ago" if ago else ""}>{shown}</time>')  # noqa: S704 (digits)


def duration(span: timedelta | float | None) -> str:
    """A length of time, as short as it can be said: "12 ms", "1.4 s", "3 min", "2 h 5 min", "4 d"."""
    if span is None:
        return "–"
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} d"
