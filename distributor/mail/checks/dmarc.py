"""The domain's DMARC policy, and whether SPF and DKIM speak for the same name as From (RFC 7489)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from distributor.mail.checks.check import Check, DnsRecord
from distributor.mail.checks.given import Given
from distributor.mail.checks.lookup import Lookup
from distributor.mail.checks.names import organisation
from distributor.mail.checks.tags import TagError, tags

__all__ = ["Policy", "aligned", "alignment", "find", "parse", "policy"]

_POLICIES = ("none", "quarantine", "reject")
_HINT = "Publish the record below, and raise p=none to quarantine once the reports show nothing foreign."


@dataclass(frozen=True, slots=True)
class Policy:
    """A record, and where it was found. `p` is what holds for the domain that was asked about."""

    at: str
    p: str = "none"
    strict_dkim: bool = False
    strict_spf: bool = False
    percent: int = 100
    reports: tuple[str, ...] = ()


def parse(text: str, at: str, *, below: bool = False) -> Policy:
    """A record's policy; `below`: for a subdomain of where it stands, so that sp= holds. Raises TagError."""
    found = {name.lower(): value for name, value in tags(text).items()}
    if next(iter(found)) != "v" or found["v"] != "DMARC1":
        raise TagError("its first tag is not v=DMARC1")
    reports = tuple(one.strip() for one in found.get("rua", "").split(",") if one.strip())
    p = found.get("p", "").lower()
    # RFC 7489 6.6.3: without a valid p= the record counts only when there is somebody to report to.
    if p not in _POLICIES and not any(one.lower().startswith("mailto:") for one in reports):
        raise TagError(f"p={p[:20]} is none of {', '.join(_POLICIES)}" if p else "it has no policy (p=)")
    p = p if p in _POLICIES else "none"
    sp = found.get("sp", "").lower()
    return Policy(
        at,
        sp if below and sp in _POLICIES else p,
        found.get("adkim", "r").lower() == "s",
        found.get("aspf", "r").lower() == "s",
        int(found["pct"]) if re.fullmatch(r"100|[0-9]{1,2}", found.get("pct", "")) else 100,
        reports,
    )


def find(lookup: Lookup, domain: str) -> tuple[str, list[str]]:
    """Where the domain's records are, at it or at its organisation's, and what they say. Raises Unanswered."""
    for at in dict.fromkeys((domain, organisation(domain))):
        texts = [text for text in lookup.txt(f"_dmarc.{at}") if re.match(r"v\s*=\s*DMARC1\s*(?:;|\Z)", text)]
        if texts:
            return at, texts
    return domain, []


def policy(lookup: Lookup, given: Given) -> tuple[Check, Policy | None]:
    """The check of the record, and the policy where there is a usable one. Raises Unanswered."""
    at, texts = find(lookup, given.domain)
    name = f"_dmarc.{at}"
    record = DnsRecord(name, "TXT", "v=DMARC1; p=none")
    if not texts:
        return Check("dmarc", False, f"{given.domain} has no DMARC record", _HINT, record), None
    replace = DnsRecord(name, "TXT", record.value, f"replaces the TXT records at {name}")
    if len(texts) > 1:
        said = f"{len(texts)} DMARC records at {name}: receivers take none of them"
        return Check("dmarc", False, said, "Keep one."), None
    try:
        found = parse(texts[0], at, below=at != given.domain)
    except TagError as error:
        return Check("dmarc", False, f"{name}: {error}", "Publish the one below instead.", replace), None
    return _advice(lookup, found, name), found


def aligned(name: str, domain: str, *, strict: bool) -> bool:
    """Whether a name speaks for the domain of From (RFC 7489 3.1): the same, or relaxed of the same organisation."""
    return name == domain or (not strict and organisation(name) == organisation(domain))


def alignment(given: Given, found: Policy | None, *, spf: bool | None, dkim: bool | None) -> Check:
    """Would DMARC pass? `spf` and `dkim`: whether they pass by themselves, None where nobody could tell."""
    rules = found or Policy(given.domain)
    spf_fits = aligned(given.bounce_domain, given.domain, strict=rules.strict_spf)
    dkim_fits = aligned(given.dkim_domain, given.domain, strict=rules.strict_dkim)
    told = [
        f"SPF's {given.bounce_domain} {_fits(spf_fits, strict=rules.strict_spf)}",
        f"DKIM's {given.dkim_domain} {_fits(dkim_fits, strict=rules.strict_dkim)}",
    ]
    says = f"From {given.domain}: {', '.join(told)}"
    by_spf, by_dkim = spf_fits and spf, dkim_fits and dkim
    if by_dkim:
        do = "" if spf_fits else _MOVE.format(key="bounce_domain", domain=given.domain)
        return Check("alignment", True, says, do)
    if by_spf:
        do = "Forwarded mails will fail: DKIM should pass too." if dkim_fits else _MOVE.format(
            key="dkim_domain", domain=given.domain)  # fmt: skip
        return Check("alignment", True, says + "; SPF alone passes", do)
    if (spf_fits and spf is None) or (dkim_fits and dkim is None):
        return Check("alignment", None, says + "; whether either passes is not known")
    if not spf_fits and not dkim_fits:
        do = _MOVE.format(key="dkim_domain", domain=given.domain)
        return Check("alignment", False, says + ": DMARC fails", do)
    return Check("alignment", False, says + ", but it does not pass: DMARC fails", "Mend spf and dkim above.")


_MOVE = "Set mail.{key} to {domain}, or to a name below it."


def _fits(good: bool, *, strict: bool) -> str:
    return "is aligned" if good else "is not aligned" + (" (strict)" if strict else "")


def _advice(lookup: Lookup, found: Policy, name: str) -> Check:
    says = f"{name}: p={found.p}" + (f" for {found.percent} %" if found.percent < 100 else "")
    foreign = [one for one in map(_report_domain, found.reports) if one and not _takes(lookup, one, found.at)]
    if foreign:
        there = f"{found.at}._report._dmarc.{foreign[0]}"
        record = DnsRecord(there, "TXT", "v=DMARC1", f"in the zone of {foreign[0]}")
        return Check("dmarc", True, says, f"{foreign[0]} does not say that it takes your reports.", record)
    if found.p == "none":
        return Check("dmarc", True, says, "p=none only watches: raise it to quarantine once the reports are clean.")
    if not found.reports:
        return Check("dmarc", True, says, f"rua=mailto:ADDRESS would tell you who sends as {found.at}.")
    return Check("dmarc", True, says)


def _report_domain(uri: str) -> str:
    """The domain that a mailto: URI's reports go to; a size may stand behind it ("!10m")."""
    found = re.fullmatch(r"mailto:[^@\s]+@([^@!?\s]+)(?:[!?].*)?", uri, re.I)
    return found[1].lower().rstrip(".") if found else ""


def _takes(lookup: Lookup, receiver: str, domain: str) -> bool:
    """Whether reports may go to another organisation (RFC 7489 7.1)."""
    if organisation(receiver) == organisation(domain):
        return True
    texts = lookup.txt(f"{domain}._report._dmarc.{receiver}")
    return any(re.match(r"v\s*=\s*DMARC1", text) for text in texts)
