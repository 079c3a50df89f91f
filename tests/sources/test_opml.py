"""Lists of subscriptions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import Unreadable
from distributor.sources.opml import Outline, read, write

LIST = b"""<?xml version="1.0"?><opml version="1.1"><head><title>mine</title></head><body>
<outline text="News"><outline text="World"><outline type="rss" text="Paper &amp; Co" xmlUrl="https://paper.example/feed"
htmlUrl="https://paper.example/"/></outline></outline>
<outline title="Top" xmlurl="feed:https://top.example/rss" category="/Tech"/><outline text="bad" xmlUrl="javascript:x"/>
<outline text="again" xmlUrl="https://paper.example/feed"/></body></opml>"""


def test_folders_become_categories() -> None:
    assert read(LIST) == [
        Outline("Paper & Co", "https://paper.example/feed", "https://paper.example/", "News/World"),
        Outline("Top", "https://top.example/rss", "", "Tech"),
    ]


TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Cn", "Co", "Zs", "Zl", "Zp")), min_size=1, max_size=20
)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_what_is_written_is_read_again(pairs: list[tuple[str, str]]) -> None:
    outlines = [
        Outline(title, f"https://e.example/{i}", "https://e.example/", folder.strip("/"))
        for i, (title, folder) in enumerate(pairs)
    ]
    assert sorted(read(write(outlines)), key=lambda o: o.xml_url) == sorted(outlines, key=lambda o: o.xml_url)


@pytest.mark.parametrize(
    "body", [b"", b"<rss/>", b"<html></html>", b"{}", b"\0\xff", b"<opml><body>" + b"<outline>" * 100_000]
)
def test_what_is_no_opml_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_entities_in_opml_are_not_expanded() -> None:
    body = b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/hostname">]><opml><body>'
    body += b'<outline text="a&x;" xmlUrl="https://e.example/"/></body></opml>'
    assert read(body)[0].title == "a&x;"
