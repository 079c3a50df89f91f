"""DNS: the twin in memory and the real resolver keep one contract."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from distributor.errors import ConfigError
from distributor.mail.checks.lookup import Lookup, MemoryLookup, Unanswered
from distributor.mail.checks.resolver import DnsLookup
from tests.contracts.lookup import PTRS, SILENT, ZONE, LookupContract
from tests.servers import free_port
from tests.twins.nameserver import NameServer, serve


class TestMemoryLookup(LookupContract):
    @pytest.fixture
    def lookup(self) -> Lookup:
        zone = {name: {kind: [v.replace('\\"', '"') for v in values] for kind, values in kinds.items()}
                for name, kinds in ZONE.items()}  # fmt: skip
        return MemoryLookup(zone, ptrs=PTRS, silent=SILENT)


@pytest.fixture
def server() -> Iterator[NameServer]:
    pointers = {ip_address(ip).reverse_pointer: {"PTR": [f"{name}." for name in names]} for ip, names in PTRS.items()}
    with serve(NameServer({**ZONE, **pointers}, SILENT, ["broken.example"], ["garbage.example"])) as twin:
        yield twin


@pytest.mark.network
class TestDnsLookup(LookupContract):
    @pytest.fixture
    def lookup(self, server: NameServer) -> Lookup:
        return DnsLookup(f"127.0.0.1:{server.port}", try_s=0.2, whole_s=0.4)

    @pytest.mark.parametrize(("name", "why"), [("broken.example", "SERVFAIL"), ("garbage.example", "garbage")])
    def test_a_server_at_fault_has_not_answered(self, lookup: Lookup, name: str, why: str) -> None:
        with pytest.raises(Unanswered, match=why) as raised:
            lookup.txt(name)
        assert len(str(raised.value)) < 250
        assert "\n" not in str(raised.value)


@pytest.mark.network
def test_a_resolver_that_never_answers_is_not_asked_for_ever() -> None:
    with serve(NameServer({}, ["*"])) as server:
        lookup = DnsLookup(f"127.0.0.1:{server.port}", try_s=0.1, whole_s=0.2)
        for number in range(10):
            with pytest.raises(Unanswered):
                lookup.txt(f"name{number}.example")
        assert len(set(server.asked)) == 2


@pytest.mark.network
def test_nobody_at_the_resolvers_port_is_no_answer() -> None:
    lookup = DnsLookup(f"127.0.0.1:{free_port()}", try_s=0.1, whole_s=0.2)
    with pytest.raises(Unanswered):
        lookup.mx("paper.example")


@pytest.mark.parametrize("text", ["http://dns.example", "1.2.3.4:0", "1.2.3.4:99999", "a b", "@", "[::1", "1.2.3.4:x"])
def test_a_resolver_that_is_none_is_one_clear_line(text: str) -> None:
    with pytest.raises(ConfigError, match="is no resolver"):
        DnsLookup(text)


def test_a_resolver_is_an_address_with_or_without_a_port() -> None:
    for text in ("9.9.9.9", "127.0.0.1:5353", "[2620:fe::fe]:53", "2620:fe::fe"):
        DnsLookup(text)
