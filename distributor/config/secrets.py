"""Secrets: read from files, told from other options by their names, kept out of every repr."""

from __future__ import annotations

import json
import os
import re
import secrets as random
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from distributor.config.values import url_secrets
from distributor.errors import ConfigError

__all__ = ["Options", "Text", "is_secret", "key_file", "pieces", "read_file", "redact"]

_NAMES = re.compile(
    r"token|passw|passphrase|secret|credential|webhook_url|authorization|(^|[_-])(key|keys|auth|pass)$", re.I
)
_MASK = "***"
_MOST = 64 * 1024
# What is shorter would blot out ordinary words.
_SHORTEST = 4


class Text(str):
    """A secret as it was read from its file: whatever its setting is called, it is not shown."""

    __slots__ = ()


class Options(Mapping[str, Any]):
    """A channel's own settings, read-only. Its repr hides the secrets, its items are plain values."""

    __slots__ = ("_hidden", "_values")

    def __init__(self, values: Mapping[str, Any], hidden: Iterable[str] = ()) -> None:
        self._values = dict(values)
        self._hidden = frozenset(hidden) | {name for name in self._values if is_secret(name)}

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Options({self.shown()!r})"

    def shown(self) -> dict[str, Any]:
        """The options with every secret masked, fit for a log."""
        return {name: _MASK if name in self._hidden else _masked(value) for name, value in self._values.items()}

    def secrets(self) -> Iterator[str]:
        """Every text that must not be shown, whole and in its parts."""
        for name, value in self._values.items():
            yield from _texts(value, secret=name in self._hidden)


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret."""
    return bool(_NAMES.search(name))


def pieces(secret: str) -> Iterator[str]:
    """A secret and the parts of it that could be shown alone: the values of its lines or of its JSON."""
    yield secret
    try:
        parsed = json.loads(secret)
    except ValueError:
        parsed = None
    if isinstance(parsed, (dict, list)):
        yield from _texts(parsed, secret=True)
        return
    lines = secret.splitlines()
    for line in lines if len(lines) > 1 or "=" in secret else []:
        value = re.sub(r"^\s*[\w.-]+\s*[=:]\s*", "", line).strip().strip("\"'")
        if not line.lstrip().startswith("#") and value:
            yield value


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret masked, the longest first, so that no tail of one is left."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return text


def long_enough(secrets: Iterable[str]) -> frozenset[str]:
    return frozenset(secret for secret in secrets if len(secret) >= _SHORTEST)


def read_file(path: Path) -> tuple[str, str]:
    """The secret in a file, without its final newline, and a warning when everyone may read it, else "".

    Raises ConfigError, naming the file.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{path} is no regular file")
        if status.st_size > _MOST:
            raise ConfigError(f"{path} is too large for a secret")
        text = path.read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        problem = f"{path} is not UTF-8 text"
    except (OSError, ValueError) as error:
        problem = f"cannot read {path}: {getattr(error, 'strerror', None) or 'not a usable path'}"
    else:
        if not text:
            raise ConfigError(f"{path} is empty")
        open_to_all = status.st_mode & stat.S_IROTH
        return text, f"everyone on this machine can read {path}; run: chmod 600 {path}" if open_to_all else ""
    raise ConfigError(problem, hint="Check the path (it is relative to the settings file) and its permissions.")


def key_file(path: Path) -> bytes:
    """The key in `path`; made on first use, mode 0600. Two processes at once get the same one. Raises ConfigError."""
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_key(path)
        return _read_key(path)
    except OSError as error:
        problem = f"cannot read or make {path}: {error.strerror}"
    raise ConfigError(problem, key="secret_key", hint="The data folder must belong to the user that runs distributor.")


def _make_key(path: Path) -> None:
    """Written aside, then linked into place: the name appears with its whole content, or was there already."""
    aside = path.with_name(f".{path.name}.{random.token_hex(8)}")
    _write_new(aside, random.token_hex(32))
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    except OSError:
        _write_without_links(path)
    finally:
        aside.unlink(missing_ok=True)


def _write_without_links(path: Path) -> None:
    """For file systems without hard links: a reader that meets the file half written waits (see _read_key)."""
    try:
        _write_new(path, random.token_hex(32))
    except FileExistsError:
        return


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _read_key(path: Path) -> bytes:
    for _ in range(20):
        key = path.read_bytes().strip()
        if len(key) >= 32:
            return key
        time.sleep(0.05)
    raise ConfigError(
        f"{path} holds no key of at least 32 characters",
        key="secret_key",
        hint="Restore it from a backup: a new key makes the links already sent invalid.",
    )


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _MASK if is_secret(str(name)) else _masked(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item) for item in value]
    return redact(value, url_secrets(value)) if isinstance(value, str) else value


def _texts(value: Any, *, secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, secret=secret or is_secret(str(name)))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, secret=secret)
    elif isinstance(value, str):
        yield from pieces(value) if secret else url_secrets(value)
    elif secret and isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
