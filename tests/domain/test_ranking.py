"""The order in which news goes out, and why."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, log2, nan

import pytest

from distributor.ranking import Item, RankingSettings, Series, by_category, rank

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = RankingSettings()
CLICKS = ("telegram", "clicks")


def article(number: int, hours: float, *series: Series, boost: float = 0.0) -> Item:
    """An article so many hours old, with a series of clicks, and others of other channels."""
    keys = [CLICKS, ("x", "likes"), ("site", "views")]
    return Item(number, NOW - timedelta(hours=hours), signals=dict(zip(keys, series, strict=False)), boost=boost)


def clicks(*counts: float, ago: float = 0.0) -> list[tuple[datetime, float]]:
    """Buckets of 20 minutes, the last of which began so many hours ago."""
    begun = [NOW - timedelta(hours=ago, minutes=20 * n) for n in range(len(counts))]
    return list(zip(reversed(begun), counts, strict=True))


def order(*items: Item, settings: RankingSettings = SETTINGS) -> list[int]:
    return [one.article_id for one in rank(items, NOW, settings)]


def score(item: Item, others: Sequence[Item] = (), settings: RankingSettings = SETTINGS) -> float:
    return next(one.score for one in rank([item, *others], NOW, settings) if one.article_id == item.article_id)


# Without readers


def test_without_readers_the_newest_goes_first() -> None:
    assert order(article(1, 5), article(2, 1), article(3, 30)) == [2, 1, 3]


def test_freshness_halves_with_its_half_life() -> None:
    new, half, quarter = (rank([article(1, hours)], NOW, SETTINGS)[0] for hours in (0, 6, 12))
    assert new.parts == {"freshness": 1.0, "boost": 0.0}
    assert half.parts["freshness"] == pytest.approx(log2(1.5))
    assert quarter.score == pytest.approx(log2(1.25))


def test_a_boost_goes_before_what_is_fresher() -> None:
    assert order(article(2, 0), article(1, 12, boost=1.0)) == [1, 2]


def test_what_scores_the_same_goes_newest_first() -> None:
    older, newer = Item(9, NOW - timedelta(days=9000)), Item(1, NOW - timedelta(days=8999))
    assert order(older, newer) == [1, 9]


def test_an_article_of_the_future_is_one_of_now() -> None:
    assert score(article(1, -24)) == score(article(1, 0))


# Readers


def test_readers_outweigh_freshness() -> None:
    assert order(article(1, 0), article(2, 9, clicks(6, 9, 7))) == [2, 1]


def test_one_click_is_too_little_to_go_before_new_news() -> None:
    assert order(article(1, 0), article(2, 9, clicks(1))) == [1, 2]


def test_what_readers_do_now_outweighs_what_they_did_then() -> None:
    assert order(article(1, 20, clicks(9, 9, 9, ago=10)), article(2, 20, clicks(9, 9, 9))) == [2, 1]


def test_steady_interest_outweighs_one_burst_of_the_same_size() -> None:
    steady, burst = clicks(*[50] * 6), clicks(0, 0, 0, 300, 0, 0)
    assert order(article(1, 9, burst), article(2, 9, steady)) == [2, 1]


def test_of_the_same_interest_the_younger_article_has_more_to_come() -> None:
    assert order(article(1, 30, clicks(9, 9)), article(2, 3, clicks(9, 9))) == [2, 1]


def test_after_its_time_an_article_falls_behind_whatever_readers_do() -> None:
    assert order(article(1, 24 * 14, clicks(50, 50, 50)), article(2, 24, clicks(5, 5, 5))) == [2, 1]


def test_a_large_channel_does_not_drown_a_small_one() -> None:
    large = [article(n, 5, clicks(1000, 1000)) for n in range(1, 80)]
    small = [article(n, 5, [], clicks(3, 3)) for n in range(100, 180)]
    hit_there, hit_here = article(90, 5, clicks(2000, 2000)), article(91, 5, [], clicks(12, 12))
    assert order(*large, *small, hit_there, hit_here)[:2] == [91, 90]


def test_little_evidence_of_what_is_usual_moves_it_little() -> None:
    one, many = [article(2, 5, clicks(900))], [article(n, 5, clicks(900)) for n in range(2, 40)]
    mine = article(1, 5, clicks(20, 20))
    assert score(mine, one) / score(mine) > 0.7
    assert score(mine, many) / score(mine) < 0.3


def test_many_outlets_on_one_story_rank_it_from_the_first_hour() -> None:
    told = Item(1, NOW - timedelta(hours=2), signals={("radar", "coverage"): clicks(3, 4)})
    assert order(told, article(2, 0), article(3, 1)) == [1, 2, 3]


def test_weights_are_by_kind_by_channel_and_by_both() -> None:
    item, plain = article(1, 5, clicks(9)), rank([article(1, 5, clicks(9))], NOW, SETTINGS)[0].score
    twice = replace(SETTINGS, weights={"clicks": 2.0})
    assert score(item, settings=twice) > plain
    assert score(item, settings=replace(SETTINGS, weights={"telegram": 2.0})) == score(item, settings=twice)
    assert score(item, settings=replace(SETTINGS, weights={"telegram": 4.0, "clicks": 0.25})) == plain
    assert score(item, settings=replace(SETTINGS, weights={"telegram": 9.0, "telegram clicks": 1.0})) == plain
    assert score(item, settings=replace(SETTINGS, weights={"clicks": 0.0})) == score(article(1, 5))


def test_the_parts_say_which_channel_did_it() -> None:
    (ranking,) = rank([article(1, 5, clicks(9, 9), clicks(1), [])], NOW, SETTINGS)
    assert list(ranking.parts) == ["freshness", "boost", "telegram clicks", "x likes"]
    assert ranking.parts["telegram clicks"] > ranking.parts["x likes"] > 0


def test_names_that_read_the_same_are_one_part() -> None:
    item = Item(1, NOW, signals={("my x", "likes"): clicks(9), ("my", "x likes"): clicks(9)})
    (ranking,) = rank([item], NOW, SETTINGS)
    assert sum(ranking.parts.values()) == pytest.approx(ranking.score, abs=1e-9)


def test_a_boost_of_one_is_worth_twice_the_attention() -> None:
    hot = rank([article(1, 5, clicks(9, 9, 9))], NOW, SETTINGS)[0]
    assert score(article(1, 5, clicks(9, 9, 9), boost=1.0)) == pytest.approx(hot.score + 1)


# An editor's word


def test_a_pinned_article_is_first_and_a_buried_one_last() -> None:
    hot = article(1, 1, clicks(500, 900, 800), boost=50.0)
    pinned, buried = replace(article(2, 900), pinned=True), replace(article(3, 0, clicks(99, 99)), buried=True)
    assert order(hot, pinned, buried, article(4, 800)) == [2, 1, 4, 3]
    assert rank([pinned], NOW, SETTINGS)[0].parts["pinned"] == rank([buried], NOW, SETTINGS)[0].parts["buried"] * -1


def test_among_the_pinned_readers_decide() -> None:
    cold, hot = replace(article(1, 1), pinned=True), replace(article(2, 9, clicks(9, 9, 9)), pinned=True)
    assert order(cold, hot) == [2, 1]


def test_what_is_pinned_and_buried_is_buried() -> None:
    assert order(replace(article(1, 0), pinned=True, buried=True), article(2, 900)) == [2, 1]


# What cannot be


@pytest.mark.parametrize("count", [nan, inf, -inf, -5.0, 0.0, 0])
def test_a_count_that_cannot_be_counts_nothing(count: float) -> None:
    assert score(article(1, 5, clicks(3, count, 3))) == score(article(1, 5, clicks(3, 0, 3)))


def test_a_broken_counter_does_not_run_away() -> None:
    steady = article(1, 5, clicks(*[400] * 15))
    assert order(steady, article(2, 5, clicks(1e300)), *(article(n, 5, clicks(50)) for n in range(3, 20)))[0] == 1


def test_a_bucket_that_has_not_begun_does_not_count_yet() -> None:
    assert score(article(1, 5, clicks(900, ago=-1))) == score(article(1, 5))
    assert order(article(1, 5, clicks(900, ago=-1)), article(2, 5, clicks(1, ago=3))) == [2, 1]


def test_a_time_without_a_zone_is_in_utc() -> None:
    bare = [(start.replace(tzinfo=None), count) for start, count in clicks(3, 4)]
    item = Item(1, (NOW - timedelta(hours=5)).replace(tzinfo=None), signals={CLICKS: bare})
    assert score(item) == score(article(1, 5, clicks(3, 4)))
    assert rank([item], NOW.replace(tzinfo=None), SETTINGS) == rank([item], NOW, SETTINGS)


@pytest.mark.parametrize("boost", [nan, inf, -inf])
def test_a_boost_that_is_no_number_is_none(boost: float) -> None:
    assert score(article(1, 5, boost=boost)) == score(article(1, 5))


def test_no_boost_reaches_a_pin() -> None:
    assert order(article(1, 0, boost=1e9), replace(article(2, 90), pinned=True)) == [2, 1]


def test_nothing_to_rank_is_no_ranking() -> None:
    assert rank([], NOW, SETTINGS) == []
    assert by_category([], NOW, SETTINGS, 5) == {}


# Many


def test_the_first_of_each_category_are_those_of_the_whole_ranking() -> None:
    chance = random.Random(3)
    items = [
        replace(
            article(n, chance.random() * 60, clicks(*(chance.randint(0, 9) for _ in range(5)))), category=f"c{n % 3}"
        )
        for n in range(400)
    ]
    ranked, categories = rank(items, NOW, SETTINGS), {item.article_id: item.category for item in items}
    assert by_category(items, NOW, SETTINGS, 20) == {
        name: [one for one in ranked if categories[one.article_id] == name][:20] for name in ("c0", "c1", "c2")
    }


def test_a_list_of_a_week_lets_its_first_day_count() -> None:
    monday, sunday = article(1, 150, clicks(*[90] * 30, ago=140)), article(2, 3, clicks(1))
    assert order(monday, sunday) == [2, 1]
    assert order(monday, sunday, settings=SETTINGS.over(timedelta(days=7))) == [1, 2]


def test_a_list_of_an_hour_is_as_any_other() -> None:
    assert SETTINGS.over(timedelta(hours=1)) == SETTINGS
