"""What a reader wishes, from words: the cells of a table, or options of a command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

if TYPE_CHECKING:
    from distributor.choosing import Ask
    from distributor.config import Settings
    from distributor.context import App

__all__ = ["ask_of", "default_frequency"]

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_READS = frozenset({"active", "subscribed", "confirmed", "enabled", "member", "opted-in", "true", "1", "yes"})
_YES = frozenset({"1", "yes", "y", "true", "t", "on", "x", "oui"})
_NO = frozenset({"0", "no", "n", "false", "f", "off", "", "non"})


def default_frequency(settings: Settings) -> str:
    """The first digest that is offered; every article as it happens where there is none."""
    return next((digest.name for digest in settings.digests.values() if digest.enabled), "instant")


def ask_of(app: App, cells: Mapping[str, str]) -> Ask:
    """What the cells say (keys as in sheets.COLUMNS), checked; the site's own usage where they are empty or not there.

    Raises ValueError with one line.
    """
    from distributor.choosing import Ask, checked

    said = {name: value.strip() for name, value in cells.items() if value and value.strip()}
    status = said.get("status", "active").casefold()
    if status not in _READS:
        raise ValueError(f"status: {status[:40]!r} there, so it is not taken; --suppressed is for who left")
    frequency = said.get("frequency", "").casefold()
    known = {name.casefold(): name for name in (*app.settings.digests, "instant")}
    return checked(
        app,
        Ask(
            address=said.get("address", ""),
            categories=_categories(app.settings, said.get("categories", "")),
            trending=_flag(said, "trending", default=True),
            frequency=known.get(frequency, said["frequency"]) if frequency else default_frequency(app.settings),
            weekdays=_weekdays(said.get("weekdays", "")),
            hour=_hour(said.get("hour", "")),
            timezone=_timezone(said.get("timezone", "")),
            language=said.get("language", ""),
            breaking=_flag(said, "breaking", default=False),
        ),
    )


def _categories(settings: Settings, text: str) -> tuple[str, ...]:
    """Titles with commas, semicolons or bars between; a title that has one of these itself stands alone."""
    if text.casefold() in {title.casefold() for title in settings.site.categories}:
        return (text,)
    return tuple(word.strip() for word in re.split(r"[;|,]", text) if word.strip())


def _weekdays(text: str) -> tuple[int, ...]:
    found = set()
    for word in re.split(r"[;|,\s]+", text.casefold()):
        if word:
            place = next((place for place, day in enumerate(_DAYS) if len(word) > 1 and day.startswith(word)), None)
            if place is None:
                raise ValueError(f"weekdays: {word[:40]!r} is no weekday, such as monday")
            found.add(place)
    return tuple(sorted(found))


def _hour(text: str) -> int | None:
    match = re.fullmatch(r"([0-9]{1,2})(?::00)?", text)
    if text and (not match or int(match[1]) > 23):
        raise ValueError(f"hour: {text[:20]!r} is no hour from 0 to 23")
    return int(match[1]) if match else None


def _timezone(text: str) -> str:
    if text and text not in _timezones():
        raise ValueError(f"timezone: {text[:60]!r} is no IANA name, such as Europe/Paris")
    return text


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def _flag(said: Mapping[str, str], name: str, *, default: bool) -> bool:
    word = said.get(name, "").casefold()
    if word in _YES:
        return True
    if word not in _NO:
        raise ValueError(f"{name}: {word[:40]!r} is neither yes nor no")
    return default if name not in said else False
