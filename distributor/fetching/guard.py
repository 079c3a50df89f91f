"""May this address be reached? Pure: it judges addresses, never the text of a host.

`ipaddress.is_global` is not enough: it passes NAT64, 6to4, Teredo, multicast and the wire server of a cloud.
So only what is known to be public is; everything else has a word that says what it is. Sources: the IANA
special-purpose address registries (RFC 6890), RFC 6052 and 8215 (NAT64), RFC 7526 (6to4), RFC 9637 (documentation).
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["LISTED", "PUBLIC", "classify", "is_public"]

PUBLIC = frozenset({"public"})
"""What any host may resolve to."""

LISTED = frozenset({"public", "private", "shared", "loopback"})
"""What a host on the operator's allow-list may resolve to. Not link-local: clouds keep credentials there."""

_V4 = tuple(
    (IPv4Network(block), word)
    for block, word in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared"),  # carrier NAT, overlay networks
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "metadata"),  # Azure's wire server, on every virtual machine there
        ("169.254.0.0/16", "link-local"),  # and the metadata services of the other clouds
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "tunnel"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmark"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)

# The first match counts.
_V6 = tuple(
    (IPv6Network(block), word)
    for block, word in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "tunnel"),  # NAT64 of one's own network: where the IPv4 address sits is not known
        ("2001::/32", "tunnel"),  # Teredo
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "tunnel"),  # 6to4
        ("3fff::/20", "documentation"),
        ("2000::/3", "public"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "reserved"),
        ("ff00::/8", "multicast"),
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether this numeric address is one that everybody may reach."""
    return classify(address) == "public"


@lru_cache(maxsize=8192)
def classify(address: str) -> str:
    """What a numeric address (IPv4 or IPv6, zone allowed) is, in one word; `invalid` where it is none.

    An IPv6 address that stands for an IPv4 one, mapped or of the well-known NAT64 prefix, is judged by that one: where
    a network has IPv6 only, the whole IPv4 world is reached through NAT64.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "invalid"
    if isinstance(parsed, IPv4Address):
        return _classify_v4(parsed)
    return "link-local" if "%" in address else _classify_v6(parsed)


def _classify_v4(address: IPv4Address) -> str:
    return next((word for block, word in _V4 if address in block), "public")


def _classify_v6(address: IPv6Address) -> str:
    if address.ipv4_mapped is not None:
        return _classify_v4(address.ipv4_mapped)
    if address in _NAT64:
        return _classify_v4(IPv4Address(int(address) & 0xFFFF_FFFF))
    return next((word for block, word in _V6 if address in block), "reserved")
