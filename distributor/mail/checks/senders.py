"""Does the return path's SPF record let the mails' way out through, and what must be added to it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distributor.mail.checks import spf
from distributor.mail.checks.check import Check, DnsRecord
from distributor.mail.checks.given import Given, Relay
from distributor.mail.checks.lookup import IP, Lookup
from distributor.mail.checks.spf_record import amended, merged

__all__ = ["addresses", "judge"]

_OTHERS = "Add who else sends for this domain before you publish it."


def addresses(lookup: Lookup, given: Given) -> tuple[IP, ...]:
    """Where mails leave from as far as can be known: what a person said, else the relays' own public addresses.

    A known provider's relay says nothing about the addresses behind it. Raises Unanswered.
    """
    if given.addresses:
        return given.addresses
    found: list[IP] = []
    for relay in given.relays:
        if relay.speaks and not relay.here and not relay.provider:
            found += [relay.ip] if relay.ip else [*lookup.a(relay.host), *lookup.aaaa(relay.host)]
    return tuple(dict.fromkeys(ip for ip in found if not ip.is_private))


def judge(lookup: Lookup, given: Given) -> Iterator[Check]:
    """The record, then each way out. Raises Unanswered."""
    domain = given.bounce_domain
    texts = spf.records(lookup, domain)
    ips = addresses(lookup, given)
    wanted = _mechanisms(given)
    if not texts:
        yield _missing(lookup, domain, wanted)
        return
    replaced = f"replaces the SPF record of {domain}" if len(texts) == 1 else f"replaces the SPF records of {domain}"
    whole = merged(texts) if len(texts) > 1 else texts[0]
    if len(texts) > 1:
        said = f"{domain} has {len(texts)} SPF records: receivers take none of them"
        record = DnsRecord(domain, "TXT", amended(whole, wanted), replaced)
        yield Check("spf", False, said, "Keep one, such as the one below.", record)
        return
    found = spf.survey(lookup, domain, whole)
    yield _sound(domain, whole, found, replaced)
    yield from _ways(lookup, given, ips, found, DnsRecord(domain, "TXT", amended(whole, wanted), replaced))


def _mechanisms(given: Given) -> list[str]:
    """What lets the ways out through: the addresses that a person said, else each relay by the best that is known."""
    found = [f"ip{ip.version}:{ip}" for ip in given.addresses]
    for relay in given.relays:
        if relay.provider:
            found.append(f"include:{relay.provider.spf}")
        elif relay.speaks and not relay.here and not given.addresses:
            found.append(f"ip{relay.ip.version}:{relay.ip}" if relay.ip else f"a:{relay.host}")
    return list(dict.fromkeys(found))


def _missing(lookup: Lookup, domain: str, wanted: Sequence[str]) -> Check:
    """A first record: the domain's own mail servers go on, and what is forgotten is only marked (~all)."""
    says = f"{domain} has no SPF record"
    own = ["mx"] if any(one.host for one in lookup.mx(domain)) else []
    if not wanted:
        return Check("spf", False, says, "Say where mails leave from (--ip ADDRESS), and it is printed.")
    record = DnsRecord(domain, "TXT", amended("v=spf1", [*own, *wanted]))
    return Check("spf", False, says, f"Publish one. {_OTHERS}", record)


def _sound(domain: str, text: str, found: spf.Survey, replaced: str) -> Check:
    if found.problems:
        return Check("spf", False, f"{domain}: {found.problems[0]}", "Mend it: until then no receiver counts it.")
    ends = [term.qualifier for term in found.terms if term.name == "all"]
    if ends[:1] == ["+"]:
        record = DnsRecord(domain, "TXT", amended(text, ()), replaced)
        return Check("spf", False, f"{domain} lets everybody send (+all)", "Publish the one below.", record)
    says = f"{domain}: {found.lookups} of {spf.MOST_LOOKUPS} lookups"
    says += f", ends with {ends[0]}all" if ends else ""
    if any(term.name == "ptr" for term in found.terms):
        return Check("spf", True, says, "ptr is slow and ignored by many (RFC 7208 5.5): name addresses instead.")
    if ends[:1] == ["?"] or (not ends and len(found.names) == 1 and "redirect=" not in text.lower()):
        return Check("spf", True, says, "It says nothing of those who are not named: end it with ~all.")
    return Check("spf", True, says)


def _ways(lookup: Lookup, given: Given, ips: Sequence[IP], found: spf.Survey, record: DnsRecord) -> Iterator[Check]:
    for relay in given.relays:
        if not given.addresses and relay.provider:
            yield _provided(relay, found, record)
    if not ips and not any(relay.provider for relay in given.relays):
        yield _unknown(given.relays)
    for ip in ips:
        result = spf.check_host(lookup, ip, given.bounce_domain, f"bounces@{given.bounce_domain}")
        why = f" ({result.why})" if result.why else ""
        if result.word == "pass":
            yield Check("spf sender", True, f"{ip} may send for {given.bounce_domain}{why}")
        else:
            said = f"{ip} may not send for {given.bounce_domain}: {result.word}{why}"
            do = "Publish the one below; if mails leave from another address, say it with --ip."
            yield Check("spf sender", False, said, do, record if result.word != "permerror" else None)


def _provided(relay: Relay, found: spf.Survey, record: DnsRecord) -> Check:
    assert relay.provider is not None
    if relay.provider.spf in found.names:
        return Check("spf sender", True, f"{relay.provider.name} may send for {record.name}")
    said = f"{relay.provider.name} may not send for {record.name}: include:{relay.provider.spf} is not there"
    return Check("spf sender", False, said, "Publish the record below.", record)


def _unknown(relays: Sequence[Relay]) -> Check:
    if relays and all(relay.keeps for relay in relays):
        return Check("spf sender", None, "mails stay in the outbox: nothing leaves yet", "Set mail.smtp to a relay.")
    said = "which public address mails leave from is not known here"
    return Check("spf sender", None, said, "Say it: --ip ADDRESS (more than once, if there are several).")
