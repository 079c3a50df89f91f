"""What only mails and readers' pages need in a template: words and dates of the reader's language, lines of 72 columns.

Which language and which clock is decided by who renders (`speaking`); a template only names keys.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from markupsafe import Markup

from distributor.rendering.catalogue import Catalogue
from distributor.rendering.directions import written

__all__ = ["COLUMNS", "SPEECH", "columns", "speaking", "wrapped"]

COLUMNS = 72
_WIDE = frozenset("WF")
_NO_WIDTH = frozenset({"Mn", "Me", "Cf"})
_SPACES = re.compile(r"[ \t\n]+")  # not the no-break spaces
# Where a line may end in text without spaces: after a wide character, but not before what closes a phrase.
_WIDE_RANGE = r"\u1100-\u11ff\u2e80-\u2fff\u3005-\u3007\u3021-\ua4cf\uac00-\ud7af\uf900-\ufaff"
_PIECES = re.compile(rf"[{_WIDE_RANGE}][^{_WIDE_RANGE}\w]*|(?:[^{_WIDE_RANGE}])+")


@dataclass(frozen=True, slots=True)
class _Speaker:
    words: Catalogue
    zone: tzinfo


_speaker: ContextVar[_Speaker | None] = ContextVar("speaker", default=None)


@contextmanager
def speaking(words: Catalogue, zone: tzinfo) -> Iterator[None]:
    """What is rendered within speaks this language, by this clock."""
    token = _speaker.set(_Speaker(words, zone))
    try:
        yield
    finally:
        _speaker.reset(token)


def _now_speaking() -> _Speaker:
    speaker = _speaker.get()
    if speaker is None:
        raise SecurityError("this filter is for mails and readers' pages only")
    return speaker


def _say(_: Context, key: str, /, count: int | None = None, **values: Any) -> str:
    """The catalogue's words for a key; with `count`, in the plural form for that number."""
    words = _now_speaking().words
    if count is not None:
        return words.count(str(key), int(count), **values)
    return words.text(str(key), **values)


def _says(_: Context, key: str) -> bool:
    return _now_speaking().words.has(str(key))


def _moment(_: Context, value: str, form: str = "moment") -> str:
    """An ISO 8601 moment on the reader's clock: date, day_month, short, moment or time."""
    if not value:
        return ""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise SecurityError(f"not a date: {str(value)[:40]!r}") from None
    speaker = _now_speaking()
    if form == "time":
        return speaker.words.time(moment, speaker.zone)
    return speaker.words.date(moment, speaker.zone, form)


def columns(text: str) -> int:
    """How wide the text is on a terminal: wide characters count two, marks and invisible ones nothing (UAX #11)."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def wrapped(text: str, width: int = COLUMNS) -> list[str]:
    """The words in lines no wider than `width`, unless one word is. A link is never broken."""
    lines, line, used = [], "", 0
    for word in filter(None, _SPACES.split(text)):
        pieces = [word] if "://" in word else _PIECES.findall(word)
        for place, piece in enumerate(pieces):
            gap = " " if line and not place else ""
            wide = columns(piece)
            if line and used + len(gap) + wide > width:
                lines.append(line)
                line, used, gap = "", 0, ""
            line += gap + piece
            used += len(gap) + wide
    return [*lines, line] if line else lines


def _wrap(_: Context, text: str, width: int = COLUMNS) -> str:
    return "\n".join(wrapped(str(text), max(20, min(int(width), 200))))


def _underlined(_: Context, text: str, mark: str = "-") -> str:
    """A heading in plain text: the words in lines, and a rule as long as the longest."""
    lines = wrapped(str(text))
    return "\n".join([*lines, mark[:1] * min(max(map(columns, lines), default=0), COLUMNS)])


def _apart(context: Context, value: Any) -> Any:
    """Words within a line, isolated where they are written the other way; a name or an address keeps its order."""
    own = _now_speaking().words.direction
    if (direction := written(str(value), own)) == own:
        return value
    if context.eval_ctx.autoescape:
        return Markup('<span dir="{}">{}</span>').format(direction, value)
    return f"\u2068{value}\u2069"


SPEECH: Mapping[str, Callable[..., Any]] = {
    "say": _say,
    "says": _says,
    "moment": _moment,
    "apart": _apart,
    "wrap": _wrap,
    "underlined": _underlined,
}
