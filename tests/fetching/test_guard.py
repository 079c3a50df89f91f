"""Which addresses may be reached."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.fetching.guard import LISTED, classify, is_public

REFUSED = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "100.64.0.1": "shared",
    "100.100.100.200": "shared",
    "127.0.0.1": "loopback",
    "127.255.255.255": "loopback",
    "168.63.129.16": "metadata",
    "169.254.169.254": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.8": "reserved",
    "192.0.0.9": "reserved",
    "192.0.0.192": "reserved",
    "192.0.2.1": "documentation",
    "192.88.99.1": "tunnel",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmark",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::7f00:1": "reserved",
    "::8.8.8.8": "reserved",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:10.0.0.1": "private",
    "::ffff:169.254.169.254": "link-local",
    "::ffff:0:127.0.0.1": "reserved",
    "64:ff9b::7f00:1": "loopback",
    "64:ff9b::a00:1": "private",
    "64:ff9b::169.254.169.254": "link-local",
    "64:ff9b:1::7f00:1": "tunnel",
    "64:ff9b:1::808:808": "tunnel",
    "100::1": "reserved",
    "2001::1": "tunnel",
    "2001:2::1": "reserved",
    "2001:10::1": "reserved",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "tunnel",
    "2002:808:808::1": "tunnel",
    "3fff::1": "documentation",
    "5f00::1": "reserved",
    "fc00::1": "private",
    "fd00:ec2::254": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "2606:4700::1111%eth0": "link-local",
    "fec0::1": "reserved",
    "ff02::1": "multicast",
    "": "invalid",
    "localhost": "invalid",
    "127.1": "invalid",
    "0x7f.0.0.1": "invalid",
    "0177.0.0.1": "invalid",
    "2130706433": "invalid",
}


@pytest.mark.parametrize(("address", "word"), REFUSED.items())
def test_what_is_not_public_has_a_word(address: str, word: str) -> None:
    assert classify(address) == word
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "93.184.216.34",
        "192.0.1.1",
        "172.32.0.1",
        "2606:4700::1111",
        "2a00:1450::1",
        "::ffff:8.8.8.8",
    ],
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_an_ipv6_only_network_reaches_the_ipv4_world() -> None:
    assert is_public("64:ff9b::808:808")


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "224.0.0.1", "168.63.129.16", "0.0.0.0", "fd00::1%eth0"]
)
def test_not_even_an_allow_listed_host_may_be_at(address: str) -> None:
    assert classify(address) not in LISTED


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_knows_to_be_local(address: IPv4Address | IPv6Address) -> None:
    if is_public(str(address)):
        assert address.is_global
        local = (address.is_multicast, address.is_loopback, address.is_unspecified, address.is_link_local)
        assert not any(local)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_stands_for(address: IPv4Address) -> None:
    for prefix in ("::ffff:", "64:ff9b::"):
        assert (
            classify(f"{prefix}{address}") == classify(str(ip_address(f"{prefix}{address}"))) == classify(str(address))
        )


@given(st.text())
def test_any_text_has_a_word(text: str) -> None:
    assert classify(text)
