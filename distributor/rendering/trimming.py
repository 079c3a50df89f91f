"""What gives way where a digest would be cut off by the reader's mail program. Pure but for the drawing it is given.

From the last story of each section upwards: first pictures and summaries go, then whole stories, which are counted
among those on the web page. The first story of all stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

__all__ = ["LIMIT", "fitted"]

# Gmail shows 102 KB of a message's HTML and hides the rest, the unsubscribe link with it.
# https://github.com/hteumeuleu/email-bugs/issues/41
LIMIT = 100_000  # bytes
DRAWS = 7
_FRAME, _ROW, _PICTURE = 6_000, 650, 700  # bytes of markup, roughly: the frame, a bare story, what a picture adds

Section = Mapping[str, Any]


class _Step(NamedTuple):
    """One story gives something up: its picture and summary, or its place. `saved` is about how many bytes."""

    section: int
    story: int
    moves: bool
    saved: int


def fitted(sections: Sequence[Section], draw: Callable[[list[dict[str, Any]]], str], limit: int = LIMIT) -> str:
    """The drawing of as much of the sections as `limit` bytes hold; of the least there can be if they never do."""
    steps = _steps(sections)
    saved = [0, *accumulate(step.saved for step in steps)]
    guess = _FRAME + sum(_weight(story) for section in sections for story in section["stories"])
    taken = _enough(saved, guess - limit * 13 // 10)
    best, best_taken, over = "", len(steps) + 1, -1
    for _ in range(DRAWS):
        drawn = draw(_reduced(sections, steps[:taken]))
        slack = limit - len(drawn.encode())
        if slack >= 0 and taken < best_taken:
            best, best_taken = drawn, taken
        if slack < 0:
            over = max(over, taken)
        if taken == len(steps) and slack < 0:
            return drawn
        if best and (best_taken <= over + 1 or 0 <= slack < limit // 20):
            return best
        # Where the drawing was off, the weights are: look from here, but never where it is known to fit or not.
        near = _enough(saved, saved[taken] - slack * 11 // 10) if slack < 0 else _enough(saved, saved[taken] - slack)
        taken = min(max(near, over + 1), best_taken - 1)
    return best or draw(_reduced(sections, steps))


def _enough(saved: Sequence[int], bytes_: int) -> int:
    """The fewest steps that save so many bytes."""
    return next((count for count, total in enumerate(saved) if total >= bytes_), len(saved) - 1)


def _steps(sections: Sequence[Section]) -> list[_Step]:
    """All that can be given up, the least worthy first: the deepest in a section, of the later section."""
    places = [(story, section) for section, one in enumerate(sections) for story in range(len(one["stories"]))]
    order = sorted((place for place in places if place != (0, 0)), reverse=True)
    steps = []
    for moves in (False, True):
        for story, section in order:
            told = sections[section]["stories"][story]
            saved = _bare(told) if moves else _weight(told) - _bare(told)
            if saved > 0:
                steps.append(_Step(section, story, moves, saved))
    return steps


def _bare(story: Mapping[str, Any]) -> int:
    return _ROW + sum(len(str(story[part]).encode()) for part in ("title", "url", "author", "category"))


def _weight(story: Mapping[str, Any]) -> int:
    picture = story["picture"] or story["thumb"]
    size = _PICTURE + len(str(picture["url"])) + len(str(picture["alt"]).encode()) + len(story["url"]) if picture else 0
    return _bare(story) + size + len(str(story["summary"]).encode())


def _reduced(sections: Sequence[Section], steps: Sequence[_Step]) -> list[dict[str, Any]]:
    bare = {(step.section, step.story) for step in steps if not step.moves}
    moved = {(step.section, step.story) for step in steps if step.moves}
    made = []
    for place, section in enumerate(sections):
        stories = [
            story | {"picture": None, "thumb": None, "summary": ""} if (place, number) in bare else story
            for number, story in enumerate(section["stories"])
            if (place, number) not in moved
        ]
        rest = section["rest"] + len(section["stories"]) - len(stories)
        made.append({**section, "stories": stories, "rest": rest})
    return made
