"""What gives way when a post is too long: first the summary, then the hashtags from the last, then the title. Pure.

The link never gives way. `text.fit` finds the longest cut; the template decides what stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape, unescape

from distributor.model import Limits
from distributor.text import fit, measure
from distributor.text.measuring import NETWORKS, Measured

__all__ = ["counted", "room", "shortened", "tidy"]

STUB = 16  # characters: a summary cut shorter than this says nothing
_ENDS = re.compile(r"[ \t]+(?=\n)")
_GAPS = re.compile(r"\n{3,}")

Draw = Callable[..., str]


def room(limits: Limits, pictures: int) -> int:
    """What a post may measure: a picture's caption has a limit of its own. The picture is worth the shorter text."""
    return limits.caption if pictures and limits.caption else limits.length


def counted(text: str, limits: Limits, limit: int) -> Measured:
    """The text as its network counts it; in characters where we know no rule of it (a webhook, a third party's)."""
    return measure(_rule(limits.network), text, limit=limit, markup=limits.markup)


def _rule(network: str) -> str:
    return network if network in NETWORKS else "slack"  # plain characters


def tidy(text: str) -> str:
    """No blanks at the ends of lines, never two empty lines together, nothing around the whole."""
    return _GAPS.sub("\n\n", _ENDS.sub("", text.replace("\r\n", "\n"))).strip()


def shortened(draw: Draw, *, title: str, summary: str, hashtags: Sequence[str], limits: Limits, limit: int) -> str:
    """The text drawn with as much of its parts as fits.

    `draw(title=, summary=, hashtags=)` is the template's text for these parts. When even the shortest form is too
    long (a link alone may be), that form is given back: `check` then says so.
    """

    def fits(text: str) -> bool:
        return counted(text, limits, limit).fits

    text = draw(title=title, summary=summary, hashtags=hashtags)
    if fits(text):
        return text
    bare = draw(title=title, summary="", hashtags=hashtags)
    if summary and fits(bare):
        part, text = _cut(summary, lambda part: draw(title=title, summary=part, hashtags=hashtags), limits, limit)
        return text if len(part) >= STUB else bare
    for count in range(len(hashtags) - 1, -1, -1):
        text = draw(title=title, summary="", hashtags=hashtags[:count])
        if fits(text):
            return text
    shortest = draw(title="", summary="", hashtags=[])
    if not fits(shortest):
        return shortest
    return _cut(title, lambda part: draw(title=part, summary="", hashtags=[]), limits, limit)[1]


def _cut(words: str, frame: Callable[[str], str], limits: Limits, limit: int) -> tuple[str, str]:
    """The longest part of the words with which the frame fits, and that frame. Templates are given words, not HTML."""
    html = limits.markup == "html"
    drawn: dict[str, str] = {}

    def framed(part: str) -> str:
        part = unescape(part) if html else part
        text = frame(part)
        drawn[text] = part
        return text

    body = escape(words) if html else words
    text = fit(_rule(limits.network), body, frame=framed, limit=limit, markup=limits.markup)
    return drawn[text], text
