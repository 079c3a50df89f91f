"""`distributor subscribers`: who reads, by their own wish."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

import click

from distributor.cli import readership
from distributor.cli.groups import Group
from distributor.cli.options import a_command
from distributor.cli.output import answer, say
from distributor.cli.session import Session, pass_session, who
from distributor.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from distributor.model import Subscriber

__all__ = ["subscribers"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
STATUSES = ("pending", "active", "left", "suppressed")
REASONS = ("by-hand", "left", "complaint", "bounced")
FIELDS = ("address", "status", "categories", "trending", "frequency", "weekdays", "hour", "timezone", "language",
          "breaking", "paused_until", "created_at", "confirmed_at")  # fmt: skip
_SEGMENT = (
    click.option("--status", type=click.Choice(STATUSES), help="In this state."),
    click.option("--category", default="", metavar="TITLE", help='Who reads this category; "none": Trending alone.'),
    click.option("--language", default="", metavar="CODE", help="In this language."),
    click.option("--frequency", default="", metavar="NAME", help='With this digest, or "instant".'),
    click.option("--active", type=click.IntRange(min=1), metavar="DAYS", help="Heard of in so many days."),
    click.option("--idle", type=click.IntRange(min=1), metavar="DAYS", help="Not heard of in so many days."),
)


def _segment(function: Any) -> Any:
    for option in reversed(_SEGMENT):
        function = option(function)
    return function


@click.group(cls=Group)
def subscribers() -> None:
    """Who reads, by their own wish."""


@subscribers.command("list")
@_segment
@click.option("--search", default="", metavar="WORD", help="With this in the address.")
@click.option("--limit", default=50, type=click.IntRange(1, 100_000), show_default=True, help="At most so many.")
@a_command
@pass_session
def list_(session: Session, /, search: str, limit: int, **segment: Any) -> None:
    """Readers, as they came."""
    from itertools import islice

    found = list(islice(_readers(session, limit, word=search, **segment), limit))
    answer(session, {"subscribers": [_data(one) for one in found]}, lambda: readership.listed(session, found))


@subscribers.command()
@click.argument("address")
@click.option(
    "--category", "categories", multiple=True, metavar="TITLE", help='Reads this one; "none": Trending alone. Else all.'
)
@click.option("--no-trending", is_flag=True, help="Without the Trending section.")
@click.option("--frequency", default="", metavar="NAME", help='A digest, or "instant"; else the first digest.')
@click.option("--weekdays", default="", metavar="A,B", help="On these days; else the digest's own.")
@click.option("--hour", default="", metavar="H", help="At this hour of the reader's clock; else the digest's own.")
@click.option("--timezone", default="", metavar="ZONE", help="The reader's time zone; else the site's.")
@click.option("--language", default="", metavar="CODE", help="The reader's language; else the site's.")
@click.option("--breaking", is_flag=True, help="Also alerts for breaking news.")
@click.option("--consent", required=True, metavar="TEXT", help="How the reader consented; it is kept as the proof.")
@a_command
@pass_session
def add(
    session: Session,
    /,
    address: str,
    categories: tuple[str, ...],
    no_trending: bool,
    breaking: bool,
    consent: str,
    **said: str,
) -> None:
    """Add a reader who asked for it elsewhere.

    No confirmation is mailed: say with --consent how you know, such as "paper form of 3 May, signed".
    """
    from distributor import enlisting
    from distributor.cli.wishes import ask_of

    cells = {"address": address, "categories": "|".join(categories), "breaking": "yes" if breaking else "no", **said}
    try:
        app = session.app_of()
        ask = ask_of(app, cells | {"trending": "no" if no_trending else "yes"})
        reader = enlisting.add(app, ask, who=who(), consent=_consent(consent))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    answer(session, _data(reader), lambda: say(f"{reader.address} is a reader now: {reader.frequency}"))


@subscribers.command()
@click.argument("address")
@a_command
@pass_session
def show(session: Session, address: str) -> None:
    """One reader: what was chosen, and the proof of consent."""
    from distributor.store import subscribers as stored

    reader = _found(session, address)
    with session.store.read() as connection:
        acts = stored.consents(connection, reader.id)
    data = {"id": reader.id, **_data(reader), "consents": acts}
    answer(session, data, lambda: readership.shown(session, reader, acts))


@subscribers.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@a_command
@pass_session
def forget(session: Session, address: str, yes: bool) -> None:
    """Delete all that is known of a reader.

    A keyed hash of the address stays on the suppression list, so that no import mails them again.
    """
    from distributor import subscribe
    from distributor.cli.asking import sure

    reader = _found(session, address)
    sure(session, f"forget {reader.address}: there is no way back", yes=yes)
    subscribe.forget(session.app_of(), reader.id, who=who(), ip="")
    answer(session, {"act": "forget", "id": reader.id}, lambda: say(f"reader {reader.id} is forgotten"))


@subscribers.command()
@click.argument("address")
@click.option("--reason", default="by-hand", type=click.Choice(REASONS), show_default=True, help="Why.")
@a_command
@pass_session
def suppress(session: Session, address: str, reason: str) -> None:
    """Never mail to an address, whether it is a reader's or not.

    Mails that wait for it are given up.
    """
    from distributor import enlisting

    _key(address)
    new = enlisting.suppress(session.app_of(), address, reason, who())
    said = f"nothing is mailed to {address} any more" if new else f"nothing was mailed to {address} already"
    answer(session, {"act": "suppress", "reason": reason, "new": new}, lambda: say(said))


@subscribers.command()
@click.argument("address")
@a_command
@pass_session
def unsuppress(session: Session, address: str) -> None:
    """Lift what keeps an address from being mailed.

    A reader whose mails had bounced is one again; who complained may only ask anew.
    """
    from distributor import enlisting

    _key(address)
    lifted = enlisting.unsuppress(session.app_of(), address, who())
    said = f"{address} may be mailed again" if lifted else f"nothing keeps {address} from being mailed"
    answer(session, {"act": "unsuppress", "lifted": lifted}, lambda: say(said))


@subscribers.command()
@a_command
@pass_session
def stats(session: Session) -> None:
    """How many readers, what they chose, who came and left in 30 days."""
    from distributor.store import readership as counted

    now = session.now()
    with session.store.read() as connection:
        counts, days = counted.readership(connection, now), counted.growth(connection, now)
    listed = [{"day": one.day.isoformat(), "joined": one.joined, "left": one.left} for one in days]
    answer(session, {**readership.plain(counts), "days": listed}, lambda: readership.stats(counts, listed))


@subscribers.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--consent", metavar="TEXT", help="How these readers consented; it is kept with each of them.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "--errors", type=click.Path(dir_okay=False, writable=True), metavar="FILE", help="Rows that are not taken."
)
@click.option("--suppressed", is_flag=True, help="The file has addresses that must never be mailed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@a_command
@pass_session
def import_(
    session: Session,
    file: IO[bytes],
    consent: str | None,
    dry_run: bool,
    errors: str | None,
    suppressed: bool,
    yes: bool,
) -> int:
    """Take readers over from another tool's CSV.

    FILE may be "-", standard input. Its first line names the columns; "address" or "email" must be one of them. Who is
    there already stays as they are; who left or bounced is never taken back. Ends with 1 when rows were not taken.
    """
    from distributor.cli.taking import take_over

    if not suppressed and not (consent or "").strip():
        raise click.UsageError('say how these readers consented: --consent "sign-up form of the old newsletter"')
    return take_over(
        session, file, consent=consent or "", dry_run=dry_run, errors=errors, suppressed=suppressed, yes=yes
    )


@subscribers.command()
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=False), default="-")
@_segment
@a_command
@pass_session
def export(session: Session, /, file: IO[str], **segment: Any) -> None:
    """Write readers as CSV, to FILE or standard output.

    With --json it is one JSON document. Cells that a spreadsheet would run are made harmless.
    """
    import csv

    from distributor.cli.output import document
    from distributor.text.cells import safe_cell

    readers, many = _readers(session, 1_000, word="", **segment), 0
    if session.json:
        session.printed = True
        file.write('{"subscribers": [')
        for reader in readers:
            file.write((", " if many else "") + document(_data(reader)))
            many += 1
        file.write("]}\n")
    else:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        for reader in readers:
            many += 1
            writer.writerow([safe_cell(_cell(value)) for value in _data(reader).values()])
    name = str(getattr(file, "name", "-"))
    if name not in ("-", "<stdout>"):
        click.echo(f"{many:,} {'reader' if many == 1 else 'readers'} written to {name}", err=True)


def _readers(
    session: Session,
    page: int,
    *,
    word: str,
    status: str | None,
    category: str,
    language: str,
    frequency: str,
    active: int | None,
    idle: int | None,
) -> Iterator[Subscriber]:
    """Page by page, so that a million readers take no room and no lock."""
    from distributor.store import subscribers as stored

    title = _title(session, category)
    last = 0
    while True:
        with session.store.read() as connection:
            found = stored.listed(
                connection,
                status=status or "",
                category=title,
                language=language,
                frequency=frequency,
                word=word,
                active_since=_days_ago(session, active),
                idle_since=_days_ago(session, idle),
                after_id=last,
                limit=min(page, 1_000),
            )
        yield from found
        if len(found) < min(page, 1_000):
            return
        last = found[-1].id


def _days_ago(session: Session, days: int | None) -> datetime | None:
    return None if days is None else session.now() - timedelta(days=min(days, 100_000))


def _title(session: Session, category: str) -> str:
    """As the settings write it. Raises NotFound."""
    from distributor.model import NO_CATEGORY

    known = {title.casefold(): title for title in (*session.settings.site.categories, NO_CATEGORY)}
    if category and category.casefold() not in known:
        raise NotFound(f"there is no category {category[:60]!r}", hint=f"they are: {', '.join(known.values())}")
    return known.get(category.casefold(), "")


def _key(address: str) -> str:
    from distributor.addressing import address_key

    try:
        return address_key(address)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _found(session: Session, address: str) -> Subscriber:
    from distributor.store import subscribers as stored

    key = _key(address)
    with session.store.read() as connection:
        reader = stored.by_address(connection, key)
    if reader is None:
        raise NotFound(f"there is no reader {address[:80]!r}", hint="distributor subscribers list --search WORD")
    return reader


def _consent(text: str) -> str:
    if not text.strip():
        raise click.UsageError("--consent is empty: say how the reader consented")
    return text.strip()


def _data(reader: Subscriber) -> dict[str, Any]:
    days = tuple(WEEKDAYS[day] for day in reader.weekdays)
    return {name: getattr(reader, name) for name in FIELDS} | {"weekdays": days}


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return ";".join(str(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
