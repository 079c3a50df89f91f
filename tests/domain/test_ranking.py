"""The order in which news goes out, and why."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.ranking import Item, RankingSettings, rank

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = RankingSettings()

items = st.lists(
    st.builds(
        lambda number, minutes, boost: Item(number, NOW - timedelta(minutes=minutes), boost=boost),
        st.integers(1, 10**6),
        st.integers(-60, 10**7),
        st.sampled_from([0.0, 0.0, 0.5, -1.0, 3.0]),
    ),
    max_size=20,
    unique_by=lambda item: item.article_id,
)


@given(items=items)
def test_the_parts_add_up_to_the_score(items: list[Item]) -> None:
    for ranking in rank(items, NOW, SETTINGS):
        assert sum(ranking.parts.values()) == pytest.approx(ranking.score)


@given(items=items, seed=st.integers())
def test_the_order_does_not_depend_on_the_order_of_the_input(items: list[Item], seed: int) -> None:
    shuffled = random.Random(seed).sample(items, len(items))
    assert rank(shuffled, NOW, SETTINGS) == rank(items, NOW, SETTINGS)


@given(items=items)
def test_every_article_is_ranked_once_best_first(items: list[Item]) -> None:
    ranked = rank(items, NOW, SETTINGS)
    assert sorted(one.article_id for one in ranked) == sorted(item.article_id for item in items)
    scores = [one.score for one in ranked]
    assert scores == sorted(scores, reverse=True)


def test_freshness_halves_with_its_half_life() -> None:
    (ranking,) = rank([Item(1, NOW - timedelta(hours=6))], NOW, SETTINGS)
    assert ranking.parts == {"freshness": pytest.approx(log2(1.5)), "boost": 0.0}


def test_a_boost_goes_before_what_is_fresher() -> None:
    boosted, fresh = Item(1, NOW - timedelta(hours=12), boost=1.0), Item(2, NOW)
    assert [one.article_id for one in rank([fresh, boosted], NOW, SETTINGS)] == [1, 2]


def test_what_scores_the_same_goes_newest_first() -> None:
    older, newer = Item(9, NOW - timedelta(days=9000)), Item(1, NOW - timedelta(days=8999))
    assert [one.article_id for one in rank([older, newer], NOW, SETTINGS)] == [1, 9]
