"""Questions to DNS: the protocol that the checks ask through, and its twin in memory."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from distributor.errors import DistributorError
from distributor.mail.checks.names import host_name

__all__ = ["IP", "Lookup", "MemoryLookup", "Mx", "Unanswered"]

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unanswered(DistributorError):
    """Nobody could say: no network, no resolver, a time-out, SERVFAIL. Not the same as "there is none"."""


class Mx(NamedTuple):
    """A mail exchanger. `host` is "" for a null MX (RFC 7505): the domain takes no mail."""

    preference: int
    host: str


class Lookup(Protocol):
    """Asks DNS. Each gives an empty tuple where there is no such record or name, and raises Unanswered, nothing else.

    `txt` joins the strings of each record; `mx` is in the order of preference, the others in an order that stays the
    same (servers shuffle); names are lower case, without final dot.
    """

    def txt(self, name: str) -> tuple[str, ...]: ...

    def mx(self, name: str) -> tuple[Mx, ...]: ...

    def a(self, name: str) -> tuple[ipaddress.IPv4Address, ...]: ...

    def aaaa(self, name: str) -> tuple[ipaddress.IPv6Address, ...]: ...

    def ptr(self, ip: IP) -> tuple[str, ...]: ...


class MemoryLookup:
    """The twin: `zone` is name -> type -> values ("10 mx.paper.example" for an MX), `ptrs` is address -> names.

    A question about a name in `silent` is not answered. `asked` remembers the questions.
    """

    def __init__(
        self,
        zone: Mapping[str, Mapping[str, Iterable[str]]] | None = None,
        *,
        ptrs: Mapping[str, Iterable[str]] | None = None,
        silent: Iterable[str] = (),
    ) -> None:
        self._zone = {host_name(name): {kind: tuple(values) for kind, values in kinds.items()}
                      for name, kinds in (zone or {}).items()}  # fmt: skip
        self._ptrs = {ipaddress.ip_address(ip): tuple(names) for ip, names in (ptrs or {}).items()}
        self._silent = frozenset(silent)
        self.asked: list[tuple[str, str]] = []

    def txt(self, name: str) -> tuple[str, ...]:
        return self._find(name, "TXT")

    def mx(self, name: str) -> tuple[Mx, ...]:
        pairs = (value.split() for value in self._find(name, "MX"))
        return tuple(sorted(Mx(int(preference), host_name(host)) for preference, host in pairs))

    def a(self, name: str) -> tuple[ipaddress.IPv4Address, ...]:
        return tuple(ipaddress.IPv4Address(value) for value in self._find(name, "A"))

    def aaaa(self, name: str) -> tuple[ipaddress.IPv6Address, ...]:
        return tuple(ipaddress.IPv6Address(value) for value in self._find(name, "AAAA"))

    def ptr(self, ip: IP) -> tuple[str, ...]:
        self._ask(str(ip), "PTR")
        return tuple(host_name(name) for name in self._ptrs.get(ip, ()))

    def _find(self, name: str, kind: str) -> tuple[str, ...]:
        name = host_name(name)
        self._ask(name, kind)
        return self._zone.get(name, {}).get(kind, ())

    def _ask(self, name: str, kind: str) -> None:
        self.asked.append((name, kind))
        if name in self._silent or "*" in self._silent:
            raise Unanswered(f"no answer for {name} {kind}")
