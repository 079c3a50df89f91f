"""The first page and what keeps it up to date: what is drawn once is drawn again only when it changed.

pulse (from indexes) unchanged -> nothing to do: 204
pulse changed -> the newest articles, their deliveries -> only what has another fingerprint is rendered
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from markupsafe import Markup

from distributor import reporting, telling
from distributor.context import App
from distributor.model import State
from distributor.reporting import Law
from distributor.store import articles, census, gauges, stream
from distributor.web import views
from distributor.web.pages import Pages
from distributor.web.trends import Trends

__all__ = ["ARTICLES", "Board", "Snapshot", "law_view"]

ARTICLES = 50
# What depends on the clock alone (a stale process, a quiet hour that ends) shows within this time.
OUTDATED_AFTER = timedelta(seconds=5)
REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The board at one moment. `rows` are the articles' HTML by id, newest first, `prints` what each was drawn from."""

    token: str
    overview: str
    rows: Mapping[int, str]
    prints: Mapping[int, str]


class Board:
    """Draws the board, and tells a page that has an older one what is new. Safe for threads."""

    def __init__(self, app: App, pages: Pages, limit: int = ARTICLES) -> None:
        self.app, self.pages, self.limit = app, pages, limit
        self._trends = Trends(app)
        self._lock = threading.Lock()
        self._seen: tuple[str, Any] = ("", None)
        self._now = Snapshot("", "", {}, {})
        self._past: OrderedDict[str, tuple[str, Mapping[int, str]]] = OrderedDict()

    def page(self) -> str:
        snapshot = self.snapshot()
        rows = [Markup(row) for row in snapshot.rows.values()]  # noqa: S704 (our own template's output)
        overview = Markup(snapshot.overview)  # noqa: S704
        return self.pages.render("board.html", here="", token=snapshot.token, overview=overview, rows=rows)

    def token(self) -> str:
        return self.snapshot().token

    def since(self, token: str) -> dict[str, Any] | None:
        """What a page that shows the board of `token` needs to become the present one; None: it is the present one."""
        snapshot = self.snapshot()
        if token == snapshot.token:
            return None
        with self._lock:
            overview, prints = self._past.get(token, ("", {}))
        changed = {
            number: row for number, row in snapshot.rows.items() if prints.get(number) != snapshot.prints[number]
        }
        return {
            "token": snapshot.token,
            "overview": None if overview == snapshot.overview else snapshot.overview,
            "order": list(snapshot.rows),
            "articles": changed,
        }

    def snapshot(self) -> Snapshot:
        """The board as it is now. Raises StoreError."""
        with self.app.store.read() as connection:
            pulse = gauges.pulse(connection)
        with self._lock:
            now = self.app.clock()
            seen, at = self._seen
            if seen != pulse or now - at >= OUTDATED_AFTER:
                self._now = self._draw(self._now)
                self._seen = (pulse, now)
                self._past[self._now.token] = (self._now.overview, self._now.prints)
                self._past.move_to_end(self._now.token)
                while len(self._past) > REMEMBERED:
                    self._past.popitem(last=False)
            return self._now

    def _draw(self, before: Snapshot) -> Snapshot:
        overview = self.overview()
        rows, prints = self._rows(before)
        parts = repr((overview, list(prints.items())))
        return Snapshot(hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:16], overview, rows, prints)

    def overview(self) -> str:
        status = reporting.status(self.app)
        return self.pages.render(
            "overview.html",
            at=status.at,
            problems=status.problems,
            law=law_view(status.law),
            latency=status.latency,
            spent=status.spent,
            channels=status.channels,
            trends=self._trends.lines(),
            icons={line.name: views.network_of(self.app, line.name) for line in status.channels},
        )

    def _rows(self, before: Snapshot) -> tuple[dict[int, str], dict[int, str]]:
        app, now = self.app, self.app.clock()
        with app.store.read() as connection:
            opened = telling.openings(app, connection, now)
            found = articles.latest(connection, limit=self.limit)
            posts = census.of_articles(connection, [article.id for article in found])
            prints = {one.id: views.fingerprint(one, posts.get(one.id, []), opened, now) for one in found}
            stale = [one for one in found if before.prints.get(one.id) != prints[one.id]]
            wanted = [row.message_id for one in stale for row in posts.get(one.id, []) if row.message_id]
            messages = stream.messages(connection, wanted)
        drawn = {}
        for article in stale:
            shown = views.post_views(app, article, posts.get(article.id, []), messages, opened, now)
            drawn[article.id] = self.pages.render("article_row.html", article=views.article_view(article), posts=shown)
        return {one.id: drawn.get(one.id) or before.rows[one.id] for one in found}, prints


def law_view(law: Law) -> dict[str, Any]:
    """The law as a sum and as a bar of 1000 units."""
    counted = sum(law.counts.values())
    parts, position = [], 0.0
    order = (State.SENT, State.PENDING, State.SENDING, State.HELD, State.FAILED, State.SKIPPED, State.UNCERTAIN)
    for state in order:
        count = law.counts.get(state, 0)
        width = 1000 * count / counted if counted else 0.0
        parts.append({"state": state.value, "count": count, "from": round(position, 2), "width": round(width, 2)})
        position += width
    return {"planned": law.planned, "counted": counted, "holds": law.holds, "parts": parts}
