"""Finding a channel by the kind that a table of the settings names. There is no list to edit.

    telegram                a module of this package: distributor.channels.telegram
    paper.channels:Intranet a class of your own, by module and name
    intranet                an entry point of the group `distributor.channels`

A channel's module is known by what it defines: the one class that itself says `kind = "<the module's name>"`.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
import re
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

import distributor.channels
from distributor.channels import Channel
from distributor.errors import ConfigError
from distributor.model import Doubt

__all__ = ["GROUP", "known", "resolve"]

GROUP = "distributor.channels"


def resolve(kind: str) -> type[Channel]:
    """The class for `kind`; only its own module is imported. Raises ConfigError, which names the nearest known kind."""
    if ":" in kind:
        return _by_path(kind)
    if re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        found = _built_in(kind)
        if found is not None:
            return found
    for entry in entry_points(group=GROUP):
        if entry.name == kind:
            return _by_entry(entry)
    kinds = known()
    near = difflib.get_close_matches(kind.lower(), kinds, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(kinds)}, or package.module:Channel"
    raise ConfigError(f"there is no channel of the kind {kind[:80]!r}", hint=hint)


def known() -> list[str]:
    """Every kind that `resolve` finds by a plain name, sorted. Imports the modules of this package, not their SDKs."""
    names = [module.name for module in pkgutil.iter_modules(distributor.channels.__path__)]
    built_in = {name for name in names if _built_in(name) is not None}
    return sorted(built_in | {entry.name for entry in entry_points(group=GROUP)})


def _built_in(name: str) -> type[Channel] | None:
    path = f"{GROUP}.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name == path:
            return None
        raise _broken(name, error) from error
    except ImportError as error:
        raise _broken(name, error) from error
    said = [
        value
        for _, value in inspect.getmembers(module, inspect.isclass)
        if value.__module__ == path and vars(value).get("kind") == name
    ]
    return _checked(said[0], name) if said else None


def _by_path(path: str) -> type[Channel]:
    if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", path):
        raise ConfigError(f"{path[:80]!r} is not a channel's class", hint="write it as package.module:Channel")
    return _by_entry(EntryPoint(path, path, GROUP))


def _by_entry(entry: EntryPoint) -> type[Channel]:
    try:
        value = entry.load()
    except Exception as error:  # somebody else's module: whatever it raises when it is imported
        raise _broken(entry.value, error) from error
    return _checked(value, entry.value)


def _checked(value: Any, name: str) -> type[Channel]:
    """A stranger's class with a part missing is told here, and not at the first post."""
    lacking = [part for part in ("build", "send") if not callable(getattr(value, part, None))]
    for part, kind in (("kind", str), ("deadline", (int, float)), ("doubt", Doubt)):
        if not isinstance(getattr(value, part, None), kind):
            lacking.append(part)
    if not inspect.isclass(value) or lacking:
        what = f"lacks {', '.join(lacking)}" if inspect.isclass(value) else "is not a class"
        raise ConfigError(f"{name} is not a channel: it {what}", hint="see docs/adding-a-channel.md")
    return cast(type[Channel], value)


def _broken(name: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"the channel {name} cannot be imported: {type(error).__name__}: {' '.join(str(error).split())[:200]}",
        hint="install what it needs into the same environment, or name another kind",
    )
