"""Articles as posts: what each network is given, what gives way where it is too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor.model import Article, Card, Image, Lane, Limits, Media, Message
from distributor.rendering import PostSettings, check, fingerprint
from distributor.text import measure
from distributor.text.markup import parse
from tests.rendering.posting import LIMITS, article

LINK = "https://example.com/lake?utm_source=mine&utm_medium=social&utm_campaign=world-news"
TITLE = "Lake reopens after ten years"
SUMMARY = "The lake in the north reopens to swimmers on Sunday, after a decade of work on its water."
TAGS = "#WorldNews #Environment #CleanWater"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("x", f"{TITLE}\n\n{SUMMARY}\n\n{TAGS}\n{LINK}"),
        ("mastodon", f"{TITLE}\n\n{SUMMARY}\n\n{LINK}\n\n{TAGS}"),
        ("bluesky", f"{TITLE}\n\n{SUMMARY}\n\n{TAGS}"),
        ("discord", f"{TITLE}\n\n{SUMMARY}\n\n{TAGS}\n\n{LINK}"),
        (
            "telegram",
            f'<b>{TITLE}</b>\n\n{SUMMARY}\n\n<a href="{LINK.replace("&", "&amp;")}">Read more</a>\n\n{TAGS}',
        ),
    ],
)
def test_an_article_reads_well_on_each_network(post: Callable[..., Message], kind: str, text: str) -> None:
    message = post(article(), kind)
    assert message.text == text
    assert check(message, LIMITS[kind]) == []
    assert message.url == LINK
    assert message.title == TITLE
    assert message.language == "en"
    assert message.card == Card(LINK, TITLE, SUMMARY, "https://example.com/lake.jpg")
    assert message.options == {"lane": "normal"}


REAL = [
    article(
        title="البحيرة تفتح أبوابها للسباحة بعد عشر سنوات من الإغلاق",
        summary="أعلنت السلطات المحلية يوم الأحد عن إعادة افتتاح البحيرة الشمالية أمام السباحين "
        "بعد عقد كامل من العمل على تنقية مياهها.",
        language="ar",
        categories=("أخبار العالم",),
        url="https://example.com/أخبار/البحيرة-تفتح",
    ),
    article(
        title="关闭十年后，北部湖泊重新向游泳者开放",
        summary="当地政府周日宣布，经过十年的水质治理，位于北部的湖泊将重新向游泳者开放，预计首日将有数千人前往。",
        language="zh-Hans",
        categories=("国际新闻",),
    ),
    article(title="🏊‍♀️🏊🏽‍♂️ Lake opens 🇺🇳👨‍👩‍👧‍👦 " + "👩🏽‍🚀" * 120, social="🎉" * 300),
    article(title="The lake " * 60 + "opens", summary=""),
    article(title="The lake " * 60 + "opens", social="A sentence about the lake. " * 40),
    article(title="x" * 900, social="y" * 900),
    article(summary="", body="", social="", categories=(), tags=(), image=None),
    article(title="", summary="", body=""),
    article(title="a & b < c > d \" e ' f &amp; &lt;b&gt; " * 20, social="<b>&" * 400),
    article(tags=tuple("a very long tag that goes on and on " * 3 + str(n) for n in range(5))),
    article(title="Read https://evil.org/a and example.org, " * 12),
]


@pytest.mark.parametrize("given_article", REAL, ids=lambda value: value.title[:20])
@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize("pictured", [True, False])
def test_every_post_fits_and_keeps_its_link(
    post: Callable[..., Message], kind: str, given_article: Article, pictured: bool
) -> None:
    message = post(given_article if pictured else replace(given_article, image=None), kind)
    assert check(message, LIMITS[kind]) == []
    carried = unescape(message.text) if kind != "bluesky" else message.card and message.card.url
    assert carried
    assert message.url in carried
    assert "\n\n\n" not in message.text
    assert message.text == message.text.strip()


LETTERS = st.one_of(st.characters(), st.sampled_from("aeiou .,!?<>&\"'#@/:\n\u202e\u200d\ufe0f👩🚀🇫🇷湖ابكé"))
WORDS = st.builds(lambda text, times: text * times, st.text(LETTERS, max_size=40), st.integers(1, 30))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    title=WORDS,
    social=WORDS,
    tags=st.lists(WORDS, max_size=3),
    pictured=st.booleans(),
    kind=st.sampled_from(sorted(LIMITS)),
    path=st.text(max_size=30),
)
def test_any_article_fits_every_network(
    post: Callable[..., Message], title: str, social: str, tags: list[str], pictured: bool, kind: str, path: str
) -> None:
    given_article = article(
        title=title,
        social=social,
        tags=tuple(tags),
        image=Image("https://example.com/a.jpg") if pictured else None,
        url="https://example.com/" + path,
    )
    message = post(given_article, kind, settings=PostSettings(hashtags=2))
    reasons = [reason for reason in check(message, LIMITS[kind]) if "neither" not in reason]
    if len(message.url) < LIMITS[kind].length // 2:
        assert reasons == []
    assert kind != "telegram" or parse(message.text).sound
    assert post(given_article, kind, settings=PostSettings(hashtags=2)) == message


def test_the_summary_gives_way_first(post: Callable[..., Message]) -> None:
    text = post(article(social="One of many sentences about the lake. " * 20)).text
    assert text.startswith(f"{TITLE}\n\nOne of many sentences about the lake.")
    assert text.endswith(f"{TAGS}\n{LINK}")
    assert 200 < measure("x", text).length <= 280


def test_then_hashtags_from_the_last(post: Callable[..., Message]) -> None:
    title = "The lake is open " * 13 + "at last"
    text = post(article(title=title)).text
    assert text == f"{title}\n\n#WorldNews #Environment\n{LINK}"


def test_then_the_title_and_never_the_link(post: Callable[..., Message]) -> None:
    text = post(article(title="The lake is open " * 30)).text
    head, _, link = text.rpartition("\n")
    assert link == LINK
    assert "#" not in head
    assert head.startswith("The lake is open The lake")
    assert "…" in head


def test_a_stub_of_a_summary_is_left_out(post: Callable[..., Message]) -> None:
    title = "The lake is open " * 10 + "at long long last now"
    message = post(article(title=title, social="Extraordinary " * 30))
    assert "Ext" not in message.text
    assert message.text.endswith(f"{TAGS}\n{LINK}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ title }} {{ summary }}{% if not summary %}{{ 'x' * 250 }}{% endif %} {{ link }}",
        "{{ title }} {{ summary if summary|length < 90 else 'y' * 300 }} {{ link }}",
        "{{ summary|upper }} {{ summary|upper }} {{ title|replace('a', 'aaaa') }} {{ link }}",
        "{{ link }}",
    ],
)
def test_a_template_with_a_will_of_its_own_still_fits(post: Callable[..., Message], theirs: Path, source: str) -> None:
    (theirs / "post/x.j2").write_text(source)
    for words in (30, 100, 300):
        message = post(article(social="Words about the lake. " * words))
        assert check(message, LIMITS["x"]) == []
        assert message.url in message.text


def test_a_picture_is_worth_a_shorter_text(post: Callable[..., Message]) -> None:
    long = article(social="A sentence about the lake. " * 60)
    with_picture = post(long, "telegram")
    assert len(with_picture.media) == 1
    assert measure("telegram", with_picture.text, limit=1024, markup="html").fits
    without = post(long, "telegram", settings=PostSettings(pictures=False))
    assert without.media == ()
    assert len(without.text) > 1024


def test_a_link_too_long_for_the_network_is_held_with_the_reason(post: Callable[..., Message]) -> None:
    message = post(article(url="https://example.com/" + "a" * 2100), "discord")
    (reason,) = check(message, LIMITS["discord"])
    assert "discord takes 2000" in reason
    assert message.text == message.url


# Pictures


def test_a_picture_goes_along_with_its_words(post: Callable[..., Message]) -> None:
    assert post(article()).media == (Media("https://example.com/lake.jpg", "image/jpeg", "Swimmers at the shore"),)


@pytest.mark.parametrize(
    ("image", "limits"),
    [
        (Image("https://example.com/a.svg", type="image/svg+xml"), LIMITS["x"]),
        (Image("https://example.com/a.avif"), LIMITS["x"]),
        (Image("javascript:x"), LIMITS["x"]),
        (Image("https://example.com/a.jpg"), LIMITS["linkedin"]),
        (None, LIMITS["x"]),
    ],
)
def test_a_picture_that_the_network_does_not_take_stays_away(
    post: Callable[..., Message], image: Image | None, limits: Limits
) -> None:
    assert post(article(image=image), limits=limits).media == ()


def test_alt_text_is_never_the_name_of_a_file(post: Callable[..., Message]) -> None:
    (media,) = post(article(image=Image("https://example.com/IMG_1.jpg", "IMG_1.jpg"))).media
    assert media.alt == ""


# What goes beside the text


def test_breaking_news_says_so(post: Callable[..., Message]) -> None:
    assert post(article(lane=Lane.BREAKING)).options["lane"] == "breaking"


def test_a_tag_can_be_a_content_warning(post: Callable[..., Message]) -> None:
    message = post(article(tags=("CW: war", "lake")), "mastodon")
    assert message.options["content_warning"] == "war"
    assert message.text.endswith("#WorldNews #Environment #Lake")


def test_hashtags_follow_the_publishers_order(post: Callable[..., Message]) -> None:
    message = post(article(), categories_in_order=["Environment", "World News"])
    assert "#Environment #WorldNews #CleanWater" in message.text
    assert "utm_campaign=environment" in message.url


def test_no_hashtags_when_none_are_wanted(post: Callable[..., Message]) -> None:
    assert "#" not in post(article(), settings=PostSettings(hashtags=0)).text


def test_an_article_without_language_has_the_sites(post: Callable[..., Message]) -> None:
    assert post(article(language="")).language == "en"
    assert "Lire la suite" in post(article(language="fr-CA"), "telegram").text
    assert "Read more" in post(article(language="xx"), "telegram").text


# Pre-flight


def test_a_post_that_cannot_fit_says_why_in_words() -> None:
    pictures = (Media("https://a.example/1.bmp", "image/bmp"), Media("https://a.example/2.jpg", "image/jpeg"))
    message = Message(text="x" * 1100, media=pictures)
    assert check(message, LIMITS["telegram"]) == [
        "its text measures 1100, telegram takes 1024 beside a picture",
        "it has 2 pictures, telegram takes 1",
        "telegram takes no image/bmp",
    ]
    assert check(Message(text=""), LIMITS["x"]) == ["it has neither text nor picture"]
    assert check(Message(text="<b>x"), LIMITS["telegram"]) == [
        "its text has characters or markup that telegram refuses"
    ]


# The same again


def test_the_same_outcome_has_the_same_fingerprint(post: Callable[..., Message]) -> None:
    first = fingerprint(post(article()))
    assert fingerprint(post(article(revision=2, title=" Lake  reopens after ten years", guid="other"))) == first
    assert (
        fingerprint(post(article(image=Image("https://example.com/lake.jpg", "Swimmers at the shore", width=9))))
        == first
    )
    changed = [
        article(title="Lake closed"),
        article(url="https://example.com/b"),
        article(image=None),
        article(language="fr"),
    ]
    assert len({first, *(fingerprint(post(other)) for other in changed)}) == 5


def test_rendering_twice_gives_the_same(post: Callable[..., Message]) -> None:
    for given_article in REAL:
        assert post(given_article) == post(given_article)


def test_importing_the_renderer_does_not_load_jinja() -> None:
    import subprocess
    import sys

    script = "import sys, distributor.rendering; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
