"""Names of domains: what a person writes for one, and the organisation that one belongs to."""

from __future__ import annotations

import ipaddress
import re

from distributor.errors import ConfigError

__all__ = ["domain_name", "host_name", "organisation", "within"]

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LONGEST = 253
_HINT = "Write the domain alone, such as paper.example"


def domain_name(text: str) -> str:
    """The domain as DNS knows it: lower case, international names as A-labels (RFC 5891), no final dot.

    Raises ConfigError for what is none: a URL, an address, one label, an IP address, too long.
    """
    given = text.strip()
    if not given:
        raise ConfigError("the domain is empty", hint=_HINT)
    short = repr(given if len(given) <= 60 else given[:59] + "…")
    if "://" in given or "/" in given:
        raise ConfigError(f"{short} is a URL, not a domain", hint=_HINT)
    if "@" in given:
        raise ConfigError(f"{short} is an address, not a domain", hint=_HINT)
    try:
        name = _ascii(given).removesuffix(".")
    except ValueError:
        raise ConfigError(f"{short} is no domain name", hint=_HINT) from None
    if _is_ip(name):
        raise ConfigError(f"{short} is an IP address, not a domain", hint=_HINT)
    if len(name) > _LONGEST:
        raise ConfigError(f"{short} is longer than the {_LONGEST} characters of a domain name", hint=_HINT)
    labels = name.split(".")
    if len(labels) < 2:
        raise ConfigError(f"{short} has no dot: it is no public domain", hint=_HINT)
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdecimal():
        raise ConfigError(f"{short} is no domain name", hint=_HINT)
    return name


def host_name(name: str) -> str:
    """A name as it came from DNS or a URL, fit to be compared: lower case, no final dot."""
    return name.strip().rstrip(".").lower()


def organisation(domain: str) -> str:
    """The organisational domain (RFC 7489 3.2): one label more than the public suffix that the domain ends with.

    Suffixes are those of the Public Suffix List as the package `tld` ships it; an unknown one is the last label.
    """
    from tld import get_fld

    found = get_fld(domain, fix_protocol=True, fail_silently=True, search_private=True)
    return found or ".".join(domain.split(".")[-2:])


def within(name: str, domain: str) -> bool:
    """Whether a name is the domain or lies below it."""
    return name == domain or name.endswith("." + domain)


def _ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    import idna

    try:
        return idna.encode(text, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise ValueError(str(error)) from None


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
