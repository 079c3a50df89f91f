"""The front of a list is not one subject's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from distributor.ranking import Item, RankingSettings, rank, spread

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def fronted(*items: Item, top: int = 4, per_category: int = 0, per_story: int = 0) -> list[int]:
    known = {item.article_id: item for item in items}
    ranked = rank(items, NOW, RankingSettings())
    found = spread(ranked, known, top=top, per_category=per_category, per_story=per_story)
    return [one.article_id for one in found]


def article(number: int, category: str = "", story: str = "", *, pinned: bool = False, buried: bool = False) -> Item:
    """The smaller the number, the newer."""
    return Item(number, NOW - timedelta(hours=number), category, story=story, pinned=pinned, buried=buried)


def test_at_most_so_many_of_one_category_are_in_front() -> None:
    sports, science = [article(n, "Sports") for n in (1, 2, 3, 4)], [article(n, "Science") for n in (5, 6)]
    assert fronted(*sports, *science, per_category=2) == [1, 2, 5, 6, 3, 4]


def test_near_duplicates_are_one_story() -> None:
    assert fronted(article(1, story="vote"), article(2, story="vote"), article(3), per_story=1) == [1, 3, 2]


def test_without_a_limit_the_order_stays() -> None:
    assert fronted(*(article(n, "Sports", "cup") for n in range(1, 9))) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_articles_without_category_or_story_do_not_count_as_one() -> None:
    assert fronted(*(article(n) for n in range(1, 6)), per_category=1, per_story=1) == [1, 2, 3, 4, 5]


def test_when_there_is_nothing_else_the_rest_follows_in_its_order() -> None:
    assert fronted(*(article(n, "Sports") for n in range(1, 6)), per_category=2) == [1, 2, 3, 4, 5]


def test_behind_the_front_there_is_no_limit() -> None:
    items = [article(1, "a"), article(2, "a"), article(3, "b"), article(4, "a"), article(5, "a")]
    assert fronted(*items, top=2, per_category=1) == [1, 3, 2, 4, 5]


def test_what_is_pinned_stays_and_counts() -> None:
    items = [article(n, "Sports", pinned=n > 3) for n in (1, 4, 5)]
    assert fronted(*items, article(6, "Science"), per_category=1) == [4, 5, 6, 1]


def test_what_is_buried_is_not_moved_up() -> None:
    items = [article(1, "Sports"), article(2, "Sports"), article(3, "Science", buried=True)]
    assert fronted(*items, per_category=1) == [1, 2, 3]


def test_an_article_that_nothing_is_known_of_has_no_limit() -> None:
    ranked = rank([article(1, "a"), article(2, "a")], NOW, RankingSettings())
    assert spread(ranked, {}, top=2, per_category=1, per_story=1) == ranked


@given(
    found=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])), max_size=12),
    top=st.integers(0, 12),
    limits=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_the_front_keeps_to_its_limits_and_nothing_is_lost(
    found: list[tuple[str, str]], top: int, limits: tuple[int, int]
) -> None:
    items = {n: article(n, category, story) for n, (category, story) in enumerate(found, 1)}
    ranked = rank(items.values(), NOW, RankingSettings())
    shown = spread(ranked, items, top=top, per_category=limits[0], per_story=limits[1])
    assert sorted(one.article_id for one in shown) == sorted(items)
    front: list[Item] = []
    for item in (items[one.article_id] for one in shown[:top]):
        same = sum(other.category == item.category for other in front)
        story = sum(bool(item.story) and other.story == item.story for other in front)
        if same >= limits[0] or story >= limits[1]:
            break
        front.append(item)
    taken = {item.article_id for item in front}
    behind = [one.article_id for one in shown if one.article_id not in taken]
    assert behind == [one.article_id for one in ranked if one.article_id not in taken]
