"""`distributor doctor --mail` and `distributor mail key`, against a name server of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.cli.faults import Code
from distributor.mail.checks.relay import Found, SocketProbe
from distributor.mail.checks.resolver import DnsLookup
from tests.twins.nameserver import NameServer, serve

from .conftest import Desk

SETTINGS = """\
[site]
public_url = "https://go.paper.example"
postal_address = "1 rue Haute, Paris"
[mail]
from = "The Paper <news@paper.example>"
smtp = "smtp://bot@mail.paper.example:587"
password = "canary-of-the-relay"
"""
KEYED = SETTINGS + 'dkim_key_file = "secrets/dkim.pem"\n'


@pytest.fixture
def newsroom(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """With a key, and a relay that encrypts."""
    monkeypatch.setattr(SocketProbe, "knock", lambda *_: Found(True, "TLSv1.3"))
    desk.settings(SETTINGS)
    desk.key = desk("mail", "key", "--json").json  # type: ignore[attr-defined]
    desk.settings(KEYED)
    return desk


@pytest.fixture
def server(newsroom: Desk) -> Iterator[NameServer]:
    key = newsroom.key  # type: ignore[attr-defined]
    zone = {
        "paper.example": {"TXT": ["v=spf1 mx -all"], "MX": ["10 mail.paper.example"]},
        "mail.paper.example": {"A": ["8.8.4.10"]},
        "10.4.8.8.in-addr.arpa": {"PTR": ["mail.paper.example."]},
        key["name"]: {"TXT": [key["value"]]},
        "_dmarc.paper.example": {"TXT": ["v=DMARC1; p=reject; rua=mailto:d@paper.example"]},
    }
    with serve(NameServer(zone)) as twin:
        yield twin


@pytest.mark.network
def test_a_sender_that_lacks_nothing_is_well(newsroom: Desk, server: NameServer) -> None:
    said = newsroom("doctor", "--mail", "--resolver", f"127.0.0.1:{server.port}")
    assert said.code == 0, said.out
    assert said.out.endswith("all is well\n")
    assert said.out.startswith("ok dkim key")
    assert "canary" not in said.out + said.err


@pytest.mark.network
def test_what_is_missing_is_printed_ready_to_paste(newsroom: Desk, server: NameServer) -> None:
    server.zone["paper.example"] = {"MX": ["10 mail.paper.example"]}
    del server.zone["_dmarc.paper.example"]
    key = newsroom.key  # type: ignore[attr-defined]
    del server.zone[key["name"]]
    said = newsroom("doctor", "--mail", "paper.example", "--resolver", f"127.0.0.1:{server.port}")
    assert said.code == Code.FAILED
    assert "!  spf             paper.example has no SPF record\n-> Publish one." in said.out
    assert said.out.split("DNS records to add:\n")[1].splitlines() == [
        key["zone"],
        'paper.example. 3600 IN TXT "v=spf1 mx a:mail.paper.example ~all"',
        '_dmarc.paper.example. 3600 IN TXT "v=DMARC1; p=none"',
    ]
    told = newsroom("doctor", "--mail", "--resolver", f"127.0.0.1:{server.port}", "--json").json
    assert (told["domain"], told["exit_code"]) == ("paper.example", 1)
    assert [one["type"] for one in told["records"]] == ["TXT"] * 3
    assert {one["mark"] for one in told["checks"]} == {"ok", "!"}


@pytest.mark.network
def test_a_machine_without_dns_says_so_and_ends_with_its_code(newsroom: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DnsLookup.__init__, "__kwdefaults__", {"try_s": 0.1, "whole_s": 0.2})
    with serve(NameServer({}, ["*"])) as server:
        said = newsroom("doctor", "--mail", "--resolver", f"127.0.0.1:{server.port}")
    assert said.code == Code.UNREACHABLE
    assert "?  spf             could not ask: " in said.out
    assert "6 could not be asked" in said.out
    assert newsroom.key["zone"] in said.out  # type: ignore[attr-defined]


@pytest.mark.network
def test_another_domain_and_address_may_be_named(newsroom: Desk, server: NameServer) -> None:
    said = newsroom("doctor", "--mail", "other.example", "--ip", "8.8.4.11", "--resolver", f"127.0.0.1:{server.port}")
    assert "other.example has no SPF record" in said.out
    assert 'other.example. 3600 IN TXT "v=spf1 ip4:8.8.4.11 ~all"' in said.out
    assert "distributor._domainkey.other.example" in said.out


@pytest.mark.network
def test_a_domain_can_be_looked_at_before_there_are_settings(desk: Desk, server: NameServer) -> None:
    desk.path.unlink()
    told = desk("doctor", "--mail", "paper.example", "--resolver", f"127.0.0.1:{server.port}", "--json").json
    assert {one["name"]: one["ok"] for one in told["checks"]}["dmarc"] is True
    assert desk("doctor", "--mail").code == Code.USAGE


def test_offline_only_the_settings_are_looked_at(newsroom: Desk) -> None:
    said = newsroom("doctor", "--mail", "--offline")
    assert said.code == 0
    assert "?  dns             was not asked" in said.out
    assert newsroom.key["zone"] in said.out  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "domain",
    ["", " ", "https://paper.example/", "news@paper.example", "localhost", "a" * 300, "x..y", "\u202e.example"],
)
def test_what_is_no_domain_is_one_clear_line(newsroom: Desk, domain: str) -> None:
    said = newsroom("doctor", "--mail", domain)
    assert (said.code, said.out) == (Code.USAGE, "")
    assert said.err.startswith("error: ")
    assert len(said.err.splitlines()) == 2
    assert max(map(len, said.err.splitlines())) < 160


@pytest.mark.parametrize("words", [("--resolver", "http://x"), ("--ip", "1.2.3"), ("--ip", "paper.example")])
def test_wrong_addresses_are_told(newsroom: Desk, words: tuple[str, str]) -> None:
    said = newsroom("doctor", "--mail", *words)
    assert (said.code, said.out) == (Code.USAGE, "")
    assert newsroom("doctor", *words).code == Code.USAGE, "without --mail too"


def test_without_a_mail_table_there_is_no_domain(desk: Desk) -> None:
    said = desk("doctor", "--mail", "--offline")
    assert said.code == Code.USAGE
    assert "mail.from" in said.err


# mail key


def test_a_key_is_made_for_its_owner_only_and_never_replaced(desk: Desk) -> None:
    desk.settings(SETTINGS)
    said = desk("mail", "key")
    path = desk.folder / "secrets" / "dkim.pem"
    assert said.code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert 'dkim_key_file = "secrets/dkim.pem"' in said.out
    assert 'distributor._domainkey.paper.example. 3600 IN TXT "v=DKIM1; k=rsa; p=' in said.out
    assert "PRIVATE" not in said.out
    before = path.read_bytes()
    again = desk("mail", "key")
    assert again.code == Code.USAGE
    assert "never replaced" in again.err
    assert path.read_bytes() == before


def test_a_key_is_made_where_the_settings_already_name_it(desk: Desk) -> None:
    desk.settings(KEYED)
    assert desk("doctor", "--mail", "--offline").code == Code.USAGE, "the file is not there yet"
    assert desk("mail", "key").code == 0
    assert desk("doctor", "--mail", "--offline").code == 0


def test_a_second_key_has_its_own_name(desk: Desk, tmp_path: Path) -> None:
    desk.settings(SETTINGS)
    told = desk("mail", "key", "--selector", "s2", "--type", "ed25519", "--domain", "news.paper.example",
                "--out", str(tmp_path / "k2.pem"), "--json").json  # fmt: skip
    assert told["name"] == "s2._domainkey.news.paper.example"
    assert told["value"].startswith("v=DKIM1; k=ed25519; p=")
    assert Path(told["file"]) == tmp_path / "k2.pem"
    assert 'dkim_selector = "s3"' in desk("mail", "key", "--selector", "s3").out


@pytest.mark.parametrize(
    "words",
    [
        ("--selector", "a b"),
        ("--selector", "x" * 80),
        ("--domain", "https://paper.example"),
        ("--domain", ""),
        ("--type", "dsa"),
        ("--out", "/proc/nothing/dkim.pem"),
        ("--out", "."),
    ],
)
def test_a_key_that_cannot_be_made_leaves_nothing(desk: Desk, words: tuple[str, str]) -> None:
    desk.settings(SETTINGS)
    said = desk("mail", "key", *words)
    assert said.code == Code.USAGE
    assert said.err.startswith("error: ")
    assert not (desk.folder / "secrets" / "dkim.pem").exists()


def test_whose_key_it_is_must_be_known(desk: Desk) -> None:
    said = desk("mail", "key")
    assert said.code == Code.USAGE
    assert "--domain" in said.err
