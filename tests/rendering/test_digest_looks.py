"""How a digest looks: pictures, directions, colours, its size, and its plain text."""

from __future__ import annotations

import re

import pytest

from distributor.model import Image
from distributor.rendering import SiteFacts
from distributor.rendering.speech import columns
from distributor.rendering.trimming import LIMIT
from tests.rendering.newsroom import ARABIC, article, monster, paper, renderer, sampled
from tests.rendering.reading import mail, titles, tree

THREE = [article(1), article(2), article(3, categories=("Sports",))]


@pytest.mark.parametrize(
    ("image", "kept"),
    [
        (Image("https://paper.example/a.jpg", "A boat", width=1200, height=630), True),
        (Image("http://paper.example/a.jpg", "A boat"), True),
        (Image("data:image/png;base64,AAAA", "A boat"), False),
        (Image("javascript:alert(1)", "A boat"), False),
        (Image("//paper.example/a.jpg", "A boat"), False),
        (Image("https://counts.example/pixel.gif", "", width=1, height=1), False),
    ],
)
def test_pictures_are_small_have_a_width_and_come_from_the_web(image: Image, kept: bool) -> None:
    message = mail(paper([article(1), article(2, image=image)]))
    pictures = list(tree(message.html).iter("img"))
    assert bool(pictures) is kept
    for picture in pictures:
        assert picture.get("alt") == "A boat"
        assert 0 < int(picture.get("width")) <= 120


def test_a_picture_without_words_is_no_link_and_says_so() -> None:
    message = mail(paper([article(1), article(2, image=Image("https://paper.example/IMG_1.jpg", "IMG_1.jpg"))]))
    (picture,) = tree(message.html).iter("img")
    assert picture.get("alt") == ""
    assert picture.getparent().tag == "td"


@pytest.mark.parametrize(
    ("width", "height", "shown"), [(300, 3000, 16), (3000, 300, 120), (640, 480, 120), (61, 61, 61), (0, 0, 120)]
)
def test_a_picture_is_never_taller_than_its_story(width: int, height: int, shown: int) -> None:
    image = Image("https://paper.example/a.jpg", "A boat", width=width, height=height)
    (picture,) = tree(mail(paper([article(1), article(2, image=image)])).html).iter("img")
    assert int(picture.get("width")) == shown
    assert picture.get("height") is None  # a width alone keeps the shape, in every program


def test_direction_and_language_are_said_where_they_differ() -> None:
    foreign = article(2, title="Das Moor, das wieder atmet", language="de")
    message = mail(paper([article(1, title=ARABIC, language="ar"), foreign], language="ar"))
    page = tree(message.html)
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    assert {node.get("dir") for node in page.iter("table")} == {"rtl"}
    first, second = page.iter("h3")
    assert (first.get("dir"), first.get("lang")) == (None, None)
    assert (second.get("dir"), second.get("lang")) == ("ltr", "de")
    assert "الاثنين 23 نوفمبر 2026" in message.text


def test_a_foreign_name_within_a_line_keeps_its_order() -> None:
    message = mail(paper([article(1, title=ARABIC, language="ar", author="Ada 1 Byron")], language="ar"))
    isolated = {node.text_content() for node in tree(message.html).iter("span") if node.get("dir") == "ltr"}
    assert {"Ada 1 Byron", "1 rue Haute, Paris"} <= isolated
    assert "\u2068Ada 1 Byron\u2069" in message.text
    assert "<span dir" not in mail(paper(THREE)).html


@pytest.mark.parametrize(
    ("language", "direction"),
    [("he", "rtl"), ("fa-IR", "rtl"), ("ur", "rtl"), ("ar", "rtl"), ("de", "ltr"), ("az", "ltr")],
)
def test_every_language_has_its_direction_also_without_a_catalogue(language: str, direction: str) -> None:
    page = tree(mail(paper(THREE, language=language)).html)
    assert (page.get("lang"), page.get("dir")) == (language, direction)


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_a_real_morning_is_well_under_the_cut(language: str) -> None:
    message = mail(sampled(language))
    assert len(message.html.encode()) < 80_000
    assert len(titles(message)) > 20
    assert "<style>" in message.html
    assert "@media (prefers-color-scheme: dark)" in message.html
    assert "[data-ogsc]" in message.html
    assert "<!--[if mso]>" in message.html
    for forbidden in ("<script", "<link", "@import", "url(", "<iframe", "<form", "javascript:", "background-image"):
        assert forbidden not in message.html


@pytest.mark.parametrize(("sections", "each"), [(12, 50), (12, 5), (1, 600), (40, 3), (12, 9)])
def test_too_many_stories_give_way_but_none_is_lost(sections: int, each: int) -> None:
    message = mail(monster(sections, each))
    assert len(message.html.encode()) <= LIMIT
    assert len(message.html.encode()) > LIMIT * 0.85
    rest = tree(message.html).find_class("more")
    moved = sum(_arabic_count(cell.text_content()) for cell in rest)
    assert len(titles(message)) + moved == sections * each
    assert titles(message)[0].startswith("1 ")
    assert tree(message.html).find_class("wide")  # the top story keeps its picture
    assert "إلغاء الاشتراك" in message.html
    assert message.text.count("https://paper.example/") == len(titles(message))


def _arabic_count(words: str) -> int:
    number = re.match(r"\s*(\d+)", words)
    return int(number[1]) if number else 2 if "مادتان" in words else 1


def test_pictures_go_before_stories_do() -> None:
    message = mail(monster(12, 6))
    assert len(titles(message)) == 72
    assert 0 < message.html.count("<img") < 72


def test_plain_text_is_readable_at_72_columns_and_safe_to_flow() -> None:
    long = article(4, title="> quoted? " + "word " * 40, summary="From here on " * 20, author="")
    cjk = article(5, title="関東地方では、きょうから雨が続く見込みです。" * 4, language="ja")
    text = mail(paper([*THREE, long, cjk, article(6, title="> a"), article(7, title="From A to B")])).text
    for line in text.split("\n"):
        assert columns(line) <= 72 or line.startswith("https://"), line
        assert line == line.rstrip(), line
        assert not line.startswith((">", "From ")), line
        if "://" in line:
            assert re.fullmatch(r"https?://\S+", line), line
    assert "\n\n\n" not in text
    assert text.endswith("\n")
    assert "\r" not in text


@pytest.mark.parametrize("accent", ["#ffee00", "#000000", "#ffffff", "#1a73e8", "red; }", ""])
def test_any_accent_stays_legible(accent: str) -> None:
    message = renderer(site=SiteFacts(accent=accent)).digest(paper(THREE))
    assert message is not None
    colours = set(
        re.findall(r'class="l"[^>]*?color:(#\w{6})', message.html)
        or re.findall(r"h2 style=\"[^\"]*?;color:(#\w{6})", message.html)
    )
    assert all(_contrast(colour, "#ffffff") >= 4.5 for colour in colours)
    assert colours


def _contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)
