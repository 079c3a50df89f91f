"""The text of URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import ConfigError, Unreachable
from distributor.fetching.targets import parse, parse_allow_list, shown

REFUSED = [
    "",
    "   ",
    "paper.example",
    "/feed",
    "//paper.example/feed",
    "file:///etc/passwd",
    "ftp://paper.example/",
    "gopher://paper.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "unix:///run/docker.sock",
    "http://",
    "http:///feed",
    "http:feed",
    "http://paper.example:0/",
    "http://paper.example:65536/",
    "http://paper.example:port/",
    "http://paper.example:80:80/",
    "http://paper example/",
    "http://paper..example/",
    "http://%31%32%37.0.0.1/",
    "http://ex%00ample.com/",
    "http://[::1",
    "http://[::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[v1.x]/",
    "http://paper.example\\@127.0.0.1/",
    "http://paper.example/a\\b",
    "http:\\\\paper.example/",
    "http://paper.example/\x00",
    "http://paper.example/\r\nX-Header: 1",
    "http://paper.example/a\tb",
    "http://paper.example/\x7f",
    "http://paper.example/\u2028",
    "http://paper.example/\ud800",
    "http://" + "a" * 300 + ".example/",
    "http://paper.example/" + "a" * 9000,
]


def refusal(url: str) -> str:
    try:
        parse(url)
    except Unreachable as error:
        return str(error)
    return ""


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_plain_http_url_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(Unreachable) as caught:
        parse(url)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://paper.example", "http://paper.example/"),
        ("HTTP://Paper.EXAMPLE:80/Feed", "http://paper.example/Feed"),
        (" https://paper.example/feed\n", "https://paper.example/feed"),
        ("http://paper.example/feed#top", "http://paper.example/feed"),
        ("http://bücher.example/ä b?q=ü", "http://xn--bcher-kva.example/%C3%A4%20b?q=%C3%BC"),
        ("http://１２７.０.０.１/", "http://127.0.0.1/"),
        ("http://paper。example/", "http://paper.example/"),
        ("http://paper.example/a/../b", "http://paper.example/b"),
        ("http://[2606:4700::1111]:8443/x", "http://[2606:4700::1111]:8443/x"),
    ],
)
def test_a_url_has_one_plain_form(url: str, text: str) -> None:
    assert parse(url).text == text


@pytest.mark.parametrize("tail", ["a%2Fb?sig=a%2Bb%3D&x=%7e", "a;b=1,2?x=1+2&y", "%E4.jpg", "a//b?u=http://x/?y"])
def test_a_signed_url_is_sent_as_it_stands(tail: str) -> None:
    assert parse(f"https://cdn.example/{tail}").text == f"https://cdn.example/{tail}"


def test_user_name_and_password_become_a_header_and_leave_the_url() -> None:
    target = parse("https://editor:s3cret%21@paper.example/feed")
    assert target.authorization == "Basic ZWRpdG9yOnMzY3JldCE="
    assert target.text == "https://paper.example/feed"
    assert "s3cret" not in repr(target)
    assert "ZWRpdG9y" not in repr(target)


@pytest.mark.parametrize(
    "url",
    [
        "http://u:hunter2@paper.example/feed",
        "http://u:hunter2@/feed",
        "http://u:hunter2@paper.example:x/",
        "http://u:hunt/hunter2@paper.example:x/",
        "http://u:a@hunter2@paper example/",
        "http:\\\\u:hunter2@paper.example/",
        "ftp://u:hunter2@paper.example/",
        "u:hunter2@paper.example",
        "//u:hunter2@paper.example/\x00",
    ],
)
def test_a_password_is_in_no_message(url: str) -> None:
    assert "hunter2" not in shown(url) or "/hunter2" in url
    assert "hunter2" not in refusal(url)


def test_what_is_shown_fits_one_line() -> None:
    assert shown("http://paper.example/\r\n\x1b[31m\u202e") == "http://paper.example/\\r\\n\\x1b[31m\\u202e"
    assert len(shown("http://paper.example/" + "a" * 100_000)) == 300


@given(st.text())
def test_any_text_is_a_target_or_unreachable(text: str) -> None:
    for url in (text, f"http://{text}", f"http://paper.example/{text}", f"http://paper.example:{text}/"):
        assert shown(url).isprintable()
        if words := refusal(url):
            assert words.isprintable()
        else:
            target = parse(url)
            assert target.text.isascii()
            assert target.text.isprintable()
            assert 1 <= target.port <= 65535


@pytest.mark.parametrize(
    ("entry", "places"),
    [
        ("127.0.0.1:8080", {("127.0.0.1", 8080)}),
        ("CMS.local", {("cms.local", 80), ("cms.local", 443)}),
        ("[::1]:8080", {("::1", 8080)}),
        ("::1", {("::1", 80), ("::1", 443)}),
    ],
)
def test_the_allow_list_names_host_and_port(entry: str, places: set[tuple[str, int]]) -> None:
    assert parse_allow_list([entry]) == places


@pytest.mark.parametrize(
    "entry", ["", "http://cms.local", "cms.local/x", "u:p@cms.local", "cms:0", "cms:x", "a b", "c?x", "*"]
)
def test_what_is_no_host_is_a_settings_error(entry: str) -> None:
    with pytest.raises(ConfigError, match="allow_hosts"):
        parse_allow_list([entry])
