"""`distributor why`: for each channel what went out, what waits and for what, or why nothing ever will."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from distributor.cli import moments
from distributor.cli.options import a_command
from distributor.cli.output import answer, say, table, warn
from distributor.cli.session import Session, pass_session

if TYPE_CHECKING:
    from distributor.explaining import ChannelWhy, Why

__all__ = ["why"]


@click.command()
@click.argument("article", metavar="URL|ID")
@a_command
@pass_session
def why(session: Session, article: str) -> None:
    """Why an article was posted where, or not.

    URL|ID is an article's address or id, or a delivery's id written d812.
    """
    from distributor import explaining

    app, wrong = session.tolerant_app()
    told = explaining.why(app, article)
    for error in wrong:
        warn(str(error))
    answer(session, told.to_json(), lambda: _shown(session, told))


def _shown(session: Session, told: Why) -> None:
    now, zone, article = session.now(), session.zone, told.article
    published = moments.shown(article.published_at, zone, now)
    say(f'{article.id}  "{article.title}"  {", ".join(article.categories) or "no category"}  rev {article.revision}')
    say(
        f"{article.url}  from {article.source}, published {published}, seen {moments.shown(article.seen_at, zone, now)}"
    )
    if article.unmapped:
        say(f"category words that map to none: {', '.join(article.unmapped)}")
    if told.text:
        say(told.text, style="yellow")
    if told.ranking:
        parts = ", ".join(f"{name} {value:g}" for name, value in told.ranking.parts.items())
        say(f"rank {told.ranking.score:.3g}: {parts}")
    if told.outlets:
        number = len(told.outlets)
        names = ", ".join(f"{one.name} {moments.shown(one.at, zone, now)}" for one in told.outlets)
        say(f"{number} outlet{'' if number == 1 else 's'} on the same story: {names}")
    table(("", "", ""), [(one.channel, one.state.replace("-", " "), _line(session, one)) for one in told.channels])
    for one in told.channels:
        if one.command:
            say(f"{one.channel}: {one.command}")
    _history(session, told)


def _line(session: Session, one: ChannelWhy) -> str:
    at = f"next {moments.shown(one.next_at, session.zone, session.now())}" if one.next_at else ""
    done = [step for step in one.steps if step.settled_at] if one.state == "sent" else []
    sent = moments.shown(done[0].settled_at, session.zone, session.now()) if done else ""
    return "; ".join(part for part in (sent, one.text, at, one.url) if part)


def _history(session: Session, told: Why) -> None:
    """Attempts and acts, oldest first: what happened when."""
    events = [
        (tried.at, one.channel, f"{step.kind} {tried.number}: {tried.outcome or 'under way'} {tried.error}")
        for one in told.channels
        for step in one.steps
        for tried in step.attempts
    ]
    events += [(act.at, act.who, f"{act.what} {act.subject}") for act in told.acts]
    if not events:
        return
    now, zone = session.now(), session.zone
    click.echo()
    lines = [(moments.shown(at, zone, now), name, text) for at, name, text in sorted(events, key=lambda one: one[0])]
    table(("WHEN", "WHO", "WHAT"), lines)
