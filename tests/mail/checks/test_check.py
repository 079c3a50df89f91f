"""DNS records as lines of a zone file."""

from __future__ import annotations

import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.checks import DnsRecord
from distributor.mail.checks.check import zone


def read(record: DnsRecord) -> str:
    """What a name server makes of the line."""
    text = "\n".join(["$ORIGIN example.", "@ 60 IN SOA a. b. 1 2 3 4 5", "@ 60 IN NS ns.example.", record.line()])
    found = dns.zone.from_text(text, relativize=False).find_rdataset(record.name + ".", record.type)
    rdata = next(iter(found))
    return b"".join(rdata.strings).decode() if record.type == "TXT" else rdata.to_text()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=1200))
def test_a_name_server_reads_the_text_that_was_meant(value: str) -> None:
    assert read(DnsRecord("s._domainkey.paper.example", "TXT", value)) == value


def test_no_string_of_a_text_is_longer_than_255() -> None:
    record = DnsRecord("paper.example", "TXT", "x" * 600)
    assert [len(text) for text in record.strings] == [255, 255, 90]


@pytest.mark.parametrize(
    ("kind", "value", "data"),
    [
        ("MX", "10 mx.paper.example", "10 mx.paper.example."),
        ("PTR", "mail.paper.example", "mail.paper.example."),
    ],
)
def test_names_in_other_records_end_with_a_dot(kind: str, value: str, data: str) -> None:
    assert read(DnsRecord("x.example", kind, value)) == data


@pytest.mark.parametrize(("kind", "value"), [("A", "192.0.2.1"), ("AAAA", "2001:db8::1")])
def test_addresses_have_no_dot_behind_them(kind: str, value: str) -> None:
    assert read(DnsRecord("x.example", kind, value)) == value


def test_a_zone_has_each_record_once_and_says_what_it_replaces() -> None:
    one = DnsRecord("paper.example", "TXT", "v=spf1 -all", "replaces the SPF record of paper.example")
    assert zone([one, one]) == [
        "; replaces the SPF record of paper.example",
        'paper.example. 3600 IN TXT "v=spf1 -all"',
    ]
