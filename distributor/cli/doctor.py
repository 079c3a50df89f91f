"""`distributor doctor`: everything that distributor stands on, looked at one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from distributor.cli.faults import Code
from distributor.cli.options import a_command
from distributor.cli.output import answer, clean, progress, say
from distributor.cli.session import Session, pass_session
from distributor.errors import ConfigError, DistributorError, StoreError

if TYPE_CHECKING:
    from distributor.cli.checks import Finding

__all__ = ["doctor"]

_STYLES = {"ok": "green", "?": "yellow", "!": "red"}


@click.command()
@click.option("--offline", is_flag=True, help="Leave out what needs the network.")
@a_command
@pass_session
def doctor(session: Session, offline: bool) -> int:
    """Check everything that distributor stands on.

    Settings, data folder, disk, database, broker, channels, sources, clock, secrets, templates, processes. Nothing is
    posted or changed. Ends with 0 when all is well or only worth knowing, else with the gravest finding's code.
    """
    from distributor.cli import checks

    found: list[Finding] = []
    _look(found, lambda: checks.settings(session))
    if not any(one.mark == "!" for one in found):
        steps = checks.steps(session, offline=offline)
        with progress("looking", len(steps)) as step:
            for subject, work in steps:
                _look(found, work, subject)
                step()
    code = max((one.code for one in found if one.mark == "!"), default=Code.FINE)
    answer(session, {"findings": found, "exit_code": int(code)}, lambda: _shown(found))
    return code


def _look(found: list[Finding], work: Callable[[], Iterable[Finding]], subject: str = "settings") -> None:
    """A check that fails is a finding, and keeps no other from being made."""
    from distributor.cli.checks import Finding

    try:
        found.extend(work())
    except StoreError as error:
        found.append(Finding("!", subject, str(error), error.hint, Code.UNREACHABLE))
    except ConfigError as error:
        found.append(Finding("!", subject, str(error), error.hint, Code.USAGE))
    except DistributorError as error:
        found.append(Finding("!", subject, str(error), error.hint, Code.FAILED))


def _shown(found: list[Finding]) -> None:
    width = max(len(one.subject) for one in found)
    for one in found:
        mark = click.style(f"{one.mark:<2}", fg=_STYLES[one.mark])
        click.echo(f"{mark} {clean(one.subject):<{width}}  {clean(one.text)}".rstrip())
        if one.hint:
            say(f"-> {one.hint}")
    wrong = sum(one.mark == "!" for one in found)
    say(f"{wrong} to mend" if wrong else "all is well")
