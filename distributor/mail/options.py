"""What a transport is built from: its URL, taken apart, and its options, each read by its type and known by name."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from distributor.errors import ConfigError

__all__ = ["Setup"]

_REQUIRED: Any = object()


@dataclass(frozen=True)
class Setup:
    """A transport's URL in its parts, percent-decoded; `password` may also have come apart from it.

    `folder` is the data folder, `clock()` is now, aware, UTC; `key` is the setting that errors name. `beside` are
    options that stand beside the address, and that a transport need not know. Ask for every option that the transport
    knows, then call `done()`. Every method raises ConfigError; no message repeats a value, which may be a secret.
    """

    scheme: str
    user: str = ""
    password: str = field(default="", repr=False)
    host: str = ""
    port: int = 0
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path = Path("data")
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    key: str = "mail.smtp"
    beside: Mapping[str, str] = field(default_factory=dict)
    _known: list[str] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def of(cls, url: str, *, password: str, folder: Path, key: str, clock: Callable[[], datetime]) -> Setup:
        """Takes a URL apart. Raises ConfigError where it is none, or gives an option twice."""
        wrong = ConfigError("is no address of a transport", key=key, hint='write it like "smtp://user@host:587"')
        if not url.isprintable() or not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url):
            raise wrong
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or 0
            pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), max_num_fields=50)
        except ValueError:
            raise wrong from None
        if parts.fragment:
            raise ConfigError('has a "#"', key=key, hint='write "#" as %23')
        names = [name for name, _ in pairs]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigError(f"the option {twice[0]!r} is given twice", key=key)
        return cls(
            scheme=parts.scheme,
            user=unquote(parts.username or ""),
            password=password or unquote(parts.password or ""),
            host=host,
            port=port,
            path=unquote(parts.path),
            options=dict(pairs),
            folder=folder,
            clock=clock,
            key=key,
        )

    def text(self, name: str, default: str = _REQUIRED) -> str:
        """One line of text; without a default it must be there."""
        self._known.append(name)
        value = (self.options.get(name) or self.beside.get(name, "")).strip()
        if value and not value.isprintable():
            raise self.wrong(name, "must be one line of text, without control characters")
        if not value and default is _REQUIRED:
            raise self.wrong(name, "is missing", f"add ?{name}=... to the address")
        return value or default

    def choice(self, name: str, known: Sequence[str], default: str) -> str:
        value = self.text(name, default)
        if value not in known:
            raise self.wrong(name, "must be one of " + ", ".join(known), _nearest(value, known))
        return value

    def flag(self, name: str, default: bool) -> bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        value = self.text(name, str(default)).lower()
        if value not in words:
            raise self.wrong(name, "must be true or false")
        return words[value]

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        """A number from `low` to `high`; `whole` for those that count."""
        value = self.text(name, f"{default:g}")
        if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value) or not low <= float(value) <= high:
            raise self.wrong(name, f"must be a number from {low:g} to {high:g}")
        return float(value)

    def whole(self, name: str, default: int, *, low: int, high: int) -> int:
        value = self.number(name, default, low=low, high=high)
        if value != int(value):
            raise self.wrong(name, "must be a whole number")
        return int(value)

    def base_url(self, default: str) -> str:
        """Where a provider's API is: https, or http on this machine's loopback (a proxy, a test)."""
        value = self.text("base_url", default)
        try:
            parts = urlsplit(value)
            good = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
            good = good and bool(parts.hostname) and parts.port != 0 and not parts.query and not parts.fragment
            good = good and parts.username is None and value.isascii() and " " not in value
        except ValueError:
            good = False
        if not good:
            raise self.wrong(
                "base_url", "must begin with https:// (http:// only on loopback), without name or password"
            )
        return value.rstrip("/")

    def wrong(self, name: str, message: str, hint: str = "") -> ConfigError:
        return ConfigError(f"the option {name!r} {message}", key=self.key, hint=hint)

    def done(self) -> None:
        """Refuses what no method was asked for, and names the nearest option that exists."""
        for name in self.options:
            if name not in self._known:
                known = ", ".join(sorted(set(self._known)))
                hint = _nearest(name, self._known) or f"the options of {self.scheme}: are {known}"
                raise ConfigError(f"there is no option {name[:40]!r} for {self.scheme}:", key=self.key, hint=hint)

    def only(self, *parts: str) -> None:
        """Refuses the parts of the address that mean nothing here: user, password, host, port, path."""
        for part in ("user", "password", "host", "port", "path"):
            if getattr(self, part) not in ("", 0) and part not in parts:
                raise ConfigError(f"{self.scheme}: takes no {part}", key=self.key)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ""
