"""Which addresses the client never reaches, and the few private ones that it may."""

from __future__ import annotations

import socket
import time

import pytest

from distributor.fetching import FetchLimits, Request, classify
from tests.fetching.test_hostile import OK, Make, Serve, refusal

from .conftest import one_is_public

pytestmark = pytest.mark.network


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0X7F.0.0.1",
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "ip6-localhost",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "[::1%25lo]",
        "[::1%lo]",
        "user@127.0.0.1",
        "paper.example@127.0.0.1",
        "127.0.0.1.",
    ],
)
def test_no_spelling_of_loopback_is_reached(host: str, serve: Serve, make: Make) -> None:
    server = serve({"/": OK})
    refusal(make(limits=FetchLimits(connect=2)), f"http://{host}:{server.port}/")
    assert server.connections == 0


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00:ec2::254]", "168.63.129.16", "100.100.100.200"]
)
def test_a_private_address_is_refused_and_the_hint_says_what_to_do(address: str, make: Make) -> None:
    error = refusal(make(), f"http://{address}/latest/meta-data")
    assert "refused" in str(error)
    assert f'"{address}:80" to allow_hosts' in error.hint


def test_a_name_with_one_private_answer_among_public_ones_is_refused(make: Make) -> None:
    for answers in (
        ["93.184.216.34", "10.0.0.1"],
        ["127.0.0.1", "93.184.216.34"],
        ["2606:4700::1111", "::ffff:10.0.0.1"],
    ):
        error = refusal(make(resolve=lambda host, port, answers=answers: answers), "http://paper.example/")
        assert "refused" in str(error)


@pytest.mark.parametrize(
    "address", ["127.0.0.2", "::1", "10.1.2.3", "64:ff9b::7f00:1", "2002:7f00:1::1", "224.0.0.1", "not an address"]
)
def test_a_name_that_resolves_to_what_is_not_public_is_refused(address: str, make: Make) -> None:
    error = refusal(make(resolve=lambda host, port: [address]), "https://paper.example/")
    assert f"refused: {address} is {classify(address)}" in str(error)


def test_a_name_that_changes_its_mind_is_refused(serve: Serve, make: Make) -> None:
    public, private = serve({"/": OK}), serve({"/": OK}, host="127.0.0.2")
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    fetcher = make(resolve=lambda host, port: next(answers), judge=one_is_public)
    assert fetcher.get(f"http://paper.example:{public.port}/").status == 200
    assert "127.0.0.2 is loopback" in str(refusal(fetcher, f"http://paper.example:{private.port}/"))
    assert private.connections == 0


def test_rebinding_between_check_and_connect_is_stopped_at_the_socket(serve: Serve, make: Make) -> None:
    """The resolver's check is told that all is well; what is dialled is judged all the same."""
    server = serve({"/": OK})
    said = iter(["public"])
    fetcher = make(resolve=lambda host, port: ["127.0.0.1"], judge=lambda address: next(said, "loopback"))
    assert "127.0.0.1 is loopback" in str(refusal(fetcher, f"http://paper.example:{server.port}/"))
    assert server.connections == 0


def test_the_peer_is_judged_before_the_first_byte_of_every_request(serve: Serve, make: Make) -> None:
    server = serve({"/": OK})
    said = iter(["public"] * 3)  # resolved, dialled, met
    fetcher = make(resolve=lambda host, port: ["127.0.0.1"], judge=lambda address: next(said, "loopback"))
    url = f"http://paper.example:{server.port}/"
    assert fetcher.get(url).status == 200
    assert "127.0.0.1 is loopback" in str(refusal(fetcher, url))
    assert (server.connections, len(server.requests)) == (1, 1)


def test_a_name_without_an_address_and_one_that_is_unknown(make: Make) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert "not known" in str(refusal(make(resolve=unknown), "http://paper.example/"))
    assert "paper.example" in str(refusal(make(resolve=lambda host, port: []), "http://paper.example/"))


def test_a_name_server_that_never_answers_costs_the_time_of_a_connect(make: Make) -> None:
    def hang(host: str, port: int) -> list[str]:
        time.sleep(1)
        return []

    fetcher = make(resolve=hang, limits=FetchLimits(connect=0.2))
    began = time.monotonic()
    results = fetcher.get_many([Request(f"http://host{i}.example/") for i in range(100)])
    assert time.monotonic() - began < 5
    assert all("no connection in time" in str(result) for result in results)


# The allow-list


def test_an_allow_listed_host_is_reached_and_its_name_is_kept(serve: Serve, make: Make) -> None:
    server = serve({"/": OK})
    fetcher = make(allow_hosts=[f"cms.example:{server.port}"], resolve=lambda host, port: ["127.0.0.1"])
    assert fetcher.get(f"http://CMS.example:{server.port}/").status == 200
    assert f"Host: cms.example:{server.port}".encode() in server.requests[0]


def test_nothing_else_of_the_private_network_is_reached(serve: Serve, make: Make) -> None:
    listed, other_port, other_host = serve({"/": OK}), serve({"/": OK}), serve({"/": OK}, host="127.0.0.2")
    names = {"cms.example": "127.0.0.1", "db.example": "127.0.0.1"}
    fetcher = make(allow_hosts=[f"cms.example:{listed.port}"], resolve=lambda host, port: [names[host]])
    assert fetcher.get(f"http://cms.example:{listed.port}/").status == 200
    for url in (
        f"http://cms.example:{other_port.port}/",
        f"http://db.example:{listed.port}/",
        f"http://127.0.0.1:{listed.port}/",
        f"http://cms.example.:{listed.port}/",
        other_port.url,
        other_host.url,
    ):
        refusal(fetcher, url)
    assert (listed.connections, other_port.connections, other_host.connections) == (1, 0, 0)


def test_an_allow_listed_host_may_not_be_the_metadata_service(make: Make) -> None:
    fetcher = make(allow_hosts=["cms.example"], resolve=lambda host, port: ["169.254.169.254"])
    assert "link-local" in str(refusal(fetcher, "http://cms.example/"))
