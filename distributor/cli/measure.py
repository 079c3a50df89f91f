"""`distributor measure`: a text from standard input, as a network counts it."""

from __future__ import annotations

import sys

import click

from distributor.cli.faults import Code
from distributor.cli.options import a_command
from distributor.cli.output import answer, say
from distributor.cli.session import Session, pass_session
from distributor.errors import ConfigError

__all__ = ["measure", "text_of"]


def _networks(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from distributor.text import NETWORKS

    return [name for name in NETWORKS if name.startswith(incomplete)]


@click.command()
@click.argument("network", shell_complete=_networks)
@click.option("--limit", type=click.IntRange(min=1), help="Instead of the network's own limit.")
@click.option("--markup", type=click.Choice(["plain", "html"]), default="plain", help="html: Telegram's tags.")
@a_command
@pass_session
def measure(session: Session, network: str, limit: int | None, markup: str) -> int:
    """How long a text is in a network's own count.

    The text is standard input: UTF-8, as it stands, without one final newline. Ends with 0 when the network would
    take it, else with 1.
    """
    from distributor.text import measure as count

    measured = count(network, text_of(sys.stdin.buffer.read()), limit=limit, markup=markup)  # type: ignore[arg-type]
    data = {
        "network": network,
        "length": measured.length,
        "limit": measured.limit,
        "fits": measured.fits,
        "valid": measured.valid,
        "permillage": measured.permillage,
    }
    over = measured.length - measured.limit
    said = "fits" if measured.fits else f"{over} too long" if over > 0 else "too many bytes"
    said += ", but is not valid" if measured.fits and not measured.valid else ""
    answer(session, data, lambda: say(f"{measured.length}/{measured.limit} {said}"))
    return Code.FINE if measured.fits and measured.valid else Code.FAILED


def text_of(content: bytes) -> str:
    """The bytes as they are meant: UTF-8, not translated, one final newline dropped. Raises ConfigError."""
    try:
        return content.removesuffix(b"\n").decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"standard input is not UTF-8: byte {error.start} (line {line}) is 0x{content[error.start]:02x}"
    raise ConfigError(problem, hint="Convert it first, for example: iconv -t utf-8")
