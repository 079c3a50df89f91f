"""Which way a language, and a line of words, is written. Pure."""

from __future__ import annotations

import unicodedata
from typing import Literal

__all__ = ["Direction", "direction_of", "written"]

Direction = Literal["ltr", "rtl"]

_RIGHT_TO_LEFT = frozenset(
    "ar arc ars ary arz azb bal bqi ckb dv fa glk he iw ji ks lrc mzn nqo pnb prs ps rhg sd skr syr ug ur yi".split()  # noqa: SIM905
)
# Scripts (ISO 15924) decide over languages: az-Arab, ks-Deva.
_SCRIPTS = frozenset("adlm arab aran hebr mand mend nkoo rohg samr syrc thaa".split())  # noqa: SIM905
_STRONG = {"L": "ltr", "R": "rtl", "AL": "rtl"}


def direction_of(language: str) -> Direction:
    """How a language is written, by its BCP 47 tag."""
    parts = language.lower().replace("_", "-").split("-")
    script = next((part for part in parts[1:] if len(part) == 4 and part.isalpha()), "")
    if script:
        return "rtl" if script in _SCRIPTS else "ltr"
    return "rtl" if parts[0] in _RIGHT_TO_LEFT else "ltr"


def written(words: str, otherwise: Direction) -> Direction:
    """The direction of most of the letters: a title may begin with a foreign name."""
    found = [_STRONG.get(unicodedata.bidirectional(character)) for character in words[:300]]
    left, right = found.count("ltr"), found.count("rtl")
    return otherwise if left == right else "rtl" if right > left else "ltr"
