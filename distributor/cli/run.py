"""`distributor run`: everything in one process, or one round of it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from distributor.cli.options import a_command
from distributor.cli.output import document, say
from distributor.cli.session import Session, pass_session
from distributor.cli.sources import with_scheme

if TYPE_CHECKING:
    from distributor.run import Plan

__all__ = ["ready", "run"]


@click.command()
@click.option("--once", is_flag=True, help="Collect, plan and post until nothing is due; then stop.")
@click.option("--sample", is_flag=True, help="A sample newsroom, on previews; what is done without a settings file.")
@click.option("--feed", metavar="URL", help="The five latest articles of this site or feed, on previews.")
@click.option("--port", type=click.IntRange(0, 65535), help="Of the staff's page; 0 takes a free one.")
@a_command
@pass_session
def run(session: Session, once: bool, sample: bool, feed: str | None, port: int | None) -> None:
    """Watch and post: worker, schedule and pages in one process.

    It stops with Ctrl-C or SIGTERM. --once ends with 0 when the round went through; its counts say what came of it,
    with --json as the last line.
    """
    from distributor import run as running

    if sample and feed is not None:
        raise click.UsageError("--sample and --feed exclude each other")
    if feed is not None and not feed.strip():
        raise click.UsageError("--feed needs the address of a site or feed")
    with ExitStack() as stack:
        plan = _plan(session, stack, sample, feed)
        if not once:
            session.printed = True
            running.run_forever(plan, port=port, ready=lambda url: ready(session, plan, url))
            return
        counts = running.run_once(plan)
        session.printed = True
        if session.json:
            click.echo(document(counts))
        else:
            states = ", ".join(f"{count} {name}" for name, count in counts.items() if name != "seconds" and count)
            say(f"{states or 'nothing new'} in {counts['seconds']} s")


def _plan(session: Session, stack: ExitStack, sample: bool, feed: str | None) -> Plan:
    from distributor import run as running

    if feed is not None:
        plan = stack.enter_context(running.feed_plan(with_scheme(feed)))
        _look(plan)
    elif sample or session.path is None:
        plan = stack.enter_context(running.sample_plan())
    else:
        path = session.path
        plan = running.settings_plan(lambda: session.read(path))
    session.use(plan.settings)
    return plan


def _look(plan: Plan) -> None:
    """Reads the feed once: nobody should watch an empty page to learn that there is none. Raises SourceError."""
    from distributor.app import build_fetcher
    from distributor.cli.looking import read

    fetcher = build_fetcher(plan.settings)
    try:
        for source in plan.settings.sources.values():
            read(fetcher, str(source.url))
    finally:
        fetcher.close()


def ready(session: Session, plan: Plan, url: str) -> None:
    """Tells where to look."""
    name = plan.settings.site.name
    if session.json:
        click.echo(document({"page": url, "site": name}))
    else:
        say(f"{name}: what goes where is shown at {url}")
        say("stop with Ctrl-C")
