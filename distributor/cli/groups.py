"""Groups of commands: the nearest one is named when a word is none; modules are imported when their command runs."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from distributor.cli.faults import guarded
from distributor.cli.session import Session

__all__ = ["Group", "Root"]

COMPLETE = "_DISTRIBUTOR_COMPLETE"


class Group(click.Group):
    """A group that suggests what was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if not ctx.resilient_parsing and not word.startswith("-") and self.get_command(ctx, word) is None:
            names = self.list_commands(ctx)
            near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.5)
            said = f"did you mean {near[0]!r}?" if near else f"they are {', '.join(names)}"
            raise click.UsageError(f"there is no command {word[:60]!r}; {said}", ctx)
        return super().resolve_command(ctx, args)


class Root(Group):
    """The commands by section: name -> what it does in a line. Each lives in the module `modules` names for it."""

    def __init__(
        self, sections: Mapping[str, Mapping[str, str]], modules: Callable[[str], str], **options: Any
    ) -> None:
        super().__init__(**options)
        self._sections = sections
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [name for commands in self._sections.values() for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        found = getattr(importlib.import_module(self._modules(cmd_name)), cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        width = max(len(name) for commands in self._sections.values() for name in commands)
        for title, commands in self._sections.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), line) for name, line in commands.items()])

    def main(  # type: ignore[override]  # it always ends the process, unless told otherwise
        self,
        args: list[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs the command line and ends the process with the exit code."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        words = list(sys.argv[1:] if args is None else args)
        _no_surprises(sys.stdout, sys.stderr)
        # Errors of usage come before any option is read, and are told as JSON too.
        session = Session(json="--json" in words[: words.index("--")] if "--" in words else "--json" in words)

        def work() -> Any:
            # click's own `main` would answer a closed pipe with 1, like any failure.
            complete(self, session)
            with self.make_context("distributor", words, obj=session, color=_colour(), **extra) as context:
                return self.invoke(context)

        raise SystemExit(int(guarded(work, session)))


def _colour() -> bool | None:
    """False where nobody wants colours (https://no-color.org) or the terminal has none; else None: as it fits."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def complete(root: click.Command, session: Session) -> None:
    """Answers the shell's completion script, and then ends the process; does nothing else."""
    instruction = os.environ.get(COMPLETE)
    if instruction:
        from click.shell_completion import shell_complete

        raise SystemExit(shell_complete(root, {"obj": session}, "distributor", COMPLETE, instruction))


def _no_surprises(*streams: Any) -> None:
    """A terminal that cannot show a letter gets a question mark, and no error."""
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
