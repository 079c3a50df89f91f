"""From errors to exit codes and one line for a person. Nothing that is raised leaves as a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import click

from distributor.errors import ConfigError, DistributorError, NotFound, StoreError, TemplateError, Uncertain
from distributor.model import State

if TYPE_CHECKING:
    from distributor.cli.session import Session

__all__ = ["EPILOG", "Code", "code_of", "guarded", "worst"]


class Code(IntEnum):
    """What the process ends with; docs/commands.md says the same."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    WAITING = 3
    UNCERTAIN = 4
    UNREACHABLE = 5
    INTERRUPTED = 130
    CLOSED_PIPE = 141


EPILOG = (
    "Exit codes: 0 fine; 1 something failed; 2 a wrong argument or setting, nothing was done; "
    "3 a post is still pending or held; 4 a post's outcome is uncertain; 5 the database, the broker, "
    "or of `doctor --mail` DNS or the relay, cannot be reached; "
    "130 interrupted."
)
# From the best to the worst. What is uncertain may stand on the network; what failed surely does not.
_ORDER = (
    (State.SENT, Code.FINE),
    (State.PENDING, Code.WAITING),
    (State.SENDING, Code.WAITING),
    (State.HELD, Code.WAITING),
    (State.UNCERTAIN, Code.UNCERTAIN),
    (State.SKIPPED, Code.FAILED),
    (State.FAILED, Code.FAILED),
)


def worst(states: Iterable[State]) -> Code:
    """The exit code of the worst of these; FAILED when there is none at all, because nothing was sent."""
    places = [place for state in states for place, (known, _) in enumerate(_ORDER) if known is state]
    return _ORDER[max(places)][1] if places else Code.FAILED


def code_of(error: DistributorError) -> Code:
    if isinstance(error, (ConfigError, NotFound, TemplateError)):
        return Code.USAGE
    if isinstance(error, StoreError):
        return Code.UNREACHABLE
    return Code.UNCERTAIN if isinstance(error, Uncertain) else Code.FAILED


def guarded(work: Callable[[], Any], session: Session) -> int:
    """Runs `work`; what it returns, if a number, is the exit code. Every error becomes a line and a code."""
    try:
        code = _told(work, session)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
        return Code.CLOSED_PIPE
    return code


def _told(work: Callable[[], Any], session: Session) -> int:
    try:
        result = work()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Code.USAGE
    except click.ClickException as error:
        return _usage(error, session)
    except (click.Abort, KeyboardInterrupt):
        return Code.INTERRUPTED
    except DistributorError as error:
        key = {"key": error.key} if isinstance(error, ConfigError) and error.key else {}
        return _report(session, code_of(error), type(error).__name__, str(error), error.hint, **key)
    except BrokenPipeError:
        raise
    except Exception as error:  # a fault of ours: told in one line too
        return _unexpected(error, session)
    finally:
        session.close()
    return result if isinstance(result, int) and not isinstance(result, bool) else Code.FINE


def _usage(error: click.ClickException, session: Session) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"{context.command_path} --help" if context else ""
    return _report(session, Code.USAGE, "UsageError", error.format_message(), hint)


def _unexpected(error: Exception, session: Session) -> int:
    if session.verbosity:
        click.echo(session.redacted("".join(traceback.format_exception(error))), err=True, nl=False)
    what = f"unexpected {type(error).__name__}: {error}"
    hint = "" if session.verbosity else "run it with -v for the traceback, and please report it"
    return _report(session, Code.FAILED, "Unexpected", what, hint)


def _report(session: Session, code: Code, kind: str, message: str, hint: str, **more: str) -> int:
    """One line on standard error, a second one that says what to do; with --json also the document."""
    from distributor.cli.output import clean, document

    message, hint = clean(session.redacted(message)), clean(session.redacted(hint))
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
    if session.json and not session.printed:
        told = {"kind": kind, "message": message, "hint": hint, "exit_code": int(code), **more}
        click.echo(document({"error": told}))
    return code


def _drop_stdout() -> None:
    """The reader went away: what is still buffered must not raise again when the interpreter ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # standard output is no file, as in a test
        return
