"""Hostile text made harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.sources import clean


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&T", "AT&T"),
        ("&amp;amp;", "&amp;"),
        ("Tom &amp; Jerry&#8217;s", "Tom & Jerry’s"),
        ("<em>Nature</em> retracts", "Nature retracts"),
        ("5 < 6 > 4", "5 < 6 > 4"),
        ("a <b c", "a <b c"),
        ("<script>alert(1)</script>Hi", "Hi"),
        ("Über\xa0uns", "Über\xa0uns"),
        ("two\n  lines", "two lines"),
        ("Ã¼ber", "über"),
    ],
)
def test_titles_are_plain_text_decoded_once(raw: str, said: str) -> None:
    assert clean.title(raw) == said


@pytest.mark.parametrize(
    ("address", "absolute"),
    [
        ("https://e.example/a", "https://e.example/a"),
        ("/a", "https://base.example/a"),
        ("//cdn.example/a", "https://cdn.example/a"),
        (" https://e.example/\n a ", "https://e.example/%20a"),
        ("javascript:alert(1)", ""),
        ("java\tscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("mailto:a@e.example", ""),
        ("https://", ""),
        ("http://[::1", ""),
        ("http://e.example:99999/", ""),
        ("", ""),
    ],
)
def test_only_http_links_are_links(address: str, absolute: str) -> None:
    assert clean.link(address, "https://base.example/x/") == absolute


@given(st.text(max_size=200))
def test_no_link_keeps_another_scheme_or_a_control_character(text: str) -> None:
    link = clean.link(text, "https://base.example/")
    assert not link or link.lower().startswith(("http://", "https://"))
    assert not any(ord(character) < 33 or character in '"<>' for character in link)


@given(st.text(st.sampled_from("<>/ab&;=\"' scriptonx:"), max_size=200))
def test_sanitised_html_is_stable_and_inert(markup: str) -> None:
    sanitize = clean.Sanitizer()
    once = sanitize(markup, "https://base.example/")
    assert sanitize(once, "https://base.example/") == once
    assert "<script" not in once.lower()


def test_long_text_is_cut() -> None:
    assert len(clean.title("A" * 100_000)) == clean.TITLE_LENGTH
    assert len(clean.Sanitizer()("<p>" + "A" * 1_000_000)) <= clean.BODY_LENGTH
