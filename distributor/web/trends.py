"""What is trending, for the staff: each article with its last 48 hours as a line, and what its score is made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from distributor import trending
from distributor.context import App
from distributor.store import trends
from distributor.trending import PLACED, Line, Listing

__all__ = ["Trends", "spark"]

SHOWN = 10
PARTS = 3
WIDTH, HEIGHT = 141, 24  # three units an hour


class Trends:
    """The list as it was drawn last, until the snapshot is another."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._found = Listing("", "", None)

    def lines(self) -> list[dict[str, Any]]:
        """For overview.html. Raises StoreError."""
        with self._app.store.read() as connection:
            made_at = trends.made_at(connection)
        if made_at is None or made_at != self._found.at:
            self._found = trending.listing(self._app, limit=SHOWN)
        zone = ZoneInfo(self._app.settings.site.timezone)
        return [_view(line, self._found.at, zone) for line in self._found.lines]


def _view(line: Line, at: datetime | None, zone: ZoneInfo) -> dict[str, Any]:
    article, parts = line.article, {name: value for name, value in line.parts.items() if name not in PLACED}
    most = sorted(parts.items(), key=lambda part: (-abs(part[1]), part[0]))
    shown = [(name, f"{value:+.2f}") for name, value in most if abs(value) >= 0.005]
    return {
        "id": article.id,
        "title": article.title,
        "language": article.language,
        "category": next(iter(article.categories), ""),
        "published_at": article.published_at,
        "score": f"{line.earned:.2f}",
        "placed": next((name for name in PLACED if name in line.parts), ""),
        "parts": shown[:PARTS],
        "more": len(shown[PARTS:]),
        "counted": sum(one.counted for one in line.counts),
        "raw": sum(one.raw for one in line.counts),
        "spark": spark(line.hours),
        "told": _told(line.hours, at, zone),
    }


def spark(hours: Sequence[int]) -> dict[str, str]:
    """The hours as a line and the area under it, in WIDTH by HEIGHT units; flat where there is nothing."""
    most = max(hours, default=0)
    step = WIDTH / max(len(hours) - 1, 1)
    heights = [HEIGHT - 1 - (HEIGHT - 3) * count / most if most else HEIGHT - 1 for count in hours]
    line = " ".join(f"{place * step:.1f},{height:.1f}" for place, height in enumerate(heights))
    return {"line": line, "area": f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}" if line else ""}


def _told(hours: Sequence[int], at: datetime | None, zone: ZoneInfo) -> str:
    """The line in words, for who does not see it."""
    total, most = sum(hours), max(hours, default=0)
    if not total or at is None:
        return "nothing counted in 48 h"
    best = at - timedelta(hours=len(hours) - 1 - list(hours).index(most))
    return f"{total:,} counted in 48 h, most at {best.astimezone(zone):%H}:00 ({most:,})"
