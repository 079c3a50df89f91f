"""The environment's part: DISTRIBUTOR_CHANNELS__X__TOKEN overrides `token` in [channels.x]; ..._FILE names a file.

Some settings have a short name besides (SHORT). Unknown short names are left alone: orchestrators set their own.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from distributor.config.fields import EnvText
from distributor.config.secrets import is_secret
from distributor.config.values import nearest
from distributor.errors import ConfigError

__all__ = ["PREFIX", "SHORT", "overlay", "overrides"]

PREFIX = "DISTRIBUTOR_"
SHORT = {
    "DATABASE": ("database", "url"),
    "BROKER": ("broker", "url"),
    "DATA": ("site", "data"),
    "SECRET_KEY": ("secret_key",),
}
_NAMED = {"sources", "channels", "digests", "relays"}

Origins = dict[tuple[str, ...], str]


def overrides(env: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The variables that set something: (variable, path of the setting, text), in the order of their names."""
    for variable, text in sorted(env.items()):
        name = variable.removeprefix(PREFIX)
        if name == variable:
            continue
        base = name.removesuffix("_FILE")
        if base in SHORT and text:
            *parents, last = SHORT[base]
            yield variable, (*parents, last + ("_file" if base != name else "")), text
        elif "__" in name:
            yield variable, tuple(part.lower() for part in name.split("__")), text


def overlay(raw: dict[str, Any], env: Mapping[str, str]) -> tuple[Origins, list[str]]:
    """Writes the overrides into `raw`; says which variable set which setting, and warns of those that set nothing.

    Raises ConfigError for a variable that names no setting at all, or both a value and its file.
    """
    origins: Origins = {}
    warnings = list(_misspelt(env))
    for variable, path, text in overrides(env):
        known = _spelt(raw, path)
        if known is None:
            table = ".".join(path[:2])
            warnings.append(f"{variable} sets nothing: there is no [{table}] in the settings file")
            continue
        base = (*known[:-1], known[-1].removesuffix("_file"))
        other = (*known[:-1], base[-1] + "_file") if known == base else base
        if other in origins:
            raise ConfigError(f"is set twice, by {origins[other]} and {variable}", key=".".join(base))
        _put(raw, known, text, variable)
        origins[known] = variable
    return origins, warnings


def _spelt(raw: Mapping[str, Any], path: tuple[str, ...]) -> tuple[str, ...] | None:
    """The path with its table's name as the file spells it: a variable's name has no hyphens."""
    if path[0] not in _NAMED or len(path) < 2:
        return path
    tables = raw.get(path[0])
    names = tables if isinstance(tables, dict) else {}
    spelt = [name for name in names if name.replace("-", "_").lower() == path[1]]
    return (path[0], spelt[0], *path[2:]) if spelt else None


def _put(raw: dict[str, Any], path: tuple[str, ...], text: str, variable: str) -> None:
    table = raw
    for depth, part in enumerate(path[:-1], 1):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{variable} sets a key of it, but it is no table", key=".".join(path[:depth]))
    last = path[-1]
    was = table.get(last)
    # Whichever of NAME and NAME_file the file has, the environment's takes its place.
    table.pop(last.removesuffix("_file"), None)
    if not last.endswith("_file"):
        table.pop(last + "_file", None)
    secret = is_secret(last) or last.endswith("_file")
    table[last] = text if secret else _value(text, was, option=path[0] == "channels")


def _value(text: str, was: Any, *, option: bool) -> Any:
    """Lists and tables as TOML or JSON; a channel's options also as TOML's numbers, true, false and quoted text.

    Where the file has text, text it stays.
    """
    literal = text.strip()
    if literal[:1] in {"[", "{"} or (option and not isinstance(was, str)):
        try:
            found = tomllib.loads(f"v = {literal}\n")
            if found.keys() == {"v"}:
                return found["v"]
        except (tomllib.TOMLDecodeError, RecursionError):
            pass
    if literal[:1] in {"[", "{"}:
        try:
            return json.loads(literal)
        except (ValueError, RecursionError):
            pass
    return EnvText(text)


def _misspelt(env: Mapping[str, str]) -> Iterator[str]:
    known = {*SHORT, "CONFIG"}
    for variable in sorted(env):
        name = variable.removeprefix(PREFIX).removesuffix("_FILE")
        if variable.startswith(PREFIX) and "__" not in name and name not in known:
            near = nearest(name, known)
            if near and len(near) > 4:
                yield f"{variable} sets nothing; did you mean {PREFIX}{near}?"
