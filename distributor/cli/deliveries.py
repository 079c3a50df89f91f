"""`distributor deliveries`: each post, edit and deletion, and what became of it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from distributor.cli import moments
from distributor.cli.articles import deliveries_table, line
from distributor.cli.groups import Group
from distributor.cli.options import a_command, channel_names
from distributor.cli.output import answer, block, say, table
from distributor.cli.session import Session, pass_session, who
from distributor.model import State

if TYPE_CHECKING:
    from distributor.model import Delivery, Message

__all__ = ["deliveries"]


class Number(click.ParamType[int]):
    """A delivery's id: "812" or "d812"."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if not re.fullmatch(r"d?[0-9]{1,18}", str(value)):
            self.fail(f"{str(value)[:60]!r} is no delivery's id; distributor deliveries list shows them", param, ctx)
        return int(str(value).removeprefix("d"))


@click.group(cls=Group)
def deliveries() -> None:
    """Each post, edit and deletion, and what became of it."""


@deliveries.command("list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice([one.value for one in State]), help="In this state."
)
@click.option("--channel", default="", metavar="NAME", shell_complete=channel_names, help="On this channel.")
@click.option("--limit", default=20, type=click.IntRange(1, 10_000), show_default=True, help="At most so many.")
@a_command
@pass_session
def list_(session: Session, states: tuple[str, ...], channel: str, limit: int) -> None:
    """The newest deliveries first."""
    from distributor.store import ledger

    with session.store.read() as connection:
        rows = ledger.deliveries(connection, states=[State(one) for one in states], channel=channel, limit=limit)
    data = {"deliveries": [line(one) for one in rows]}
    answer(session, data, lambda: deliveries_table(session, rows) if rows else say("no deliveries"))


@deliveries.command()
@click.argument("number", metavar="ID", type=Number())
@a_command
@pass_session
def show(session: Session, number: int) -> None:
    """One delivery: its message as it was frozen, and every attempt."""
    from distributor.store import ledger

    with session.store.read() as connection:
        row = _found(ledger.get(connection, number), number)
        frozen = ledger.message(connection, row.message_id) if row.message_id else None
        attempts = [_attempt(one) for one in ledger.attempts(connection, row.id)]
    message = frozen[0] if frozen else None
    data = line(row) | {"key": row.key, "cost": row.cost, "message": message, "history": attempts}
    answer(session, data, lambda: _shown(session, row, message, attempts))


@deliveries.command()
@click.argument("number", metavar="ID", type=Number())
@click.option("--text", required=True, help='The new words; "-" reads them from standard input.')
@a_command
@pass_session
def edit(session: Session, number: int, text: str) -> None:
    """An editor's own words for one post.

    One that waits goes out with them; one that is posted is edited where the network can.
    """
    from distributor import acts

    if text == "-":
        from distributor.cli.measure import text_of

        text = text_of(sys.stdin.buffer.read())
    if not text.strip():
        raise click.UsageError("the text is empty")
    _settled(session, acts.edit_text(session.app, number, who(), text), "carries the new text")


@deliveries.command()
@click.argument("number", metavar="ID", type=Number(), required=False)
@click.option(
    "--channel", default="", metavar="NAME", shell_complete=channel_names, help="All that could not be made on it."
)
@a_command
@pass_session
def release(session: Session, number: int | None, channel: str) -> None:
    """Let a held one go, or all that a template held on a channel.

    Of mails: "alerts", "instant" and "letters" are channels, too. What still cannot be made stays held, and a release
    is no approval.
    """
    from distributor import acts

    if (number is None) == (not channel):
        raise click.UsageError("name a delivery or --channel, one of them")
    if number is not None:
        row = acts.release_one(session.app, who(), number)
        _settled(session, row, "waits again" if row.state is not State.HELD else "cannot be made yet")
        return
    moved = acts.release_unmade(session.app, who(), channel)
    told = f"{moved:,} waiting again on {channel}" if moved else f"nothing to release on {channel}"
    answer(session, {"act": "release", "channel": channel, "deliveries": moved}, lambda: say(told))


@deliveries.command()
@click.argument("number", metavar="ID", type=Number(), required=False)
@click.option(
    "--sent", is_flag=False, flag_value="", metavar="[URL]", help="It is on the network, at this address if you know."
)
@click.option("--not-sent", is_flag=True, help="It surely is not: it goes out again.")
@a_command
@pass_session
def resolve(session: Session, number: int | None, sent: str | None, not_sent: bool) -> None:
    """Say what became of an uncertain delivery."""
    from distributor import acts

    if number is None and sent and re.fullmatch(r"d?[0-9]{1,18}", sent):
        number, sent = int(sent.removeprefix("d")), ""  # "--sent 812": the word behind it is the id
    if number is None:
        raise click.UsageError("which delivery? distributor deliveries list --state uncertain")
    if (sent is None) == (not not_sent):
        raise click.UsageError("say --sent or --not-sent, one of them")
    if sent and not re.fullmatch(r"https?://[^\s]+", sent):
        raise click.UsageError("--sent takes the post's address, which begins with https://, or nothing")
    row = acts.resolve(session.app, number, who(), sent=sent is not None, url=sent or "")
    _settled(session, row, "is sent" if sent is not None else "goes out again")


def _settled(session: Session, row: Delivery, said: str) -> None:
    answer(session, line(row), lambda: say(f"delivery {row.id} ({row.channel}) {said}; it is {row.state.value}"))


def _found(row: Delivery | None, number: int) -> Delivery:
    from distributor.errors import NotFound

    if row is None:
        raise NotFound(f"there is no delivery {number}", hint="distributor deliveries list shows the latest")
    return row


def _attempt(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("number", "at", "ended_at", "outcome", "error", "owner")}


def _shown(session: Session, row: Delivery, message: Message | None, attempts: list[dict[str, Any]]) -> None:
    now, zone = session.now(), session.zone
    say(f"delivery {row.id}  {row.kind.value} on {row.channel}  of article {row.article_id} rev {row.revision}")
    say(f"{row.state.value} {f'({row.reason})' if row.reason else ''} {row.error}")
    due, ends = moments.shown(row.due_at, zone, now), moments.shown(row.expires_at, zone, now)
    planned = moments.shown(row.planned_at, zone, now)
    say(f"planned {planned}, due {due}, until {ends}, settled {moments.shown(row.settled_at, zone, now)}")
    if row.receipt and row.receipt.url:
        say(row.receipt.url)
    if message:
        click.echo()
        click.echo(block(message.text, "  "))
        for one in message.media:
            say("  picture", one.url, f"({one.alt or 'no alt text'})")
    if attempts:
        click.echo()
        lines = [
            (
                one["number"],
                moments.shown(one["at"], zone, now),
                one["outcome"] or "not ended",
                one["error"] or "-",
            )
            for one in attempts
        ]
        table(("TRY", "AT", "OUTCOME", "ERROR"), lines, right=("TRY",))
    if row.state is State.UNCERTAIN:
        say(f"look on {row.channel}, then: distributor deliveries resolve {row.id} --sent URL, or --not-sent")
