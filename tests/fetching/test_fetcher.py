"""The client on servers that mean well."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from distributor.errors import Unreachable
from distributor.fetching import Fetched, Fetcher, FetchLimits, Request

from .conftest import Server, reply

pytestmark = pytest.mark.network

Serve = Callable[..., Server]
Make = Callable[..., Fetcher]


def test_an_answer_has_body_headers_and_where_it_came_from(serve: Serve, make: Make) -> None:
    server = serve({"/feed": reply('HTTP/1.1 200 OK\nETag: "1"\nContent-Type: text/xml', b"<rss/>")})
    answer = make(allow_hosts=[server.place]).get(f"{server.url}/feed#top", {"Accept": "text/xml"})
    assert (answer.status, answer.body, answer.url) == (200, b"<rss/>", f"{server.url}/feed")
    assert answer.headers["etag"] == answer.headers["ETag"] == '"1"'
    assert answer.moved_to == ""
    assert 0 < answer.elapsed < 5


def test_what_is_sent(serve: Serve, make: Make) -> None:
    server = serve({"/feed": reply("HTTP/1.1 304 Not Modified\nSet-Cookie: a=b")})
    fetcher = make(allow_hosts=[server.place], user_agent="distributor-test/1")
    for _ in range(2):
        assert fetcher.get(f"{server.url}/feed", {"If-None-Match": '"1"'}).status == 304
    for request in server.requests:
        lines = request.decode().split("\r\n")
        assert lines[0] == "GET /feed HTTP/1.1"
        assert set(lines[1:]) == {
            f"Host: {server.place}",
            "User-Agent: distributor-test/1",
            "Accept: */*",
            "Accept-Encoding: gzip, deflate",
            'If-None-Match: "1"',
        }


def test_connections_are_kept_open(serve: Serve, make: Make) -> None:
    server = serve({"/feed": reply("HTTP/1.1 304 Not Modified"), "/page": reply("HTTP/1.1 200 OK", b"x" * 300_000)})
    fetcher = make(allow_hosts=[server.place])
    for path in ["/feed", "/page"] * 5:
        fetcher.get(server.url + path)
    assert server.connections == 1


@pytest.mark.parametrize("status", [304, 400, 401, 404, 410, 429, 500, 503])
def test_any_status_is_an_answer(status: int, serve: Serve, make: Make) -> None:
    server = serve({"/": reply(f"HTTP/1.1 {status} Words\nRetry-After: 120", b"" if status == 304 else b"sorry")})
    answer = make(allow_hosts=[server.place]).get(server.url)
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (status, b"", "120")


def test_a_packed_body_comes_unpacked(serve: Serve, make: Make) -> None:
    server = serve({"/": reply("HTTP/1.1 200 OK\nContent-Encoding: gzip", gzip.compress(b"<rss/>" * 1000))})
    assert make(allow_hosts=[server.place]).get(server.url).body == b"<rss/>" * 1000


def test_a_chunked_body_and_one_that_ends_with_the_connection(serve: Serve, make: Make) -> None:
    def until_closed(connection: object, _: bytes) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nto the end")  # type: ignore[attr-defined]

    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    server = serve({"/chunked": chunks, "/closed": until_closed})
    fetcher = make(allow_hosts=[server.place])
    assert fetcher.get(f"{server.url}/chunked").body == b"abcde"
    assert fetcher.get(f"{server.url}/closed").body == b"to the end"


def test_redirects_are_followed_and_a_permanent_one_tells_the_new_address(serve: Serve, make: Make) -> None:
    server = serve(
        {
            "/old": reply("HTTP/1.1 301 Moved\nLocation: /new"),
            "/now": reply("HTTP/1.1 302 Found\nLocation: /new"),
            "/dead": reply("HTTP/1.1 301 Moved\nLocation: /gone"),
            "/new": reply("HTTP/1.1 200 OK", b"new"),
            "/gone": reply("HTTP/1.1 410 Gone"),
        }
    )
    fetcher = make(allow_hosts=[server.place])
    moved, found, dead = (fetcher.get(server.url + path) for path in ("/old", "/now", "/dead"))
    assert (moved.body, moved.url, moved.moved_to) == (b"new", f"{server.url}/new", f"{server.url}/new")
    assert (found.body, found.url, found.moved_to) == (b"new", f"{server.url}/new", "")
    assert (dead.status, dead.moved_to) == (410, "")


def test_user_name_and_password_of_the_operator_are_used(serve: Serve, make: Make) -> None:
    server = serve({"/": reply("HTTP/1.1 200 OK")})
    answer = make(allow_hosts=[server.place]).get(f"http://editor:s3cret@{server.place}/")
    assert b"Authorization: Basic ZWRpdG9yOnMzY3JldA==" in server.requests[0]
    assert answer.url == f"{server.url}/"


def test_many_are_fetched_in_order_and_one_fault_stops_no_other(serve: Serve, make: Make) -> None:
    server = serve({f"/{i}": reply("HTTP/1.1 200 OK", b"%d" % i) for i in range(100)})
    fetcher = make(allow_hosts=[server.place])
    urls = [f"{server.url}/{i}" if i % 10 else f"bad://{i}" for i in range(100)]
    for i, result in enumerate(fetcher.get_many([Request(url) for url in urls])):
        if i % 10:
            assert isinstance(result, Fetched)
            assert result.body == b"%d" % i
        else:
            assert isinstance(result, Unreachable)
    assert fetcher.get_many([]) == []


def slow(most: list[int]) -> Callable[[object, bytes], None]:
    lock, now = threading.Lock(), 0

    def answer(connection: object, _: bytes) -> None:
        nonlocal now
        with lock:
            now += 1
            most.append(now)
        time.sleep(0.03)
        with lock:
            now -= 1
        connection.sendall(reply("HTTP/1.1 200 OK\nConnection: close"))  # type: ignore[attr-defined]

    return answer


@pytest.mark.parametrize(("limits", "most"), [({"per_listed_host": 3}, 3), ({"at_once": 2}, 2)])
def test_so_many_at_once_and_no_more(limits: dict[str, int], most: int, serve: Serve, make: Make) -> None:
    seen: list[int] = []
    server = serve(slow(seen))
    # The deadline counts from one's turn: the last one waits longer than its deadline, and is fetched.
    fetcher = make(allow_hosts=[server.place], limits=FetchLimits(whole=0.2, **limits))
    results = fetcher.get_many([Request(f"{server.url}/{i}") for i in range(24)])
    assert all(isinstance(result, Fetched) for result in results)
    assert max(seen) == most


def test_every_thread_may_use_it(serve: Serve, make: Make) -> None:
    server = serve({"/": reply("HTTP/1.1 200 OK", b"x")})
    fetcher = make(allow_hosts=[server.place])
    with ThreadPoolExecutor(8) as threads:
        assert {answer.body for answer in threads.map(fetcher.get, [server.url] * 40)} == {b"x"}


def test_after_close_it_opens_again(serve: Serve, make: Make) -> None:
    server = serve({"/": reply("HTTP/1.1 200 OK", b"x")})
    fetcher = make(allow_hosts=[server.place])
    for _ in range(2):
        assert fetcher.get(server.url).body == b"x"
        fetcher.close()
        fetcher.close()
    assert server.connections == 2


def test_a_forked_child_has_connections_of_its_own(serve: Serve) -> None:
    server = serve({"/": reply("HTTP/1.1 200 OK", b"x")})
    script = """
import os, sys
from distributor.fetching import Fetcher
url = sys.argv[1]
fetcher = Fetcher(allow_hosts=[url.removeprefix("http://")])
fetcher.get(url)
if os.fork() == 0:
    for _ in range(2):
        assert fetcher.get(url).body == b"x"
    fetcher.close()
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
assert fetcher.get(url).body == b"x"
print("done")
"""
    arguments = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", script, server.url]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("done", "", 0)
    assert server.connections == 2
