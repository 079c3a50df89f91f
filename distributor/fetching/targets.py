"""What the text of a URL may be, and what is left of it once it is known to be one.

The text says nothing about safety (that is for the guard, which sees addresses), but it must have one meaning only:
what two programs could read in two ways is refused.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from distributor.errors import ConfigError, Unreachable

if TYPE_CHECKING:
    from yarl import URL

__all__ = ["Target", "parse", "parse_allow_list", "shown"]

_LONGEST = 8192
_USERINFO = re.compile(r"^((?:[a-z][a-z0-9+.-]*:)?[/\\]*)[^/\\?#]*@", re.IGNORECASE)
_BRACKETED = re.compile(r"[^/?#]*//(?:[^/?#]*@)?\[")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_.-])?")
# A path and query that need no quoting are sent as they stand: a signed URL breaks when %2F becomes a slash.
_EXACT = re.compile(r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=|-]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to go: `url` (also as `text`) has no user name, password or fragment; they are in `authorization`."""

    url: URL
    text: str
    host: str
    port: int
    authorization: str = field(repr=False)

    @property
    def place(self) -> tuple[str, int]:
        return (self.host, self.port)


def shown(url: str, length: int = 300) -> str:
    """A URL fit for a log or an error: no user name or password, no control characters, not endless."""
    text = _USERINFO.sub(r"\1", url[: length + _LONGEST])
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: length + 1])
    return text if len(text) <= length else text[: length - 1] + "…"


@lru_cache(maxsize=8192)
def parse(text: str) -> Target:
    """Raises Unreachable where the text is not an absolute http(s) URL with exactly one meaning."""
    stripped = text.strip(" \t\r\n")
    try:
        return _target(stripped)
    except ValueError as error:
        # The library's own message would repeat the URL, and in one that cannot be read a password may be anywhere.
        reason = str(error) if isinstance(error, _NotATarget) else "this is not a URL"
        _, at, tail = stripped.rpartition("@")
        raise Unreachable(f"{'…@' if at else ''}{shown(tail) or 'an empty address'}: {reason}") from None


class _NotATarget(ValueError):
    """Its message is ours, so it repeats nothing of the URL."""


def _target(text: str) -> Target:
    from yarl import URL

    _check_text(text)
    read = URL(text)
    if read.scheme not in {"http", "https"}:
        raise _NotATarget("only http and https addresses are fetched")
    host, port = _host(read.raw_host, bool(_BRACKETED.match(text))), read.port
    if not port:
        raise _NotATarget("the port must be 1 to 65535")
    user, password = read.user, read.password
    authorization = ""
    if user is not None or password is not None:
        authorization = "Basic " + b64encode(f"{user or ''}:{password or ''}".encode()).decode()
    clean = _exact(text, read.with_user(None).with_fragment(None))
    return Target(url=clean, text=str(clean), host=host, port=port, authorization=authorization)


def _check_text(text: str) -> None:
    if not text:
        raise _NotATarget("there is no address")
    if len(text) > _LONGEST:
        raise _NotATarget(f"an address of more than {_LONGEST} characters")
    if any(c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" or c in "\u2028\u2029" for c in text):
        raise _NotATarget("control characters in an address")
    if "\\" in text.partition("?")[0]:
        raise _NotATarget("a backslash in an address")


def _host(host: str | None, bracketed: bool) -> str:
    if not host:
        raise _NotATarget("the address names no host")
    if ":" in host:
        if "%" in host:
            raise _NotATarget("an address of one network card (IPv6 zone) is not fetched")
        IPv6Address(host)
        return host
    if bracketed or ".." in host or not _HOST.fullmatch(host):
        raise _NotATarget("the address names no host that could exist")
    return host


def _exact(text: str, url: URL) -> URL:
    from yarl import URL

    raw = URL(text, encoded=True)
    path, query = raw.raw_path, raw.raw_query_string
    if "/." in path or not _EXACT.fullmatch(path + query):
        return url
    host, port = url.host_subcomponent or "", url.explicit_port
    return URL.build(scheme=url.scheme, host=host, port=port, path=path or "/", query_string=query, encoded=True)


def parse_allow_list(entries: Iterable[str]) -> frozenset[tuple[str, int]]:
    """`name:port` is that port only, `name` the ports 80 and 443. Raises ConfigError for what is neither."""
    places: set[tuple[str, int]] = set()
    for entry in entries:
        bracketed = f"[{entry}]" if entry.count(":") > 1 and not entry.startswith("[") else entry
        try:
            target = parse(f"http://{bracketed}/")
        except Unreachable:
            target = None
        if target is None or target.text.count("/") != 3 or target.authorization or "?" in target.text:
            raise ConfigError(f"{entry!r} is neither a host nor host:port", key="allow_hosts")
        named = re.search(r":\d+$", bracketed) and not bracketed.endswith("]")
        places.update([target.place] if named else [(target.host, 80), (target.host, 443)])
    return frozenset(places)
