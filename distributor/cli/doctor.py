"""`distributor doctor`: everything that distributor stands on, looked at one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from distributor.cli.faults import Code
from distributor.cli.mailcheck import OWN, examine
from distributor.cli.options import a_command
from distributor.cli.output import answer, clean, progress, say
from distributor.cli.session import Session, pass_session
from distributor.errors import ConfigError, DistributorError, StoreError

if TYPE_CHECKING:
    from distributor.cli.checks import Finding

__all__ = ["doctor", "show"]

_STYLES = {"ok": "green", "?": "yellow", "!": "red"}


@click.command()
@click.option("--offline", is_flag=True, help="Leave out what needs the network.")
@click.option("--mail", is_flag=False, flag_value=OWN, metavar="[DOMAIN]", help="Only what receivers of mail look at.")
@click.option("--resolver", metavar="HOST[:PORT]", help="With --mail: the DNS server to ask, not the system's.")
@click.option("--ip", "ips", multiple=True, metavar="ADDRESS", help="With --mail: an address that mails leave from.")
@a_command
@pass_session
def doctor(session: Session, offline: bool, mail: str | None, resolver: str | None, ips: tuple[str, ...]) -> int:
    """Check everything that distributor stands on.

    Settings, data folder, disk, database, broker, channels, mail, templates, sources, clock, secrets and processes.
    Nothing is posted or changed. Ends with 0 when all is well or only worth knowing, else with the gravest finding's
    code.

    With --mail: SPF, DKIM, DMARC, PTR, TLS, one-click unsubscribing and the postal address of a domain, that of
    [mail] from unless one is named, and the DNS records to add. Ends with 5 when DNS or the relay did not answer.
    """
    if mail is not None:
        return examine(session, mail, resolver=resolver or "", ips=ips, offline=offline)
    if resolver or ips:
        raise click.UsageError("--resolver and --ip go with --mail", click.get_current_context())
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
    show(found)
    wrong = sum(one.mark == "!" for one in found)
    say(f"{wrong} to mend" if wrong else "all is well")


def show(found: Sequence[Finding]) -> None:
    """A line for each finding, and below it what to do."""
    width = max(len(one.subject) for one in found)
    for one in found:
        mark = click.style(f"{one.mark:<2}", fg=_STYLES[one.mark])
        click.echo(f"{mark} {clean(one.subject):<{width}}  {clean(one.text)}".rstrip())
        if one.hint:
            say(f"-> {one.hint}")
