"""Reading a channel's own settings: each key by its type, the unknown ones refused by name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from distributor.channels import Setup
from distributor.errors import ConfigError

__all__ = ["Options"]

_REQUIRED: Any = object()


class Options:
    """The settings of one channel. Ask for every key that the channel knows, then call `done()`.

    Every method raises ConfigError, whose key is `channels.NAME.KEY`. No message repeats a value: it may be a secret.
    """

    def __init__(self, setup: Setup) -> None:
        self._given = dict(setup.options)
        self._table = f"channels.{setup.name}"
        self._known: list[str] = []

    def text(self, key: str, default: str = _REQUIRED) -> str:
        """A string without control characters, stripped; without a default it must be there."""
        value = self._take(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "must be text")
        value = value.strip()
        if any(ord(char) < 32 or ord(char) == 127 for char in value):
            raise self.wrong(key, "must be one line of text, without control characters")
        if not value and default is _REQUIRED:
            raise self.missing(key)
        return value

    def choice(self, key: str, known: Sequence[str], default: str = _REQUIRED) -> str:
        """One of a few words; an empty default stands for "not said"."""
        value = self.text(key, default)
        if value in known or (value == "" and default == ""):
            return value
        raise self.wrong(key, "must be one of " + ", ".join(known), _nearest(value, known))

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of strings; a single string is the list as the environment has it, with commas."""
        value = self._take(key, default)
        values = value.split(",") if isinstance(value, str) else value
        if not isinstance(values, list | tuple) or not all(isinstance(item, str) for item in values):
            raise self.wrong(key, "must be a list of words")
        return tuple(item.strip() for item in values if item.strip())

    def flag(self, key: str, default: bool) -> bool:
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return value

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.wrong(key, f"must be a number from {low:g} to {high:g}")
        return float(value)

    def address(self, key: str, default: str = _REQUIRED, *, slash: bool = False) -> str:
        """An absolute http(s) address with a host and without userinfo; a slash at its end goes, unless `slash`."""
        value = self.text(key, default)
        if not value and default == "":
            return ""
        try:
            parts = urlsplit(value)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            good = False
        if not good or " " in value:
            raise self.wrong(key, "must be an address such as https://example.org")
        if parts.username is not None or parts.password is not None:
            raise self.wrong(key, "must not hold a name or password")
        return value if slash else value.rstrip("/")

    def missing(self, key: str, hint: str = "") -> ConfigError:
        hint = hint or f"set {key} in [{self._table}], or {key}_file, the name of a file that holds it"
        return ConfigError("is missing", key=f"{self._table}.{key}", hint=hint)

    def wrong(self, key: str, message: str, hint: str = "") -> ConfigError:
        return ConfigError(message, key=f"{self._table}.{key}", hint=hint)

    def done(self) -> None:
        """Refuses what no method was asked for, and names the nearest key that exists."""
        for key in self._given:
            if key not in self._known:
                known = ", ".join(sorted(self._known))
                hint = _nearest(str(key), self._known) or f"the settings of this channel are {known}"
                raise ConfigError("is no setting of this channel", key=f"{self._table}.{key}", hint=hint)

    def _take(self, key: str, default: Any) -> Any:
        self._known.append(key)
        value = self._given.get(key)
        if value is not None:
            return value
        if default is _REQUIRED:
            raise self.missing(key)
        return default


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ""
