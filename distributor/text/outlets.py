"""Do two outlets report the same story? Each in its own words, so near-duplicates (similar.py) are not enough. Pure.

What two reports of one event share is what other news of the day do not have: names, places, the thing itself. So
each word weighs by how rare it is among the titles of the last days (Spärck Jones, "A statistical interpretation of
term specificity", 1972), and two titles are compared by the weight that they share, a lead counting half.

No language is known here: a word is cut to its first letters in place of a stem, Arabic loses its article, and
scripts that write no spaces are read as pairs of characters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from math import log, sqrt
from unicodedata import normalize

from distributor.text.patterns import lazy

__all__ = ["Index", "Report", "report"]

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = rf"[{_UNSPACED}]+|[\p{{L}}\p{{M}}]+|\p{{Nd}}+"
_ARTICLE = r"^(?:وال|بال|كال|فال|لل|ال)(?=\p{L}{3})"
_TITLE_CASE = 0.9
_STEM, _MOST_TITLE, _MOST_LEAD = 6, 40, 40
_NUMBER_WEIGHT, _LEAD_WEIGHT = 0.5, 0.5
# Judged by tests/text/test_outlets.py: no wrong pair, and most of the right ones.
_LIKE, _MIN_SHARED, _MIN_TITLE = 0.41, 3, 2
# As if so many other reports were known: among few, a story that all of them tell would look common.
_UNHEARD = 100
_FEW = 50


@dataclass(frozen=True, slots=True)
class Report:
    """A title and a lead by their telling words; `lead` has those that the title has not. `names` are those of either
    that stand with a capital within a sentence, or in a script that has none.
    """

    title: frozenset[str]
    lead: frozenset[str]
    names: frozenset[str]


def report(title: str, lead: str) -> Report:
    titles, leads = dict(_words(title, _MOST_TITLE)), dict(_words(lead, _MOST_LEAD))
    words = frozenset(titles)
    names = frozenset(word for found in (titles, leads) for word, is_name in found.items() if is_name)
    return Report(words, frozenset(leads) - words, names)


class Index:
    """Reports by their words, to find which of them tell the story of another.

    `weigh` makes known how common words are, with every report of the last days; `add` takes what can be found.
    """

    def __init__(self) -> None:
        self._common: Counter[str] = Counter()
        self._size = 0
        self._known: dict[int, Report] = {}
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)

    def weigh(self, reports: Iterable[Report]) -> None:
        for one in reports:
            self._common.update(one.title | one.lead)
            self._size += 1

    def add(self, number: int, one: Report) -> None:
        self._known[number] = one
        for word in one.title:
            self._by_word[word].append(number)

    def best(self, one: Report, *, after: int = 0) -> int:
        """What tells the same story, of those with a higher number than `after`: the likest; 0 if none does."""
        # A story that shares only what many others have is none: long lists are not looked through.
        most = max(_FEW, len(self._known) // 20)
        lists = [self._by_word[word] for word in one.title if word in self._by_word]
        worth = {number for numbers in lists if len(numbers) <= most for number in numbers if number > after}
        likest = max(((self.likeness(one, self._known[number]), -number) for number in worth), default=(0.0, 0))
        return -likest[1] if likest[0] >= _LIKE else 0

    def is_like(self, one: Report, other: Report) -> bool:
        """Whether they tell the same story."""
        return self.likeness(one, other) >= _LIKE

    def likeness(self, one: Report, other: Report) -> float:
        """From 0 to about 1: what the two share, of what they might. 0 where they share too few words to tell."""
        titles = one.title & other.title
        leads = (one.title & other.lead) | (one.lead & other.title)
        if len(titles) < _MIN_TITLE or len(titles) + len(leads) < _MIN_SHARED:
            return 0.0
        if not (one.names | other.names) & titles:
            return 0.0  # what "police appeal for witnesses" about is told by the names
        shared = self._weight(titles) + _LEAD_WEIGHT * self._weight(leads)
        return shared / sqrt(self._weight(one.title) * self._weight(other.title) or 1.0)

    def _weight(self, words: Iterable[str]) -> float:
        return sum(self._rarity(word) for word in words)

    def _rarity(self, word: str) -> float:
        rare = log((self._size + _UNHEARD) / (self._common[word] + 0.5))
        return max(0.0, rare) * (_NUMBER_WEIGHT if word.isdigit() else 1.0)


def _words(text: str, most: int) -> Iterator[tuple[str, bool]]:
    """The telling words, cut short, and whether each looks like a name."""
    text = normalize("NFC", text[:2000])
    found = list(islice(lazy(_WORD).finditer(text), most))
    long = [match[0] for match in found[1:] if len(match[0]) > 3 and match[0].lower() != match[0].upper()]
    # Headlines In Which Every Word Has A Capital, OR ALL OF THEM ARE, tell nothing of names.
    tells = not long or sum(word[0].isupper() for word in long) < _TITLE_CASE * len(long)
    for match in found:
        word = match[0]
        if lazy(rf"[{_UNSPACED}]").match(word):
            yield from ((f"{first}{second}", True) for first, second in pairwise(word))
            continue
        bare = lazy(r"\p{Mn}+").sub("", normalize("NFKD", word.casefold()))
        if len(bare) > 3 or bare.isdigit() or (tells and word.isupper() and len(word) > 1):
            caseless = word.lower() == word.upper() and not word.isdigit()
            begins = not text[: match.start()].rstrip("\"'«»„“” ") or text[: match.start()].rstrip()[-1] in ".!?:"
            is_name = caseless or (tells and word[0].isupper() and not begins)
            yield lazy(_ARTICLE).sub("", bare)[:_STEM], is_name
