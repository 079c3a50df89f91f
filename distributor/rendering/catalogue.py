"""The words that readers see around the news, in their language: one TOML file for each, the operator's over ours.

Catalogue.load -> the files that may speak, best first: the language's own (fr-CA, then fr), the site's, English
               -> within each the operator's folder before ours
text, count    -> the first file that has the key
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any

from distributor.errors import TemplateError
from distributor.rendering.directions import Direction, direction_of, written
from distributor.rendering.plurals import plural

__all__ = ["Catalogue", "Words", "stamp"]

FOLDER = "words"
SIZE = 65_536  # bytes of a catalogue
_TAG = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_SLOT = re.compile(r"\{(\w+)\}")
_FORMS = frozenset({"zero", "one", "two", "few", "many", "other"})
_NAMES = {"months": 12, "months_short": 12, "weekdays": 7, "weekdays_short": 7}


@dataclass(frozen=True)
class _File:
    """One catalogue file: `language` is its name, whose plural rules hold in it."""

    language: str
    path: Path
    tables: Mapping[str, Any]


class Catalogue:
    """What is said in one language. `language` is the tag asked for, `direction` how it is written: ltr or rtl."""

    def __init__(self, language: str, files: Sequence[_File]) -> None:
        self.language = language
        self._files = tuple(files)
        own = (file.tables.get("direction") for file in files if _base(file.language) == _base(language))
        told: Direction | None = next((value for value in own if value), None)
        self.direction: Direction = told or direction_of(language)

    @classmethod
    def load(cls, folders: Sequence[Path], language: str, fallback: str = "en") -> Catalogue:
        """The words of a language; where it has none, those of `fallback` (the site's language), then English.

        `folders` are template folders, the operator's first; catalogues are `words/<language>.toml` in them. Raises
        TemplateError, naming file and line, for a file that is no catalogue.
        """
        language = _canonical(language) or _canonical(fallback) or "en"
        found = {folder: _listed(folder / FOLDER) for folder in folders}
        paths = dict.fromkeys(
            (tag, path)
            for wanted in (language, fallback, "en")
            for tag in _tags(wanted)
            for folder in folders
            if (path := found[folder].get(tag.lower()))
        )
        return cls(language, [_File(tag, path, _read(path)) for tag, path in paths])

    def has(self, key: str) -> bool:
        """Whether any catalogue has it."""
        return any(True for _ in self._found(key))

    def text(self, key: str, /, **values: Any) -> str:
        """The words of a dotted key, `{name}` filled in. A key that no catalogue has is given back as it is."""
        for _, value in self._found(key):
            if isinstance(value, str):
                return self._filled(value, values)
        return key

    def count(self, key: str, number: int, /, **values: Any) -> str:
        """The words for so many, in the language's own plural form; `{count}` is the number, as the language has it."""
        for language, value in self._found(key):
            words = value.get(plural(language, number), value.get("other")) if isinstance(value, dict) else value
            if isinstance(words, str):
                return self._filled(words, {"count": self.number(number), **values})
        return key

    def names(self, key: str) -> tuple[str, ...]:
        """A list of words, such as `dates.months`; empty if there is none."""
        return next((tuple(value) for _, value in self._found(key) if isinstance(value, list)), ())

    def listed(self, parts: Sequence[str]) -> str:
        """`a, b and c`."""
        if len(parts) < 2:
            return "".join(parts)
        return self.text("lists.between").join(parts[:-1]) + self.text("lists.last") + parts[-1]

    def number(self, number: int) -> str:
        """A whole number with the language's grouping and digits."""
        grouped = f"{number:,}".replace(",", self.text("numbers.group"))
        return self._digits(grouped)

    def date(self, moment: datetime, zone: tzinfo, form: str = "date") -> str:
        """The day on the clock of `zone`. `form` names a pattern of `[dates]`: date, short, day_month, moment."""
        local = moment.astimezone(zone)
        day = self.text("dates.first") if local.day == 1 and self.has("dates.first") else self._digits(str(local.day))
        slots = {
            "day": day,
            "month": _at(self.names("dates.months"), local.month - 1),
            "month_short": _at(self.names("dates.months_short"), local.month - 1),
            "weekday": _at(self.names("dates.weekdays"), local.weekday()),
            "weekday_short": _at(self.names("dates.weekdays_short"), local.weekday()),
            "year": self._digits(str(local.year)),
            "time": self.time(moment, zone),
        }
        return _SLOT.sub(lambda slot: slots.get(slot[1], slot[0]), self.text(f"dates.{form}"))

    def time(self, moment: datetime, zone: tzinfo) -> str:
        """The time of day on the clock of `zone`."""
        local = moment.astimezone(zone)
        return self.hour(local.hour, local.minute)

    def hour(self, hour: int, minute: int = 0) -> str:
        """A time of day."""
        half = self.text("dates.am" if hour < 12 else "dates.pm")
        slots = {"hour": f"{hour:02}", "hour12": str(hour % 12 or 12), "half": half, "minute": f"{minute:02}"}
        return self._digits(_SLOT.sub(lambda slot: slots.get(slot[1], slot[0]), self.text("dates.time")))

    def weekday(self, number: int) -> str:
        """The name of a day of the week; 0 is Monday."""
        return _at(self.names("dates.weekdays"), number)

    def month(self, number: int) -> str:
        """The name of a month; 1 is January."""
        return _at(self.names("dates.months"), number - 1)

    def _found(self, key: str) -> Iterator[tuple[str, Any]]:
        for file in self._files:
            value: Any = file.tables
            for part in key.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if value is not None:
                yield file.language, value

    def _filled(self, words: str, values: Mapping[str, Any]) -> str:
        def value(slot: re.Match[str]) -> str:
            if slot[1] not in values:
                return slot[0]
            given = values[slot[1]]
            if isinstance(given, int) and not isinstance(given, bool):
                return self.number(given)
            return self._apart(str(given))

        return _SLOT.sub(value, words)

    def _apart(self, words: str) -> str:
        """Words of the other direction are isolated, so that they disorder nothing around them (UAX #9, 2.4)."""
        return words if written(words, self.direction) == self.direction else f"\u2068{words}\u2069"

    @cached_property
    def _own_digits(self) -> dict[int, str]:
        digits = self.text("numbers.digits")
        return dict(zip(map(ord, "0123456789"), digits, strict=True)) if len(digits) == 10 else {}

    def _digits(self, text: str) -> str:
        return text.translate(self._own_digits)


Words = Catalogue


def stamp(folders: Sequence[Path]) -> tuple[object, ...]:
    """Changes when any catalogue of the folders does."""
    seen = []
    for folder in folders:
        for path in _listed(folder / FOLDER).values():
            try:
                found = path.stat()
            except OSError:  # it went just now
                continue
            seen.append((path, found.st_mtime_ns, found.st_size))
    return tuple(seen)


def _at(names: Sequence[str], place: int) -> str:
    return names[place] if 0 <= place < len(names) else ""


def _base(tag: str) -> str:
    return tag.lower().replace("_", "-").partition("-")[0]


def _canonical(tag: str) -> str:
    """The tag with hyphens, "" if it is none: it becomes a part of a file's name."""
    return tag.replace("_", "-") if len(tag) <= 35 and _TAG.fullmatch(tag) else ""


def _tags(tag: str) -> list[str]:
    """fr-Latn-CA, fr-Latn, fr."""
    parts = _canonical(tag).split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1) if parts[0]]


def _listed(folder: Path) -> dict[str, Path]:
    """The catalogues of a folder by their language in lower case."""
    if not folder.is_dir():
        return {}
    return {path.stem.lower().replace("_", "-"): path for path in sorted(folder.glob("*.toml")) if path.is_file()}


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = path.read_bytes()
        if len(content) > SIZE:
            raise TemplateError(f"larger than {SIZE:,} bytes", where=f"{path}:1")
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TemplateError("the file is not UTF-8", where=f"{path}:{line}") from None
    except tomllib.TOMLDecodeError as error:
        told = re.search(r"at line (\d+)", str(error))
        line = int(told[1]) if told else content.count(b"\n") + 1
        raise TemplateError(f"not TOML: {error}", where=f"{path}:{line}") from None
    except OSError as error:
        raise TemplateError(f"cannot be read: {error.strerror or error}", where=f"{path}:1") from None
    for key, wrong in _wrong(tables, ""):
        raise TemplateError(f"{key}: {wrong}", where=f"{path}:{_line_of(content.decode('utf-8-sig'), key)}")
    return tables


def _wrong(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """What a catalogue may hold: words, tables, plural forms with `other`, and names of the right number."""
    name = key.rpartition(".")[2]
    if isinstance(value, dict):
        if value and set(value) <= _FORMS and "other" not in value:
            yield key, 'has no plural form "other"'
        for part, below in value.items():
            yield from _wrong(below, f"{key}.{part}" if key else part)
    elif isinstance(value, list):
        if not all(isinstance(word, str) for word in value):
            yield key, "must be a list of words"
        elif key == f"dates.{name}" and len(value) != _NAMES.get(name, len(value)):
            yield key, f"must be {_NAMES[name]} names, not {len(value)}"
    elif not isinstance(value, str):
        yield key, "must be words in quotes"
    elif key == "direction" and value not in ("ltr", "rtl"):
        yield key, 'must be "ltr" or "rtl"'


def _line_of(text: str, key: str) -> int:
    """The line that holds the last part of a key, as nearly as a look at the text tells."""
    table, _, name = key.rpartition(".")
    start = text.find(f"[{table}]") if table else 0
    found = re.compile(rf"^[ \t]*{re.escape(name)}\s*=", re.M).search(text, max(start, 0))
    return text.count("\n", 0, found.start()) + 1 if found else 1
