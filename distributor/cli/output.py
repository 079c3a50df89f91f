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

# Cells of a terminal that a column other than the last may take.
WIDEST = 32
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
    """Aligned columns; those in `right` to the right. Columns without a name have no heading line.

    On a terminal long cells are cut, but for the last column: links stand there, and a link must be whole.
    """
    from rich.cells import cell_len, set_cell_size

    on_terminal = sys.stdout.isatty()
    heading = [list(columns)] if any(columns) else []
    lines = heading + [[" ".join(clean(str(cell)).split()) for cell in row] for row in rows]
    widths = [max((cell_len(line[place]) for line in lines), default=0) for place in range(len(columns))]
    if on_terminal:
        widths = [min(width, WIDEST) for width in widths[:-1]] + widths[-1:]
    for number, line in enumerate(lines):
        sized = (cell if cell_len(cell) <= width else set_cell_size(cell, width - 1) + "…" for cell, width in
                 zip(line, widths, strict=True))  # fmt: skip
        padded = (
            " " * (width - cell_len(cell)) + cell if name in right else cell + " " * (width - cell_len(cell))
            for name, cell, width in zip(columns, sized, widths, strict=True)
        )
        text = "  ".join(padded).rstrip()
        click.echo(click.style(text, bold=True) if heading and not number else text)


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
