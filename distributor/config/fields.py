"""The types that settings are made of: each reads what a person writes, and says what is wrong with it."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from distributor.config import values
from distributor.pacing import Pace

__all__ = [
    "Categories",
    "Clocks",
    "Duration",
    "EnvText",
    "Folder",
    "Frozen",
    "Hidden",
    "Hosts",
    "Language",
    "Languages",
    "Listener",
    "Money",
    "Paces",
    "Positive",
    "Quiet",
    "Table",
    "Url",
    "Utm",
    "Words",
    "Zone",
]

T = TypeVar("T")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_UTM = {"source", "medium", "campaign", "term", "content", "id"}


class Table(BaseModel):
    """A table of the settings file: read-only, and no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)


class EnvText(str):
    """A value from the environment, where a list is written with commas."""

    __slots__ = ()


def words(value: Any) -> Any:
    if isinstance(value, EnvText):
        value = value.split(",")
    elif isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple, set, frozenset)) or not all(isinstance(word, str) for word in value):
        raise ValueError('must be a list of words, such as ["World News", "Business"]')
    kept = [word.strip() for word in value]
    if not all(kept) and kept != [""]:
        raise ValueError("holds an empty word")
    return tuple(dict.fromkeys(word for word in kept if word))


def _categories(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str) and value.strip().casefold() == "all":
        return None
    listed: tuple[str, ...] = words(value)
    if [word.casefold() for word in listed] == ["all"]:
        return None
    if not listed:
        raise ValueError('must name at least one category, or be "all"')
    return listed


def _language(value: str) -> str:
    tag = value.replace("_", "-")
    if not _LANGUAGE.fullmatch(tag):
        raise ValueError(f'{value[:40]!r} is no language; write it like "en" or "fr-CA" (BCP 47)')
    return tag


def _zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = values.nearest(value, zoneinfo.available_timezones())
        hint = f", did you mean {near}?" if near else '; write it like "Europe/Paris"'
    else:
        return value
    raise ValueError(f"{value[:60]!r} is no time zone{hint}")


def _url(value: str) -> values.Address:
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or re.search(r"[\s\x00-\x1f\x7f]", value) or len(value) > 2048:
        raise ValueError('must be an address that begins with "https://" or "http://"')
    return values.Address(value)


def _utm(value: Any) -> dict[str, str]:
    """Full parameter names and the template of each; from a table, or from "utm_source=...&utm_medium=..."."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.lstrip("?").split("&") if part]
        if not all(equals and name for name, equals, _ in pairs):
            raise ValueError('must look like "utm_source={{ channel }}&utm_medium=social"')
        value = {name: text for name, _, text in pairs}
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError('must be a table of texts, such as { source = "{{ channel }}", medium = "social" }')
    return {f"utm_{name}" if name in _UTM else str(name): text for name, text in value.items()}


def _paces(value: Any) -> tuple[Pace, ...]:
    return tuple(values.pace(item) for item in _listed(value))


def _clocks(value: Any) -> tuple[time, ...]:
    return tuple(sorted({values.time_of_day(item) for item in _listed(value)}))


def _listed(value: Any) -> list[Any]:
    if isinstance(value, EnvText):
        return value.split(",")
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _quiet(value: Any) -> tuple[time, time]:
    return value if isinstance(value, tuple) else values.quiet_hours(value)


def freeze(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


def _not_zero(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than nothing")
    return value


SHOWN_CUT = PlainSerializer(values.cut)

Duration = Annotated[timedelta, BeforeValidator(values.duration)]
Positive = Annotated[timedelta, BeforeValidator(values.duration), AfterValidator(_not_zero)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Categories = Annotated[tuple[str, ...] | None, BeforeValidator(_categories)]
Language = Annotated[str, AfterValidator(_language)]
Languages = Annotated[tuple[Language, ...], BeforeValidator(words)]
Zone = Annotated[str, AfterValidator(_zone)]
Url = Annotated[str, AfterValidator(_url), SHOWN_CUT]
Hidden = Annotated[str, AfterValidator(values.Address), SHOWN_CUT]
Frozen = Annotated[Mapping[str, T], AfterValidator(freeze), PlainSerializer(dict)]
Utm = Annotated[Mapping[str, str], BeforeValidator(_utm), AfterValidator(freeze), PlainSerializer(dict)]
Paces = Annotated[tuple[Pace, ...], BeforeValidator(_paces)]
Clocks = Annotated[tuple[time, ...], BeforeValidator(_clocks)]
Folder = Annotated[Path, BeforeValidator(lambda value: values.home(value) if isinstance(value, str) else value)]
Quiet = Annotated[tuple[time, time], BeforeValidator(_quiet)]
Hosts = Annotated[tuple[Annotated[str, BeforeValidator(values.host)], ...], BeforeValidator(words)]
Listener = Annotated[values.Listen, BeforeValidator(values.listen)]
Money = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
