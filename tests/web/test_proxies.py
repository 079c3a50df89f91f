from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from distributor.web.proxies import TrustedProxies, client_address

PROXIES = ("127.0.0.1/32", "10.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),  # a stranger may write what it likes
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),  # what stands left is the reader's own claim
        ("127.0.0.1", ["1.2.3.4, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        ("127.0.0.1", ["1.2.3.4", "203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        ("127.0.0.1", ["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
        ("127.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("::1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("::ffff:127.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9, <script>"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9, 10.0.0.1, unknown, 10.0.0.2"], "10.0.0.2"),
    ],
)
def test_the_first_untrusted_address_from_the_right_is_the_reader(peer: str, forwarded: list[str], found: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == found


@given(st.lists(st.text(max_size=40), max_size=4))
def test_a_stranger_is_always_itself(forwarded: list[str]) -> None:
    assert client_address("203.0.113.9", forwarded, PROXIES) == "203.0.113.9"


@given(st.lists(st.text(alphabet='0123456789.:,[]a "', max_size=60), max_size=4))
def test_any_header_gives_an_address(forwarded: list[str]) -> None:
    from ipaddress import ip_address

    ip_address(client_address("127.0.0.1", forwarded, PROXIES))


def test_pages_see_the_reader() -> None:
    def whoami(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.client.host if request.client else "")

    app = Starlette(routes=[Route("/", whoami)], middleware=[Middleware(TrustedProxies, trusted=["10.0.0.0/8"])])
    behind = TestClient(app, client=("10.0.0.1", 5000))
    assert behind.get("/", headers={"x-forwarded-for": "203.0.113.9"}).text == "203.0.113.9"
    stranger = TestClient(app, client=("198.51.100.1", 5000))
    assert stranger.get("/", headers={"x-forwarded-for": "203.0.113.9"}).text == "198.51.100.1"
