"""Where mail is handed over: a relay's address, as it stands in the settings.

smtp://[user@]host[:25 or 587]   in the clear first; STARTTLS is required except on this machine
smtps://host[:465]               TLS from the first byte (RFC 8314)
lmtp://host[:24], lmtp:///path   a local delivery agent, also at a Unix socket
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from distributor.errors import ConfigError

__all__ = ["Relay", "relay"]

_PORTS = {"smtp": 25, "smtps": 465, "lmtp": 24}


@dataclass(frozen=True, slots=True)
class Relay:
    """One address. `path` is a Unix socket's; then there is no host."""

    scheme: str
    host: str
    port: int
    path: str = ""
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def local(self) -> bool:
        """Whether what goes there stays on this machine. Names are not looked up: an answer could lie."""
        if self.path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{self.path}" if self.path else f"{self.scheme}://{host}:{self.port}"


def relay(url: str) -> Relay:
    """Reads a relay's address. ConfigError says what is wrong with it, and never shows a password."""
    hint = "smtp://relay.example:587, smtps://relay.example, lmtp://127.0.0.1:24"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError("the relay's address has no usable host and port", hint=hint) from None
    if parts.scheme not in _PORTS:
        raise ConfigError("a relay's address begins with smtp://, smtps:// or lmtp://", hint=hint)
    path = unquote(parts.path) if parts.scheme == "lmtp" and not host else ""
    if not host and not path.startswith("/"):
        raise ConfigError("the relay's address names no host", hint=hint)
    if (parts.path not in {"", "/"} and not path) or parts.query or parts.fragment:
        raise ConfigError("a relay's address ends after host and port", hint=hint)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Relay(parts.scheme, host, port or _PORTS[parts.scheme], path, user, password)
