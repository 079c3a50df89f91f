"""Variety: one subject does not fill the front."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from distributor.model import Ranking
from distributor.ranking.items import Item

__all__ = ["spread"]

_UNKNOWN = Item(0, datetime.max.replace(tzinfo=UTC))


def spread(
    ranked: Sequence[Ranking], items: Mapping[int, Item], *, top: int, per_category: int, per_story: int
) -> list[Ranking]:
    """At most so many of one category and of one story in the first `top`, as long as others are there; 0: no limit.

    What is moved out keeps its order behind. A pinned article stays, and counts; a buried one is not moved up.
    An article without a category is limited by its story only; `items` maps article ids to what was ranked.
    """
    front: list[Ranking] = []
    behind: list[Ranking] = []
    categories, stories = Counter[str](), Counter[str]()
    for one in ranked:
        item = items.get(one.article_id, _UNKNOWN)
        full = _full(categories, item.category, per_category) or _full(stories, item.story, per_story)
        if len(front) < top and not item.buried and (item.pinned or not full):
            front.append(one)
            categories[item.category] += 1
            stories[item.story] += 1
        else:
            behind.append(one)
    return front + behind


def _full(counted: Counter[str], name: str, limit: int) -> bool:
    return bool(name) and 0 < limit <= counted[name]
