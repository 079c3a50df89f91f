"""Where in a TOML text a table or a key stands. A help for people: what it cannot find, it does not name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["headers", "line_of", "split_key"]

_HEADER = re.compile(r"\s*\[(?!\[)([^\[\]]+)\]\s*(?:#.*)?$")
_ASSIGNED = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)


def headers(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each `[table]` line: its index, from 0, and the table's path."""
    for index, line in _plain_lines(text):
        found = _HEADER.fullmatch(line)
        path = split_key(found[1]) if found else ()
        if path:
            yield index, path


def line_of(text: str, path: Sequence[str]) -> int | None:
    """The line, from 1, of a key, else of the innermost of its tables that has one; None if there is none."""
    wanted = tuple(path)
    table: tuple[str, ...] = ()
    best, where = 0, None
    for index, line in _plain_lines(text):
        header, assigned = _HEADER.fullmatch(line), _ASSIGNED.match(line)
        if header:
            here = table = split_key(header[1])
        elif assigned:
            here = table + split_key(assigned[1])
        else:
            continue
        if len(here) > best and wanted[: len(here)] == here:
            best, where = len(here), index + 1
    return where


def split_key(text: str) -> tuple[str, ...]:
    """The parts of a dotted key; () for what is none."""
    try:
        found: Any = tomllib.loads(f"{text} = 0\n")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(found, dict):
        (part, found) = next(iter(found.items()))
        parts.append(part)
    return tuple(parts)


def _plain_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside multi-line strings; they end at LF alone, as in TOML."""
    inside = ""
    for index, line in enumerate(text.split("\n")):
        opened = inside
        if not opened and line.lstrip().startswith("#"):
            continue
        for quotes in re.findall(r'"""|\'\'\'', line):
            inside = quotes if not inside else "" if quotes == inside else inside
        if not opened:
            yield index, line.rstrip("\r")
