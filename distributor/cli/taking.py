"""A file of readers into the store: looked at first, then taken row by row, with the rest told in a file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any

from distributor.cli.asking import sure
from distributor.cli.faults import Code
from distributor.cli.output import answer, say, warn
from distributor.cli.session import Session, who
from distributor.cli.sheets import Fault, Sheet, open_sheet
from distributor.errors import ConfigError
from distributor.text.cells import safe_cell

if TYPE_CHECKING:
    from distributor.context import App
    from distributor.importing import Counts, Taken

__all__ = ["take_over"]

_SHOWN = 5
_WORDS = {
    "added": "{} added",
    "there": "{} there already",
    "left": "{} left before: not taken back",
    "suppressed": "{} must not be mailed",
    "wrong": "{} wrong",
}


def take_over(
    session: Session,
    file: IO[bytes],
    *,
    consent: str,
    dry_run: bool,
    errors: str | None,
    suppressed: bool,
    yes: bool,
) -> Code:
    """On a terminal a file is looked through first, and a person asked. FAILED when a row was wrong."""
    first = not dry_run and not yes and not session.json and sys.stdin.isatty() and file.seekable()
    if first:
        counts, _ = _through(session, file, consent, None, suppressed=suppressed, dry_run=True)
        _told(counts, [], dry_run=True, suppressed=suppressed)
        sure(session, f"take {counts.added:,} of {counts.rows:,} rows", yes=False)
        file.seek(0)
    counts, wrong = _through(session, file, consent, errors, suppressed=suppressed, dry_run=dry_run)
    code = Code.FAILED if counts.wrong else Code.FINE
    names = ("rows", *_WORDS)
    data = {name: getattr(counts, name) for name in names} | {"dry_run": dry_run, "errors": errors}
    data |= {"wrong_rows": [{"row": row.number, "address": row.address, "reason": why} for row, why in wrong]}
    answer(session, data, lambda: _told(counts, wrong, dry_run=dry_run, suppressed=suppressed, errors=errors))
    return code


def _through(
    session: Session, file: IO[bytes], consent: str, errors: str | None, *, suppressed: bool, dry_run: bool
) -> tuple[Counts, list[tuple[Taken, str]]]:
    from distributor import importing

    app = session.app_of()
    name = str(getattr(file, "name", "-"))
    sheet = open_sheet(file, "the file" if name in ("-", "<stdin>") else name)
    if sheet.ignored and not dry_run:
        warn(f"columns that say nothing to distributor: {', '.join(sheet.ignored)}")
    wrong: list[tuple[Taken, str]] = []
    with ExitStack() as stack:
        write = _errors_file(stack, errors)

        def told(row: Taken, why: str) -> None:
            write(row, why)
            if row.wrong and len(wrong) < _SHOWN:
                wrong.append((row, why))

        rows = _watched(stack, _taken(app, sheet, bare=suppressed))
        if suppressed:
            return importing.suppress_all(app, rows, who=who(), note=consent, dry_run=dry_run, told=told), wrong
        return importing.bring(app, rows, who=who(), consent=consent, dry_run=dry_run, told=told), wrong


def _taken(app: App, sheet: Sheet, *, bare: bool) -> Iterator[Taken]:
    """Rows as wishes; with `bare` only their addresses count."""
    from distributor.addressing import normalised
    from distributor.cli.wishes import ask_of
    from distributor.importing import Taken

    for row in sheet.rows:
        if isinstance(row, Fault):
            yield Taken(row.number, row.address, wrong=row.reason)
            continue
        try:
            normalised(row.address)
            ask = None if bare else ask_of(app, row.cells)
        except ValueError as error:
            yield Taken(row.number, row.address, wrong=str(error))
        else:
            yield Taken(row.number, row.address, ask)


def _errors_file(stack: ExitStack, path: str | None) -> Callable[[Taken, str], None]:
    """Writes the rows that are not taken as CSV, for a spreadsheet; nobody else may read who they are."""
    if path is None:
        return lambda _row, _why: None
    try:
        file = stack.enter_context(open(path, "w", encoding="utf-8", newline="", opener=_private))  # noqa: SIM115 (the stack closes it)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("row", "address", "reason"))
    return lambda row, why: writer.writerow((row.number, safe_cell(row.address), why))


def _private(path: str, flags: int) -> int:
    import os

    return os.open(path, flags, 0o600)


def _watched(stack: ExitStack, rows: Iterator[Taken]) -> Iterator[Taken]:
    """Shows on a terminal how many rows were read: how many there are, nobody knows before the end."""
    if not sys.stderr.isatty():
        return rows
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn())
    bar = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
    task = bar.add_task("reading", total=None)

    def counted() -> Iterator[Taken]:
        for number, row in enumerate(rows, 1):
            if number % 500 == 0:
                bar.update(task, completed=number)
            yield row

    return counted()


def _told(counts: Counts, wrong: list[Any], *, dry_run: bool, suppressed: bool, errors: str | None = None) -> None:
    parts = [words.format(f"{getattr(counts, name):,}") for name, words in _WORDS.items() if getattr(counts, name)]
    said = "would be: " if dry_run else ""
    rows = f"{counts.rows:,} {'row' if counts.rows == 1 else 'rows'}"
    on_list = " to the suppression list" if suppressed and counts.added else ""
    say(f"{rows}: {said}{(', '.join(parts) or 'nothing').replace(' added', f' added{on_list}', 1)}")
    for row, why in wrong:
        say(f"row {row.number}: {why}", style="red")
    if counts.wrong > len(wrong) and wrong:
        say(f"... and {counts.wrong - len(wrong):,} more{f': see {errors}' if errors else '; --errors FILE has all'}")
