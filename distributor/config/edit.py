"""Adding and removing sources and channels in distributor.toml: what the person wrote stays as it is, comments too.

Whole `[table]` blocks are put in or cut out as text; what is written otherwise (inline tables, dotted keys) is left to
tomlkit. Either way the result is read again, and must differ by that one table and nothing else.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from distributor.config.lines import headers
from distributor.config.values import NAME, NAME_RULE, nearest
from distributor.errors import ConfigError, NotFound

__all__ = ["add_channel", "add_source", "remove_channel", "remove_source", "write_atomic"]


def add_source(text: str, name: str, table: Mapping[str, Any]) -> str:
    """The text with [sources.NAME] in it, after the other sources. Raises ConfigError if there is one already."""
    return _add(text, "sources", name, table)


def remove_source(text: str, name: str) -> str:
    """The text without [sources.NAME] and the tables below it. Raises NotFound."""
    return _remove(text, "sources", name)


def add_channel(text: str, name: str, table: Mapping[str, Any]) -> str:
    """As `add_source`, for [channels.NAME]."""
    return _add(text, "channels", name, table)


def remove_channel(text: str, name: str) -> str:
    """As `remove_source`, for [channels.NAME]."""
    return _remove(text, "channels", name)


def write_atomic(path: Path, text: str) -> None:
    """Replaces the file in one step, its mode and owner kept; a new one gets mode 0600. Raises ConfigError.

    A symbolic link stays one: the file that it points to is replaced.
    """
    target = path.resolve()
    aside = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        try:
            _write_aside(aside, target, text)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        problem = f"{path}: cannot be written: {error.strerror}"
    else:
        return
    raise ConfigError(problem, hint="Check the folder's permissions and the space on its disk.")


def _write_aside(aside: Path, target: Path, text: str) -> None:
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if target.exists():
            status = target.stat()
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()) and os.geteuid() == 0:
                os.fchown(descriptor, status.st_uid, status.st_gid)
            os.fchmod(descriptor, status.st_mode & 0o7777)
        file.write(text.encode())
        file.flush()
        os.fsync(descriptor)


def _add(text: str, section: str, name: str, table: Mapping[str, Any]) -> str:
    if not NAME.fullmatch(name):
        raise ConfigError(NAME_RULE, key=f"{section}.{name[:80]}")
    wanted = _read(text)
    tables = wanted.setdefault(section, {})
    if not isinstance(tables, dict):
        raise ConfigError(f"must be tables, one for each: [{section}.NAME]", key=section)
    if name in tables:
        raise ConfigError(f"there is one already, in [{section}.{name}]", key=f"{section}.{name}")
    tables[name] = dict(table)
    return _first_right(
        wanted, _with_block(text, section, name, table), lambda: _tomlkit_add(text, section, name, table)
    )


def _remove(text: str, section: str, name: str) -> str:
    wanted = _read(text)
    tables = wanted.get(section)
    if not isinstance(tables, dict) or name not in tables:
        near = nearest(name, tables) if isinstance(tables, dict) else ""
        raise NotFound(f"there is no [{section}.{name}]", hint=f"did you mean {near}?" if near else "")
    del tables[name]
    return _first_right(wanted, _without_block(text, section, name), lambda: _tomlkit_remove(text, section, name))


def _with_block(text: str, section: str, name: str, table: Mapping[str, Any]) -> str:
    """Behind the last block of the section, else at the end."""
    block = _block(section, name, table)
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    heads = list(headers(text))
    ours = [number for number, (_, path) in enumerate(heads) if path[0] == section]
    if not ours or ours[-1] + 1 == len(heads):
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return text + (gap + block).replace("\n", newline)
    end = _own_end(lines, heads[ours[-1] + 1][0])
    before, after = "\n".join(lines[:end]), "\n".join(lines[end:])
    return f"{before}\n" + ("\n" + block).replace("\n", newline) + after


def _block(section: str, name: str, table: Mapping[str, Any]) -> str:
    document, values = tomlkit.document(), tomlkit.table()
    for key, value in table.items():
        values.add(key, _inline(value) if isinstance(value, Mapping) else value)
    holder = tomlkit.table(is_super_table=True)
    holder.add(name, values)
    document.add(section, holder)
    return tomlkit.dumps(document).strip("\n") + "\n"


def _inline(table: Mapping[str, Any]) -> Any:
    inline = tomlkit.inline_table()
    inline.update(table)
    return inline


def _without_block(text: str, section: str, name: str) -> str:
    """Without each block of the table and of those below it; the empty line before a block goes with it."""
    lines = text.split("\n")
    heads = [*headers(text), (len(lines), ())]
    ours = [path[:2] == (section, name) for _, path in heads]
    gone: set[int] = set()
    for number, (start, _) in enumerate(heads):
        if ours[number]:
            following = heads[number + 1][0]
            end = following if ours[number + 1] else _own_end(lines, following)
            gap = start > 0 and not lines[start - 1].strip()
            gone.update(range(start - gap, end))
    return "\n".join(line for index, line in enumerate(lines) if index not in gone)


def _own_end(lines: list[str], following: int) -> int:
    """The end of a block: comments right below its last key are its own, unless they stand right above the next."""
    last = following
    while last and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#")):
        last -= 1
    end = last
    while end < following and lines[end].lstrip().startswith("#"):
        end += 1
    return last if end == following < len(lines) else end


def _tomlkit_add(text: str, section: str, name: str, table: Mapping[str, Any]) -> str:
    document = tomlkit.parse(text)
    document[section][name] = dict(table)
    return tomlkit.dumps(document)


def _tomlkit_remove(text: str, section: str, name: str) -> str:
    document = tomlkit.parse(text)
    del document[section][name]
    return tomlkit.dumps(document)


def _first_right(wanted: dict[str, Any], spliced: str, otherwise: Callable[[], str]) -> str:
    if _same(spliced, wanted):
        return spliced
    try:
        edited = otherwise()
    except (TOMLKitError, KeyError, TypeError, AttributeError, ValueError):
        edited = ""
    if edited and _same(edited, wanted):
        return edited
    raise ConfigError("the settings file is written in a way that cannot be edited safely", hint="Edit it by hand.")


def _same(text: str, wanted: dict[str, Any]) -> bool:
    """Whether the text says just that; an empty section says nothing."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return {k: v for k, v in found.items() if v != {}} == {k: v for k, v in wanted.items() if v != {}}


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problem = f"the settings file is not valid TOML: {error}"
    raise ConfigError(problem)
