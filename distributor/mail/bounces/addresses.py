"""Finding addresses in hostile text, in linear time: from each "@" outwards, never by a pattern over the whole text."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["Found", "address_in", "addresses_in", "find_addresses", "is_machine"]

Found = tuple[int, int, str]  # start, end, address

_LOCAL = re.compile(r"[^\s<>()\[\],;:\"@\\\x00-\x1f]{1,128}")  # matched on the reversed text before the "@"
_QUOTED = re.compile(r'"[^"\r\n@<>]{1,62}"')
_DOMAIN = re.compile(r"(?:\[[0-9a-fA-F.:]{3,45}\]|[^\W_](?:[\w-]{0,62}\.?){1,20})")
_MACHINES = re.compile(
    r"(?:mail(?:er)?[-_.]?(?:daemon|delivery)|mail\.delivery\.system|post?_?mas?ter|mailadm(?:in)?|mail-admin|mdaemon"
    r"|(?:do-?not-?|no-?)reply|nobody|abuse|mta|mail-?system|system|bounces?)(?:[-_.+=][\w.+=-]*)?@",
    re.IGNORECASE,
)
_MOST = 4000


def is_machine(address: str) -> bool:
    """True for what sends reports rather than reads mail: `mailer-daemon@`, `postmaster@` and the like."""
    return _MACHINES.match(address) is not None


def find_addresses(text: str) -> Iterator[Found]:
    """Every address of a text, in order, with its place."""
    at = text.find("@")
    for _ in range(_MOST):
        if at < 0:
            return
        found = _around(text, at)
        if found:
            yield found
        at = text.find("@", at + 1)


def addresses_in(text: str) -> list[str]:
    return [address for _, _, address in find_addresses(text)]


def address_in(text: str) -> str:
    """The first address of a text, or an empty text."""
    return next((address for _, _, address in find_addresses(text)), "")


def _around(text: str, at: int) -> Found | None:
    before = text[max(0, at - 128) : at][::-1]
    local = _QUOTED.match(before) if before.startswith('"') else _LOCAL.match(before)
    domain = _DOMAIN.match(text, at + 1, at + 256)
    if not local or not domain:
        return None
    name = local.group()[::-1] if before.startswith('"') else _trimmed(local.group()[::-1])
    host = domain.group().rstrip(".-_")
    if not name or len(name) > 128 or not host:
        return None
    return at - len(name), at + 1 + len(host), f"{name}@{host}"


def _trimmed(local: str) -> str:
    """Without what prose puts before an address: a quote, a bar, `mailto:` was cut at its colon, `=` of a parameter."""
    local = local.lstrip("'`*|=.!?{}/&#")
    for sign in ("=3C", "&lt", "='"):
        if sign in local:
            local = local.rsplit(sign, 1)[1]
    return local
