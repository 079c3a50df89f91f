"""A digest as a reader gets it: what stands in it, in which order, and what hostile content cannot do to it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from distributor.errors import TemplateError
from distributor.mail import MARKER
from distributor.model import Image, Lane, Section
from distributor.rendering import SiteFacts, style_hashes
from tests.rendering.newsroom import ARABIC, LINKS, NOW, PARIS, TOKEN, article, paper, renderer
from tests.rendering.reading import RENDERER, headings, links, mail, titles, tree

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
