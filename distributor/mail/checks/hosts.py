"""Hosts behind the mails: names of the sending addresses that lead back to them, and who takes the bounces."""

from __future__ import annotations

from distributor.mail.checks.check import Check, DnsRecord
from distributor.mail.checks.lookup import IP, Lookup

__all__ = ["bounces", "reverse", "sender_exists"]


def reverse(lookup: Lookup, ip: IP, *, ours: bool, host: str) -> Check:
    """Forward-confirmed reverse DNS of an address that mails leave from. `host` is what it should be called.

    Large receivers refuse mail without it (RFC 8601 3, "iprev"). Raises Unanswered.
    """
    names = lookup.ptr(ip)
    good = [name for name in names if ip in (*lookup.a(name), *lookup.aaaa(name))]
    if good:
        return Check("ptr", True, f"{ip} is {good[0]}, and {good[0]} is {ip}")
    if names:
        said = f"{ip} is called {names[0]}, but {names[0]} has another address"
        record = DnsRecord(names[0], "A" if ip.version == 4 else "AAAA", str(ip))
    else:
        said, record = f"{ip} has no name (PTR)", None
    if not ours:
        return Check("ptr", None, f"{said}; it belongs to the relay", "Ask who runs the relay, if mails are refused.")
    pointer = DnsRecord(ip.reverse_pointer, "PTR", host, "in the reverse zone: set by who gave you the address")
    return Check("ptr", False, said, "Its name is set by who gave you the address (your hoster).", record or pointer)


def sender_exists(lookup: Lookup, domain: str) -> Check:
    """Receivers refuse mail from a domain that could take no answer. Raises Unanswered."""
    exchangers = lookup.mx(domain)
    if exchangers and exchangers[0].host:
        return Check("sender", True, f"{domain} takes mail at {exchangers[0].host}")
    if not exchangers and (lookup.a(domain) or lookup.aaaa(domain)):
        return Check("sender", True, f"{domain} has an address, and no MX", "An MX says plainly where answers go.")
    said = "says that it takes no mail (a null MX)" if exchangers else "does not exist for mail: no MX, no address"
    return Check("sender", False, f"{domain} {said}", "Many receivers refuse such a sender. Give it an MX.")


def bounces(lookup: Lookup, domain: str, host: str) -> Check:
    """Whether the return path's domain takes mail, so that bounces come back. Raises Unanswered."""
    exchangers = lookup.mx(domain)
    record = DnsRecord(domain, "MX", f"10 {host}") if host else None
    do = "Give it an MX whose mailbox is read for bounces."
    if any(not one.host for one in exchangers):
        return Check("bounces", False, f"{domain} says that it takes no mail (a null MX)", do, record)
    if not exchangers:
        if lookup.a(domain) or lookup.aaaa(domain):
            return Check("bounces", True, f"{domain} has an address, and no MX", do)
        return Check("bounces", False, f"{domain} has no MX: bounces cannot come back", do, record)
    dead = [one.host for one in exchangers if not lookup.a(one.host) and not lookup.aaaa(one.host)]
    if len(dead) == len(exchangers):
        return Check("bounces", False, f"{domain}: its MX {dead[0]} has no address", "Give that name an address.")
    says = f"bounces to {domain} go to {next(one.host for one in exchangers if one.host not in dead)}"
    return Check("bounces", True, says, f"The MX {dead[0]} has no address." if dead else "")
