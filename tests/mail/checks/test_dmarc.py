"""DMARC: which record holds, what it says, and whether a mail would pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.checks import MemoryLookup
from distributor.mail.checks.dmarc import Policy, aligned, alignment, find, parse, policy
from distributor.mail.checks.tags import TagError

from .desk import sender


def zone(*texts: str, at: str = "paper.example") -> MemoryLookup:
    return MemoryLookup({f"_dmarc.{at}": {"TXT": texts}})


def test_a_record_of_the_domain_comes_before_its_organisations() -> None:
    lookup = MemoryLookup(
        {
            "_dmarc.news.paper.co.uk": {"TXT": ["v=DMARC1; p=reject"]},
            "_dmarc.paper.co.uk": {"TXT": ["v=DMARC1; p=none"]},
            "_dmarc.co.uk": {"TXT": ["v=DMARC1; p=reject"]},
        }
    )
    assert find(lookup, "news.paper.co.uk")[0] == "news.paper.co.uk"
    assert find(lookup, "a.b.paper.co.uk") == ("paper.co.uk", ["v=DMARC1; p=none"])
    assert find(lookup, "other.co.uk") == ("other.co.uk", [])


def test_other_texts_at_the_name_do_not_count() -> None:
    lookup = zone("hello", "v=spf1 -all", "v=DMARC12; p=none", "v=DMARC1; p=reject")
    assert find(lookup, "paper.example")[1] == ["v=DMARC1; p=reject"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("v=DMARC1; p=none", Policy("x", "none")),
        ("v=DMARC1;p=REJECT;adkim=s;aspf=s;pct=20", Policy("x", "reject", True, True, 20)),
        ("v=DMARC1; p=quarantine; sp=none", Policy("x", "quarantine")),
        ("v=DMARC1; p=reject; pct=200", Policy("x", "reject")),
        ("v=DMARC1; rua=mailto:a@x.example", Policy("x", "none", reports=("mailto:a@x.example",))),
        ("v=DMARC1; p=oops; rua=mailto:a@x.example", Policy("x", "none", reports=("mailto:a@x.example",))),
    ],
)
def test_a_policy_is_read(text: str, found: Policy) -> None:
    assert parse(text, "x") == found


def test_a_subdomain_has_the_policy_for_subdomains() -> None:
    assert parse("v=DMARC1; p=reject; sp=none", "x", below=True).p == "none"
    assert parse("v=DMARC1; p=reject", "x", below=True).p == "reject"


@pytest.mark.parametrize("text", ["v=DMARC1", "v=DMARC1; p=", "v=DMARC1; p=oops", "p=none; v=DMARC1", "v=DMARC1; p"])
def test_a_record_without_a_policy_is_none(text: str) -> None:
    with pytest.raises(TagError):
        parse(text, "x")


@given(st.text(max_size=80))
def test_any_record_is_a_policy_or_a_clear_error(text: str) -> None:
    try:
        found = parse("v=DMARC1;" + text, "x")
    except TagError:
        return
    assert found.p in {"none", "quarantine", "reject"}


@pytest.mark.parametrize(
    ("texts", "ok", "said", "do"),
    [
        ((), False, "has no DMARC record", "Publish"),
        (("v=DMARC1; p=none", "v=DMARC1; p=reject"), False, "2 DMARC records", "Keep one"),
        (("v=DMARC1; p=oops",), False, "p=oops is none of", "Publish"),
        (("v=DMARC1; p=none; rua=mailto:a@paper.example",), True, "p=none", "quarantine"),
        (("v=DMARC1; p=reject",), True, "p=reject", "rua="),
        (("v=DMARC1; p=reject; pct=10; rua=mailto:a@paper.example!10m",), True, "for 10 %", ""),
        (("v=DMARC1; p=reject; rua=mailto:a@other.example",), True, "p=reject", "other.example does not say"),
    ],
)
def test_a_record_is_judged(texts: tuple[str, ...], ok: bool, said: str, do: str) -> None:
    check, _ = policy(zone(*texts), sender())
    assert (check.ok, said in check.says) == (ok, True), check
    assert check.do.startswith(do) if not do else do in check.do


def test_who_takes_foreign_reports_says_so_in_dns() -> None:
    lookup = MemoryLookup(
        {
            "_dmarc.paper.example": {"TXT": ["v=DMARC1; p=reject; rua=mailto:a@other.example"]},
            "paper.example._report._dmarc.other.example": {"TXT": ["v=DMARC1;"]},
        }
    )
    assert policy(lookup, sender())[0].do == ""


@pytest.mark.parametrize(
    ("name", "domain", "strict", "fits"),
    [
        ("paper.example", "paper.example", True, True),
        ("mail.paper.example", "paper.example", False, True),
        ("paper.example", "news.paper.example", False, True),
        ("a.paper.example", "b.paper.example", False, True),
        ("mail.paper.example", "paper.example", True, False),
        ("paper.co.uk", "other.co.uk", False, False),
        ("notpaper.example", "paper.example", False, False),
    ],
)
def test_names_are_aligned_by_organisation_unless_strict(name: str, domain: str, strict: bool, fits: bool) -> None:
    assert aligned(name, domain, strict=strict) is fits


@pytest.mark.parametrize(
    ("bounce", "dkim_domain", "spf", "dkim", "ok"),
    [
        ("paper.example", "paper.example", True, True, True),
        ("bounces.paper.example", "paper.example", True, True, True),
        ("relay.example", "paper.example", True, True, True),
        ("paper.example", "relay.example", True, True, True),
        ("paper.example", "paper.example", True, False, True),
        ("paper.example", "paper.example", False, True, True),
        ("paper.example", "paper.example", False, False, False),
        ("relay.example", "relay.example", True, True, False),
        ("relay.example", "paper.example", True, False, False),
        ("paper.example", "paper.example", None, False, None),
        ("paper.example", "paper.example", False, None, None),
        ("relay.example", "paper.example", None, False, False),
    ],
)
def test_one_that_passes_and_is_aligned_is_enough(
    bounce: str, dkim_domain: str, spf: bool | None, dkim: bool | None, ok: bool | None
) -> None:
    given = sender(bounce_domain=bounce, dkim_domain=dkim_domain)
    assert alignment(given, None, spf=spf, dkim=dkim).ok is ok


def test_a_strict_policy_wants_the_very_name() -> None:
    given = sender(bounce_domain="b.paper.example", dkim_domain="d.paper.example")
    assert alignment(given, Policy("paper.example"), spf=True, dkim=True).ok is True
    strict = Policy("paper.example", strict_dkim=True, strict_spf=True)
    check = alignment(given, strict, spf=True, dkim=True)
    assert check.ok is False
    assert "mail.dkim_domain" in check.do
