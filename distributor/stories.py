"""Which articles may tell the same story: an index of the last days' titles by their telling words, in memory.

It only proposes. What it proposes is read from the store and compared word by word, so that an entry that is out of
date, or was rolled back, does no harm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from distributor import text

__all__ = ["Stories", "Telling", "grouped"]

# Old titles leave it when it is built anew.
RENEW = timedelta(hours=1)


class Stories:
    """For the holder of the ingest lock only: one thread at a time."""

    def __init__(self) -> None:
        self._built: datetime | None = None
        self._last = 0
        self._known: dict[int, tuple[str, int, tuple[str, ...]]] = {}
        # By the number of a title's words, then by each of them.
        self._by_word: defaultdict[int, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))

    def since(self, now: datetime) -> int:
        """The highest id that was read from the store; 0 when all is to be read, because it is empty or was renewed."""
        if self._built is None or now - self._built > RENEW:
            self._built, self._last = now, 0
            self._known.clear()
            self._by_word.clear()
        return self._last

    def add(self, number: int, source: str, title: str, story: int) -> None:
        """Takes in an article as the store has it."""
        self._last = max(self._last, number)
        self.remember(number, source, title, story)

    def remember(self, number: int, source: str, title: str, story: int) -> None:
        """Takes in an article whose transaction may still be rolled back: it will be read again."""
        words = text.signs(title)
        self._known[number] = (source, story, words)
        for word in words:
            self._by_word[len(words)][word].add(number)

    def alike(self, source: str, title: str, story: int) -> list[int]:
        """The articles of other sources that may tell the same, oldest first."""
        words = text.signs(title)
        met: set[int] = set()
        for length, by_word in self._by_word.items():
            rarest = sorted((by_word.get(word, set()) for word in words), key=len)
            met.update(*rarest[: text.enough(len(words), length)])
        return sorted(number for number in met if self._may_be(number, source, words, story))

    def _may_be(self, number: int, source: str, words: tuple[str, ...], story: int) -> bool:
        told_by, fingerprint, told = self._known[number]
        return told_by != source and text.may_be_near(story, fingerprint) and text.may_be_like(words, told)


@dataclass(frozen=True, slots=True)
class Telling:
    """An article as another telling of a story is known by: `story` is its fingerprint, `same_as` what is known."""

    id: int
    title: str
    lead: str
    story: int
    same_as: int = 0


def grouped(tellings: Sequence[Telling]) -> dict[int, int]:
    """Which story each of these articles tells, by the lowest id of those that tell it; for some hundreds of them.

    Unlike `Stories` it also compares what one source tells twice: a piece and its update under another address.
    """
    ordered = sorted(tellings, key=lambda one: one.id)
    story = {one.id: one.same_as or one.id for one in ordered}
    for place, one in enumerate(ordered):
        for other in ordered[:place]:
            if _is_same(one, other):
                old, new = sorted((story[one.id], story[other.id]), reverse=True)
                story = {number: new if found == old else found for number, found in story.items()}
    return story


def _is_same(one: Telling, other: Telling) -> bool:
    return (
        bool(one.story and other.story)
        and text.may_be_near(one.story, other.story)
        and text.near(one.title, one.lead, other.title, other.lead)
    )
