"""A sender as a whole: all is well, and then one thing is broken at a time."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from distributor.mail.checks import Examination, MemoryLookup, Relay
from distributor.mail.checks.relay import Found, MemoryProbe

from .desk import NAME, PTRS, WELL, examined, key, named, record, sender, zone


def broken(name: str, **changes: Any) -> Any:
    """The one check of this name that is not well."""
    found = [check for check in examined(**changes) if check.name == name and check.ok is not True]
    assert len(found) == 1, found
    return found[0]


def test_a_sender_that_lacks_nothing_is_told_nothing() -> None:
    checks = examined()
    assert [(check.name, check.says) for check in checks if check.ok is not True or check.do or check.record] == []
    assert [check.name for check in checks] == [
        "dkim key",
        "dkim record",
        "dkim",
        "spf",
        "spf sender",
        "dmarc",
        "alignment",
        "sender",
        "bounces",
        "ptr",
        "tls",
        "one-click",
        "postal address",
    ]


def test_a_sender_with_nothing_is_told_every_record() -> None:
    given = sender()
    examination = Examination(given, MemoryLookup({"mail.paper.example": {"A": ["8.8.4.10"]}}), MemoryProbe(WELL))
    checks = examination.run()
    assert {check.name for check in checks if check.ok is False} == {
        "dkim record", "dkim", "spf", "dmarc", "alignment", "sender", "bounces", "ptr",
    }  # fmt: skip
    assert [(one.name, one.type, one.value) for one in examination.records()] == [
        (NAME, "TXT", record()),
        ("paper.example", "TXT", "v=spf1 a:mail.paper.example ~all"),
        ("_dmarc.paper.example", "TXT", "v=DMARC1; p=none"),
        ("paper.example", "MX", "10 mail.paper.example"),
        ("10.4.8.8.in-addr.arpa", "PTR", "mail.paper.example"),
    ]


def test_what_is_published_as_told_is_well() -> None:
    """The records of a first run, put into DNS, make a second run that finds nothing to mend."""
    bare: dict[str, dict[str, list[str]]] = {"mail.paper.example": {"A": ["8.8.4.10"]}}
    first = Examination(sender(), MemoryLookup(bare), MemoryProbe(WELL))
    first.run()
    for one in first.records():
        if one.type != "PTR":
            bare.setdefault(one.name, {}).setdefault(one.type, []).append(one.value)
    assert [check for check in examined(zone_=bare) if check.ok is not True] == []


def test_a_network_without_dns_says_so_of_each_and_still_tells_the_key() -> None:
    examination = Examination(sender(), MemoryLookup(silent=["*"]), MemoryProbe(None))
    checks = examination.run()
    assert [check.name for check in checks if check.unasked] == [
        "dkim record", "spf", "dmarc", "sender", "bounces", "ptr", "tls",
    ]  # fmt: skip
    assert all(check.ok is None for check in checks if check.unasked)
    assert named(checks, "alignment")[0].ok is None
    assert [one.name for one in examination.records()] == [NAME]


def test_offline_asks_nobody() -> None:
    examination = Examination(sender(), None, None)
    assert [check.name for check in examination.run()] == ["dkim key", "dns", "one-click", "postal address"]
    assert [one.value for one in examination.records()] == [record()]


@pytest.mark.parametrize(
    ("text", "said", "value"),
    [
        ("v=spf1 ip4:192.0.2.1 -all", "may not send", "v=spf1 ip4:192.0.2.1 a:mail.paper.example -all"),
        ("v=spf1 ip4:192.0.2.1 ~all", "softfail", "v=spf1 ip4:192.0.2.1 a:mail.paper.example ~all"),
    ],
)
def test_a_relay_that_spf_does_not_know_is_added(text: str, said: str, value: str) -> None:
    check = broken("spf sender", zone_=zone(**{"paper.example": {"TXT": [text], "MX": ["10 mail.paper.example"]}}))
    assert check.ok is False
    assert said in check.says
    assert check.record.value == value
    assert "replaces" in check.record.note


@pytest.mark.parametrize(
    ("texts", "said", "value"),
    [
        (["v=spf1 mx +all"], "everybody", "v=spf1 mx ~all"),
        (["v=spf1 mx -all", "v=spf1 a -all"], "2 SPF records", "v=spf1 mx a a:mail.paper.example -all"),
    ],
)
def test_a_record_that_harms_is_replaced(texts: list[str], said: str, value: str) -> None:
    check = broken("spf", zone_=zone(**{"paper.example": {"TXT": texts, "MX": ["10 mail.paper.example"]}}))
    assert said in check.says
    assert check.record.value == value


@pytest.mark.parametrize(
    ("text", "do"),
    [("v=spf1 mx", "end it with ~all"), ("v=spf1 mx ?all", "end it with ~all"), ("v=spf1 mx ptr -all", "ptr is slow")],
)
def test_a_record_that_could_be_better_gets_advice(text: str, do: str) -> None:
    checks = examined(zone_=zone(**{"paper.example": {"TXT": [text], "MX": ["10 mail.paper.example"]}}))
    (check,) = named(checks, "spf")
    assert check.ok is True
    assert do in check.do


def test_a_known_provider_is_let_through_by_its_own_record() -> None:
    given = sender(relays=(Relay.of("smtp://k@email-smtp.eu-west-1.amazonaws.com:587"),))
    check = broken("spf sender", given=given)
    assert check.record.value == "v=spf1 mx include:amazonses.com -all"
    told = zone(
        **{
            "paper.example": {"TXT": ["v=spf1 mx include:all.paper.example -all"], "MX": ["10 mail.paper.example"]},
            "all.paper.example": {"TXT": ["v=spf1 include:amazonses.com ~all"]},
            "amazonses.com": {"TXT": ["v=spf1 ip4:199.255.192.0/22 -all"]},
        }
    )
    checks = examined(given, told)
    assert [check.ok for check in named(checks, "spf sender")] == [True]
    assert "Amazon SES names" in named(checks, "ptr")[0].says


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:25", "sendmail:///usr/sbin/sendmail", "smtp://10.1.2.3", "outbox:"])
def test_where_the_address_is_not_known_it_is_asked_for(url: str) -> None:
    check = broken("spf sender", given=sender(relays=(Relay.of(url),)))
    assert check.ok is None
    assert not check.unasked


def test_an_address_that_a_person_names_is_judged() -> None:
    given = sender(relays=(Relay.of("smtp://127.0.0.1:25"),), addresses=(ip_address("8.8.4.10"),))
    assert [check.ok for check in named(examined(given), "spf sender")] == [True]
    given = sender(relays=given.relays, addresses=(ip_address("8.8.4.11"), ip_address("2001:4860::1")))
    checks = named(examined(given), "spf sender")
    assert [check.ok for check in checks] == [False, False]
    assert checks[0].record is not None
    assert checks[0].record.value == "v=spf1 mx ip4:8.8.4.11 ip6:2001:4860::1 -all"
    assert [check.ok for check in named(examined(given), "ptr")] == [False, False]


def test_another_name_for_our_address_does_not_count() -> None:
    check = broken("ptr", ptrs={"8.8.4.10": ["host-10.isp.example"]})
    assert check.ok is False
    assert "host-10.isp.example has another address" in check.says


def test_a_foreign_relays_name_is_its_own_affair() -> None:
    given = sender(relays=(Relay.of("smtp://relay.other.net:587"),))
    told = zone(**{"relay.other.net": {"A": ["9.9.9.10"]}})
    check = broken("ptr", given=given, zone_=told)
    assert check.ok is None
    assert "belongs to the relay" in check.says


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (None, "dkim_key_file is not set"),
        (b"", "not PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be read"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no private key"),
    ],
)
def test_a_key_that_is_none_is_told_and_asks_nothing(pem: bytes | None, said: str) -> None:
    checks = examined(sender(key=pem))
    assert said in named(checks, "dkim key")[0].says
    assert named(checks, "dkim record") == named(checks, "dkim") == []
    assert named(checks, "alignment")[0].ok is True, "SPF alone passes"


def test_a_key_that_is_not_the_published_one_fails_the_signature() -> None:
    checks = examined(sender(key=key("rsa", 1)))
    assert "not the key that signs" in named(checks, "dkim record")[0].says
    assert "header was changed, or another key signed" in named(checks, "dkim")[0].says


def test_an_ed25519_key_signs_and_verifies() -> None:
    pem = key("ed25519")
    checks = examined(sender(key=pem), zone(**{NAME: {"TXT": [record(pem)]}}))
    assert [check.ok for check in checks if check.name.startswith("dkim")] == [True, True, True]
    assert "Ed25519" in named(checks, "dkim record")[0].do


def test_a_domain_that_takes_no_mail_gets_no_bounces() -> None:
    null = {"TXT": ["v=spf1 ip4:8.8.4.10 -all"], "MX": ["0 ."]}
    checks = examined(zone_=zone(**{"paper.example": null}))
    assert named(checks, "bounces")[0].ok is named(checks, "sender")[0].ok is False
    dead = {"TXT": ["v=spf1 ip4:8.8.4.10 -all"], "MX": ["10 gone.paper.example"]}
    assert "has no address" in broken("bounces", zone_=zone(**{"paper.example": dead})).says


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"public_url": ""}, "one-click", "no public address"),
        ({"public_url": "http://go.paper.example"}, "one-click", "not https"),
        ({"public_url": "https://localhost"}, "one-click", "no public address"),
        ({"listens": False}, "one-click", "switched off"),
        ({"postal_address": "  \n"}, "postal address", "not set"),
    ],
)
def test_what_readers_need_is_looked_at(changes: dict[str, Any], name: str, said: str) -> None:
    check = broken(name, given=sender(**changes))
    assert check.ok is False
    assert said in check.says
    assert check.do


@pytest.mark.parametrize(
    ("url", "found", "ok"),
    [
        ("smtp://mail.paper.example:587", Found(False), False),
        ("smtp://mail.paper.example:587", Found(True, "TLSv1.2", "certificate has expired"), False),
        ("smtp://mail.paper.example:587", Found(True, refused="no shared cipher"), False),
        ("smtps://mail.paper.example", Found(True, "TLSv1.3"), True),
        ("smtp://127.0.0.1:25", Found(False), True),
        ("smtp://localhost:25", Found(True, "TLSv1.3", "self-signed certificate"), True),
        ("lmtp://localhost:24", Found(False), True),
        ("ses://key@eu-west-1", None, True),
        ("postmark://", None, True),
        ("outbox:", None, None),
        ("my.module:Transport", None, None),
    ],
)
def test_the_way_to_the_relay_is_judged(url: str, found: Found | None, ok: bool | None) -> None:
    given = sender(relays=(Relay.of(url),))
    (check,) = named(Examination(given, None, MemoryProbe(found)).run(), "tls")
    assert check.ok is ok
    assert not check.unasked


def test_every_relay_is_knocked_at() -> None:
    given = sender(relays=(Relay.of("smtp://mail.paper.example:587"), Relay.of("smtps://mail2.paper.example")))
    assert len(named(Examination(given, None, MemoryProbe(WELL)).run(), "tls")) == 2


def test_the_records_of_a_subdomain_are_its_own() -> None:
    given = sender(bounce_domain="b.paper.example")
    examination = Examination(given, MemoryLookup(zone(), ptrs=PTRS), MemoryProbe(WELL))
    examination.run()
    assert [(one.name, one.type) for one in examination.records()] == [
        ("b.paper.example", "TXT"),
        ("b.paper.example", "MX"),
    ]
