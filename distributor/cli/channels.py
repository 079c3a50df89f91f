"""`distributor channels`: where posts go to."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from distributor.cli.faults import Code
from distributor.cli.groups import Group
from distributor.cli.options import a_command, channel_names
from distributor.cli.output import answer, progress, say, table, warn
from distributor.cli.session import Session, pass_session, who
from distributor.errors import ConfigError, DistributorError, NotFound

if TYPE_CHECKING:
    from distributor.config import ChannelSettings

__all__ = ["channels", "named"]


@click.group(cls=Group)
def channels() -> None:
    """Where posts go to."""


@channels.command("list")
@a_command
@pass_session
def list_(session: Session) -> None:
    """Every channel, what it takes, and whether it is open."""
    from distributor.store import accounts

    with session.store.read() as connection:
        off = accounts.paused(connection)
    rows = [_told(one, off) for one in session.settings.channels.values()]
    lines = [(row["name"], row["kind"], row["state"], row["takes"]) for row in rows]
    answer(
        session,
        {"channels": rows},
        lambda: table(("CHANNEL", "KIND", "STATE", "TAKES"), lines) if rows else say("no channels"),
    )


@channels.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=channel_names)
@a_command
@pass_session
def check(session: Session, names: tuple[str, ...]) -> int:
    """Prove credentials and rights, without posting.

    Secrets are read anew; a good check opens an account again that a 401 or 403 had stopped.
    """
    chosen = [name for word in names for name in named(session, word)] or list(session.settings.channels)
    rows: list[dict[str, Any]] = []
    with progress("checking", len(chosen)) as step:
        for name in chosen:
            rows.append(_checked(session, name))
            step()
    answer(session, {"channels": rows}, lambda: _checks_shown(rows))
    wrong = [row for row in rows if not row["ok"]]
    if not wrong:
        return Code.FINE
    return Code.USAGE if all(row["settings"] for row in wrong) else Code.FAILED


@channels.command()
@click.argument("name")
@click.argument("settings", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--kind", help="The network, where the name says another thing; or package.module:Channel.")
@a_command
@pass_session
def add(session: Session, name: str, settings: tuple[str, ...], kind: str | None) -> None:
    """Add a channel to distributor.toml.

    Such as: distributor channels add sports --kind telegram token_file=secrets/telegram chat=@thepaper_sports
    categories='["Sports"]'. Keep secrets in files, chmod 600.
    """
    from distributor.cli.editing import edit
    from distributor.config.edit import add_channel

    values = {"kind": kind} if kind else {}
    values |= dict(_pair(one) for one in settings)
    edit(session, lambda text: add_channel(text, name, values), what="channels add", subject=f"channel:{name}")
    for key in _bare_secrets(values):
        warn(f"{key} stands in the settings file now: better keep it in a file of its own, and set {key}_file")
    check_it = f"distributor channels check {name}"
    data = {"act": "add", "channel": name, "file": str(session.path)}
    answer(session, data, lambda: say(f"{name} is in {session.path}; now: {check_it}"))


@channels.command()
@click.argument("name", shell_complete=channel_names)
@a_command
@pass_session
def remove(session: Session, name: str) -> None:
    """Take a channel out of distributor.toml; what it posted stays in the ledger."""
    from distributor.cli.editing import edit
    from distributor.config.edit import remove_channel

    edit(session, lambda text: remove_channel(text, name), what="channels remove", subject=f"channel:{name}")
    data = {"act": "remove", "channel": name, "file": str(session.path)}
    answer(session, data, lambda: say(f"{name} is out of {session.path}; what waited on it is shown by status"))


def named(session: Session, word: str) -> list[str]:
    """The channel of this name, as a list of one. Raises NotFound, which names the nearest."""
    from distributor.config.values import nearest

    known = session.settings.channels
    if word in known:
        return [word]
    near = nearest(word, known)
    hint = f"did you mean {near}?" if near else f"the channels are: {', '.join(known) or 'none'}"
    raise NotFound(f"there is no channel {word[:80]!r}", hint=hint)


def _told(channel: ChannelSettings, off: dict[str, Any]) -> dict[str, Any]:
    switched = off.get(channel.name) or off.get("*")
    state = "off" if not channel.enabled else f"paused by {switched[1]}" if switched else "on"
    rules = channel.rules
    takes = [
        "all" if rules.categories is None else ", ".join(channel.categories or ()),
        f"not {', '.join(channel.not_categories)}" if channel.not_categories else "",
        f"from {', '.join(channel.sources)}" if channel.sources else "",
        f"in {', '.join(channel.languages)}" if channel.languages else "",
        f"tagged {', '.join(channel.tags)}" if channel.tags else "",
        "after approval" if channel.approval else "",
    ]
    return {
        "name": channel.name,
        "kind": channel.kind,
        "state": state,
        "takes": "; ".join(part for part in takes if part),
        "options": channel.options.shown(),
    }


def _checked(session: Session, name: str) -> dict[str, Any]:
    """One channel alone: that another one lacks its credentials does not matter to it."""
    from distributor import acts

    row: dict[str, Any] = {"channel": name, "ok": False, "lines": [], "error": "", "hint": "", "settings": False}
    if not session.settings.channels[name].enabled:
        return row | {"ok": True, "lines": ["is switched off in the settings"]}
    try:
        return row | {"ok": True, "lines": acts.check_channel(session.app_of(name), name, who())}
    except (ConfigError, NotFound) as error:
        return row | {"error": str(error), "hint": error.hint, "settings": True}
    except DistributorError as error:
        return row | {"error": str(error), "hint": error.hint}


def _checks_shown(rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        say("no channels; add one: distributor channels add")
    for row in rows:
        if row["ok"]:
            say(f"ok {row['channel']}  {'; '.join(row['lines'])}", style="green")
        else:
            say(f"!  {row['channel']}  {row['error']}", style="red")
            if row["hint"]:
                say(f"   {row['hint']}")


def _pair(written: str) -> tuple[str, Any]:
    """KEY=VALUE, the value as TOML has it, else as text."""
    key, equals, value = written.partition("=")
    if not equals or not key.strip():
        raise click.UsageError(f"{written[:60]!r} is no setting; write it like chat=@thepaper")
    try:
        read = tomllib.loads(f"v = {value}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return key.strip(), value
    return key.strip(), read["v"] if read.keys() == {"v"} else value


def _bare_secrets(values: dict[str, Any]) -> list[str]:
    from distributor.config.secrets import is_secret

    return [key for key in values if is_secret(key) and not key.endswith("_file")]
