"""Telegram's HTML, and plain text out of an article's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distributor.text import plain
from distributor.text.markup import parse

pieces = st.lists(
    st.sampled_from(
        ["<b>", "</b>", "<a href='x'>", "</a>", "<", ">", "&amp;", "&#0;", "&bogus;", "&#x1F44D;", "a", "é👍", "<x>"]
    )
)


def test_entities_are_decoded_and_tags_are_not_seen() -> None:
    parsed = parse('<b>A</b> &lt;&gt;&amp;&quot; &#65;&#x42; &copy; <a href="a>b">l</a>')
    assert parsed.text == 'A <>&" AB &copy; l'
    assert parsed.sound
    assert parsed.whole == [(17, 18)]


@given(pieces.map("".join))
def test_every_visible_character_has_its_place_in_the_source(source: str) -> None:
    parsed = parse(source)
    assert len(parsed.text) == len(parsed.ends) == len(parsed.open)
    assert parsed.ends == sorted(set(parsed.ends))
    for end in range(len(parsed.text) + 1):
        assert parse(parsed.cut(end, "")).text == parsed.text[:end]


def test_an_article_becomes_lines_without_captions_and_scripts() -> None:
    html = (
        "<h1>T</h1><p>One <b>two</b>&nbsp;&amp; three<br>four</p>"
        "<figure><figcaption>Cap</figcaption></figure><script>x</script><ul><li>a<li>b</ul>"
    )
    assert plain(html) == "T\nOne two & three\nfour\na\nb"
    assert plain("just  text\n\nand more") == "just text\nand more"
    assert plain("") == ""
