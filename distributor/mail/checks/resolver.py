"""DNS through dnspython: the system's resolver, or one that is named."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TYPE_CHECKING, Any

from distributor.errors import ConfigError
from distributor.mail.checks.lookup import IP, Mx, Unanswered
from distributor.mail.checks.names import host_name

if TYPE_CHECKING:
    import dns.resolver

__all__ = ["DnsLookup"]

TRY_SECONDS = 2.0
WHOLE_SECONDS = 4.0
PAYLOAD = 1232  # octets of an answer by UDP, beyond which TCP is tried (DNS flag day 2020): a key fits in
# A resolver that has never answered is not asked for ever: each question would cost WHOLE_SECONDS.
SILENCES = 2


class DnsLookup:
    """A Lookup through `resolver` ("9.9.9.9", "127.0.0.1:5353", "[::1]:53"), or through the system's.

    Not for threads at once. Raises ConfigError where the resolver's address is none.
    """

    def __init__(self, resolver: str = "", *, try_s: float = TRY_SECONDS, whole_s: float = WHOLE_SECONDS) -> None:
        self._given = _server(resolver) if resolver else None
        self._times = (try_s, whole_s)
        self._resolver: dns.resolver.Resolver | None = None
        self._silences = 0
        self._answered = False

    def txt(self, name: str) -> tuple[str, ...]:
        return tuple(sorted(b"".join(one.strings).decode("utf-8", "replace") for one in self._ask(name, "TXT")))

    def mx(self, name: str) -> tuple[Mx, ...]:
        found = self._ask(name, "MX")
        return tuple(sorted(Mx(one.preference, host_name(one.exchange.to_text())) for one in found))

    def a(self, name: str) -> tuple[ipaddress.IPv4Address, ...]:
        return tuple(sorted(ipaddress.IPv4Address(one.address) for one in self._ask(name, "A")))

    def aaaa(self, name: str) -> tuple[ipaddress.IPv6Address, ...]:
        return tuple(sorted(ipaddress.IPv6Address(one.address) for one in self._ask(name, "AAAA")))

    def ptr(self, ip: IP) -> tuple[str, ...]:
        return tuple(host_name(one.target.to_text()) for one in self._ask(ip.reverse_pointer, "PTR"))

    def _ask(self, name: str, kind: str) -> list[Any]:
        import dns.exception
        import dns.name
        import dns.resolver

        if not self._answered and self._silences >= SILENCES:
            raise Unanswered("no resolver answers")
        try:
            asked = dns.name.from_text(host_name(name) + ".")
            found = list(self._open().resolve(asked, kind, search=False, raise_on_no_answer=False).rrset or ())
        except dns.resolver.NXDOMAIN:
            found = []
        except (
            dns.name.LabelTooLong,
            dns.name.NameTooLong,
            dns.name.EmptyLabel,
            dns.name.BadEscape,
            dns.name.IDNAException,
        ):
            return []  # no such name can be there
        except dns.resolver.LifetimeTimeout:
            self._silences += 1
            raise Unanswered(f"no answer for {name} {kind} within {self._times[1]:g} s") from None
        except dns.resolver.NoResolverConfiguration:
            raise Unanswered("this machine has no resolver (/etc/resolv.conf)") from None
        except dns.resolver.NoNameservers as error:
            self._answered |= "SERVFAIL" in str(error)
            raise Unanswered(f"{name} {kind}: {_reason(error)}") from None
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise Unanswered(f"{name} {kind}: {_reason(error)}") from None
        self._answered = True
        return found

    def _open(self) -> dns.resolver.Resolver:
        import dns.resolver

        if self._resolver is None:
            made = dns.resolver.Resolver(configure=self._given is None)
            if self._given:
                made.nameservers, made.port = [self._given[0]], self._given[1]
            made.timeout, made.lifetime = self._times
            made.use_edns(0, payload=PAYLOAD)
            self._resolver = made
        return self._resolver


def _reason(error: Exception) -> str:
    """One short line of what a resolver's errors say at length."""
    text = " ".join(str(error).split())
    found = re.search(r"\b(SERVFAIL|REFUSED|FORMERR|NOTIMP|NOTAUTH)\b", text)
    if found:
        return f"the name server says {found[1]}"
    return text[:160] or type(error).__name__


def _server(text: str) -> tuple[str, int]:
    """Address and port; a host's name is resolved by the system."""
    found = re.fullmatch(
        r"\s*(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:/@\[\]]+)|([0-9A-Fa-f:]+:[0-9A-Fa-f:.]*))(?::([0-9]{1,5}))?\s*", text
    )
    host = (found[1] or found[2] or found[3]) if found else ""
    port = int(found[4] or 53) if found else 0
    if not host or not 0 < port < 65536:
        raise ConfigError(f"{text[:60]!r} is no resolver", hint="Write it like 9.9.9.9 or 127.0.0.1:5353")
    try:
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        pass
    try:
        return str(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0]), port
    except (OSError, UnicodeError):
        raise ConfigError(f"the resolver {host[:60]!r} is not known by that name", hint="Write its address") from None
