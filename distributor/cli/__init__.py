"""The command line: `distributor`.

    main -> root (lazy: a command's module is imported when it runs) -> a command -> the use cases
              |-> session   settings, store, app: each opened when first asked for, closed at the end
              |-> output    plain aligned text, rich on a terminal, one JSON document with --json
              '-> faults    every error one line on standard error, and an exit code

Nothing heavy is imported here, so that `--help` is there at once.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """The console script. Ends the process with an exit code of faults.Code."""
    from distributor.cli.root import cli

    cli.main()
