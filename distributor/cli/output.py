"""What a person or a program reads: plain aligned text, rich on a terminal, one JSON document with --json.

Titles and words come from strangers: whatever could steer a terminal is taken out before it is shown.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from distributor.cli.session import Session

__all__ = ["answer", "block", "clean", "document", "progress", "say", "table", "warn"]

# Control characters (C0, DEL, C1), line and paragraph separators, and what turns the direction of a whole line.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+")
_LONE = re.compile("[\ud800-\udfff]")
_C1 = re.compile("[\x7f-\x9f\u2028\u2029]")


def clean(text: str) -> str:
    """One line that cannot steer a terminal; spaces before and between its parts stay."""
    return _LONE.sub("\ufffd", _STEERING.sub(" ", text)).rstrip()


def block(text: str, indent: str = "") -> str:
    """Several lines, each cleaned, the empty ones kept."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join((indent + _LONE.sub("\ufffd", _STEERING.sub(" ", line))).rstrip() for line in lines)


def answer(session: Session, data: Any, shown: Callable[[], None]) -> None:
    """The outcome of a command: the document with --json, else what `shown` prints."""
    if session.json:
        session.printed = True
        click.echo(document(data))
    else:
        shown()


def document(data: Any) -> str:
    """JSON in one line; datetimes in UTC (RFC 3339), durations in seconds."""
    text = json.dumps(_plain(data), ensure_ascii=False)
    text = _C1.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(_plain(data), ensure_ascii=True)
    return text


def say(*parts: str, style: str = "") -> None:
    """One cleaned line, in colour on a terminal."""
    line = clean(" ".join(parts))
    click.echo(click.style(line, fg=style) if style else line)


def warn(text: str) -> None:
    click.echo(f"warning: {clean(text)}", err=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], right: Collection[str] = ()) -> None:
    """Aligned columns; those in `right` to the right. On a terminal they are cut to its width.

    Columns without a name have no heading line.
    """
    cells = [[" ".join(clean(str(cell)).split()) for cell in row] for row in rows]
    if not cells and not any(columns):
        return
    if sys.stdout.isatty():
        _rich_table(columns, cells, right)
        return
    from rich.cells import cell_len

    lines = [list(columns), *cells] if any(columns) else cells
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        padded = (
            " " * (width - cell_len(cell)) + cell if name in right else cell + " " * (width - cell_len(cell))
            for name, cell, width in zip(columns, line, widths, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def _rich_table(columns: Sequence[str], cells: Sequence[Sequence[str]], right: Collection[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(columns))
    for name in columns:
        drawn.add_column(name, justify="right" if name in right else "left", no_wrap=True, overflow="ellipsis")
    for line in cells:
        drawn.add_row(*(Text(cell) for cell in line))
    Console(highlight=False).print(drawn)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error while work goes on, on a terminal only; the callable moves it one step."""
    if not sys.stderr.isatty() or total < 1:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name.lower()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return _LONE.sub("\ufffd", str(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(one) for one in value), key=str)
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return str(value)
