"""Options that all commands share, and the completion of names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from distributor.cli.session import Session

__all__ = ["CHANNELS", "Duration", "Moment", "a_command", "channel_names", "digest_names", "source_names", "split"]

F = TypeVar("F", bound=Callable[..., Any])


def a_command(function: F) -> F:
    """--json for every command; --config and -v may stand behind a command's name as well as before it."""
    options = (
        click.option("--json", is_flag=True, expose_value=False, callback=_json, help="Print one JSON document."),
        click.option("--config", expose_value=False, callback=_config, hidden=True),
        click.option("-v", "--verbose", count=True, expose_value=False, callback=_verbose, hidden=True),
    )
    for option in options:
        function = option(function)
    return function


def _json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    ctx.ensure_object(Session).json |= value


def _config(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value:
        ctx.ensure_object(Session).config = value


def _verbose(ctx: click.Context, _param: click.Parameter, value: int) -> None:
    ctx.ensure_object(Session).verbosity += value


def split(_ctx: click.Context, _param: click.Parameter, value: str | Sequence[str] | None) -> list[str] | None:
    """Names written with commas; None where the option is not given."""
    if not value:
        return None
    given = [value] if isinstance(value, str) else value
    names = [name.strip() for one in given for name in one.split(",") if name.strip()]
    if not names:
        raise click.BadParameter("names no channel")
    return list(dict.fromkeys(names))


class Moment(click.ParamType["datetime"]):
    """A moment as a person writes it, in the site's time zone; UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from distributor.cli.moments import moment

        if isinstance(value, datetime):
            return value
        assert ctx is not None
        session = ctx.ensure_object(Session)
        try:
            return moment(str(value), session.now(), session.zone)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Duration(click.ParamType["timedelta"]):
    """As in the settings: 90m, 6h, 2d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        from distributor.config.values import duration

        if isinstance(value, timedelta):
            return value
        try:
            found = duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return found if found else self.fail("must be longer than nothing", param, ctx)


def channel_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    done, _, last = incomplete.rpartition(",")
    begun = f"{done}," if done else ""
    return [begun + name for name in _names(ctx, "channels") if name.startswith(last)]


def source_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in _names(ctx, "sources") if name.startswith(incomplete)]


def digest_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in _names(ctx, "digests") if name.startswith(incomplete)]


def _names(ctx: click.Context, section: str) -> list[str]:
    """What the settings name; nothing where they cannot be read: a completion says no errors."""
    from distributor.errors import DistributorError

    try:
        return list(getattr(ctx.ensure_object(Session).settings, section))
    except DistributorError:
        return []


CHANNELS: dict[str, Any] = {"callback": split, "metavar": "A,B", "multiple": True, "shell_complete": channel_names}
