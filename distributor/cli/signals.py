"""`distributor signals`: what readers did, counted elsewhere."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import IO, TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from distributor.cli.faults import Code
from distributor.cli.groups import Group
from distributor.cli.options import a_command
from distributor.cli.output import answer, say, warn
from distributor.cli.session import Session, pass_session, who
from distributor.cli.sheets import Fault, Row, Sheet, open_views
from distributor.errors import ConfigError
from distributor.text.cells import safe_cell

if TYPE_CHECKING:
    from distributor.viewing import Counts, View

__all__ = ["signals"]

_SHOWN = 5
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@click.group(cls=Group)
def signals() -> None:
    """What readers did, counted elsewhere."""


@signals.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--channel", default="imported", show_default=True, metavar="NAME", help="Who counted: matomo, umami.")
@click.option("--kind", default="views", show_default=True, metavar="KIND", help="views, clicks, shares or comments.")
@click.option(
    "--site", default="", metavar="URL", help="What paths without a host belong to; else your sources' sites."
)
@click.option("--at", "when", default="", metavar="TIME", help="The day or hour of a file that has no column for it.")
@click.option("--errors", metavar="FILE", help="Write the rows that are not taken to this file, with the reason.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be taken.")
@a_command
@pass_session
def import_(
    session: Session,
    file: IO[bytes],
    channel: str,
    kind: str,
    site: str,
    when: str,
    errors: str | None,
    dry_run: bool,
) -> Code:
    """Take over page views from a CSV file; "-" is standard input.

    The columns are url (or article, an id), time and count, or what Matomo, Plausible, Umami and Google Analytics call
    them. A file that is read twice counts once.
    """
    from distributor import viewing

    app = session.app_of()
    name = str(getattr(file, "name", "-"))
    sheet = open_views(file, "the file" if name in ("-", "<stdin>") else name)
    zone = ZoneInfo(app.settings.site.timezone)
    if "time" not in sheet.columns and not when:
        raise ConfigError("the file does not tell when", hint="say it with --at 2026-03-01, or add a column `time`")
    if when:
        moment(when, "", zone)  # told before anything is read
    shown: list[tuple[View, str]] = []
    with ExitStack() as stack:
        write = _errors_file(stack, errors)

        def told(view: View, why: str) -> None:
            write(view, why)
            if (view.wrong or "future" in why) and len(shown) < _SHOWN:
                shown.append((view, why))

        rows = _views(sheet, when, zone)
        counts = viewing.bring(app, rows, who=who(), channel=channel, kind=kind, site=site, dry_run=dry_run, told=told)
    names = ("rows", "taken", "unknown", "wrong", "views", "articles")
    data = {one: getattr(counts, one) for one in names} | {"channel": channel, "dry_run": dry_run, "errors": errors}
    data |= {"wrong_rows": [{"row": view.number, "page": view.page, "reason": why} for view, why in shown]}
    if sheet.ignored and not dry_run:
        warn(f"columns that say nothing to distributor: {', '.join(sheet.ignored)}")
    answer(session, data, lambda: _told(counts, shown, dry_run=dry_run))
    return Code.FAILED if counts.wrong else Code.FINE


def _views(sheet: Sheet, when: str, zone: tzinfo) -> Iterator[View]:
    from distributor.viewing import View

    for row in sheet.rows:
        if isinstance(row, Fault):
            yield View(row.number, row.address, wrong=row.reason)
            continue
        page = row.cells.get("url") or row.cells.get("article", "")
        try:
            at, lasts = moment(row.cells.get("time") or when, row.cells.get("hour", ""), zone)
            yield View(row.number, page, at, lasts, number(row.cells.get("count", "1")), _article(row))
        except (ValueError, ConfigError) as error:
            yield View(row.number, page, wrong=str(error))


def _article(row: Row) -> int:
    word = row.cells.get("article", "").lstrip("#")
    if not word:
        return 0
    if not word.isascii() or not word.isdecimal() or len(word) > 18 or not int(word):
        raise ValueError(f"{word[:40]!r} is no article's id")
    return int(word)


def number(word: str) -> int:
    """A count, also as "1,234", "1 234" or "12.0". Raises ValueError."""
    plain = re.sub(r"(?<=\d)[,.'\s\u00a0\u202f\u2019](?=\d{3}(?:\D|$))", "", word.strip())
    plain = re.sub(r"[.,]0+$", "", plain)
    if not re.fullmatch(r"[0-9]{1,9}", plain):
        raise ValueError(f"{word[:40]!r} is no count")
    return int(plain)


def moment(word: str, hour: str, zone: tzinfo) -> tuple[datetime, timedelta]:
    """When, in UTC, and how long that lasts: a day, an hour, or a moment. Raises ConfigError.

    A time without a zone is the site's own. `hour` is a column of its own beside a day, as GA has it.
    """
    word, day = word.strip(), None
    try:
        if re.fullmatch(r"[0-9]{13}|1[0-9]{9}", word):
            return datetime.fromtimestamp(int(word[:10]), UTC), timedelta(0)
        if re.fullmatch(r"20[0-9]{6}", word) or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", word):
            day = datetime.fromisoformat(word)
        elif found := re.fullmatch(r"(20[0-9]{6}|[0-9]{4}-[0-9]{2}-[0-9]{2})[ T]?([0-9]{2})h?", word):
            day, hour = datetime.fromisoformat(found[1]), found[2]
        if day is not None and hour.strip():
            clock = re.fullmatch(r"([0-9]{1,2})(:00(:00)?)?", hour.strip())
            if clock is None or int(clock[1]) > 23:
                raise ConfigError(f"{hour[:20]!r} is no hour of a day")
            return _utc(day.replace(hour=int(clock[1])), zone), HOUR
        if day is not None:
            return _utc(day, zone), _utc(day + DAY, zone) - _utc(day, zone)
        return _utc(datetime.fromisoformat(word), zone), timedelta(0)
    except (ValueError, OverflowError, OSError):
        problem = f"{word[:40]!r} is no time; write it like 2026-03-01 or 2026-03-01T12:00Z"
    raise ConfigError(problem)


def _utc(at: datetime, zone: tzinfo) -> datetime:
    found = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    if not 2000 <= found.year <= 2100:
        raise ValueError("no time of ours")
    return found


def _errors_file(stack: ExitStack, path: str | None) -> Callable[[View, str], None]:
    if path is None:
        return lambda _view, _why: None
    try:
        file = stack.enter_context(Path(path).open("w", encoding="utf-8", newline=""))  # noqa: SIM115 (the stack closes it)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("row", "page", "reason"))
    return lambda view, why: writer.writerow((view.number, safe_cell(view.page), why))


def _told(counts: Counts, shown: list[tuple[View, str]], *, dry_run: bool) -> None:
    said = "would be " if dry_run else ""
    say(
        f"{counts.rows:,} rows: {counts.views:,} views of {counts.articles:,} articles {said}taken, "
        f"{counts.unknown:,} of other pages, {counts.wrong:,} wrong"
    )
    for view, why in shown:
        say(f"row {view.number}: {why}", style="red")
