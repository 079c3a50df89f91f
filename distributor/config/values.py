"""What a person writes for a duration, a time of day, a pace, an address. Pure; each raises ValueError."""

from __future__ import annotations

import difflib
import ipaddress
import math
import re
from collections.abc import Iterable, Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from distributor.pacing import Pace

__all__ = [
    "Address",
    "Listen",
    "cut",
    "duration",
    "home",
    "host",
    "listen",
    "nearest",
    "pace",
    "quiet_hours",
    "time_of_day",
    "url_secrets",
]

# What a source, a channel, a digest may be called: it is part of keys, addresses and labels.
NAME = re.compile(r"[a-z0-9_-]{1,64}")
NAME_RULE = "a name is made of a to z, 0 to 9, _ and -, 64 at most"

_UNITS = {
    "ms": 0.001,
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*")
_ISO = re.compile(
    r"P(?:(?P<w>[0-9]+)W)?(?:(?P<d>[0-9]+)D)?(?:T(?:(?P<h>[0-9]+)H)?(?:(?P<m>[0-9]+)M)?(?:(?P<s>[0-9]+(?:\.[0-9]+)?)S)?)?"
)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
# Parameters of a URL that are secrets by their names.
_QUERY = re.compile(r"([?&;][^=&;#]*(?:token|passw|secret|key|auth|sig)[^=&;#]*=)([^&;#]+)", re.I)
_LONGEST = timedelta(days=36525)


class Address(str):
    """A URL that may carry a password: usable as text, shown without its user and password."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(str(cut(self)))


class Listen(NamedTuple):
    """Where a listener binds. Port 0 lets the system choose."""

    host: str
    port: int


def cut(url: str) -> str:
    """The URL without its userinfo and without what its query's secret-looking parameters hold, fit for a log."""
    url = _QUERY.sub(r"\1***", str.__str__(url))
    try:
        parts = urlsplit(url)
    except ValueError:
        return "***"
    if "@" not in parts.netloc:
        return url
    return urlunsplit(SplitResult(parts.scheme, "***@" + parts.netloc.rpartition("@")[2], *parts[2:]))


def url_secrets(url: str) -> Iterator[str]:
    """What `cut` takes away, as it is written and as it is meant; a user's name is no secret."""
    written = [found[1] for found in _QUERY.findall(url)]
    try:
        userinfo, at, _ = urlsplit(url).netloc.rpartition("@")
    except ValueError:
        userinfo, at = "", ""
    for secret in [*written, userinfo.partition(":")[2] if at else ""]:
        if secret:
            yield from (secret, unquote(secret))


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known word that is most like this one, or an empty string; `cutoff` is how like, from 0 to 1."""
    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), names, n=1, cutoff=cutoff)
    return names[found[0]] if found else ""


def home(path: str) -> Path:
    """The path with a leading ~ as the home folder it stands for."""
    try:
        if "\0" not in path:
            return Path(path).expanduser()
    except RuntimeError:
        pass
    raise ValueError(f"{path[:80]!r} is no usable path")


def duration(value: object) -> timedelta:
    """From "90s", "15m", "1h30m", "24h", "2d", ISO 8601 ("PT15M", no months or years) or a number of seconds."""
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value) if abs(value) < 1e15 else math.inf
    elif isinstance(value, str):
        seconds = _seconds(value.strip())
    else:
        raise ValueError('must be a duration, such as "90s", "15m" or "24h"')
    if not 0 <= seconds <= _LONGEST.total_seconds():
        raise ValueError("must be a duration from 0 to 100 years")
    return timedelta(seconds=seconds)


def _seconds(text: str) -> float:
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text):
        return float(text)
    iso = _ISO.fullmatch(text.upper())
    if iso and any(iso.groupdict().values()) and not text.upper().endswith("T"):
        return sum(float(amount) * _UNITS[unit] for unit, amount in iso.groupdict().items() if amount)
    parts = _PART.findall(text.casefold())
    if not parts or _PART.sub("", text.casefold()) or any(unit not in _UNITS for _, unit in parts):
        raise ValueError(f'{text[:40]!r} is no duration; write it like "90s", "15m", "24h", "2d" or "PT15M"')
    return sum(float(amount) * _UNITS[unit] for amount, unit in parts)


def time_of_day(value: object) -> time:
    """From "08:00" or a TOML local time; no zone."""
    if isinstance(value, time):
        return value.replace(tzinfo=None)
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        raise ValueError(f'{str(value)[:40]!r} is no time of day; write it like "08:00"')
    return time(int(found[1]), int(found[2]), int(found[3] or 0))


def quiet_hours(value: object) -> tuple[time, time]:
    """From "23:00-06:30"; the end may be "24:00", and lies on the next day when it is not after the start."""
    ends = re.split(r"\s*[-–]\s*", value.strip()) if isinstance(value, str) else []
    if len(ends) != 2:
        raise ValueError(f'{str(value)[:40]!r} are no quiet hours; write them like "23:00-06:30"')
    start, end = time_of_day(ends[0]), time(0) if ends[1] == "24:00" else time_of_day(ends[1])
    if start == end:
        raise ValueError("quiet hours that end when they begin would last all day; to stop a channel, pause it")
    return start, end


def pace(value: object) -> Pace:
    """From "50/15m", "300/h" or "18/min": so many attempts in any stretch of so long."""
    if isinstance(value, Pace):
        return value
    count, slash, per = value.strip().partition("/") if isinstance(value, str) else ("", "", "")
    per = per.strip()
    stretch = duration(per if per[:1].isdigit() or per[:1] in {"P", ""} else "1" + per) if slash and per else None
    if not stretch or not re.fullmatch(r"[1-9][0-9]{0,8}", count.strip()):
        raise ValueError(f'{str(value)[:40]!r} is no pace; write it like "50/15m" or "300/h"')
    return Pace(int(count), stretch)


def listen(value: object) -> Listen:
    """From "127.0.0.1:8000", "[::1]:8000", ":8000" or 8000; without a host it is loopback."""
    if isinstance(value, Listen):
        return value
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    name, _, port = text.rpartition(":")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535 or (":" in name and not name.startswith("[")):
        raise ValueError(f'{text[:60]!r} is no address to listen on; write it like "127.0.0.1:8000"')
    return Listen(name.strip("[]") or "127.0.0.1", int(port))


def network(value: str) -> str:
    """A network in CIDR, or one address, as it is written shortest. ValueError."""
    return str(ipaddress.ip_network(value, strict=False))


def host(value: object) -> str:
    """From "cms.internal" or "cms.internal:8080", in lower case; "[fd00::1]:80" for an IPv6 address."""
    text = value.strip().lower().rstrip(".") if isinstance(value, str) else ""
    name, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        name, port = text, ""
    if colon and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise ValueError(f"{text[:60]!r} has no valid port")
    if name.startswith("[") and name.endswith("]"):
        ipaddress.IPv6Address(name[1:-1])
    elif not re.fullmatch(r"[^\s/:@*?#\[\]]{1,253}", name):
        raise ValueError(f'{text[:60]!r} is no host; write it like "cms.internal:8080", one name and no pattern')
    return text
