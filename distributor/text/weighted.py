"""X's weighted length, as twitter-text 3 defines it (config v3: 280, scale 100, a URL 23, emoji parsing on).

The text is normalised (NFC); every link weighs 23, every emoji sequence 2; of the rest, Latin and other scripts up to
U+10FF, and most of general punctuation, weigh 1 a code point, all else 2. CR LF weighs 2: X counts code points.
"""

from __future__ import annotations

from itertools import pairwise
from unicodedata import normalize

from distributor.text.emoji import emoji_sequences
from distributor.text.links import links
from distributor.text.patterns import lazy

__all__ = ["weighted_length"]

_URL = 23
_HEAVY = r"[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]"
_SEQUENCE_PARTS = r"[\u200d\u20e3\ufe0f\U0001f1e6-\U0001f1ff🏻-🏿🏴]"


def weighted_length(text: str) -> int:
    """How much of X's 280 `text` takes."""
    if text.isascii() and "." not in text:
        return len(text)
    text = normalize("NFC", text)
    spans = links(text, "x")
    if not spans:
        return _plain_weight(text)
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    between = [text[start:end] for start, end in list(pairwise(edges))[::2]]
    return _URL * len(spans) + sum(map(_plain_weight, between))


def _plain_weight(text: str) -> int:
    if text.isascii():
        return len(text)
    sequences = 0
    if lazy(_SEQUENCE_PARTS).search(text):
        text, sequences = emoji_sequences().subn("", text)
    return 2 * sequences + len(text) + len(lazy(_HEAVY).findall(text))
