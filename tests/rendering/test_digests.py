"""A digest as a reader gets it: what stands in it, in which order, and what hostile content cannot do to it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from distributor.errors import TemplateError
from distributor.mail import MARKER
from distributor.model import Image, Lane, Message, Section
from distributor.rendering import Paper, SiteFacts, style_hashes
from distributor.rendering.speech import columns
from distributor.rendering.trimming import LIMIT
from tests.rendering.newsroom import ARABIC, LINKS, NOW, PARIS, TOKEN, article, monster, paper, renderer, sampled

RENDERER = renderer()


def mail(given_paper: Paper) -> Message:
    message = RENDERER.digest(given_paper)
    assert message is not None
    return message


def tree(document: str) -> Any:
    return lxml_html.document_fromstring(document.encode(), parser=lxml_html.HTMLParser(encoding="utf-8"))


def titles(message: Message) -> list[str]:
    return [node.text_content() for node in tree(message.html).iter("h3")]


def headings(message: Message) -> list[str]:
    return [node.text_content() for node in tree(message.html).iter("h2")]


def links(document: str) -> list[str]:
    return [node.get("href") for node in tree(document).iter("a")]


THREE = [article(1), article(2), article(3, categories=("Sports",))]


def test_the_subject_is_the_top_story_and_the_preheader_the_next_ones() -> None:
    message = mail(paper(THREE))
    assert message.subject == "Story number 1"
    assert tree(message.html).find_class("pre")[0].text_content() == "Story number 2 · Story number 3"
    assert message.title == "The Morning Paper"
    assert message.language == "en"


@pytest.mark.parametrize("title", ["word " * 60, "長い見出し" * 60, ARABIC * 5, "x" * 500, "👩‍👩‍👧‍👦" * 100])
def test_a_long_subject_is_cut_to_what_an_inbox_shows(title: str) -> None:
    subject = mail(paper([article(1, title=title)])).subject
    assert 40 <= len(subject) <= 90
    assert subject.endswith("…")


@pytest.mark.parametrize(
    ("template", "subject"),
    [
        ("{{ name }}: {{ title }}", "The Morning Paper: Story number 1"),
        ("{{ section }} on {{ date }}", "Business on Monday 23 November 2026"),
        ("{{ count }} stories, {{ titles|join('; ') }}", "3 stories, Story number 1; Story number 2; Story number 3"),
        ("{% if language == 'fr' %}Bonjour{% else %}{{ 'Good morning' }}{% endif %}", "Good morning"),
        ("  ", "Story number 1"),
    ],
)
def test_the_publishers_own_subject_is_a_template(template: str, subject: str) -> None:
    assert mail(paper(THREE, subject=template)).subject == subject


@pytest.mark.parametrize(
    "template", ["{{ titel }}", "{{ title", "{{ name.__class__ }}", "{% for i in range(9**9) %}{% endfor %}"]
)
def test_a_subject_that_fails_is_named_and_nothing_is_made(template: str) -> None:
    with pytest.raises(TemplateError, match=r"^digests\.daily\.subject:1: "):
        RENDERER.digest(paper(THREE, subject=template))


def test_trending_comes_first_then_the_sections_as_they_were_arranged() -> None:
    sections = [Section("", (2,)), Section("Sports", (3,)), Section("Business", (1,))]
    message = mail(paper(THREE, sections))
    assert headings(message) == ["Trending", "Sports", "Business"]
    assert titles(message) == ["Story number 2", "Story number 3", "Story number 1"]
    order = [message.text.index(title) for title in ("Trending", "number 2", "Sports", "number 3", "number 1")]
    assert order == sorted(order)


def test_a_trending_story_says_its_category_one_that_the_reader_chose_if_any() -> None:
    both = article(1, categories=("World News", "Sports"))
    message = mail(paper([both], [Section("", (1,))], categories=("Business", "Sports")))
    assert "Sports · Ada Byron" in tree(message.html).text_content()
    assert "Sports · Ada Byron" in message.text


def test_a_corrected_story_is_marked_in_both_parts() -> None:
    message = mail(paper([article(1), article(2, revision=2)]))
    assert message.html.count("Corrected") == 1
    assert message.text.count("Corrected") == 1
    marks = [node.text_content() for node in tree(message.html).find_class("k")]
    assert marks == ["Corrected"]


def test_the_day_and_the_hours_are_the_readers() -> None:
    early = article(1, published_at=NOW.replace(hour=6, minute=5))
    before = article(2, published_at=NOW.replace(day=22, hour=22, minute=30))
    text = mail(paper([early, before], zone=PARIS)).text
    assert "Monday 23 November 2026" in text
    assert "Ada Byron · 07:05" in text
    assert "Ada Byron · 22 Nov, 23:30" in text


def test_what_did_not_fit_is_counted_and_linked() -> None:
    sections = [Section("Sports", (3,)), Section("Business", (1,), tuple(range(100, 114)))]
    message = mail(paper(THREE, sections))
    assert "14 more in Business" in tree(message.html).text_content()
    assert f"{LINKS.web}#section-2" in links(message.html)
    assert f"14 more in Business\n{LINKS.web}#section-2\n" in message.text


def test_without_a_web_page_the_rest_is_counted_and_no_link_leads_nowhere() -> None:
    sections = [Section("Sports", (3,), rest=(4, 5))]
    linked = mail(paper(THREE, sections))
    bare = mail(paper(THREE, sections, links=replace(LINKS, web="")))
    assert "2 more in Sports" in bare.text
    assert "2 more in Sports" in bare.html
    assert 'href=""' not in bare.html
    assert len(links(bare.html)) < len(links(linked.html))


def test_of_the_rest_only_what_is_still_there_is_counted() -> None:
    message = mail(paper(THREE, [Section("Business", (1,), (2, 3, 4))]))
    assert "2 more in Business" in message.text


def test_what_was_withdrawn_is_left_out_and_an_emptied_section_goes() -> None:
    sections = [Section("", (9,)), Section("Business", (1, 9)), Section("Sports", (3,))]
    message = mail(paper(THREE, sections))
    assert headings(message) == ["Business", "Sports"]
    assert titles(message) == ["Story number 1", "Story number 3"]
    assert f"{LINKS.web}#section-3" not in message.html
    with_more = mail(paper(THREE, [Section("", (9,)), Section("Business", (1,), (2,))]))
    assert f"{LINKS.web}#section-2" in links(with_more.html)  # the page's anchors do not move


def test_an_emptied_paper_is_no_mail() -> None:
    assert RENDERER.digest(paper([], [Section("Business", (1, 2))])) is None
    assert RENDERER.digest(paper([], [])) is None


def test_the_foot_says_why_and_how_to_leave() -> None:
    message = mail(paper(THREE))
    for part in (tree(message.html).text_content(), " ".join(message.text.split())):
        for words in (
            "you subscribed to The Morning Paper from The Paper",
            "Change what you get",
            "Fewer mails",
            "Unsubscribe",
            "Read on the web",
            "1 rue Haute, Paris",
        ):
            assert words in part
    assert {LINKS.preferences, LINKS.fewer, LINKS.unsubscribe, LINKS.web, LINKS.archive} <= set(links(message.html))
    assert message.html.count(TOKEN) == message.text.count(TOKEN) == 3  # whole, where the engine looks for it


def test_each_story_leads_where_the_mail_says() -> None:
    tracked = mail(paper(THREE, tracked=lambda a: f"https://go.paper.example/c/{a.id}?a=1&b=2"))
    assert "https://go.paper.example/c/2?a=1&b=2" in links(tracked.html)
    assert "\nhttps://go.paper.example/c/2?a=1&b=2\n" in tracked.text
    site = SiteFacts(name="The Paper", utm={"utm_source": "{channel}", "utm_medium": "{kind}"})
    plain = renderer(site=site).digest(paper(THREE))
    assert plain is not None
    assert "https://paper.example/2?utm_source=daily&utm_medium=email" in links(plain.html)


def test_an_alert_is_one_story_under_its_title() -> None:
    breaking = article(1, title="Dam holds", lane=Lane.BREAKING)
    message = mail(paper([breaking], [Section("", (1,))], kind="alert"))
    assert message.subject == "Breaking: Dam holds"
    assert [node.text_content() for node in tree(message.html).iter("h1")] == ["Dam holds"]
    assert "as it happens" in " ".join(message.text.split())
    said = article(1, title="BREAKING: Dam holds", lane=Lane.BREAKING)
    assert mail(paper([said], [Section("", (1,))], kind="alert")).subject == "BREAKING: Dam holds"
    assert mail(paper([article(1)], [Section("", (1,))], kind="alert")).subject == "Story number 1"


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


def test_an_operators_file_takes_the_place_of_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "digest" / "daily").mkdir(parents=True)
    (tmp_path / "digest" / "daily" / "subject.txt.j2").write_text("Today: {{ title }}")
    (tmp_path / "digest" / "foot.html.j2").write_text("<p>Ours is {{ name }}.</p>")
    message = renderer(tmp_path).digest(paper(THREE))
    assert message is not None
    assert message.subject == "Today: Story number 1"
    assert "Ours is The Morning Paper." in message.html
    weekly = paper(THREE)
    other = renderer(tmp_path).digest(replace(weekly, edition=replace(weekly.edition, digest="weekly")))
    assert other is not None
    assert other.subject == "Story number 1"


@pytest.mark.parametrize(
    ("name", "source", "line"),
    [
        ("digest/story.html.j2", "<p>\n{{ story.titel }}</p>", 2),
        ("digest/body.txt.j2", "a\nb\n{{ nothing }}", 3),
        ("digest/subject.txt.j2", "{% if %}", 1),
        ("mail/style.html.j2", "\n\n{{ site.colours.nope }}", 3),
        (
            "digest/body.html.j2",
            "{% extends 'mail/frame.html.j2' %}\n{% block sheet %}{{ self.foot() }}{% endblock %}",
            2,
        ),
        ("digest/body.html.j2", "{{ name.__class__.__mro__ }}", 1),
    ],
)
def test_a_template_that_fails_is_named_with_its_line(tmp_path: Path, name: str, source: str, line: int) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    with pytest.raises(TemplateError) as caught:
        renderer(tmp_path).digest(paper(THREE))
    assert caught.value.where == f"{path}:{line}"


def test_the_web_page_has_every_story_and_no_readers_link() -> None:
    sections = [Section("", (1,)), Section("Business", (2,), (3,))]
    page = RENDERER.edition_page(paper([*THREE[:2], article(3, revision=3)], sections))
    document = tree(page)
    assert [node.text_content() for node in document.iter("h3")] == [
        "Story number 1",
        "Story number 2",
        "Story number 3",
    ]
    assert [node.get("id") for node in document.iter("section")] == ["section-1", "section-2"]
    assert TOKEN not in page
    assert TOKEN not in RENDERER.edition_page(paper(THREE, tracked=lambda _: LINKS.fewer))
    assert "Corrected" in page
    assert document.find(".//link[@rel='canonical']").get("href") == LINKS.web
    told = {node.get("property"): node.get("content") for node in document.iter("meta") if node.get("property")}
    assert told["og:title"] == "Story number 1"
    assert told["og:url"] == LINKS.web
    assert LINKS.subscribe in links(page)
    assert "style=" not in page
    (one,) = style_hashes(page)
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", one)


def test_an_emptied_edition_has_a_page_that_says_so() -> None:
    assert "have been withdrawn" in RENDERER.edition_page(paper([], [Section("Business", (1,))]))


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


def test_an_article_cannot_take_a_readers_token_along() -> None:
    hidden = MARKER[:12] + "\u200b" + MARKER[12:]
    mailed = mail(
        paper(
            [
                article(1, title=f"Title {MARKER}", summary=f"Says {MARKER} and more.", author=MARKER),
                article(2, url=f"https://evil.example/?t={MARKER}", title=hidden),
                article(3, image=Image(f"https://evil.example/{MARKER}.png", MARKER, width=800, height=600)),
            ],
            links=replace(LINKS, unsubscribe="", preferences="", fewer=""),
        )
    )
    for part in (mailed.html, mailed.text, mailed.subject):
        assert MARKER not in part
    assert any("evil.example" in link and "%52EADER" in link for link in links(mailed.html))
