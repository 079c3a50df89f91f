"""`distributor digests`: the newsletters' editions, how far they are, and the switches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from distributor.cli import moments
from distributor.cli.asking import sure
from distributor.cli.groups import Group
from distributor.cli.options import a_command, digest_names
from distributor.cli.output import answer, block, say, table, warn
from distributor.cli.session import Session, pass_session, who
from distributor.errors import ConfigError

if TYPE_CHECKING:
    from distributor.context import App
    from distributor.model import Choice, Message
    from distributor.overseeing import Progress
    from distributor.store.slots import Slot

__all__ = ["digests", "slot_data"]

_WHICH = click.argument("which", metavar="ID|NAME@SLOT")


@click.group(cls=Group)
def digests() -> None:
    """The newsletters' editions, how far they are, and the switches."""


@digests.command("list")
@click.option("--digest", default="", metavar="NAME", shell_complete=digest_names, help="Of this digest.")
@click.option("--limit", default=20, type=click.IntRange(1, 1_000), show_default=True, help="At most so many.")
@a_command
@pass_session
def list_(session: Session, digest: str, limit: int) -> None:
    """The newest slots: planned, sent, waiting, failed, rate, time left."""
    from distributor.store import slots

    with session.store.read() as connection:
        found = slots.latest(connection, session.now(), digest=digest, limit=limit)
    answer(session, {"digests": [slot_data(one) for one in found]}, lambda: _listed(session, found))


@digests.command()
@click.argument("which", metavar="ID|NAME[@SLOT]", shell_complete=digest_names)
@a_command
@pass_session
def show(session: Session, which: str) -> None:
    """One edition by its id, or all of a slot: how far each is.

    A digest's name alone means its latest slot.
    """
    from distributor import overseeing

    found = overseeing.show(session.app_of(), which)
    answer(session, {"editions": [_edition_data(one) for one in found]}, lambda: _editions(session, found))


@digests.command()
@click.argument("name", shell_complete=digest_names)
@click.option(
    "--category",
    "categories",
    multiple=True,
    metavar="TITLE",
    help='A reader of this one, "none" for Trending alone; else of all.',
)
@click.option("--language", default="", metavar="CODE", help="In this language; else the site's.")
@click.option("--no-trending", is_flag=True, help="Without the Trending section.")
@click.option("--to", default="", metavar="ADDRESS", help="Mail it there: a test, which no reader gets.")
@click.option("--open", "open_", is_flag=True, help="Write it as a page, and open that in the browser.")
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Write its HTML into this file.")
@a_command
@pass_session
def preview(
    session: Session,
    name: str,
    categories: tuple[str, ...],
    language: str,
    no_trending: bool,
    to: str,
    open_: bool,
    out: str | None,
) -> None:
    """A digest as a reader with these choices would get it now.

    Nothing is planned, and nobody's next digest changes. With --to it goes to one address, to be looked at there.
    """
    from distributor import digest

    app = session.app_of()
    choice = _choice(app, name, categories, language, trending=not no_trending)
    message = digest.preview(app, name, choice, session.now())
    data: dict[str, Any] = {"digest": name, "choice": choice, "message": None}
    if message is None:
        answer(session, data, lambda: say(f"{name}: nothing new for these choices; no mail would go out"))
        return
    data["message"] = {part: getattr(message, part) for part in ("subject", "text", "html", "language")}
    done = [f"written to {path}" for path in _written(message, name, out, open_=open_)]
    if to:
        data["to"] = to
        done.append(_tried(app, name, message, to))
    answer(session, data, lambda: _previewed(message, done))


@digests.command()
@_WHICH
@a_command
@pass_session
def approve(session: Session, which: str) -> None:
    """Let go what waits for approval."""
    _act(session, which, "approve", "{} approved")


@digests.command()
@_WHICH
@a_command
@pass_session
def pause(session: Session, which: str) -> None:
    """Stop an edition, or all of a slot, half-way."""
    _act(session, which, "pause", "{} paused; to go on: distributor digests resume " + which)


@digests.command()
@_WHICH
@a_command
@pass_session
def resume(session: Session, which: str) -> None:
    """Let go on what was paused."""
    _act(session, which, "resume", "{} waiting again")


@digests.command()
@click.argument("which", metavar="ID|NAME[@SLOT]", shell_complete=digest_names)
@a_command
@pass_session
def release(session: Session, which: str) -> None:
    """Let go what could not be made, once its template is mended.

    Of a digest by its name alone, whatever waits so. What still cannot be made stays held.
    """
    _act(session, which, "release", "{} waiting again")


@digests.command()
@_WHICH
@click.option("--yes", is_flag=True, help="Do not ask.")
@a_command
@pass_session
def cancel(session: Session, which: str, yes: bool) -> None:
    """Give up what has not left yet.

    Its readers get those articles no more: their next digest begins where this one ended.
    """
    from distributor import overseeing

    found = overseeing.show(session.app_of(), which)
    waiting = sum(one.planned - one.sent for one in found)
    sure(session, f"cancel {which}: up to {waiting:,} mails are given up, and do not come back", yes=yes)
    _act(session, which, "cancel", "{} given up")


def slot_data(slot: Slot) -> dict[str, Any]:
    """A slot, for a program."""
    names = ("name", "digest", "slot", "status", "editions", "first", "planned", "sent", "waiting", "held", "failed",
             "uncertain", "skipped", "by_hand", "rate", "left")  # fmt: skip
    return {name: getattr(slot, name) for name in names}


def _act(session: Session, which: str, act: str, said: str) -> None:
    from distributor import overseeing

    work: Callable[[App, str, str], int] = getattr(overseeing, act)
    moved = work(session.app, which, who())
    mails = f"{moved:,} {'mail' if moved == 1 else 'mails'}"
    data = {"act": act, "edition": which, "deliveries": moved}
    answer(session, data, lambda: say(said.format(mails) if moved else f"nothing to {act}"))


def _choice(app: App, name: str, categories: Sequence[str], language: str, *, trending: bool) -> Choice:
    """Raises ConfigError for what is not offered."""
    from distributor.choosing import Ask, checked
    from distributor.model import Choice

    asked = Ask(
        address="reader@reader.example",
        frequency=name,
        categories=tuple(categories),
        trending=trending,
        language=language,
    )
    try:
        good = checked(app, asked)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if language and good.language.partition("-")[0].casefold() != language.partition("-")[0].casefold():
        warn(f"mails are not offered in {language!r}; shown in {good.language!r}")
    return Choice(good.categories, trending, good.language)


def _written(message: Message, name: str, out: str | None, *, open_: bool) -> list[str]:
    import tempfile
    from pathlib import Path

    if not out and not open_:
        return []
    try:
        path = Path(out) if out else Path(tempfile.mkdtemp(prefix="distributor-")) / f"{name}.html"
        path.write_text(message.html, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {out or 'a page'}: {error.strerror}") from None
    if open_:
        import webbrowser

        if not webbrowser.open(path.resolve().as_uri()):
            warn("there is no browser to open it with")
    return [str(path)]


def _tried(app: App, name: str, message: Message, to: str) -> str:
    from distributor import trying

    try:
        trying.send_sample(app, name, message, to)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return f"mailed to {to}"


def _previewed(message: Message, done: list[str]) -> None:
    from distributor.mail import MARKER

    say(message.subject, style="cyan")
    if not done:
        click.echo(block(message.text.replace(MARKER, "..."), "  "))
    for line in done:
        say(line)


def _listed(session: Session, found: Sequence[Slot]) -> None:
    if not found:
        say("no digest has gone out yet")
        return
    now, zone = session.now(), session.zone
    lines = [
        (
            one.name,
            moments.shown(one.slot, zone, now) + (" by hand" if one.by_hand else ""),
            one.status,
            *(f"{number:,}" for number in (one.editions, one.planned, one.sent, one.waiting + one.held, one.failed)),
            f"{one.rate:,.0f}/s" if one.rate >= 1 else f"{one.rate * 60:,.0f}/min" if one.rate else "-",
            moments.span(one.left) if one.waiting and one.left else "-",
        )
        for one in found
    ]
    numbers = ("EDITIONS", "PLANNED", "SENT", "WAIT", "FAILED", "RATE", "LEFT")
    table(("DIGEST", "SLOT", "STATE", *numbers), lines, right=numbers)


def _edition_data(one: Progress) -> dict[str, Any]:
    edition = one.edition
    names = ("id", "digest", "slot", "since", "until", "status", "by_hand", "choice", "sections", "made_at")
    counts = {"planned": one.planned, "sent": one.sent, "waiting": one.waiting, "states": one.states}
    return {name: getattr(edition, name) for name in names} | counts | {"rate": one.rate, "left": one.left}


def _editions(session: Session, found: Sequence[Progress]) -> None:
    now, zone = session.now(), session.zone
    first = found[0].edition
    say(f"{first.digest}  {moments.shown(first.slot, zone, now)}{'  by hand' if first.by_hand else ''}")
    lines = [
        (
            one.edition.id,
            one.edition.status,
            *(f"{number:,}" for number in (one.planned, one.sent, one.waiting)),
            sum(len(section.articles) + len(section.rest) for section in one.edition.sections),
            one.edition.choice.language,
            ", ".join(one.edition.choice.categories) or "all",
        )
        for one in found
    ]
    columns = ("ID", "STATE", "PLANNED", "SENT", "WAIT", "ARTICLES", "LANGUAGE", "CATEGORIES")
    table(columns, lines, right=("ID", "PLANNED", "SENT", "WAIT", "ARTICLES"))
