"""The sample newsroom's articles and pictures: what the bot shows off with must be right."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import regex
from lxml import html
from PIL import Image

from distributor.sample import articles
from distributor.sample.draw import SCENES, draw

CATEGORIES = [
    "World News",
    "News Analysis",
    "Opinion",
    "Business",
    "Technology",
    "Science",
    "Health",
    "Environment",
    "Lifestyle",
    "Entertainment",
    "Sports",
    "Blog",
]
STARTED = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
STORIES = {story.slug: story for story in articles.stories()}
EACH = pytest.mark.parametrize("story", STORIES.values(), ids=list(STORIES))


def test_every_category_has_at_least_three_articles_from_the_start() -> None:
    there = [story for story in STORIES.values() if story.offset <= timedelta(0)]
    counted = Counter(category for story in there for category in story.categories)
    assert set(counted) == set(CATEGORIES)
    assert min(counted.values()) >= 3
    assert len(there) >= 36


def test_the_difficult_kinds_of_text_are_all_there() -> None:
    titles = [story.title for story in STORIES.values()]
    every_title = "".join(titles)
    assert {story.language for story in STORIES.values()} >= {"en", "fr", "de", "es", "ar", "he", "zh", "ja", "ko"}
    assert any(len(title) > 280 for title in titles)
    assert "\u200d" in every_title, "a sequence joined by ZWJ"
    assert regex.search(r"\p{Regional_Indicator}{2}", every_title), "a flag"
    assert regex.search(r"\p{Emoji_Modifier}", every_title), "a skin tone"
    assert sum(len(story.categories) > 1 for story in STORIES.values()) >= 5
    assert sum(story.breaking for story in STORIES.values()) == 2
    assert sum(bool(story.social) for story in STORIES.values()) == 2


@EACH
def test_an_article_has_what_a_newsroom_gives(story: articles.Story) -> None:
    assert story.title
    assert story.author
    assert story.tags
    assert story.summary != story.title
    assert not story.summary or (60 <= len(story.summary) <= 300 and story.summary[-1] in ".!?。")
    if story.language in {"zh", "ja"}:
        assert 300 <= len(story.text) <= 700
    else:
        assert 120 <= len(story.text.split()) <= 300


@EACH
def test_an_articles_picture_is_described_never_named(story: articles.Story) -> None:
    alt = story.picture.alt
    assert len(alt) > 12
    assert story.picture.name.rpartition(".")[0] not in alt.split()[0]
    assert not regex.search(r"\.(jpe?g|png|webp)\b", alt)


def test_articles_in_another_language_describe_their_picture_in_it() -> None:
    english = {picture.alt for picture in articles.pictures().values()}
    assert all((story.picture.alt in english) == (story.language == "en") for story in STORIES.values())


@pytest.mark.parametrize("name", sorted(articles.pictures()))
def test_a_picture_loads_and_is_small(name: str) -> None:
    content = articles.picture_bytes(name)
    picture = Image.open(io.BytesIO(content))
    picture.load()
    assert picture.size == (articles.pictures()[name].width, articles.pictures()[name].height)
    assert Image.MIME[picture.format or ""] == articles.pictures()[name].type
    assert len(content) < 60_000


def test_every_picture_is_drawn_described_and_used() -> None:
    used = {story.picture.name for story in STORIES.values()}
    assert set(SCENES) == set(articles.pictures()) == used


def test_a_picture_is_drawn_alike_each_time() -> None:
    assert draw("voices.png").tobytes() == draw("voices.png").tobytes()


def test_no_path_gets_through_to_other_files() -> None:
    with pytest.raises(KeyError):
        articles.picture_bytes("../articles.py")


def test_the_marks_of_a_text_become_html_and_the_rest_is_escaped() -> None:
    text = "A <b> & *boat*.\n\n## Why?\n\n- one\n- two\n\n> So <it> is."
    assert articles.to_html(text) == (
        "<p>A &lt;b&gt; &amp; <em>boat</em>.</p>\n<h2>Why?</h2>\n"
        "<ul><li>one</li><li>two</li></ul>\n<blockquote><p>So &lt;it&gt; is.</p></blockquote>"
    )


@EACH
def test_a_body_is_well_formed_and_keeps_every_word(story: articles.Story) -> None:
    article = articles.shown(story, STARTED, timedelta(seconds=max(story.offset.total_seconds(), 0)))
    assert article is not None
    words = html.fromstring(f"<div>{article.body}</div>").text_content().split()
    plain = [word.strip("*") for word in story.text.split() if word not in {"##", "-", ">"}]
    assert len(words) >= len(plain) - 12
    assert "*" not in article.body
    assert "##" not in article.body
