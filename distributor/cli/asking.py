"""A person's yes before what cannot be taken back."""

from __future__ import annotations

import sys

import click

from distributor.cli.output import clean
from distributor.cli.session import Session
from distributor.errors import ConfigError

__all__ = ["sure"]


def sure(session: Session, what: str, *, yes: bool) -> None:
    """Returns when it may be done: said with --yes, or answered on a terminal. Raises ConfigError where nobody can be
    asked, and Abort for a no.
    """
    if yes:
        return
    if session.json or not sys.stdin.isatty():
        raise ConfigError(f"nobody is here to ask: {what}", hint="say --yes to do it")
    click.confirm(clean(f"{what[:1].upper()}{what[1:]}. Go on?"), abort=True, err=True)
