"""`distributor web`: only the pages, beside workers that run elsewhere."""

from __future__ import annotations

import click

from distributor.cli.options import a_command
from distributor.cli.run import ready
from distributor.cli.session import Session, pass_session

__all__ = ["web"]


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Of the staff's page; 0 takes a free one.")
@a_command
@pass_session
def web(session: Session, port: int | None) -> None:
    """Serve only the pages, beside workers that run elsewhere.

    It stops with Ctrl-C or SIGTERM.
    """
    from distributor import run as running

    path = session.settings.path
    plan = running.settings_plan(lambda: session.read(path))
    session.printed = True
    running.serve_web(plan, port=port, ready=lambda url: ready(session, plan, url))
