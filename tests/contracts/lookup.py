"""What every Lookup must do. A test class inherits LookupContract and gives `lookup`, made from ZONE, PTRS, SILENT."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from distributor.mail.checks.lookup import Lookup, Mx, Unanswered

LONG = "v=DKIM1; k=rsa; p=" + "A" * 700
HUGE = "v=spf1 " + " ".join(f"ip4:192.0.2.{number}" for number in range(200)) + " -all"
ZONE = {
    "paper.example": {
        "TXT": ["v=spf1 mx -all", 'it says \\"hello\\"'],
        "MX": ["20 backup.paper.example", "10 Mail.paper.example"],
        "A": ["192.0.2.1", "192.0.2.2"],
        "AAAA": ["2001:db8::1"],
    },
    "empty.example": {},
    "null.example": {"MX": ["0 ."]},
    "s._domainkey.paper.example": {"TXT": [LONG]},
    "huge.example": {"TXT": [HUGE]},
}
PTRS = {"192.0.2.1": ["Mail.paper.example"], "2001:db8::1": ["mail.paper.example"]}
SILENT = ("silent.example",)


class LookupContract:
    @pytest.fixture
    def lookup(self) -> Lookup:
        raise NotImplementedError

    def test_a_text_is_one_string_whatever_its_pieces(self, lookup: Lookup) -> None:
        assert lookup.txt("s._domainkey.paper.example") == (LONG,)

    def test_a_text_too_long_for_one_packet_is_whole(self, lookup: Lookup) -> None:
        assert lookup.txt("huge.example") == (HUGE,)

    def test_names_are_taken_as_they_are_written(self, lookup: Lookup) -> None:
        assert lookup.a("Paper.Example.") == lookup.a("paper.example")

    def test_exchangers_come_in_their_order(self, lookup: Lookup) -> None:
        assert lookup.mx("paper.example") == (Mx(10, "mail.paper.example"), Mx(20, "backup.paper.example"))

    def test_a_null_exchanger_has_no_host(self, lookup: Lookup) -> None:
        assert lookup.mx("null.example") == (Mx(0, ""),)

    def test_addresses_of_both_kinds(self, lookup: Lookup) -> None:
        assert set(lookup.a("paper.example")) == {ip_address("192.0.2.1"), ip_address("192.0.2.2")}
        assert lookup.aaaa("paper.example") == (ip_address("2001:db8::1"),)

    def test_names_of_addresses(self, lookup: Lookup) -> None:
        assert lookup.ptr(ip_address("192.0.2.1")) == ("mail.paper.example",)
        assert lookup.ptr(ip_address("2001:db8::1")) == ("mail.paper.example",)

    @pytest.mark.parametrize("name", ["nowhere.example", "empty.example"])
    def test_what_is_not_there_is_empty(self, lookup: Lookup, name: str) -> None:
        assert lookup.txt(name) == lookup.mx(name) == lookup.a(name) == lookup.aaaa(name) == ()
        assert lookup.ptr(ip_address("192.0.2.99")) == ()

    def test_no_answer_is_not_an_empty_one(self, lookup: Lookup) -> None:
        with pytest.raises(Unanswered, match="silent"):
            lookup.txt("silent.example")
        assert lookup.a("paper.example"), "the next question is asked all the same"

    @pytest.mark.parametrize("name", ["a..b.example", "x" * 64 + ".example", ".".join(["label"] * 60), ".", ""])
    def test_a_name_that_cannot_be_is_not_there(self, lookup: Lookup, name: str) -> None:
        assert lookup.a(name) == ()
