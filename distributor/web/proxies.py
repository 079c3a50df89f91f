"""Who asks: behind a proxy everybody looks like the proxy, and anybody can write an X-Forwarded-For header."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["TrustedProxies", "client_address"]

MOST_HOPS = 20


class TrustedProxies:
    """Puts the reader's own address into the request, where the peer is a proxy that the settings trust."""

    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        self.app, self.trusted = app, tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.trusted and scope.get("client"):
            host, port = scope["client"]
            found = client_address(host, Headers(scope=scope).getlist("x-forwarded-for"), self.trusted)
            scope["client"] = (found, port if found == host else 0)
        await self.app(scope, receive, send)


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[str]) -> str:
    """The address of who asked: the first one from the right that is no trusted proxy.

    Each proxy appends whom it heard from, so what stands left of an untrusted address is that one's own claim, and
    is never read. A hop that is no address ends the walk: the last proxy that could be believed stands for it.
    """
    networks = [ip_network(one, strict=False) for one in trusted]
    hops = [hop for header in forwarded for hop in header.split(",")]
    found = peer
    for hop in reversed(hops[-MOST_HOPS:]):
        if not _within(found, networks):
            break
        address = _address(hop)
        if address is None:
            break
        found = str(address)
    return found


def _within(text: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: bare, with a port, in brackets; a mapped IPv4 address is that IPv4 address."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
