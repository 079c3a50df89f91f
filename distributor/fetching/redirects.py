"""Where a redirect leads, and what may go along. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urljoin

from distributor.errors import Unreachable
from distributor.fetching.targets import Target, parse, shown

__all__ = ["MOST", "Trail", "is_redirect", "start", "step"]

MOST = 5
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Names, secrets and validators are meant for the site that was asked, not for the one it points at.
_STAYS_AT_HOME = frozenset({"authorization", "cookie", "if-none-match", "if-modified-since", "if-match", "if-range"})


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a request has come to. `moved_to` is the last target that permanent redirects alone led to, or empty."""

    target: Target
    headers: Mapping[str, str] = field(repr=False)
    seen: tuple[str, ...]
    permanent: bool = True
    moved_to: str = ""


def start(url: str, headers: Mapping[str, str]) -> Trail:
    """The first target. A user name and password in the URL become an Authorization header. Raises Unreachable."""
    target = parse(url)
    own = {**headers, "Authorization": target.authorization} if target.authorization else headers
    return Trail(target=target, headers=own, seen=(target.text,))


def is_redirect(status: int, location: str | None) -> bool:
    """Whether an answer asks to go elsewhere (RFC 9110, 15.4); a redirect without a Location is an answer."""
    return status in _REDIRECTS and bool(location)


def step(trail: Trail, status: int, location: str) -> Trail:
    """Follow one redirect. Raises Unreachable for a loop, too many, or a target that may not be fetched.

    A password in the Location is not used: whoever wrote it is not the operator.
    """
    here = trail.target
    if len(trail.seen) > MOST:
        raise Unreachable(f"{shown(trail.seen[0])}: more than {MOST} redirects", status=status)
    try:
        there = parse(urljoin(here.text, _readable(location)))
    except (Unreachable, ValueError) as error:
        raise Unreachable(
            f"{shown(here.text)}: redirected to what is not fetched ({_why(error)})", status=status
        ) from None
    if there.text in trail.seen:
        raise Unreachable(f"{shown(trail.seen[0])}: redirects in a circle", status=status)
    permanent = trail.permanent and status in _PERMANENT
    return replace(
        trail,
        target=there,
        headers=trail.headers if _same_site(here, there) else _for_strangers(trail.headers),
        seen=(*trail.seen, there.text),
        permanent=permanent,
        moved_to=there.text if permanent else trail.moved_to,
    )


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, Unreachable) else "this is not a URL"


def _readable(location: str) -> str:
    """A Location in bytes that are no UTF-8 (they come as lone surrogates) is taken byte by byte, as browsers do."""
    raw = location.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return quote(raw, safe="".join(map(chr, range(0x21, 0x7F))))


def _same_site(here: Target, there: Target) -> bool:
    """The same host on the same port by the same scheme; from http up to https counts as the same."""
    same = here.place == there.place and here.url.scheme == there.url.scheme
    upgraded = (here.url.scheme, here.port, there.url.scheme, there.port) == ("http", 80, "https", 443)
    return same or (here.host == there.host and upgraded)


def _for_strangers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _STAYS_AT_HOME}
