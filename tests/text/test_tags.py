"""Hashtags from categories and tags."""

from __future__ import annotations

import pytest

from distributor.text import hashtags


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("World News", "#WorldNews"),
        ("news analysis", "#NewsAnalysis"),
        ("sports", "#Sports"),
        ("iPhone", "#iPhone"),
        ("COVID-19", "#COVID19"),
        ("U.S.", "#US"),
        ("R&D", "#RAndD"),
        ("#MeToo", "#MeToo"),
        ("Côte d’Ivoire", "#CôtedIvoire"),
        ("日本 語", "#日本語"),
        ("Ελλάδα", "#Ελλάδα"),
        ("हिन्दी", "#हिन्दी"),
        ("می\u200cخواهم", "#می\u200cخواهم"),
        ("cafe\u0301", "#Café"),
    ],
)
def test_a_word_becomes_a_tag(word: str, tag: str) -> None:
    assert hashtags([word], 1) == [tag]


@pytest.mark.parametrize("word", ["", "2024", "24/7", "C++", "!!!", "👍", "Uncategorized", "a " * 10, "x" * 60])
def test_what_cannot_be_a_tag_is_left_out(word: str) -> None:
    assert hashtags([word], 3) == []


def test_each_tag_comes_once_in_order_up_to_the_limit() -> None:
    assert hashtags(["World News", "WORLD NEWS", "worldnews", "Blog", "AI"], 2) == ["#WorldNews", "#Blog"]
    assert hashtags(["Blog"], 0) == []
