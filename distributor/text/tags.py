"""Hashtags from categories and tags: CamelCase, in any script, each once."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import normalize

from distributor.text.patterns import lazy

__all__ = ["hashtags"]

_MAX_WORDS, _MAX_LENGTH = 6, 50
# Letters, marks and digits, and the two joiners that Persian and the Indic scripts need inside a word.
_WORD = r"[\p{L}\p{M}\p{Nd}_](?:[\p{L}\p{M}\p{Nd}_\u200c\u200d]*[\p{L}\p{M}\p{Nd}_])?"
_NEVER = frozenset(("uncategorized", "uncategorised", "untagged", "nocategory", "default"))


def hashtags(words: Iterable[str], limit: int) -> list[str]:
    """At most `limit` hashtags from `words`, in their order: "World News" gives "#WorldNews".

    Left out: what has no letter (X and Mastodon make no tag of digits), what is longer than a tag would be read, and
    what differs from an earlier one in case only. A word's own capitals stay: "iPhone" is not "Iphone".
    """
    found: dict[str, str] = {}
    for word in words:
        if len(found) >= limit:
            break
        if (tag := _tag(word)) and tag.casefold() not in _NEVER:
            found.setdefault(tag.casefold(), f"#{tag}")
    return list(found.values())[: max(limit, 0)]


def _tag(words: str) -> str:
    plain = normalize("NFC", words).replace("&", " and ") if words.isascii() else normalize("NFC", words)
    parts = lazy(_WORD).findall(lazy(r"(?<=\w)['’.](?=\w)").sub("", plain.strip().lstrip("#＃")))
    if len(parts) == 1:
        joined = parts[0] if parts[0][0] == parts[0][0].upper() or not parts[0].islower() else _capital(parts[0])
    else:
        joined = "".join(map(_capital, parts))
    letters = lazy(r"\p{L}").search(joined) and not (len(joined) == 1 and joined.isascii())  # "C++" is no "#C"
    return joined if letters and len(parts) <= _MAX_WORDS and len(joined) <= _MAX_LENGTH else ""


def _capital(word: str) -> str:
    return word[0].upper() + word[1:] if word.islower() else word
