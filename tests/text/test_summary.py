"""The few lines that go with a link."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distributor.text import sentences, summarise

TITLE = "Council votes for library"
GOOD = "The city council voted on Tuesday to build a new library beside the river, ending ten years of dispute."
TEXT = (
    "SPRINGFIELD (AP) — Mayor Jane Doe said at 5 p.m. that the U.S. firm Acme Inc. will build the library.\n"
    "Photo: the mayor at the river.\nIt costs 5 million. “We did it. We waited for years,” the mayor told them.\n"
    "Read more.\nThe library will open in 2030, according to the council plan."
)


def test_the_editors_own_text_wins() -> None:
    assert summarise(title=TITLE, social=" Look  at this ", summary=GOOD, text=TEXT) == "Look at this"


def test_the_publishers_summary_comes_next() -> None:
    assert summarise(title=TITLE, summary=GOOD, text=TEXT) == GOOD


@pytest.mark.parametrize(
    "tail",
    [
        " Read more",
        " [Read more]",
        " (Read More...)",
        "\nContinue reading →",
        " Read more »",
        " Lire la suite",
        " Weiterlesen",
        " Leer más",
        " Continue reading Council votes",
        " Read more: https://example.com/a",
        " […]",
        " [&#8230;] Read more",
        " The post Council votes for library appeared first on The Paper.",
        " 続きを読む",
        "… Read the full story",
    ],
)
def test_what_feeds_append_is_taken_off(tail: str) -> None:
    assert summarise(title=TITLE, summary=GOOD + tail) == GOOD


@pytest.mark.parametrize(
    "summary",
    [
        "",
        TITLE,
        TITLE + "!",
        "Too short.",
        GOOD[:-20] + " […]",
        GOOD[:-20] + "…",
        GOOD[:-1],
        "and so it goes. " + GOOD[4:],
        "Continue reading",
        "The post Foo appeared first on The Paper.",
        " ".join([GOOD] * 4),
    ],
)
def test_a_summary_that_is_no_whole_sentence_of_its_own_gives_way_to_the_text(summary: str) -> None:
    made = summarise(title=TITLE, summary=summary, text=TEXT, language="en")
    assert made.startswith("Mayor Jane Doe said at 5 p.m. that the U.S. firm Acme Inc. will build the library.")
    assert "Photo" not in made
    assert "Read more" not in made


def test_without_text_the_publishers_words_are_better_than_none() -> None:
    assert summarise(title=TITLE, summary="Too short.") == "Too short."
    assert summarise(title=TITLE, summary="The river rose and […]") == "The river rose and…"
    assert summarise(title=TITLE, summary=" ".join([GOOD] * 4)).startswith(GOOD)
    assert summarise(title=TITLE, summary=TITLE) == ""
    assert summarise(title=TITLE) == ""


def test_a_sentence_that_ends_in_read_on_is_no_tail() -> None:
    told = "She wanted to know how the long story of the old harbour ended, so at night she read on."
    assert summarise(title=TITLE, summary=told) == told


def test_a_quotation_stays_whole() -> None:
    made = summarise(title="Ten years", text=TEXT)
    assert made.count("“") == made.count("”")


def test_wide_characters_need_fewer_to_say_as_much() -> None:
    theirs = "市議会は火曜日、川沿いに新しい図書館を建てることを賛成多数で決めた。"
    assert summarise(title="図書館", summary=theirs, text="別の本文がここにあります。とても長い文章です。") == theirs


def test_real_articles_give_whole_sentences_of_their_own(shared: Path) -> None:
    articles = json.loads((shared / "data" / "extraction" / "ground-truth.json").read_text("utf-8"))
    long = 0
    for article in articles.values():
        body = article["articleBody"]
        made = summarise(title="", text=body)
        assert made == summarise(title="", text=body)
        assert made.count("“") >= made.count("”")
        found = sentences(body)
        assert not made or any(made.endswith(sentence) or sentence.endswith(made) for sentence in found)
        long += 60 <= len(made) <= 300
    assert long / len(articles) > 0.9
