"""What stands in a digest: the articles of a window, each once, best first. Pure.

compose:  Trending (the best few of all)  ->  the categories in the order of their best article that is left
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from distributor.model import NO_CATEGORY, Choice, Section

__all__ = ["Piece", "alone", "compose", "numbers", "taken", "wanted"]


class Piece(Protocol):
    """What a digest needs of an article: a model.Article will do."""

    @property
    def id(self) -> int: ...

    @property
    def categories(self) -> tuple[str, ...]: ...


def alone(choice: Choice) -> bool:
    """Whether the readers of this choice read Trending and no category."""
    return choice.categories == (NO_CATEGORY,)


def wanted(choice: Choice, offered: Sequence[str]) -> tuple[str, ...]:
    """The categories of a choice that are offered, in the publisher's order. No categories are all of them, and so is
    Trending alone, which is the best of all; one whose every category was taken off the list is left with none.
    """
    if not choice.categories or alone(choice):
        return tuple(offered)
    chosen = {word.casefold() for word in choice.categories}
    return tuple(title for title in offered if title.casefold() in chosen)


def taken(piece: Piece, choice: Choice, offered: Sequence[str]) -> bool:
    """Whether readers of this choice get the article. What stands in no category is for who wants them all."""
    if not piece.categories:
        return not choice.categories or alone(choice)
    return bool(_folded(piece.categories) & _folded(wanted(choice, offered)))


def compose(
    articles: Iterable[Piece], choice: Choice, *, per_category: int, trending: int, offered: Sequence[str]
) -> tuple[Section, ...]:
    """The sections of a digest of these articles, which come best first; empty when there is nothing for this choice.

    `offered` are the digest's categories in the publisher's order: an article of several stands in the first of them
    that the reader chose. `trending` and `per_category` are the most that a section shows; the rest of a category is on
    the web page. What stands in no category follows Trending's best. Who reads Trending alone gets nothing else, and
    also where the digest shows no such section to others.
    """
    ours = [piece for piece in articles if taken(piece, choice, offered)]
    if alone(choice):
        few = tuple(piece.id for piece in ours[: trending or per_category])
        return (Section("", few),) if few else ()
    best = [piece.id for piece in ours[:trending]] if choice.trending else []
    places = wanted(choice, offered)
    by_category: dict[str, list[int]] = {}
    loose: list[int] = []
    for piece in ours[len(best) :]:
        own = _folded(piece.categories)
        home = next((title for title in places if title.casefold() in own), "")
        (by_category.setdefault(home, []) if home else loose).append(piece.id)
    first = Section("", (*best, *loose[:per_category]), tuple(loose[per_category:]))
    sections = [
        Section(title, tuple(ids[:per_category]), tuple(ids[per_category:])) for title, ids in by_category.items()
    ]
    if not first.articles:
        return tuple(sections)
    return (first, *sections) if best else (*sections, first)


def numbers(sections: Iterable[Section]) -> list[int]:
    """The ids of all articles of these sections, what is on the web page only included."""
    return [number for section in sections for number in (*section.articles, *section.rest)]


def _folded(words: Iterable[str]) -> set[str]:
    return {word.casefold() for word in words}
