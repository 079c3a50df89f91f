"""What holds of every ranking, whatever was counted."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from distributor.model import Ranking
from distributor.ranking import Item, RankingSettings, Series, rank

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = RankingSettings()
KEYS = [
    ("telegram", "clicks"),
    ("x", "likes"),
    ("radar", "coverage"),
    ("radar coverage", "old"),
    ("radar", "coverage old"),
]

moments = st.integers(0, 6000).map(lambda minutes: NOW - timedelta(minutes=minutes))
ahead = st.integers(1, 6000).map(lambda minutes: NOW + timedelta(minutes=minutes))
counts = st.one_of(st.integers(0, 50), st.floats(0, 1e12), st.sampled_from([0.1, 1e300, 5e-324]))
odd = st.sampled_from([-1.0, float("nan"), float("inf"), float("-inf")])


def series(starts: st.SearchStrategy[datetime], held: st.SearchStrategy[float]) -> st.SearchStrategy[Series]:
    return st.lists(st.tuples(starts, held), max_size=6)


def items(
    starts: st.SearchStrategy[datetime] = moments, held: st.SearchStrategy[float] = counts, least: int = 0
) -> st.SearchStrategy[list[Item]]:
    item = st.builds(
        Item,
        st.integers(1, 10**6),
        moments,
        signals=st.dictionaries(st.sampled_from(KEYS), series(starts, held), max_size=3),
        boost=st.sampled_from([0.0, 0.0, 0.5, -1.0, 3.0]),
        pinned=st.sampled_from([False, False, False, True]),
        buried=st.sampled_from([False, False, False, True]),
    )
    return st.lists(item, min_size=least, max_size=8, unique_by=lambda item: item.article_id)


def of(article_id: int, ranked: list[Ranking]) -> Ranking:
    return next(one for one in ranked if one.article_id == article_id)


@given(found=items(st.one_of(moments, ahead), st.one_of(counts, odd)))
def test_the_parts_add_up_to_the_score(found: list[Item]) -> None:
    for ranking in rank(found, NOW, SETTINGS):
        assert sum(ranking.parts.values()) == pytest.approx(ranking.score, rel=0, abs=1e-9)


@given(found=items(), seed=st.integers())
def test_the_order_does_not_depend_on_the_order_of_the_input(found: list[Item], seed: int) -> None:
    shuffled = random.Random(seed).sample(found, len(found))
    turned = [replace(item, signals=dict(reversed(list(item.signals.items())))) for item in shuffled]
    assert rank(turned, NOW, SETTINGS) == rank(found, NOW, SETTINGS)


@given(found=items(st.one_of(moments, ahead), st.one_of(counts, odd)))
def test_every_article_is_ranked_once_best_first(found: list[Item]) -> None:
    ranked = rank(found, NOW, SETTINGS)
    assert sorted(one.article_id for one in ranked) == sorted(item.article_id for item in found)
    scores = [one.score for one in ranked]
    assert scores == sorted(scores, reverse=True)


@given(found=items(least=1), key=st.sampled_from(KEYS), data=st.data())
def test_one_more_reader_never_lowers_an_article(found: list[Item], key: tuple[str, str], data: st.DataObject) -> None:
    first, *others = found
    before = list(first.signals.get(key, []))
    place = data.draw(st.integers(0, len(before)))
    added = [*before[:place], (data.draw(moments), 0.0), *before[place:]] if place == len(before) else before
    start, count = added[place]
    more = [*added[:place], (start, count + 1), *added[place + 1 :]]
    read = replace(first, signals={**first.signals, key: more})
    was, now = (of(first.article_id, rank([one, *others], NOW, SETTINGS)).score for one in (first, read))
    assert now >= was


@given(found=items(least=1), minutes=st.integers(1, 100_000))
def test_time_alone_never_raises_an_article(found: list[Item], minutes: int) -> None:
    later = rank(found, NOW + timedelta(minutes=minutes), SETTINGS)
    for ranking in rank(found, NOW, SETTINGS):
        assert of(ranking.article_id, later).score <= ranking.score


@given(found=items(least=1), minutes=st.integers(10, 1000))
def test_an_article_of_the_last_days_scores_less_later(found: list[Item], minutes: int) -> None:
    first = found[0]
    assume(NOW - first.published_at < timedelta(days=3))
    later = rank(found, NOW + timedelta(minutes=minutes), SETTINGS)
    assert of(first.article_id, later).score < of(first.article_id, rank(found, NOW, SETTINGS)).score


@given(minutes=st.integers(0, 200_000), more=st.integers(1, 10_000))
def test_without_readers_any_later_is_less(minutes: int, more: int) -> None:
    item = Item(1, NOW - timedelta(minutes=minutes))
    (now,), (later,) = (rank([item], at, SETTINGS) for at in (NOW, NOW + timedelta(minutes=more)))
    assert later.score < now.score


@given(found=items(ahead, st.one_of(counts, odd)))
def test_what_has_not_happened_moves_nobody(found: list[Item]) -> None:
    bare = [replace(item, signals={}) for item in found]
    assert [one.score for one in rank(found, NOW, SETTINGS)] == [one.score for one in rank(bare, NOW, SETTINGS)]
