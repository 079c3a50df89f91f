"""Moments as a person writes and reads them, in the site's time zone. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

__all__ = ["ago", "moment", "shown", "span"]

_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAMED = re.compile(rf"(?:(?P<day>[a-z]+)\s+(?:at\s+)?)?{_CLOCK}")
_IN = re.compile(r"(?:in\s+|\+)(?P<count>[0-9]{1,6})\s*(?P<unit>[a-z]+)")
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
}
_FORMS = 'write it like "08:30", "tomorrow 8:00", "monday 9:00", "+30m" or "2030-01-31T08:30"'
_LEEWAY = timedelta(minutes=1)


def moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    """The moment meant, in UTC. A time of day without a day is its next occurrence in `zone`.

    A local time that a change of the clocks leaves out is taken as late as the clocks jump; one that comes twice is
    the first. Raises ValueError for what is no moment, or is past.
    """
    words = " ".join(text.casefold().split())
    found = _after(words, now) or _named(words, now.astimezone(zone), zone) or _iso(text.strip(), zone)
    if found is None:
        raise ValueError(f"{text[:60]!r} is no moment; {_FORMS}")
    if found < now - _LEEWAY:
        raise ValueError(f"{text[:60]!r} is past")
    return found


def _after(words: str, now: datetime) -> datetime | None:
    if words == "now":
        return now
    found = _IN.fullmatch(words)
    unit = _UNITS.get(found["unit"]) if found else None
    return now + int(found["count"]) * unit if found and unit else None


def _named(words: str, local: datetime, zone: tzinfo) -> datetime | None:
    found = _NAMED.fullmatch(words)
    if not found:
        return None
    try:
        clock = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    except ValueError:
        return None
    name = found["day"] or ""
    if name in {"", "today"}:
        today = _utc(local.date(), clock, zone)
        later = not name and today <= local
        return _utc(local.date() + timedelta(days=1), clock, zone) if later else today
    if name == "tomorrow":
        return _utc(local.date() + timedelta(days=1), clock, zone)
    number = next((place for place, day in enumerate(_DAYS) if len(name) > 2 and day.startswith(name)), None)
    if number is None:
        return None
    ahead = (number - local.weekday()) % 7
    at = _utc(local.date() + timedelta(days=ahead), clock, zone)
    return at if at > local else _utc(local.date() + timedelta(days=ahead + 7), clock, zone)


def _iso(text: str, zone: tzinfo) -> datetime | None:
    if not re.match(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[T ]", text):
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _utc(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)


def shown(at: datetime | None, zone: tzinfo, now: datetime) -> str:
    """Such as "06:30" for today in `zone`, "4 Mar 06:30" within half a year, else with the year; "-" for None."""
    if at is None:
        return "-"
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    if abs(at - now) < timedelta(days=180):
        return f"{local.day} {local:%b %H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"


def span(length: timedelta | float) -> str:
    """A duration in one unit: "0.2 s", "45 s", "12 min", "3 h", "12 d"."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 10:
        return f"{seconds:.1f} s"
    for unit, size, most in (("s", 1, 90), ("min", 60, 5400), ("h", 3600, 129_600)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def ago(at: datetime | None, now: datetime) -> str:
    return "never" if at is None else f"{span(now - at)} ago"
