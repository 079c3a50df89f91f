"""`distributor status`: what is wrong first, each with the command that mends it; then the channels and the law."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from distributor.cli import moments
from distributor.cli.options import a_command
from distributor.cli.output import answer, say, table
from distributor.cli.session import Session, pass_session

if TYPE_CHECKING:
    from distributor.reporting import ChannelLine, Law, Problem, Status

__all__ = ["status"]

EVERY = 2.0
_STYLES = {"!!": "red", "!": "red", "?": "yellow"}


@click.command()
@click.option("--watch", is_flag=True, help="Show it anew every two seconds, until Ctrl-C.")
@a_command
@pass_session
def status(session: Session, watch: bool) -> None:
    """What is wrong, first; then every channel and the ledger's law."""
    if not watch:
        _once(session)
        return
    while True:
        if not session.json:
            click.clear()
        _once(session)
        time.sleep(EVERY)


def _once(session: Session) -> None:
    told = _status(session)
    answer(session, told.to_json(), lambda: _shown(session, told))


def _status(session: Session) -> Status:
    """With a line for each channel that cannot even be built: its posts wait, and nothing else would say so."""
    from distributor import reporting

    app, wrong = session.tolerant_app()
    try:
        told = reporting.status(app)
    finally:
        app.fetcher.close()
    told.problems[:0] = [
        reporting.Problem("!", error.key.split(".")[1], str(error), "distributor channels check")
        for error in wrong
        if "." in error.key
    ]
    return told


def _shown(session: Session, told: Status) -> None:
    now, zone = told.at, session.zone
    since = f"up {moments.span(now - told.since)}" if told.since else "not running"
    spent = [
        f"{name} {one.month:.2f} of {one.monthly:g} USD" if one.monthly else f"{name} {one.today:.2f} USD today"
        for name, one in told.spent.items()
    ]
    speed = told.latency
    posted = (
        f"p50 {moments.span(speed.p50)} p99 {moments.span(speed.p99)}" if speed.p50 is not None and speed.p99 else ""
    )
    say("  ".join(part for part in (told.name, since, *spent, posted) if part))
    _problems(told.problems)
    if told.channels:
        rows = [_row(one, moments.shown(one.next_at, zone, now)) for one in told.channels]
        columns = ("CHANNEL", "STATE", "SENT", "WAIT", "HELD", "FAILED", "UNCERTAIN", "NEXT", "")
        table(columns, rows, right=("SENT", "WAIT", "HELD", "FAILED", "UNCERTAIN"))
    elif not session.settings.channels:
        say("no channels; add one: distributor channels add")
    if not told.sources:
        say("no sources; add one: distributor sources add URL")
    say(f"24 h: {_law(told.day)}")


def _problems(problems: list[Problem]) -> None:
    from distributor.cli.output import clean

    width = max((len(clean(one.subject)) for one in problems), default=0)
    for one in problems:
        command = f": {one.command}" if one.command else ""
        mark = click.style(f"{one.mark:<2}", fg=_STYLES.get(one.mark))
        click.echo(f"{mark} {clean(one.subject):<{width}} {clean(one.text)}{clean(command)}".rstrip())


def _row(one: ChannelLine, next_at: str) -> tuple[object, ...]:
    counts = (one.sent, one.waiting, one.held, one.failed, one.uncertain)
    return (one.name, one.state, *(f"{count:,}" for count in counts), next_at, one.why)


def _law(law: Law) -> str:
    """planned = sent + pending + ...; a sum that does not hold says so."""
    first = ("sent", "pending", "held", "skipped", "failed", "uncertain", "sending")
    counts = {state.value: number for state, number in law.counts.items()}
    shown = [name for name in first if counts.get(name) or name == "sent"]
    parts = " + ".join(f"{counts.get(name, 0):,} {name}" for name in shown)
    return f"planned {law.planned:,} {'=' if law.holds else 'IS NOT'} {parts}"
