"""`distributor mail`: what sending mail needs."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from distributor.cli.groups import Group
from distributor.cli.options import a_command
from distributor.cli.output import answer, say
from distributor.cli.session import Session, pass_session, who
from distributor.errors import ConfigError

if TYPE_CHECKING:
    from distributor.mail.dkim import Signer

__all__ = ["mail"]

FILE = Path("secrets/dkim.pem")
SELECTOR = "distributor"


@click.group(cls=Group)
def mail() -> None:
    """What sending mail needs."""


@mail.command()
@click.option("--domain", help="The domain that signs; else that of [mail] from.")
@click.option("--selector", default=SELECTOR, show_default=True, help="Under which name the key is published.")
@click.option("--type", "kind", type=click.Choice(["rsa", "ed25519"]), default="rsa", help="RSA is known everywhere.")
@click.option("--out", type=click.Path(path_type=Path), help=f"Where to write it; else {FILE} beside the settings.")
@a_command
@pass_session
def key(session: Session, domain: str | None, selector: str, kind: str, out: Path | None) -> None:
    """Make a DKIM key, and print its DNS record.

    The file is for its owner only, and one that is there is never replaced.
    """
    from distributor.mail.checks import DnsRecord, domain_name
    from distributor.mail.checks.keys import make_key, record_name
    from distributor.mail.dkim import Signer

    base = session.path.parent if session.path else Path.cwd()
    path = out or base / FILE
    pem = make_key("ed25519" if kind == "ed25519" else "rsa")
    signer = Signer.load(pem, domain=domain_name(_own_domain(session) if domain is None else domain), selector=selector)
    record = DnsRecord(record_name(signer.domain, signer.selector), "TXT", signer.public_record())
    _write(path, pem)
    data = {"file": path, "name": record.name, "type": record.type, "value": record.value, "zone": record.line()}
    answer(session, data, lambda: _shown(path, out or FILE, signer, record.line()))


@mail.command()
@click.argument("relay", default="")
@a_command
@pass_session
def check(session: Session, relay: str) -> None:
    """Prove a relay without sending, and let mail go on where it was stopped.

    RELAY is the name of a [relays.NAME]; without it, the one in [mail].
    """
    from distributor.relaying import check_relay

    lines = check_relay(session.app_of(), relay, who())
    answer(session, {"relay": relay or "mail", "says": lines}, lambda: say("\n".join(lines)))


def _shown(path: Path, written: Path, signer: Signer, line: str) -> None:
    say(f"{path}: {signer.algorithm}, for {signer.domain}")
    say("")
    say("In distributor.toml:")
    say("[mail]")
    say(f'dkim_key_file = "{written}"')
    if signer.selector != SELECTOR:
        say(f'dkim_selector = "{signer.selector}"')
    say("")
    say("DNS record to add, then: distributor doctor --mail")
    click.echo(line)


def _own_domain(session: Session) -> str:
    """From the file as it is written: its settings may name this very key, which is not there yet."""
    path = session.path
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("mail", {}) if path else {}
    except (OSError, ValueError):
        table = {}
    sender = table.get("from") if isinstance(table, dict) else None
    if not isinstance(sender, str) or "@" not in sender:
        raise ConfigError("the settings name no mail.from", hint="Say whose key it is: --domain paper.example")
    return sender.rpartition("@")[2].rstrip("> ")


def _write(path: Path, pem: bytes) -> None:
    """A new file, mode 0600. Raises ConfigError, also where there is one already."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        problem, hint = f"{path} is there already, and a key is never replaced", "Name another file: --out FILE"
    except (OSError, ValueError) as error:
        problem, hint = f"cannot write {path}: {getattr(error, 'strerror', None) or 'not a usable path'}", ""
    else:
        return
    raise ConfigError(problem, hint=hint)
