"""A sender whose DNS is all well, for tests that break one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from distributor.mail.checks import Check, Examination, Given, MemoryLookup, Relay
from distributor.mail.checks.keys import make_key
from distributor.mail.checks.relay import Found, MemoryProbe
from distributor.mail.dkim import Signer

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
SELECTOR = "distributor"
NAME = f"{SELECTOR}._domainkey.paper.example"
Zone = dict[str, dict[str, list[str]]]


def key(kind: str = "rsa", number: int = 0) -> bytes:
    """The same PEM for the same words."""
    return _key(kind, number)


@cache
def _key(kind: str, number: int) -> bytes:
    del number
    return make_key("rsa" if kind == "rsa" else "ed25519")


def record(pem: bytes | None = None) -> str:
    return Signer.load(pem or key(), domain="paper.example", selector=SELECTOR).public_record()


def sender(**changes: Any) -> Given:
    plain = Given(
        domain="paper.example",
        bounce_domain="paper.example",
        dkim_domain="paper.example",
        now=NOW,
        key=key(),
        relays=(Relay.of("smtp://bot@mail.paper.example:587"),),
        public_url="https://go.paper.example",
        listens=True,
        postal_address="1 rue Haute, Paris",
    )
    return replace(plain, **changes)


def zone(**changes: Any) -> Zone:
    """The zone of a sender that lacks nothing; a change replaces a name's records, with "__" for a dot."""
    plain: Zone = {
        "paper.example": {"TXT": ["v=spf1 mx -all"], "MX": ["10 mail.paper.example"]},
        "mail.paper.example": {"A": ["8.8.4.10"]},
        NAME: {"TXT": [record()]},
        "_dmarc.paper.example": {"TXT": ["v=DMARC1; p=quarantine; rua=mailto:dmarc@paper.example"]},
    }
    return plain | changes


PTRS = {"8.8.4.10": ["mail.paper.example"]}
WELL = Found(True, "TLSv1.3")


def examined(given: Given | None = None, zone_: Zone | None = None, **lookup: Any) -> list[Check]:
    lookup.setdefault("ptrs", PTRS)
    asked = MemoryLookup(zone() if zone_ is None else zone_, **lookup)
    return Examination(given or sender(), asked, MemoryProbe(WELL)).run()


def named(checks: list[Check], name: str) -> list[Check]:
    return [check for check in checks if check.name == name]
