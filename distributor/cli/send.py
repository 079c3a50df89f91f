"""`distributor send` and `distributor preview`: an article by hand, and what it would look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from distributor.cli import moments
from distributor.cli.faults import Code, worst
from distributor.cli.options import CHANNELS, Moment, a_command, digest_names
from distributor.cli.output import answer, block, progress, say, table
from distributor.cli.session import Session, pass_session, who
from distributor.model import State

if TYPE_CHECKING:
    from distributor.sending import Outcome, Preview, Sent

__all__ = ["preview", "send"]


@click.command()
@click.argument("article", metavar="URL|ID", required=False)
@click.option("--digest", metavar="NAME", shell_complete=digest_names, help="A digest instead, to its readers.")
@click.option("--to", "to", **CHANNELS, help="To these channels, whatever their rules say; a digest: to this reader.")
@click.option("--at", type=Moment(), metavar="T", help='Not before: "08:30", "tomorrow 8:00", "+30m", ISO 8601.')
@click.option("--dry-run", is_flag=True, help="Show the exact text per channel, and stop.")
@click.option("--again", is_flag=True, help="Post anew where it was sent or failed.")
@click.option("--queue", is_flag=True, help="Leave it to the workers.")
@click.option("--boost", type=click.FloatRange(-1000, 1000), metavar="N", help="Move the article up in every queue.")
@click.option("--yes", is_flag=True, help="Do not ask before a digest goes to all its readers.")
@a_command
@pass_session
def send(
    session: Session,
    article: str | None,
    digest: str | None,
    to: list[str] | None,
    at: datetime | None,
    dry_run: bool,
    again: bool,
    queue: bool,
    boost: float | None,
    yes: bool,
) -> int:
    """Send an article now, or at a time, by hand; or a digest.

    An article goes to the channels whose rules take it, or to those named; it passes quiet hours, slots and approval,
    never the networks' limits. A digest goes to all its readers, whatever their hours, or to one: their next one begins
    where this ends. The exit code is the worst outcome.
    """
    from distributor import sending

    if bool(article) == bool(digest):
        raise click.UsageError("name an article or --digest, one of them")
    if digest:
        from distributor.cli.sendout import send_digest

        if again or boost is not None or len(to or ()) > 1:
            raise click.UsageError("a digest takes neither --again nor --boost, and one address with --to")
        to_one = to[0] if to else ""
        return send_digest(session, digest, to=to_one, at=at, dry_run=dry_run, queue=queue, yes=yes)
    assert article is not None

    if dry_run:
        return _previewed(session, sending.dry_run(session.app, article, to), every=to is not None)
    sent = sending.plan_send(session.app, article, who=who(), to=to, at=at, again=again, boost=boost)
    if queue:
        sending.leave(session.app, sent)
    else:
        sent = _delivered(session, sent)
    code = _code(sent)
    answer(session, _data(sent, code), lambda: _shown(session, sent))
    return code


@click.command()
@click.argument("article", metavar="URL|ID")
@click.option("--channel", "--to", "channels", **CHANNELS, help="Only for these channels.")
@a_command
@pass_session
def preview(session: Session, article: str, channels: list[str] | None) -> int:
    """Show the exact text of every channel's post; nothing is sent.

    Ends with 1 when a post could not be made, or its network would refuse it.
    """
    from distributor import sending

    return _previewed(session, sending.dry_run(session.app, article, channels), every=True)


def _delivered(session: Session, sent: Sent) -> Sent:
    from distributor import sending

    with progress("sending", len(sent.ids)) as step:
        sending.deliver_now(session.app, sent, on_settled=lambda *_: step())
    return sending.refresh(session.app, sent)


def _code(sent: Sent) -> Code:
    return worst(State(row.state) for row in sent.rows if row.delivery is not None)


def _data(sent: Sent, code: Code) -> dict[str, Any]:
    from distributor.cli.articles import brief

    rows = [_row(row) for row in sent.rows]
    counts = Counter(row.state for row in sent.rows)
    return {
        "article": brief(sent.article),
        "fetched": sent.fetched,
        "channels": rows,
        "counts": counts,
        "exit_code": int(code),
    }


def _row(row: Outcome) -> dict[str, Any]:
    names = ("channel", "state", "reason", "text", "next_at", "url", "seconds")
    number = row.delivery.id if row.delivery else None
    measured = {"length": row.measured.length, "limit": row.measured.limit} if row.measured else {}
    return {name: getattr(row, name) for name in names} | {"delivery": number} | measured


def _shown(session: Session, sent: Sent) -> None:
    article = sent.article
    say(f'"{article.title}"  {", ".join(article.categories) or "no category"}  rev {article.revision}')
    lines = [(row.channel, row.state.replace("-", " "), _count(row), _words(session, row)) for row in sent.rows]
    table(("", "", "", ""), lines)
    counts = Counter(
        "there already" if row.state == "sent" and not row.mine else row.state
        for row in sent.rows
        if row.delivery is not None
    )
    told = ", ".join(f"{number} {state}" for state, number in counts.items()) or "no channel takes it"
    say(f"{told}. More: distributor why {article.id}")


def _count(row: Outcome) -> str:
    return f"{row.measured.length}/{row.measured.limit}" if row.measured else ""


def _words(session: Session, row: Outcome) -> str:
    """What became of it, or what it waits for: "0.2 s  https://...", "429; next 08:43, until 20:41"."""
    if row.delivery is None:
        return f"{row.text}; --to {row.channel} overrides"
    parts = [row.text] if row.text else []
    if row.state == State.SENT:
        parts += [moments.span(row.seconds)] if row.seconds is not None and not parts else []
        return "  ".join([*parts, row.url]).strip()
    if row.state == State.PENDING:
        now, zone = session.now(), session.zone
        until = moments.shown(row.delivery.expires_at, zone, now)
        soon = "now" if row.next_at and row.next_at <= now else moments.shown(row.next_at, zone, now)
        parts.append(f"next {soon}, until {until}")
    return "; ".join(parts)


def _previewed(session: Session, found: Sequence[Preview], *, every: bool) -> int:
    chosen = [one for one in found if every or one.verdict.takes]
    bad = any(one.problems for one in chosen)
    data = {"channels": [_preview_data(one) for one in found]}
    answer(session, data, lambda: _previews_shown(found, every=every))
    return Code.FAILED if bad else Code.FINE


def _preview_data(one: Preview) -> dict[str, Any]:
    verdict, message, count = one.verdict, one.message, one.measured
    return {
        "channel": one.channel,
        "takes": verdict.takes,
        "reason": verdict.reason,
        "detail": verdict.detail,
        "text": message.text if message else None,
        "url": message.url if message else None,
        "media": message.media if message else [],
        "card": message.card if message else None,
        "length": count.length if count else None,
        "limit": count.limit if count else None,
        "problems": one.problems,
    }


def _previews_shown(found: Sequence[Preview], *, every: bool) -> None:
    title = next((one.message.title for one in found if one.message), "")
    if title:
        say(f'"{title}"')
    for one in found:
        takes = one.verdict.takes
        count = f"{one.measured.length}/{one.measured.limit}" if one.measured else ""
        note = "" if takes else f"not for it: {one.verdict.detail}; --to {one.channel} overrides"
        click.echo()
        say("  ".join(part for part in (one.channel, count, note) if part), style="cyan")
        if one.message and (takes or every):
            click.echo(block(one.message.text, "  "))
            for picture in one.message.media:
                say("  picture", picture.url, f"({picture.alt or 'no alt text'})")
        for problem in one.problems:
            say(f"! {problem}", style="red")
