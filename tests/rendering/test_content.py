"""A publisher's content on its way into a template."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.model import Article, Image
from distributor.rendering.content import alt_text, clean, facts, media_type, web_address, with_query


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("  Two\r\nlines\tand   more \u2028 ", "Two lines and more"),
        ("a\x00b\x07c\x1b[31md\x7f\x9be", "abc[31mde"),
        ("next\x85line", "next line"),
        ("abc\u202edcba\u202c", "abcdcba"),
        ("\u2066iso\u2067lated\u2068 \u2069text", "isolated text"),
        ("\u202aem\u202bbed\u202dded", "embedded"),
        ("half \ud83d character", "half character"),
        ("\ufeffmark\ufffe\uffff", "mark"),
        ("Et alors\u00a0? «\u202foui\u202f»", "Et alors\u00a0? «\u202foui\u202f»"),
        ("شركة \u200fAcme\u200e تفوز\u061c", "شركة \u200fAcme\u200e تفوز\u061c"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", None),
        ("", ""),
    ],
)
def test_text_becomes_one_plain_line(given_text: str, expected: str | None) -> None:
    assert clean(given_text) == (given_text if expected is None else expected)


@given(st.text())
def test_no_control_and_no_reordering_survives(text: str) -> None:
    cleaned = clean(text)
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in cleaned)
    reordering = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not any(unicodedata.bidirectional(char) in reordering for char in cleaned)
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://news.example/a?b=1#c", "https://news.example/a?b=1#c"),
        ("HTTPS://News.example", "https://News.example"),
        (" https://news.example/a b\"c<d>'e ", "https://news.example/a%20b%22c%3Cd%3E'e"),
        ("https://news.example/já-%20x", "https://news.example/j%C3%A1-%20x"),
        ("https://müller.example/", "https://müller.example/"),
        ("https://news.example/\u202etxt.exe", "https://news.example/txt.exe"),
        ("https://user:secret@news.example/", "https://news.example/"),
        ("https://good.example@evil.example/", "https://evil.example/"),
        ("http://[2001:db8::1]:8080/a", "http://[2001:db8::1]:8080/a"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        ("java\tscript:alert(1)", ""),
        ("\x01javascript:alert(1)", ""),
        ("data:text/html,<script>", ""),
        ("vbscript:x", ""),
        ("file:///etc/passwd", ""),
        ("ftp://news.example/", ""),
        ("//news.example/a", ""),
        ("/a", ""),
        ("https://", ""),
        ("https:///path", ""),
        ("https://[broken/", ""),
        ("https://news.example:port/", ""),
        ("https://news.example\\@evil.example/", ""),
        ("https://ne ws.example/", ""),
        ('https://news.example"onclick="x/', ""),
        ("", ""),
    ],
)
def test_only_web_addresses_are_links(url: str, expected: str) -> None:
    assert web_address(url) == expected
    assert web_address(expected) == expected


@given(st.text())
def test_any_text_as_an_address_gives_a_safe_one_or_none(text: str) -> None:
    for url in (text, "https://news.example/" + text, "https://" + text):
        found = web_address(url)
        assert found == "" or found.startswith(("http://", "https://"))
        assert not set(found) & set('"<> \n\r\t\\`')
        assert web_address(found) == found


@pytest.mark.parametrize(
    ("url", "fields", "expected"),
    [
        ("https://a.example/x", {"utm_source": "x"}, "https://a.example/x?utm_source=x"),
        ("https://a.example/x?", {"utm_source": "x"}, "https://a.example/x?utm_source=x"),
        ("https://a.example/x?p=%C3%A9&q=1+2#top", {"u": "x"}, "https://a.example/x?p=%C3%A9&q=1+2&u=x#top"),
        ("https://a.example/?utm_source=rss&p=1", {"utm_source": "x"}, "https://a.example/?p=1&utm_source=x"),
        ("https://a.example/?utm%5Fsource=rss", {"utm_source": "x"}, "https://a.example/?utm_source=x"),
        ("https://a.example/?a&b=", {"u": "x y&z=é"}, "https://a.example/?a&b=&u=x%20y%26z%3D%C3%A9"),
        ("https://a.example/", {"u": ""}, "https://a.example/"),
        ("https://a.example/", {}, "https://a.example/"),
        ("", {"u": "x"}, ""),
    ],
)
def test_query_fields_join_those_that_are_there(url: str, fields: dict[str, str], expected: str) -> None:
    assert with_query(url, fields) == expected
    assert with_query(expected, fields) == expected


WORD = st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.text(), st.dictionaries(WORD, WORD, max_size=4))
def test_a_query_field_is_there_once_and_reads_back(tail: str, fields: dict[str, str]) -> None:
    fields = {
        key.encode("utf-8", "ignore").decode(): value.encode("utf-8", "ignore").decode()
        for key, value in fields.items()
    }
    fields = {key: value for key, value in fields.items() if key and value}
    url = with_query(web_address("https://a.example/" + tail), fields)
    found = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    for key, value in fields.items():
        assert [(key, value)] == [pair for pair in found if pair[0] == key]


@pytest.mark.parametrize(
    ("alt", "expected"),
    [
        ("A heron on the lake at dawn", "A heron on the lake at dawn"),
        ("Heron", "Heron"),
        ("بحيرة عند الفجر", "بحيرة عند الفجر"),
        ("湖边的苍鹭", "湖边的苍鹭"),
        ("Photo: Ana Silva", "Photo: Ana Silva"),
        ("Room 101.", "Room 101."),
        ("lake.jpg", ""),
        ("Lake at dawn.JPEG", ""),
        ("my lake (1).png?w=300", ""),
        ("IMG_2041", ""),
        ("DSC01234", ""),
        ("Screenshot 2026-03-01", ""),
        ("image", ""),
        ("Featured image", ""),
        ("untitled-1", ""),
        ("20260301_heron", ""),
        ("heron_lake_final", ""),
        ("a3f5c9e2b1", ""),
        ("heron lake", ""),
        ("https://a.example/heron.html", ""),
        ("", ""),
    ],
)
def test_alt_text_is_never_a_files_name(alt: str, expected: str) -> None:
    assert alt_text(Image("https://a.example/img/heron-lake.jpg", alt)) == expected


@pytest.mark.parametrize(
    ("url", "said", "expected"),
    [
        ("https://a.example/x", "image/PNG; q=1", "image/png"),
        ("https://a.example/x", "image/jpg", "image/jpeg"),
        ("https://a.example/x.JPG?w=3", "", "image/jpeg"),
        ("https://a.example/x.webp", "", "image/webp"),
        ("https://a.example/x", "", ""),
        ("https://a.example/x.php", "", ""),
    ],
)
def test_a_pictures_type_is_as_said_else_by_its_name(url: str, said: str, expected: str) -> None:
    assert media_type(Image(url, "", said)) == expected


def test_a_template_sees_only_plain_values() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    article = Article(
        source="paper",
        guid="1",
        url="javascript:alert(1)",
        title="A\ntitle",
        categories=("World News",),
        tags=("t\x00ag",),
        image=Image("javascript:x", "alt"),
        published_at=moment,
        seen_at=moment,
    )
    told = facts(article)
    assert told["url"] == ""
    assert told["title"] == "A title"
    assert told["tags"] == ["tag"]
    assert told["image"] is None
    assert told["updated_at"] == ""

    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and plain(item) for key, item in value.items())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or type(value) in {str, int, float, bool}

    assert plain(told)
