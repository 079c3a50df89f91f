"""Tables of readers as other programs write them: CSV in any of its dialects, in; CSV that no spreadsheet runs, out.

lines (bytes, one at a time) -> dialect from the first line -> Row or Fault, numbered as an editor numbers lines
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO

from distributor.errors import ConfigError
from distributor.text.cells import plain_cell

__all__ = ["COLUMNS", "Fault", "Row", "Sheet", "open_sheet", "open_views"]

# What a column may be called -> what it is. Compared without case, blanks and punctuation.
_NAMES = {
    "address": ("address", "email", "emailaddress", "mail", "mailaddress", "subscriber", "adresse", "courriel"),
    "categories": ("categories", "category", "topics", "segments", "interests"),
    "trending": ("trending",),
    "frequency": ("frequency", "digest"),
    "weekdays": ("weekdays", "days"),
    "hour": ("hour",),
    "timezone": ("timezone", "tz"),
    "language": ("language", "lang", "locale"),
    "breaking": ("breaking", "alerts"),
    "status": ("status", "state", "subscriptionstatus", "emailstatus"),
}
COLUMNS = tuple(_NAMES)
_KNOWN = {name: column for column, names in _NAMES.items() for name in names}
# The same for page views, as Matomo, Plausible, Umami and GA call them; of two that are there, the first counts.
_OF_VIEWS = {
    "article": ("article", "articleid"),
    "url": (
        *("url", "fullurl", "pageurl", "pagelocation", "address", "link", "page", "pagepath", "pagepathandscreenclass"),
        *("path", "urlpath", "pathname", "landingpage", "label", "name"),
    ),
    "time": (
        *("time", "at", "datetime", "timestamp", "createdat", "datehour", "datehouryyyymmddhh", "dateandhour"),
        *("date", "day"),
    ),
    "hour": ("hour", "hourofday"),
    "count": (
        *("count", "views", "pageviews", "screenpageviews", "nbpageviews", "nbhits", "hits", "uniquepageviews"),
        *("visits", "nbvisits", "sessions", "visitors", "uniquevisitors", "nbuniqvisitors", "value"),
    ),
}
_DELIMITERS = ",;\t|"
_LONGEST = 100_000  # characters in a line
_LINES = 50  # in a cell: who writes more has forgotten a quotation mark


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `number` is its line in the file (from 1), `cells` what stands in the columns that are known."""

    number: int
    cells: Mapping[str, str]

    @property
    def address(self) -> str:
        return self.cells.get("address", "")


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be taken, and why, in one line."""

    number: int
    address: str
    reason: str


@dataclass(frozen=True)
class Sheet:
    """A file's columns by their meaning, those that mean nothing to us, and its rows, read as they are asked for."""

    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    rows: Iterator[Row | Fault]


def open_sheet(file: IO[bytes], name: str) -> Sheet:
    """Raises ConfigError where the file is empty, or has no column of addresses."""
    lines = enumerate((line[:_LONGEST] for line in _lines(file)), 1)
    number, first = next(((number, line) for number, line in lines if line.strip()), (0, ""))
    if not first:
        raise ConfigError(f"{name} is empty", hint='the first line names the columns, such as "address;language"')
    delimiter = max(_DELIMITERS, key=_bare(first).count)
    heading = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    if len(heading) == 1 and "@" in heading[0]:  # a plain list of addresses
        return Sheet(("address",), (), _rows(chain([(number, first)], lines), ["address"], delimiter))
    meanings = [_KNOWN.get(re.sub(r"[\W_]+", "", cell.casefold()), "") for cell in heading]
    if "address" not in meanings:
        raise ConfigError(
            f"{name} has no column with addresses; its first line is {', '.join(heading)[:200]!r}",
            hint='call that column "address" or "email"; the others may be ' + ", ".join(COLUMNS[1:]),
        )
    twice = [column for column in COLUMNS if meanings.count(column) > 1]
    if twice:
        raise ConfigError(f"{name} has two columns for {twice[0]!r}", hint="leave one of them out")
    ignored = tuple(_readable(cell) for cell, column in zip(heading, meanings, strict=True) if not column and cell)
    known = tuple(column for column in meanings if column)
    return Sheet(known, ignored, _rows(lines, meanings, delimiter))


def open_views(file: IO[bytes], name: str) -> Sheet:
    """A table of page views. Raises ConfigError where the file is empty, or names no pages."""
    lines = enumerate((line[:_LONGEST] for line in _lines(file)), 1)
    # GA writes a head of comments.
    first = next((line for _, line in lines if line.strip() and not line.startswith("#")), "")
    if not first:
        raise ConfigError(f"{name} is empty", hint='the first line names the columns, such as "url,time,count"')
    delimiter = max(_DELIMITERS, key=_bare(first).count)
    heading = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    plain = [re.sub(r"[\W_]+", "", cell.casefold()) for cell in heading]
    meanings = [""] * len(plain)
    for column, names in _OF_VIEWS.items():
        if found := next((name for name in names if name in plain), ""):
            meanings[plain.index(found)] = column
    if "url" not in meanings and "article" not in meanings:
        raise ConfigError(
            f"{name} has no column with pages; its first line is {', '.join(heading)[:200]!r}",
            hint='call the columns "url" (or "article", for ids), "time" and "count"',
        )
    ignored = tuple(_readable(cell) for cell, column in zip(heading, meanings, strict=True) if not column and cell)
    key = "url" if "url" in meanings else "article"
    return Sheet(tuple(filter(None, meanings)), ignored, _rows(lines, meanings, delimiter, key))


def _lines(file: IO[bytes]) -> Iterator[str]:
    """UTF-8, with a byte order mark or without, or UTF-16 with one. Bytes that are no text stay recognisable."""
    buffered = io.BufferedReader(file) if isinstance(file, io.RawIOBase) else file
    start = buffered.read(3)
    encoding = "utf-16" if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    whole = _Joined(start, buffered)
    # UTF-16's decoder has no way to keep what is no text.
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    return iter(io.TextIOWrapper(io.BufferedReader(whole), encoding, errors=errors, newline=""))


class _Joined(io.RawIOBase):
    """The bytes that were looked at already, then the rest: standard input cannot be wound back."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data, self._start = self._start, b""
        data = data or self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _rows(
    lines: Iterable[tuple[int, str]], meanings: Sequence[str], delimiter: str, key: str = "address"
) -> Iterator[Row | Fault]:
    for number, record in _records(lines):
        if record is None:
            yield Fault(number, "", "a quotation mark is left open")
            continue
        reader, before = csv.reader(record, delimiter=delimiter), 0
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield Fault(number + before, "", f"is no CSV: {error}")
                continue
            if cells is None:
                break
            if any(cell.strip() for cell in cells):
                yield _row(number + before, cells, meanings, key)
            before = reader.line_num


def _records(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str] | None]]:
    """Lines that belong together because of a quotation mark; None for one that nobody closes.

    Python's reader would take the whole rest of the file for one cell, and every reader in it would be lost.
    """
    ahead: deque[tuple[int, str]] = deque()
    source = iter(lines)
    while item := ahead.popleft() if ahead else next(source, None):
        number, line = item
        record, quotes = [line], line.count('"')
        while quotes % 2 and len(record) < _LINES:
            if len(ahead) < len(record) and (more := next(source, None)):
                ahead.append(more)
            if len(ahead) < len(record):
                break
            record.append(ahead[len(record) - 1][1])
            quotes += record[-1].count('"')
        if quotes % 2:
            yield number, None
            continue
        for _ in record[1:]:
            ahead.popleft()
        yield number, record


def _row(number: int, cells: Sequence[str], meanings: Sequence[str], key: str) -> Row | Fault:
    found = {column: plain_cell(cell.strip()) for column, cell in zip(meanings, cells, strict=False) if column}
    address = _readable(found.get(key, ""))
    if any(cell.strip() for cell in cells[len(meanings) :]):
        return Fault(number, address, f"has {len(cells)} cells, but there are {len(meanings)} columns")
    if any(_readable(cell) != cell or "\ufffd" in cell for cell in found.values()):
        return Fault(number, address, "is not UTF-8")
    return Row(number, found) if address else Fault(number, "", f"has no {key}")


def _readable(text: str) -> str:
    """With a question mark for each byte that was no text."""
    return text.encode(errors="replace").decode()


def _bare(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)
