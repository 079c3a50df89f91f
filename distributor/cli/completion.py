"""`distributor completion`: the script that teaches a shell our commands."""

from __future__ import annotations

import os
from pathlib import PurePath

import click

from distributor.cli.options import a_command
from distributor.cli.output import answer
from distributor.cli.session import Session, pass_session

__all__ = ["completion"]

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@a_command
@pass_session
def completion(session: Session, shell: str | None) -> None:
    """Print the completion script of a shell.

    \b
    bash   eval "$(distributor completion bash)"              in ~/.bashrc
    zsh    eval "$(distributor completion zsh)"               in ~/.zshrc
    fish   distributor completion fish | source               in ~/.config/fish/config.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    from distributor.cli.root import cli

    shell = shell or PurePath(os.environ.get("SHELL", "")).name
    found = get_completion_class(shell) if shell in SHELLS else None
    if found is None:
        raise click.UsageError(f"for which shell? There are {', '.join(SHELLS)}", click.get_current_context())
    # The class's own `source` starts the shell to ask for its version; whoever runs this may have another.
    script = ShellComplete.source(found(cli, {}, "distributor", "_DISTRIBUTOR_COMPLETE"))
    answer(session, {"shell": shell, "script": script}, lambda: click.echo(script))
