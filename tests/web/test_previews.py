from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.model import Card, Media, Message
from distributor.web.previews import look, pieces, safe_link, safe_picture, telegram_html

URL = "https://paper.org/articles/a-long-way-down-to-the-harbour"
CARD = Card(URL, "The title", "What it is about", "https://pics.example/card.png")
PICTURE = Media("https://pics.example/a.png", "image/png", "a boat")


def message(text: str = "", **changes: Any) -> Message:
    return Message(text=text, url=URL, **changes)


def test_links_and_hashtags_are_told_from_words() -> None:
    found = list(pieces(f"Read {URL} now #WorldNews", "x"))
    assert [(one.kind, one.text) for one in found] == [
        ("text", "Read "),
        ("link", "paper.org/articles/a-long-…"),
        ("text", " now "),
        ("tag", "#WorldNews"),
    ]
    assert found[1].href == URL


def test_a_number_is_no_hashtag_and_an_address_no_mention() -> None:
    found = list(pieces("We are #1, write to ed@paper.example, follow @paper", "x"))
    assert [one.text for one in found if one.kind == "tag"] == ["@paper"]


@pytest.mark.parametrize("network", ["x", "mastodon", "bluesky", "other"])
@given(text=st.text(max_size=300))
def test_no_word_is_lost(network: str, text: str) -> None:
    shown = list(pieces(text, network))
    if all(one.kind != "link" for one in shown):
        assert "".join(one.text for one in shown) == text
    assert all(one.href.startswith(("http://", "https://")) for one in shown if one.kind == "link")


def test_the_posts_own_link_is_one_even_on_loopback() -> None:
    own = "http://127.0.0.1:8123/articles/a"
    found = list(pieces(f"Read\n{own}", "x", own))
    assert [one.kind for one in found] == ["text", "link"]


def test_x_shows_the_picture_and_else_the_card() -> None:
    assert look("x", message(card=CARD, media=(PICTURE,))).card is None
    assert look("x", message(card=CARD)).card is not None


def test_bluesky_shows_the_card_and_else_the_picture() -> None:
    both = look("bluesky", message(card=CARD, media=(PICTURE,)))
    assert both.card is not None
    assert both.pictures == ()
    assert look("bluesky", message(media=(PICTURE,))).pictures


def test_telegram_shows_its_markup_and_its_button() -> None:
    class Bot:
        button = "Read more"

    shown = look("telegram", message(f'<b>Bold</b> <a href="{URL}">more</a> #News'), channel=Bot())
    assert shown.html is not None
    assert "<b>Bold</b>" in shown.html
    assert f'href="{URL}"' in shown.html
    assert 'rel="noopener noreferrer nofollow"' in shown.html
    assert '<span class="tag">#News</span>' in shown.html
    assert (shown.button, shown.button_url) == ("Read more", URL)


def test_a_content_warning_is_shown() -> None:
    assert look("mastodon", message("x", options={"content_warning": "war"})).warning == "war"


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,<script>">x</a>',
        '<a href="https://a.example" onclick="x()">x</a>',
        '<b style="position:fixed">x</b>',
        '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
        '<button formaction="javascript:x">x</button>',
        "<svg onload=alert(1)>",
        '<img src=x onerror="alert(1)">',
        '<math><mtext><table><mglyph><style><img src=x onerror="alert(1)">',
        "<a href=' javascript:alert(1)'>x</a>",
        '<a href="https://a.example/#x">#tag</a>',
    ],
)
def test_only_telegrams_own_tags_are_left(source: str) -> None:
    shown = str(telegram_html(source)).lower()
    for wrong in (
        "<script",
        "javascript:",
        "onclick",
        "onerror",
        "onload",
        "style",
        "<iframe",
        "<img",
        "<svg",
        "<button",
    ):
        assert wrong not in shown
    assert 'href="data:' not in shown


@given(st.text(alphabet=st.sampled_from("<>&\"'#@=/ ab1:;-"), max_size=80))
def test_any_text_in_telegrams_markup_stays_well_behaved(source: str) -> None:
    shown = str(telegram_html(source))
    rest = shown
    for allowed in ('<a rel="noopener noreferrer nofollow">', "</a>", '<span class="tag">', "</span>", "<b>", "</b>"):
        rest = rest.replace(allowed, "")
    assert "<" not in rest.replace('<a href="', "")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "//paper.example",
        "/articles",
        "",
        "https://",
        "https://user:secret@paper.example/",
        "https://paper.example/a b",
        "https://paper.example\\@evil.example",
        "https://[::1",
        "https://paper.example:99999/",
        "ftp://paper.example",
    ],
)
def test_links_lead_nowhere_but_to_the_web(url: str) -> None:
    assert safe_link(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.png",
        "http://localhost/a.png",
        "http://192.168.1.1/reboot",
        "http://[::1]/a.png",
        "http://[::ffff:10.0.0.1]/a.png",
        "http://2130706433/a.png",
        "http://0x7f.1/a.png",
        "http://127.1/a.png",
        "http://printer.local/a.png",
        "http://router/a.png",
        "http://１２７.0.0.1/a.png",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1./a.png",
    ],
)
def test_a_feed_cannot_make_the_staffs_browsers_ask_their_own_network(url: str) -> None:
    assert safe_picture(url) == ""


def test_pictures_of_the_web_and_of_listed_hosts_are_shown() -> None:
    assert safe_picture("https://pics.example/a.png") == "https://pics.example/a.png"
    assert safe_picture("https://1.1.1.1/a.png") == "https://1.1.1.1/a.png"
    assert safe_picture("http://127.0.0.1:8123/a.png", ["127.0.0.1:8123"]) == "http://127.0.0.1:8123/a.png"
    assert safe_picture("http://cms.internal/a.png", ["cms.internal"]) == "http://cms.internal/a.png"
    assert safe_picture("http://cms.internal:8080/a.png", ["cms.internal"]) == ""
