"""What a receiver makes of a domain's SPF record for an address that connects: check_host() of RFC 7208.

Results: pass, fail, softfail, neutral, none, permerror, temperror (here: `Unanswered` is raised).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from distributor.mail.checks.lookup import IP, Lookup
from distributor.mail.checks.names import host_name, within
from distributor.mail.checks.spf_record import Record, Scene, SpfError, Term, expand, is_spf, parse

__all__ = ["Result", "Survey", "check_host", "records", "survey"]

# RFC 7208 4.6.4: terms that ask, answers that are empty, names behind one mx or ptr.
MOST_LOOKUPS = 10
MOST_VOIDS = 2
MOST_NAMES = 10
Answers = TypeVar("Answers", bound=tuple[object, ...])
_MEANING = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


class Result(NamedTuple):
    """`word` is RFC 7208's result; `why` is the term that decided, or what is wrong."""

    word: str
    why: str = ""


@dataclass
class Survey:
    """A record and all that it includes, walked to the end, as if no term matched. `names` are the domains read."""

    lookups: int = 0
    voids: int = 0
    names: list[str] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def records(lookup: Lookup, domain: str) -> list[str]:
    """The SPF records of a domain; more than one is an error, which is the caller's to tell. Raises Unanswered."""
    return [text for text in lookup.txt(domain) if is_spf(text)]


def check_host(lookup: Lookup, ip: IP, domain: str, sender: str, helo: str = "") -> Result:
    """The result for a mail from `sender` (the return path) that comes from `ip`. Raises Unanswered."""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if len(domain) > 253 or "." not in domain or not all(0 < len(label) < 64 for label in host_name(domain).split(".")):
        return Result("none", f"{domain[:60]} is no domain")
    try:
        return _Host(lookup, ip, sender, helo or domain).check(domain)
    except SpfError as error:
        return Result("permerror", str(error))


@dataclass
class _Host:
    """One evaluation: the limits hold for all records together."""

    lookup: Lookup
    ip: IP
    sender: str
    helo: str
    lookups: int = 0
    voids: int = 0

    def check(self, domain: str) -> Result:
        found = records(self.lookup, domain)
        if not found:
            return Result("none", f"{domain} has no SPF record")
        if len(found) > 1:
            raise SpfError(f"{domain} has {len(found)} SPF records")
        record = parse(found[0])
        for term in record.terms:
            if self._matches(term, domain):
                return Result(_MEANING[term.qualifier], f"{term.name} of {domain}")
        if not record.redirect or record.ending:
            return Result("neutral", f"no term of {domain} matches")
        self._count()
        target = self._expand(record.redirect, domain)
        result = self.check(target)
        if result.word == "none":
            raise SpfError(f"redirect leads to {target}, which has no SPF record")
        return result

    def _matches(self, term: Term, domain: str) -> bool:
        if term.asks:
            self._count()
        target = self._expand(term.domain, domain) if term.domain else domain
        if term.name == "include":
            return self._included(target)
        if term.network is not None:
            return self.ip in term.network
        if term.name == "a":
            return self._within(term, self._addresses(target))
        if term.name == "mx":
            return self._mx(term, target)
        if term.name == "ptr":
            return any(within(name, host_name(target)) for name in self._validated(target))
        if term.name == "exists":
            return bool(self._void(self.lookup.a(target)))
        return True  # all

    def _included(self, target: str) -> bool:
        result = self.check(target)
        if result.word == "none":
            raise SpfError(f"include leads to {target}, which has no SPF record")
        return result.word == "pass"

    def _mx(self, term: Term, target: str) -> bool:
        hosts = [one.host for one in self._void(self.lookup.mx(target)) if one.host]
        if len(hosts) > MOST_NAMES:
            raise SpfError(f"mx of {target} has more than {MOST_NAMES} hosts")
        return any(self._within(term, self._plain_addresses(host)) for host in hosts)

    def _within(self, term: Term, addresses: tuple[IP, ...]) -> bool:
        prefix = term.prefix4 if self.ip.version == 4 else term.prefix6
        return any(self.ip in ipaddress.ip_network(f"{one}/{prefix}", strict=False) for one in addresses)

    def _addresses(self, name: str) -> tuple[IP, ...]:
        return self._void(self._plain_addresses(name))

    def _plain_addresses(self, name: str) -> tuple[IP, ...]:
        return self.lookup.a(name) if self.ip.version == 4 else self.lookup.aaaa(name)

    def _validated(self, near: str) -> list[str]:
        """The names of the address that lead back to it (RFC 7208 5.5), those of the domain first."""
        names = self.lookup.ptr(self.ip)[:MOST_NAMES]
        good = [name for name in names if self.ip in self._plain_addresses(name)]
        return sorted(good, key=lambda name: (name != near, not within(name, near)))

    def _expand(self, spec: str, domain: str) -> str:
        def validated() -> str:
            return next(iter(self._validated(domain)), "unknown")

        return expand(spec, Scene(self.ip, domain, self.sender, self.helo, validated))

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise SpfError(f"it needs more than {MOST_LOOKUPS} lookups")

    def _void(self, answers: Answers) -> Answers:
        self.voids += not answers
        if self.voids > MOST_VOIDS:
            raise SpfError(f"more than {MOST_VOIDS} of its lookups find nothing")
        return answers


def survey(lookup: Lookup, domain: str, text: str) -> Survey:
    """The record `text` of `domain` and everything below it, without an address in mind. Raises Unanswered."""
    found = Survey()
    _walk(lookup, domain, text, found, ())
    if found.lookups > MOST_LOOKUPS:
        found.problems.append(f"it needs {found.lookups} lookups, and receivers give up after {MOST_LOOKUPS}")
    if found.voids > MOST_VOIDS:
        found.problems.append(f"{found.voids} of its lookups find nothing, and receivers give up after {MOST_VOIDS}")
    return found


def _walk(lookup: Lookup, domain: str, text: str, found: Survey, above: tuple[str, ...]) -> None:
    try:
        record = parse(text)
    except SpfError as error:
        found.problems.append(f"{domain}: {error}")
        return
    found.names.append(domain)
    found.terms += record.terms if not above else ()
    for term in record.terms:
        found.lookups += term.asks
        target = term.domain or domain
        if term.name == "include":
            _follow(lookup, target, found, (*above, domain), "include")
        elif term.name in {"a", "mx"} and "%" not in target:
            found.voids += _is_void(lookup, term.name, target)
    if _goes_on(record):
        found.lookups += 1
        _follow(lookup, record.redirect, found, (*above, domain), "redirect")


def _goes_on(record: Record) -> bool:
    return bool(record.redirect) and not record.ending


def _follow(lookup: Lookup, target: str, found: Survey, above: tuple[str, ...], how: str) -> None:
    """Into another record: not where a macro leads, not in a circle, and not for ever."""
    target = host_name(target)
    if "%" in target or found.lookups > 3 * MOST_LOOKUPS:
        return
    if target in above:
        found.problems.append(f"{how} of {target} goes in a circle")
        return
    texts = records(lookup, target)
    if len(texts) == 1:
        _walk(lookup, target, texts[0], found, above)
    else:
        said = f"{len(texts)} SPF records" if texts else "no SPF record"
        found.problems.append(f"{how} leads to {target}, which has {said}")


def _is_void(lookup: Lookup, kind: str, name: str) -> bool:
    if kind == "mx":
        return not lookup.mx(name)
    return not lookup.a(name) and not lookup.aaaa(name)
