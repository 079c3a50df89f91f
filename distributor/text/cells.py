"""Cells of tables that spreadsheets open: none of them is run there. Pure.

A cell that begins like a formula gets an apostrophe (OWASP, "CSV Injection"), which spreadsheets do not show; one that
is read back is what it was before.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

__all__ = ["plain_cell", "safe_cell", "sheet"]

# The wide forms of the four are formulas to spreadsheets in East Asian locales.
_FORMULA = re.compile(r"[=+\-@＝＋－＠\t\r\n]")


def safe_cell(value: object) -> str:
    """A cell that a spreadsheet takes as text. Moments are UTC (RFC 3339), None is empty."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """What `safe_cell` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def sheet(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV (RFC 4180, lines end in \\n) with the names of the columns first, every cell safe."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return file.getvalue().encode("utf-8", "replace").decode()
