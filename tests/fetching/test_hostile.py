"""The client on servers, names and networks that mean harm. Every line of the fetching rules has its case here."""

from __future__ import annotations

import gzip
import random
import socket
import time
from collections.abc import Callable

import pytest

from distributor.errors import Unreachable
from distributor.fetching import Fetched, Fetcher, FetchLimits, Request

from .conftest import Server, one_is_public, reply

pytestmark = pytest.mark.network

Serve = Callable[..., Server]
Make = Callable[..., Fetcher]

OK = reply("HTTP/1.1 200 OK", b"secret of the house")


def refusal(fetcher: Fetcher, url: str, **options: object) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        fetcher.get(url, **options)  # type: ignore[arg-type]
    error = caught.value
    assert str(error).isprintable()
    assert error.__cause__ is None
    return error


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_loopback_is_refused(status: int, serve: Serve, make: Make) -> None:
    inside = serve({"/": OK}, host="127.0.0.2")
    outside = serve({"/": reply(f"HTTP/1.1 {status} Go\nLocation: {inside.url}/")})
    fetcher = make(judge=one_is_public)
    assert "127.0.0.2 is loopback" in str(refusal(fetcher, outside.url))
    assert inside.connections == 0


def test_a_redirect_from_an_allow_listed_host_into_the_network_is_refused(serve: Serve, make: Make) -> None:
    inside = serve({"/": OK})
    listed = serve({"/": reply(f"HTTP/1.1 302 Found\nLocation: {inside.url}/")})
    refusal(make(allow_hosts=[listed.place]), listed.url)
    assert inside.connections == 0


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "data:text/plain,x",
        "ftp://127.0.0.1/",
        "gopher://x/",
        "javascript:1",
        "http://[",
        "http://a:b/",
    ],
)
def test_a_redirect_to_no_web_address_is_refused(location: str, serve: Serve, make: Make) -> None:
    server = serve({"/": reply(f"HTTP/1.1 301 Moved\nLocation: {location}")})
    assert "redirected to what is not fetched" in str(refusal(make(allow_hosts=[server.place]), server.url))


def test_endless_redirects_and_circles_end(serve: Serve, make: Make) -> None:
    endless = {f"/{i}": reply(f"HTTP/1.1 302 Found\nLocation: /{i + 1}") for i in range(20)}
    circle = {"/a": reply("HTTP/1.1 301 Moved\nLocation: /b"), "/b": reply("HTTP/1.1 301 Moved\nLocation: /a")}
    server = serve({**endless, **circle})
    fetcher = make(allow_hosts=[server.place])
    assert "more than 5 redirects" in str(refusal(fetcher, f"{server.url}/0"))
    assert len(server.requests) == 6
    assert "circle" in str(refusal(fetcher, f"{server.url}/a"))


def test_secrets_do_not_follow_a_redirect_to_another_host(serve: Serve, make: Make) -> None:
    other = serve({"/": OK})
    server = serve({"/": reply(f"HTTP/1.1 302 Found\nLocation: http://x:y@{other.place}/")})
    fetcher = make(allow_hosts=[server.place, other.place])
    assert fetcher.get(f"http://editor:s3cret@{server.place}/", {"Cookie": "a=b", "If-None-Match": '"1"'}).status == 200
    for name in (b"Authorization", b"Cookie", b"If-None-Match"):
        assert name in server.requests[0]
        assert name not in other.requests[0]


# Time


def drip(head: bytes, drop: bytes) -> Callable[[socket.socket, bytes], None]:
    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while True:
            time.sleep(0.05)
            connection.sendall(drop)

    return answer


def silent(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)  # until the client has had enough


@pytest.mark.parametrize(
    "answer",
    [
        drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    ],
    ids=["headers", "one-header", "interim", "body", "endless", "chunks", "chunk-size"],
)
def test_what_drips_ends_at_the_deadline(answer: object, serve: Serve, make: Make) -> None:
    server = serve({"/": answer})
    began = time.monotonic()
    error = refusal(make(allow_hosts=[server.place]), server.url, deadline=0.4)
    assert time.monotonic() - began < 5
    assert "not finished within 0.4 s" in str(error) or "headers" in str(error) or "HTTP" in str(error)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_silence_ends_sooner(head: bytes, serve: Serve, make: Make) -> None:
    def answer(connection: socket.socket, request: bytes) -> None:
        connection.sendall(head)
        silent(connection, request)

    server = serve({"/": answer})
    began = time.monotonic()
    error = refusal(make(allow_hosts=[server.place], limits=FetchLimits(silence=0.2)), server.url)
    assert time.monotonic() - began < 5
    assert "stopped answering" in str(error)


def test_a_chain_of_slow_redirects_has_one_deadline(serve: Serve, make: Make) -> None:
    def slowly(connection: socket.socket, request: bytes) -> None:
        time.sleep(0.2)
        connection.sendall(reply(f"HTTP/1.1 302 Found\nLocation: {request.split(b' ')[1].decode()}x"))

    server = serve(slowly)
    fetcher = make(allow_hosts=[server.place])
    assert "not finished" in str(refusal(fetcher, server.url, deadline=0.5))
    assert "not finished" in str(fetcher.get_many([Request(server.url, deadline=0.5)])[0])


def test_a_connect_that_is_never_answered_ends(make: Make) -> None:
    """A listening socket whose queue is full takes no more connections, and does not say so."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = f"127.0.0.1:{full.getsockname()[1]}"
        waiting = [socket.socket() for _ in range(4)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            error = refusal(make(allow_hosts=[place], limits=FetchLimits(connect=0.3)), f"http://{place}/")
        finally:
            for one in waiting:
                one.close()
    assert "no connection in time" in str(error)


def test_who_waits_for_a_slow_host_holds_up_nobody_else(serve: Serve, make: Make) -> None:
    slow, fast = serve({"/": silent}), serve({"/": OK})
    fetcher = make(allow_hosts=[slow.place, fast.place], limits=FetchLimits(at_once=3, per_listed_host=2, silence=0.5))
    results = fetcher.get_many([Request(slow.url)] * 4 + [Request(fast.url)] * 20)
    assert all(isinstance(result, Unreachable) for result in results[:4])
    assert all(isinstance(result, Fetched) and result.elapsed < 0.4 for result in results[4:])


# Size


def flood(head: bytes, block: bytes) -> Callable[[socket.socket, bytes], None]:
    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(block)

    return answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), "larger than 10,000,000 bytes"),
        (
            flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
            "larger than",
        ),
        (flood(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x"), "larger than 10,000,000 bytes"),
        (flood(b"HTTP/1.1 200 OK\r\n", b"X-Header: y\r\n" * 1000), "headers that are too large"),
        (flood(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536), "headers that are too large"),
        (flood(b"HTTP/1.1 200 ", b"y" * 65536), "headers that are too large"),
        (flood(b"", b"y" * 65536), "does not answer in HTTP"),
    ],
    ids=["body", "chunked", "promised", "headers", "one-header", "status-line", "noise"],
)
def test_what_has_no_end_is_cut_off(answer: object, words: str, serve: Serve, make: Make) -> None:
    server = serve({"/": answer})
    assert words in str(refusal(make(allow_hosts=[server.place]), server.url))


def test_64_kb_of_headers_and_no_more(serve: Serve, make: Make) -> None:
    def headed(size: int) -> bytes:
        return reply("HTTP/1.1 200 OK\n" + "\n".join(f"X-{i}: {'y' * (size // 10)}" for i in range(10)), b"x")

    server = serve({"/some": headed(60_000), "/more": headed(70_000)})
    fetcher = make(allow_hosts=[server.place])
    assert fetcher.get(f"{server.url}/some").body == b"x"
    assert "65,536 bytes of headers" in str(refusal(fetcher, f"{server.url}/more"))


def test_a_caller_may_ask_for_less(serve: Serve, make: Make) -> None:
    packed = reply("HTTP/1.1 200 OK\nContent-Encoding: gzip", gzip.compress(b"x" * 101))
    server = serve({"/plain": reply("HTTP/1.1 200 OK", b"x" * 101), "/packed": packed})
    fetcher = make(allow_hosts=[server.place])
    for path in ("/plain", "/packed"):
        assert len(fetcher.get(server.url + path, max_bytes=101).body) == 101
        error = refusal(fetcher, server.url + path, max_bytes=100)
        assert "larger than 100 bytes" in str(error)
        assert error.status == 200


def test_a_bomb_does_not_go_off(serve: Serve, make: Make) -> None:
    ratio = gzip.compress(bytes(60_000_000))
    noise = random.Random(1)
    fat = gzip.compress(b"".join(noise.randbytes(4) + b"x" * 96 for _ in range(600_000)), 1)
    server = serve(
        {
            "/ratio": reply("HTTP/1.1 200 OK\nContent-Encoding: gzip", ratio),
            "/fat": reply("HTTP/1.1 200 OK\nContent-Encoding: gzip", fat),
        }
    )
    fetcher = make(allow_hosts=[server.place])
    assert "more than 100 times its size" in str(refusal(fetcher, f"{server.url}/ratio"))
    assert "larger than 50,000,000 bytes" in str(refusal(fetcher, f"{server.url}/fat"))


# Lies


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "cut short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "cut short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", "HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"abc" * 100, mtime=0)[:-9], "cut short"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot packed at all", "broken packing"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nx", "not asked for"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx", "HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", "101"),
        (b"HTTP/1.1 999999 What\r\n\r\n", "HTTP"),
        (b"ICY 200 OK\r\n\r\n", "HTTP"),
        (b"\x00\x01\x02\x03\r\n\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "HTTP"),
        (b"", "hung up"),
    ],
)
def test_a_broken_answer_is_no_answer(answer: bytes, words: str, serve: Serve, make: Make) -> None:
    server = serve({"/": lambda connection, _: connection.sendall(answer)})
    assert words in str(refusal(make(allow_hosts=[server.place]), server.url))


def test_what_comes_after_the_promised_length_belongs_to_nobody(serve: Serve, make: Make) -> None:
    smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    server = serve({"/1": smuggled, "/2": reply("HTTP/1.1 200 OK", b"second")})
    fetcher = make(allow_hosts=[server.place])
    assert fetcher.get(f"{server.url}/1").body in {b"first"}
    assert fetcher.get(f"{server.url}/2").body == b"second"


def test_headers_of_any_bytes_can_be_stored(serve: Serve, make: Make) -> None:
    head = b'HTTP/1.1 304 Not Modified\r\nETag: "\xe4\xff"\r\nX-Name: \xc3\xa4\r\n\r\n'
    server = serve({"/": head})
    headers = make(allow_hosts=[server.place]).get(server.url).headers
    assert (headers["etag"], headers["x-name"]) == ('"äÿ"', "ä")
    for value in headers.values():
        value.encode("utf-8")


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b"])
def test_a_header_that_would_be_two_is_not_sent(value: str, serve: Serve, make: Make) -> None:
    server = serve({"/": OK})
    refusal(make(allow_hosts=[server.place]), server.url, headers={"If-None-Match": value})
    assert server.requests == []
