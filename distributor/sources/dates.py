"""Dates as feeds write them: RFC 822, ISO 8601 / RFC 3339, and what people do instead. Everything becomes UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["instant", "parse"]

# Months by how they begin, in the languages that newsrooms' systems put into feeds when their locale leaks.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan janv ene gen янв січ sty ian oca",
            "feb fév fev févr fevr фев лют lut şub sub",
            "mar mär mars mrt maa març мар бер",
            "apr avr abr кві апр kwi nis",
            "may mai mag mei май мая тра maj",
            "jun juin giu июн чер cze haz",
            "jul juil lug июл лип lip tem",
            "aug août aou ago авг сер sie ağu",
            "sep sept set сен вер wrz eyl",
            "oct okt ott out окт жов paź paz eki",
            "nov ноя лис lis kas",
            "dec déc dez dic дек гру gru ara",
        ),
        start=1,
    )
    for name in names.split()
}
# Hours east of Greenwich. Abbreviations that mean several zones are read the American way, as RFC 822 does.
_ZONES = {
    "ut": 0, "gmt": 0, "utc": 0, "z": 0, "wet": 0,
    "adt": -3, "ast": -4, "edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8,
    "akdt": -8, "akst": -9, "hst": -10,
    "bst": 1, "west": 1, "cet": 1, "met": 1, "cest": 2, "mest": 2, "eet": 2, "eest": 3, "msk": 3,
    "jst": 9, "kst": 9, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip
_RFC822 = re.compile(
    r"(?:\w+\.?,?\s+)?(\d{1,2})[\s-](\w{3})\w*\.?,?[\s-](\d{4}|\d\d),?\s+(\d{1,2}):(\d\d)(?::(\d\d))?\s*"
    r"(?:(?:GMT|UTC)?([+-]\d\d):?(\d\d)|([A-Za-z]+))?\s*",
    re.I,
)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt\s]\s*(\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d)?)?", re.I
)
_EPOCH = re.compile(r"\d{9,10}|\d{13}")
_WORDY = re.compile(
    r"(?P<a>[^\W\d_]{3,})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})|"
    r"(?P<day2>\d{1,2})\.?\s+(?:de\s+)?(?P<b>[^\W\d_]{3,})\.?,?\s+(?:de\s+)?(?P<year2>\d{4})"
)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?\s*([AaPp])?\.?(?:[Mm]\b)?\.?\s*([+-]\d\d:?\d\d|[A-Za-z]{1,4}\b)?")
_HALF_DAY = re.compile(r"\d\s*[AaPp]\.?[Mm]\b")
_EARLIEST = datetime(1800, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def parse(text: str) -> datetime | None:
    """The moment that `text` names, aware and in UTC; None for what is no date, or none that anybody can mean.

    A time without a zone is UTC, a day without a time is its first moment. Years before 1800 and from 2200 on are
    empty fields of databases (0001-01-01, 9999-12-31), not dates.
    """
    text = text[:200].strip()
    if not text:
        return None
    for reader in (_rfc822, _iso, _epoch, _feedparser, _wordy):
        try:
            found = reader(text)
        except (ValueError, OverflowError, KeyError, IndexError, TypeError, OSError):
            continue
        if found is not None:
            return found if _EARLIEST <= found < _LATEST else None
    return None


def instant(value: object) -> datetime | None:
    """`parse`, for values out of JSON: strings and numbers (seconds or milliseconds since 1970)."""
    if isinstance(value, bool) or value is None:
        return None
    return parse(str(int(value)) if isinstance(value, float) and abs(value) < 1e14 else str(value))


def _rfc822(text: str) -> datetime | None:
    found = _RFC822.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second, zone_hour, zone_minute, zone = found.groups()
    if zone and zone.lower() in {"am", "pm"}:
        return None
    years = int(year) + (0 if len(year) == 4 else 2000 if int(year) < 90 else 1900)
    moment = datetime(
        years, _MONTHS[month.lower()], int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=UTC
    )
    return moment - (
        _offset(zone_hour, zone_minute) if zone_hour else timedelta(hours=_ZONES.get((zone or "z").lower(), 0))
    )


def _offset(hours: str, minutes: str) -> timedelta:
    sign = -1 if hours.startswith("-") else 1
    return sign * timedelta(hours=int(hours[1:]), minutes=int(minutes or 0))


def _iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    day, clock, zone = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}").replace(tzinfo=UTC)
    return moment - _offset(zone[:3], zone[3:].lstrip(":")) if zone and zone[0] in "+-" else moment


def _epoch(text: str) -> datetime | None:
    if _EPOCH.fullmatch(text) is None:
        return None
    return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)


def _feedparser(text: str) -> datetime | None:
    """The rarer forms that feedparser knows: Korean, Greek and Hungarian dates, asctime, ISO week and day numbers."""
    if not any(character.isdigit() for character in text) or _HALF_DAY.search(text):
        return None  # it takes 2 PM for 2 in the morning
    from feedparser.datetimes import _parse_date

    found = _parse_date(text)
    if not found:
        return None
    year, month, day, hour, minute, second = found[:6]
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)


def _wordy(text: str) -> datetime | None:
    """ "March 3, 2024 4:05 PM EST", "3 de marzo de 2024": a month's name, a day and a year in any usual order."""
    found = _WORDY.search(text)
    if found is None:
        return None
    name = (found["a"] or found["b"]).lower()
    month = next((_MONTHS[name[:size]] for size in (4, 3) if name[:size] in _MONTHS), None)
    if month is None:
        return None
    day = datetime(int(found["year"] or found["year2"]), month, int(found["day"] or found["day2"]), tzinfo=UTC)
    clock = _CLOCK.search(text, found.end())
    return day + _time_of_day(*clock.groups()) if clock else day


def _time_of_day(hour: str, minute: str, second: str | None, half: str | None, zone: str | None) -> timedelta:
    hours = int(hour) % 12 + (12 if half.lower() == "p" else 0) if half else int(hour)
    shift = timedelta(0)
    if zone and zone[0] in "+-":
        shift = _offset(zone[:3], zone[3:].lstrip(":"))
    elif zone:
        shift = timedelta(hours=_ZONES.get(zone.lower(), 0))
    return timedelta(hours=hours, minutes=int(minute), seconds=int(second or 0)) - shift
