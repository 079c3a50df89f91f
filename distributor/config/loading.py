"""Finding and loading the settings: file, environment and secret files -> one frozen Settings.

find -> path     read -> text -> tables     overlay the environment     read *_file     check     fill in
"""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from distributor.config import environment
from distributor.config.assembly import assemble
from distributor.config.problems import Origin, dotted, from_pydantic
from distributor.config.settings import Settings, tables_of
from distributor.config.values import nearest
from distributor.errors import ConfigError

__all__ = ["NAME", "explain", "find", "load", "loads"]

NAME = "distributor.toml"
_MOST = 4 * 1024 * 1024


def find(config: str | None, env: Mapping[str, str], cwd: Path) -> Path | None:
    """The settings file: `config` (--config), DISTRIBUTOR_CONFIG, ./distributor.toml, the user's config folder.

    One that was named is returned whether it exists or not: `load` then says so. A folder stands for its NAME.
    """
    named = config or env.get("DISTRIBUTOR_CONFIG") or ""
    if named:
        path = cwd / os.path.expanduser(named)  # noqa: PTH111 - Path.expanduser raises where there is no such home
        return path / NAME if path.is_dir() else path
    here, users = cwd / NAME, config_folder(env)
    places = [here, users / NAME] if users else [here]
    return next((place for place in places if place.is_file()), None)


def load(path: Path | None, env: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a file (None: the environment's alone, over the defaults). Raises ConfigError."""
    return loads("" if path is None else _read(path), path, env)


def loads(text: str, path: Path | None, env: Mapping[str, str] = os.environ) -> Settings:
    """As `load`, for a text that stands, or is about to stand, in `path`. Raises ConfigError."""
    path = path.absolute() if path else None
    raw = _parse(text, path)
    variables, warnings = environment.overlay(raw, env)
    origin = Origin(path, text, variables)
    base = path.parent if path else Path.cwd()
    try:
        settings = assemble(raw, origin, base=base, data=data_folder(path, env))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    else:
        warnings += [*settings.warnings, *_exposed(settings, path, text)]
        update = {"path": path, "fingerprint": fingerprint(text, env), "warnings": tuple(warnings)}
        return settings.model_copy(update=update)
    raise from_pydantic(problems, origin)


def fingerprint(text: str, env: Mapping[str, str]) -> str:
    """Changes when the file or an override changes: 32 hexadecimal digits."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for variable, _, value in environment.overrides(env):
        digest.update(b"\0" + os.fsencode(variable) + b"\0" + value.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def config_folder(env: Mapping[str, str]) -> Path | None:
    """The user's folder for settings (XDG base directories)."""
    return _users_folder(env, "XDG_CONFIG_HOME", ".config")


def data_folder(path: Path | None, env: Mapping[str, str]) -> Path:
    """Where data lies unless said: beside the file; the user's data folder for a file in their config folder."""
    users = _users_folder(env, "XDG_DATA_HOME", ".local/share")
    if path is not None and (users is None or path.parent != config_folder(env)):
        return path.parent / "data"
    return users or Path.cwd() / "data"


def _users_folder(env: Mapping[str, str], variable: str, below_home: str) -> Path | None:
    given, home = env.get(variable, ""), env.get("HOME", "")
    # The specification has relative paths ignored.
    if given.startswith("/"):
        return Path(given) / "distributor"
    return Path(home) / below_home / "distributor" if home.startswith("/") else None


def _read(path: Path) -> str:
    hint = "Name another with --config, or make one: distributor init."
    try:
        with path.open("rb") as file:
            content = file.read(_MOST + 1)
        if len(content) > _MOST:
            raise ConfigError(f"{path}: larger than {_MOST // 1024 // 1024} MB: this is no settings file")
        # CRLF would be kept by the parser, and lost by a text mode's round trip.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem, hint = f"{path}, line {line}: not UTF-8 text", "Save the file as UTF-8."
    except FileNotFoundError:
        problem = f"{path}: there is no such settings file"
    except OSError as error:
        problem = f"{path}: cannot be read: {error.strerror}"
    raise ConfigError(problem, hint=hint)


def _parse(text: str, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = str(error)
    except RecursionError:
        problem = "nested too deeply"
    raise ConfigError(f"{path or 'settings'}: not valid TOML: {problem}")


def _exposed(settings: Settings, path: Path | None, text: str) -> list[str]:
    """A warning when everyone may read a file that holds secrets itself."""
    try:
        exposed = path is not None and path.stat().st_mode & stat.S_IROTH
    except OSError:
        return []
    if not exposed or not any(secret in text for secret in settings.secrets()):
        return []
    return [f"everyone on this machine can read the secrets in {path}; run: chmod 600 {path}"]


def explain(error: ConfigError, settings: Settings, env: Mapping[str, str] = os.environ) -> ConfigError:
    """An error that a channel found in its options, with its place in the file and the nearest key of all channels."""
    path = error.key.split(".")
    if settings.path is None or len(path) < 2 or path[0] not in {"sources", "channels", "digests", "relays"}:
        return error
    try:
        text = settings.path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return error
    variables = {known: variable for variable, known, _ in environment.overrides(env)}
    channel = settings.channels.get(path[1])
    near = nearest(path[-1], tables_of("channels"), 0.75) if channel and path[-1] in channel.options else ""
    hint = f"did you mean {near}?" if near else error.hint
    message = str(error).removeprefix(f"{dotted(path)}: ")
    return Origin(settings.path, text, variables).error(message, path, hint)
