"""What stands in a digest."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from distributor.editions import compose, numbers, taken, wanted
from distributor.model import NO_CATEGORY, Choice, Section

OFFERED = ("World", "Business", "Sports", "Science")


@dataclass(frozen=True)
class Piece:
    id: int
    categories: tuple[str, ...]


def pieces(*categories: tuple[str, ...] | str) -> list[Piece]:
    return [Piece(n, (c,) if isinstance(c, str) else c) for n, c in enumerate(categories, 1)]


def composed(
    found: list[Piece], choice: Choice | None = None, *, per_category: int = 5, trending: int = 0
) -> tuple[Section, ...]:
    return compose(found, choice or Choice(), per_category=per_category, trending=trending, offered=OFFERED)


def test_trending_is_first_and_categories_follow_in_the_order_of_their_best() -> None:
    found = composed(pieces("Sports", "World", "Sports", "Business", "World"), trending=1)
    assert found == (Section("", (1,)), Section("World", (2, 5)), Section("Sports", (3,)), Section("Business", (4,)))


def test_a_section_is_capped_and_the_rest_is_told() -> None:
    assert composed(pieces(*["World"] * 5), per_category=2) == (Section("World", (1, 2), (3, 4, 5)),)


def test_an_article_of_several_categories_stands_once_where_the_reader_chose() -> None:
    both = pieces(("Science", "World"))
    assert composed(both) == (Section("World", (1,)),)
    assert composed(both, Choice(("Science",))) == (Section("Science", (1,)),)


def test_without_trending_all_stands_in_its_category() -> None:
    assert composed(pieces("World"), Choice(trending=False), trending=3) == (Section("World", (1,)),)


def test_what_is_in_no_category_is_for_who_wants_all() -> None:
    assert composed(pieces((), "World"), Choice(trending=False)) == (Section("World", (2,)), Section("", (1,)))
    assert composed(pieces(()), Choice(("World",))) == ()


def test_trending_alone_is_the_best_of_all_and_nothing_else() -> None:
    alone = Choice((NO_CATEGORY,))
    found = pieces("Sports", ("Opera", "World"), (), "World", "Opera")
    assert composed(found, alone, trending=2) == (Section("", (1, 2)),)
    assert composed(pieces("Opera"), alone, trending=2) == ()
    assert taken(Piece(1, ()), alone, OFFERED)
    assert composed(found, alone, trending=0, per_category=3) == (Section("", (1, 2, 3)),)  # no such section for others


def test_a_choice_of_removed_categories_is_none_not_all() -> None:
    assert wanted(Choice(("Gone",)), OFFERED) == ()
    assert composed(pieces("World", ()), Choice(("Gone",)), trending=3) == ()
    assert composed(pieces("World", "Sports"), Choice(("Gone", "Sports"))) == (Section("Sports", (2,)),)


choices = st.builds(
    Choice,
    categories=st.sets(st.sampled_from((*OFFERED, "Gone"))).map(lambda s: tuple(sorted(s))),
    trending=st.booleans(),
)
many = st.lists(st.lists(st.sampled_from((*OFFERED, "Odd")), unique=True, max_size=3).map(tuple), max_size=40)


@given(many, choices, st.integers(1, 6), st.integers(0, 5))
def test_each_article_of_the_choice_once_and_no_other(
    categories: list[tuple[str, ...]], choice: Choice, per_category: int, trending: int
) -> None:
    found = [Piece(number, own) for number, own in enumerate(categories, 1)]
    sections = composed(found, choice, per_category=per_category, trending=trending)
    ours = [one.id for one in found if taken(one, choice, OFFERED)]
    assert sorted(numbers(sections)) == [one for one in ours if one in numbers(sections)]
    placed = {one.id for one in found if not one.categories or set(one.categories) & set(OFFERED)}
    assert set(ours) & placed <= set(numbers(sections))
    assert all(section.articles for section in sections)
    assert len({section.title for section in sections}) == len(sections)
