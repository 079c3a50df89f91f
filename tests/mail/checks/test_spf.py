"""SPF as receivers evaluate it. The rules that bite are those of RFC 7208 4.6.4, 5 and 7."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.checks import MemoryLookup, Unanswered
from distributor.mail.checks.spf import check_host, survey
from distributor.mail.checks.spf_record import Scene, SpfError, amended, expand, is_spf, merged, parse

ZONE = {
    "relay.example": {"A": ["192.0.2.10"], "AAAA": ["2001:db8::10"], "MX": ["10 mx.relay.example"]},
    "mx.relay.example": {"A": ["192.0.2.20"]},
    "inc.example": {"TXT": ["v=spf1 ip4:192.0.2.30 -all"]},
    "soft.example": {"TXT": ["v=spf1 ip4:192.0.2.31 ~all"]},
    "loop.example": {"TXT": ["v=spf1 include:loop.example -all"]},
    "two.example": {"TXT": ["v=spf1 -all", "v=spf1 +all"]},
    "30.2.0.192.in.example": {"A": ["127.0.0.2"]},
}


def result(record: str, ip: str = "192.0.2.30", **more: list[str]) -> str:
    zone = {**ZONE, "paper.example": {"TXT": [record], **more}}
    lookup = MemoryLookup(zone, ptrs={"192.0.2.10": ["relay.example", "liar.example"]})
    return check_host(lookup, ip_address(ip), "paper.example", "bounces@paper.example").word


@pytest.mark.parametrize(
    ("record", "ip", "word"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.30", "pass"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "198.51.100.1", "fail"),
        ("v=spf1 ip4:192.0.2.30 ~all", "192.0.2.31", "softfail"),
        ("v=spf1 ip4:192.0.2.30 ?all", "192.0.2.31", "neutral"),
        ("v=spf1 ip4:192.0.2.30", "192.0.2.31", "neutral"),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::5", "pass"),
        ("v=spf1 ip4:192.0.2.30 -all", "::ffff:192.0.2.30", "pass"),
        ("v=spf1 a:relay.example -all", "192.0.2.10", "pass"),
        ("v=spf1 a:relay.example//64 -all", "2001:db8::99", "pass"),
        ("v=spf1 a:relay.example/28 -all", "192.0.2.15", "pass"),
        ("v=spf1 mx:relay.example -all", "192.0.2.20", "pass"),
        ("v=spf1 ptr:relay.example -all", "192.0.2.10", "pass"),
        ("v=spf1 include:inc.example -all", "192.0.2.30", "pass"),
        ("v=spf1 include:soft.example -all", "192.0.2.99", "fail"),
        ("v=spf1 redirect=inc.example", "192.0.2.30", "pass"),
        ("v=spf1 exists:%{ir}.in.example -all", "192.0.2.30", "pass"),
        ("V=SPF1 IP4:192.0.2.30 -ALL", "192.0.2.30", "pass"),
        ("v=spf1 include:nowhere.example -all", "192.0.2.30", "permerror"),
        ("v=spf1 redirect=nowhere.example", "192.0.2.30", "permerror"),
        ("v=spf1 include:two.example -all", "192.0.2.30", "permerror"),
        ("v=spf1 include:loop.example -all", "192.0.2.30", "permerror"),
        ("v=spf1 ip4:192.0.2.300 -all", "192.0.2.30", "permerror"),
        ("v=spf1 ip4:192.0.2.30 al", "192.0.2.30", "permerror"),
        ("v=spf10 -all", "192.0.2.30", "none"),
        ("v=spf2 -all", "192.0.2.30", "none"),
    ],
)
def test_an_address_gets_the_result_that_receivers_give(record: str, ip: str, word: str) -> None:
    assert result(record, ip) == word


def test_the_eleventh_lookup_is_one_too_many() -> None:
    ten = " ".join(f"exists:n{number}.relay.example" for number in range(9)).split()
    good = ["a:relay.example"] * 10
    assert result(" ".join(["v=spf1", *good, "-all"]), "192.0.2.99") == "fail"
    assert result(" ".join(["v=spf1", *good, "mx:relay.example", "-all"]), "192.0.2.99") == "permerror"
    assert result(" ".join(["v=spf1", *ten, "-all"]), "192.0.2.99") == "permerror", "the third that finds nothing"


def test_two_lookups_may_find_nothing_and_no_third() -> None:
    assert result("v=spf1 a:x.example a:y.example -all") == "fail"
    assert result("v=spf1 a:x.example a:y.example a:z.example -all") == "permerror"


def test_more_than_one_record_is_an_error() -> None:
    lookup = MemoryLookup(ZONE)
    assert check_host(lookup, ip_address("192.0.2.1"), "two.example", "x@two.example").word == "permerror"


def test_no_answer_is_no_result() -> None:
    lookup = MemoryLookup(ZONE, silent=["inc.example"])
    with pytest.raises(Unanswered):
        check_host(lookup, ip_address("192.0.2.1"), "inc.example", "x@inc.example")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l-}", "strong.bad"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%%.%_.%-.x", "%. .%20.x"),
    ],
)
def test_macros_expand_as_in_the_rfc(spec: str, name: str) -> None:
    """The examples of RFC 7208 7.4."""
    scene = Scene(ip_address("192.0.2.3"), "email.example.com", "strong-bad@email.example.com", "helo.example")
    assert expand(spec, scene) == name


def test_a_macro_of_an_ipv6_address_is_nibbles() -> None:
    scene = Scene(ip_address("2001:db8::cb01"), "example.com", "a@example.com", "helo.example")
    assert expand("%{ir}.%{v}", scene) == "1.0.b.c." + "0." * 20 + "8.b.d.0.1.0.0.2.ip6"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80))
def test_any_text_is_a_record_or_a_clear_error(text: str) -> None:
    record = "v=spf1 " + text
    assert is_spf(record)
    try:
        parse(record)
    except SpfError:
        return
    words = [word for word in record.split(" ") if word]
    assert set(words) - {"all", "+all", "ALL", "+ALL"} <= {*amended(record, ["ip4:192.0.2.1"]).split(" ")} | {
        word for word in words if word.lower().lstrip("+") == "all"
    }


def test_what_is_added_stands_before_the_end() -> None:
    assert amended("v=spf1 mx -all", ["ip4:192.0.2.1"]) == "v=spf1 mx ip4:192.0.2.1 -all"
    assert amended("v=spf1 mx redirect=x.example", ["a:y.example"]) == "v=spf1 mx a:y.example redirect=x.example"
    assert amended("v=spf1 a:y.example", ["a:y.example"]) == "v=spf1 a:y.example ~all"
    assert amended("v=spf1 +all", []) == "v=spf1 ~all"


def test_records_are_merged_into_one() -> None:
    assert merged(["v=spf1 mx ~all", "v=spf1 mx include:inc.example -all"]) == "v=spf1 mx include:inc.example ~all"


def test_a_survey_counts_what_no_address_would_meet() -> None:
    text = "v=spf1 +all include:inc.example mx:relay.example"
    found = survey(MemoryLookup(ZONE), "paper.example", text)
    assert (found.lookups, found.voids, found.names) == (2, 0, ["paper.example", "inc.example"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("v=spf1 " + "a:relay.example " * 11 + "-all", "11 lookups"),
        ("v=spf1 a:x.example a:y.example a:z.example -all", "3 of its lookups find nothing"),
        ("v=spf1 include:loop.example -all", "in a circle"),
        ("v=spf1 include:two.example -all", "2 SPF records"),
        ("v=spf1 redirect=nowhere.example", "no SPF record"),
        ("v=spf1 ip4:x -all", "is no ip4 network"),
    ],
)
def test_a_survey_tells_what_receivers_stumble_over(text: str, said: str) -> None:
    assert any(said in problem for problem in survey(MemoryLookup(ZONE), "paper.example", text).problems)
