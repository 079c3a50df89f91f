"""The readers' page: numbers, and one reader by the exact address. No list of addresses."""

from __future__ import annotations

from typing import Any

from distributor.context import App
from distributor.model import NO_CATEGORY
from distributor.store import readership

__all__ = ["view"]

DAYS = 30


def view(app: App, address: str = "") -> dict[str, Any]:
    now = app.clock()
    with app.store.read() as connection:
        counts = readership.readership(connection, now)
        days = readership.growth(connection, now, DAYS)
    return {
        "counts": counts,
        "days": days,
        "joined": sum(one.joined for one in days),
        "left": sum(one.left for one in days),
        "bars": _bars(days),
        "columns": _columns(counts),
        "address": address.strip(),
        **_looked_up(app, address.strip()),
    }


def _columns(counts: readership.Readership) -> list[tuple[str, list[dict[str, Any]]]]:
    names = {"": "All categories", NO_CATEGORY: "None: Trending alone"}
    categories = {names.get(title, title): readers for title, readers in counts.categories.items()}
    extra = {"Trending": counts.trending, "Breaking alerts": counts.breaking, "Paused by the reader": counts.paused}
    return [
        ("By frequency", _shares(counts.frequencies, counts.active)),
        ("By category", _shares(categories, counts.active)),
        ("By language", _shares(counts.languages, counts.active)),
        ("Also chosen", _shares(extra, counts.active)),
    ]


def _shares(counts: Any, whole: int) -> list[dict[str, Any]]:
    return [
        {"name": name or "–", "count": count, "percent": round(100 * count / whole) if whole else 0}
        for name, count in counts.items()
    ]


def _bars(days: list[readership.Day]) -> list[dict[str, float]]:
    """A chart of 600 x 100: joined above the line, left below it."""
    most = max((max(one.joined, one.left) for one in days), default=0) or 1
    width = 600 / len(days)
    return [
        {
            "x": round(number * width + 1, 1),
            "width": round(width - 2, 1),
            "up": round(50 * one.joined / most, 1),
            "down": round(50 * one.left / most, 1),
        }
        for number, one in enumerate(days)
    ]


def _looked_up(app: App, address: str) -> dict[str, Any]:
    from distributor import addressing
    from distributor.store import subscribers

    if not address:
        return {"reader": None, "wrong": ""}
    try:
        key = addressing.address_key(address)
    except ValueError as error:
        return {"reader": None, "wrong": str(error)}
    with app.store.read() as connection:
        reader = subscribers.by_address(connection, key)
    return {"reader": reader, "wrong": "" if reader else "There is no reader with this address."}
