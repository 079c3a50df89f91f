"""`distributor run`: everything in one process, or one round of it."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
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
        plan = _plan(session, stack, sample, feed, 0 if once else running.public_port(port))
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


def _plan(session: Session, stack: ExitStack, sample: bool, feed: str | None, public: int) -> Plan:
    from distributor import run as running

    if feed is not None:
        plan = stack.enter_context(running.feed_plan(with_scheme(feed), public))
        _look(plan)
    elif sample or session.path is None:
        plan = stack.enter_context(running.sample_plan(public))
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
    """Tells where to look, and beside a run without settings of its own how other commands find it."""
    from distributor.config import passing

    settings = plan.settings
    readers = f"{settings.site.public_url}/subscribe" if settings.mail and settings.web.public else ""
    file = str(settings.path) if passing(settings) else ""
    if session.json:
        said = {"page": url, "site": settings.site.name, "subscribe": readers, "config": file}
        click.echo(document({key: one for key, one in said.items() if one}))
        return
    say(f"{settings.site.name}: what goes where is shown at {url}")
    if readers:
        say(f"readers subscribe at {readers}" + (f"; their mails are shown at {url}/outbox" if file else ""))
    if file:
        say(f"more, from another terminal: {_program()} --config {file} send --digest daily")
    say("stop with Ctrl-C")


def _program() -> str:
    """This program, as a person can call it again."""
    called = sys.argv[0]
    name = Path(called).name
    return called if name == "distributor" and shutil.which(name) != called else "distributor"
