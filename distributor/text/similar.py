"""Is this the story that another source already told? Near-identical title and lead, in any language.

A text becomes a bag of features: its words and pairs of words, and, where a script writes no spaces, its pairs of
characters. `fingerprint` keeps 63 bits of it (Charikar, "Similarity estimation techniques from rounding algorithms",
2002), to be stored with an article: `may_be_near` compares two in a nanosecond or so, `near` looks at the texts.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from itertools import pairwise
from math import ceil
from unicodedata import normalize

from distributor.text.patterns import lazy

__all__ = ["enough", "fingerprint", "may_be_like", "may_be_near", "near", "signs"]

_BITS = 63  # fits a signed BIGINT
_MOST_BITS_APART = 21
_LEAD_WORDS = 40
_LOW_BITS = int.from_bytes(b"\1" * 64, "big")
_WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*|[\p{L}\p{M}]+|\p{Nd}+"
_SAME_TITLE, _SAME_LEAD, _LIKE_TITLE, _COPIED_LEAD, _MIN_WORDS = 0.7, 0.6, 0.45, 0.9, 5


def _tokens(text: str, most: int = 60) -> list[str]:
    """The first `most` words, in lower case and without accents; a character each in scripts without spaces."""
    bare = lazy(r"\p{Mn}+").sub("", normalize("NFKD", text[:2000].casefold()))
    found: list[str] = lazy(_WORD).findall(normalize("NFC", bare))
    return found[:most]


def _pairs(tokens: list[str]) -> set[str]:
    return {f"{first} {second}" for first, second in pairwise(tokens)} or set(tokens)


def _telling(tokens: list[str]) -> list[str]:
    """Without "the", "of", "und": what every story has makes none like another."""
    return [token for token in tokens if len(token) > 3 or not token.isascii() or token.isdigit()]


def fingerprint(title: str, lead: str) -> int:
    """63 bits that differ in few places for near-identical stories; 0 for a story without words."""
    tokens, begun = _tokens(title), _tokens(lead, _LEAD_WORDS)
    features = [*_telling(tokens), *_pairs(tokens), *_telling(begun), *_pairs(begun)]
    # A byte for each bit, and all 64 added at once: there are fewer than 256 features, so no byte overflows.
    counts = sum(map(_lanes, features)).to_bytes(64, "little")
    return sum(1 << bit for bit in range(_BITS) if 2 * counts[bit] > len(features))


def _lanes(feature: str) -> int:
    """A hash of 64 bits, each in a byte of its own, the lowest in the lowest."""
    digest = int.from_bytes(blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return int.from_bytes(f"{digest:064b}".encode(), "big") & _LOW_BITS


def may_be_near(one: int, other: int) -> bool:
    """Whether two fingerprints are close enough to be worth `near`: about 1 in 200 unrelated stories are."""
    return (one ^ other).bit_count() <= _MOST_BITS_APART


def signs(title: str) -> tuple[str, ...]:
    """The different words of a title, by which an index finds it."""
    return tuple(dict.fromkeys(_tokens(title)))


def enough(count: int, other: int) -> int:
    """Of a title with `count` signs, any so many: each title with `other` signs that is `near` has one of them.

    The rest is too little to make the two alike (prefix filtering: Chaudhuri, Ganti and Kaushik, "A primitive operator
    for similarity joins in data cleaning", 2006). 0: no title of that length can be near.
    """
    shared = max(1, ceil(_LIKE_TITLE / (1 + _LIKE_TITLE) * (count + other) - 1e-9))
    return max(0, count - shared + 1) if shared <= other else 0


def may_be_like(one: Collection[str], other: Collection[str]) -> bool:
    """Whether two titles, by their signs, are alike enough to be worth `near`."""
    shared = len(set(one).intersection(other))
    return shared >= _LIKE_TITLE * (len(one) + len(other) - shared)


def near(a_title: str, a_lead: str, b_title: str, b_lead: str) -> bool:
    """Whether two articles of different sources tell the same story in nearly the same words.

    Numbers in the titles must agree: "3 dead" is not "5 dead", nor is this week's report last week's. A lead may be
    cut shorter than the other. Without a lead on both sides only the same title, of five words or more, is enough.
    """
    a_words, b_words = _tokens(a_title), _tokens(b_title)
    if not a_words or not b_words or _numbers(a_words) != _numbers(b_words):
        return False
    title = _jaccard(set(a_words), set(b_words))
    a_begun, b_begun = _tokens(a_lead, _LEAD_WORDS), _tokens(b_lead, _LEAD_WORDS)
    if min(len(a_begun), len(b_begun)) < _MIN_WORDS:
        return title >= _COPIED_LEAD and min(len(a_words), len(b_words)) >= _MIN_WORDS
    lead = _containment(_pairs(a_begun), _pairs(b_begun))
    return (title >= _SAME_TITLE and lead >= _SAME_LEAD) or (title >= _LIKE_TITLE and lead >= _COPIED_LEAD)


def _numbers(tokens: list[str]) -> set[str]:
    return {token for token in tokens if token.isdigit()}


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


def _containment(one: set[str], other: set[str]) -> float:
    return len(one & other) / min(len(one), len(other))
