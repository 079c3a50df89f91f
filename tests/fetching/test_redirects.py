"""Where redirects lead."""

from __future__ import annotations

import pytest

from distributor.errors import Unreachable
from distributor.fetching.redirects import Trail, is_redirect, start, step

MINE = {"Authorization": "Bearer x", "Cookie": "a=b", "If-None-Match": '"1"', "Accept": "text/html"}


def walk(trail: Trail, *hops: tuple[int, str]) -> Trail:
    for status, location in hops:
        trail = step(trail, status, location)
    return trail


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "http://paper.example/b"),
        ("c", "http://paper.example/a/c"),
        ("//other.example/x", "http://other.example/x"),
        ("https://paper.example/", "https://paper.example/"),
        ("?page=2", "http://paper.example/a/feed?page=2"),
        ("/b#top", "http://paper.example/b"),
        ("/b\udce4", "http://paper.example/b%E4"),
        ("/b\udcc3\udca4", "http://paper.example/b%C3%A4"),
    ],
)
def test_a_location_is_read_relative_to_where_it_came_from(location: str, target: str) -> None:
    assert step(start("http://paper.example/a/feed", {}), 302, location).target.text == target


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "data:text/plain,x",
        "javascript:x",
        "ftp://x/",
        "http://[::1",
        "/\\evil.example",
        "http://a:b:c/",
    ],
)
def test_a_redirect_away_from_http_is_refused(location: str) -> None:
    with pytest.raises(Unreachable, match=r"paper\.example/feed: redirected to what is not fetched"):
        step(start("https://paper.example/feed", {}), 301, location)


def test_only_permanent_redirects_from_the_start_move_a_source() -> None:
    first = start("http://paper.example/1", {})
    assert first.moved_to == ""
    assert walk(first, (301, "/2")).moved_to == "http://paper.example/2"
    assert walk(first, (301, "/2"), (308, "/3")).moved_to == "http://paper.example/3"
    assert walk(first, (301, "/2"), (302, "/3")).moved_to == "http://paper.example/2"
    assert walk(first, (301, "/2"), (302, "/3"), (301, "/4")).moved_to == "http://paper.example/2"
    assert walk(first, (302, "/2"), (301, "/3")).moved_to == ""


def test_five_redirects_are_followed_and_no_sixth() -> None:
    trail = walk(start("http://paper.example/0", {}), *((302, f"/{i}") for i in range(1, 6)))
    assert trail.target.text == "http://paper.example/5"
    with pytest.raises(Unreachable, match=r"paper\.example/0: more than 5 redirects"):
        step(trail, 302, "/6")


def test_a_circle_is_noticed() -> None:
    trail = walk(start("http://paper.example/0", {}), (302, "/1"))
    with pytest.raises(Unreachable, match="circle"):
        step(trail, 302, "/0#again")


@pytest.mark.parametrize(
    "location",
    ["http://other.example/", "http://paper.example:8080/", "https://other.example/", "http://sub.paper.example/"],
)
def test_secrets_and_validators_stay_with_their_site(location: str) -> None:
    assert step(start("http://paper.example/", MINE), 302, location).headers == {"Accept": "text/html"}


@pytest.mark.parametrize("location", ["/b", "https://paper.example/"])
def test_they_go_along_within_the_site_and_up_to_https(location: str) -> None:
    assert step(start("http://paper.example/", MINE), 302, location).headers == MINE


def test_they_do_not_go_down_to_http() -> None:
    assert step(start("https://paper.example/", MINE), 302, "http://paper.example/").headers == {"Accept": "text/html"}


def test_a_password_in_a_location_is_not_used_and_not_shown() -> None:
    trail = step(start("http://paper.example/", {}), 301, "http://u:hunter2@other.example/")
    assert trail.headers == {}
    assert "hunter2" not in repr(trail)


def test_what_is_a_redirect() -> None:
    assert is_redirect(302, "/x")
    assert not is_redirect(304, "/x")
    assert not is_redirect(302, None)
    assert not is_redirect(302, "")
    assert not is_redirect(200, "/x")
