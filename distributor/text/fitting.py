"""The longest cut of a text that fits a network.

A text that fits is left alone. Else there are three kinds of cut, each a list of prefixes of the text:

- *sentence*: it ends where a sentence ends, and is not marked;
- *word*: it ends before a space (or between two characters, in scripts that write no spaces), is trimmed of commas and
  the like, and marked with "…";
- *character*: it ends between two grapheme clusters, and is marked; only for a first word that does not fit by itself.

The longest sentence cut that fits wins if it fills at least `GOOD_SHARE` of the room that the longest word cut fills;
else the word cut; else the character cut; else nothing of the text. No cut falls into a link, an emoji or a combining
sequence, a mention, or what an HTML tag makes one thing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from distributor.text.links import links
from distributor.text.markup import Parsed, parse
from distributor.text.measuring import Markup, measure
from distributor.text.patterns import lazy
from distributor.text.sentences import sentence_ends

__all__ = ["ELLIPSIS", "GOOD_SHARE", "fit"]

ELLIPSIS = "…"
GOOD_SHARE = 0.7
# Half an address may count more than the whole (X: any link 23), so lengths may dip: how far to look on.
_LOOK_ON = 48
# How many characters a unit of length can stand for, at most, before a text surely does not fit. A link of 4,096
# characters counts 23 on X and Mastodon; elsewhere next to nothing is counted short.
_CHARACTERS = {"x": 200, "mastodon": 200}
_FEW_CHARACTERS, _LEAST_LIMIT = 4, 1000

_UNSPACED = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
    r"ー々〆〇、。，．！？：；」』）】》〉]"
)
# Kinsoku: what does not begin a line (closing marks, small kana, the long vowel), and what does not end one.
_NOT_FIRST = (
    r"[\p{M}\u200d\ufe0e\ufe0f🏻-🏿\p{Pe}\p{Pf}、。，．！？：；・ー々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ…‥%％.,!?:;"
    r"'\"\u0e2f\u0e46\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3]"
)
_NOT_LAST = r"[\p{Ps}\p{Pi}¥＄#＃@＠\u200d\u0e40-\u0e44\u0ec0-\u0ec4\u17d2\u1039]"
_WORD_END = rf"(?<=\S)(?=\s)|(?<={_UNSPACED})(?<!{_NOT_LAST})(?!\s|{_NOT_FIRST}|$)"
_WORD_END += rf"|(?<=[^\s])(?<!{_NOT_LAST})(?={_UNSPACED})(?!{_NOT_FIRST})"
_TRAILING = " \t\n\r\f\v\xa0\u2002\u2003\u2009\u200a\u200b\u202f\u3000,;:–—-‐‑([{<«“‘„‚「『（【《〈、，；：·•|/…"
_FINAL = r"""[.!?‽。！？｡؟۔।॥։።་།។။᙮;;…‥]["'”’“»›)\]}」』】）》〉]*+$"""
_MENTION = r"(?<![\w/=])[@#＠＃][\w.\-]*\w(?:@[\w.\-]*\w)?"


@dataclass(frozen=True, slots=True)
class _Text:
    """What is cut: what a reader sees of it, and how a cut of that becomes the text again."""

    seen: str
    parsed: Parsed | None

    def cut(self, end: int, mark: str) -> str:
        if self.parsed is None:
            return self.seen[:end] + mark
        return self.parsed.cut(end, mark)


def fit(
    network: str,
    body: str,
    *,
    frame: Callable[[str], str] = lambda cut: cut,
    limit: int | None = None,
    markup: Markup = "plain",
) -> str:
    """`frame(cut)` for the longest cut of `body` with which it fits `network`, in the sense of `measure(...).fits`.

    `frame` puts what must stay (link, hashtags) around the part that may be cut. It must not shorten as its argument
    grows. With markup "html" the cut closes the tags that it opened. Raises ValueError where even `frame("")` does not
    fit, and ConfigError for an unknown network.
    """

    def fits(text: str) -> bool:
        return measure(network, text, limit=limit, markup=markup).fits

    whole = frame(body)
    if fits(whole):
        return whole
    empty = frame("")
    room = measure(network, empty, limit=limit, markup=markup)
    if not room.fits:
        raise ValueError(f"{network}: what surrounds the text takes {room.length} of {room.limit} by itself")
    cutter = _Cutter(
        _read(body, markup, max(room.limit, _LEAST_LIMIT) * _CHARACTERS.get(network, _FEW_CHARACTERS)), frame, fits
    )
    return cutter.longest(lambda text: measure(network, text, markup=markup).length - room.length) or empty


def _read(body: str, markup: Markup, horizon: int) -> _Text:
    parsed = parse(body) if markup == "html" else None
    return _Text((parsed.text if parsed else body)[:horizon], parsed)


class _Cutter:
    """The three kinds of cut of one text, in one frame."""

    def __init__(self, text: _Text, frame: Callable[[str], str], fits: Callable[[str], bool]) -> None:
        self.text, self.frame, self.fits = text, frame, fits
        self.whole = _whole_spans(text)
        ends = (end for end in sentence_ends(text.seen) if lazy(_FINAL).search(text.seen, max(0, end - 8), end))
        self.sentences = [end for end in ends if not _inside(end, self.whole)]
        self.finished = frozenset(self.sentences)

    def longest(self, share: Callable[[str], int]) -> str:
        """The best framed cut, "" if there is none; `share` is how much of the room a framed cut fills."""
        by_word = self._last(self._words(), self._by_word)
        by_sentence = self._last(self.sentences, lambda end: self.text.cut(end, ""))
        if by_sentence and (not by_word or share(by_sentence) >= GOOD_SHARE * share(by_word)):
            return by_sentence
        return by_word or self._last(self._characters(), lambda end: self.text.cut(end, ELLIPSIS))

    def _words(self) -> list[int]:
        blank = len(self.text.seen) - len(self.text.seen.lstrip(_TRAILING))
        ends = (match.start() for match in lazy(_WORD_END).finditer(self.text.seen))
        return [end for end in ends if end > blank and not _inside(end, self.whole)]

    def _characters(self) -> list[int]:
        first = lazy(r"\s*+\S*+").match(self.text.seen).end()
        ends = (match.end() for match in lazy(r"\X").finditer(self.text.seen, 0, first))
        return [end for end in ends if not _inside(end, self.whole)]

    def _trimmed(self, end: int) -> int:
        """`end` without what should not stand before the mark, unless that belongs to a link."""
        kept = end
        while kept and self.text.seen[kept - 1] in _TRAILING:
            kept -= 1
        start, stop = self._last_whole(end)
        return stop if start < kept < stop else kept

    def _last_whole(self, end: int) -> tuple[int, int]:
        index = bisect_left(self.whole, end, key=lambda span: span[0]) - 1
        return self.whole[index] if index >= 0 else (-1, -1)

    def _by_word(self, end: int) -> str:
        """The word cut at `end`; after a link a space goes before the mark, which would else become part of it."""
        kept = self._trimmed(end)
        if kept in self.finished:
            return self.text.cut(kept, "")
        return self.text.cut(kept, (" " if self._last_whole(end)[1] == kept else "") + ELLIPSIS)

    def _last(self, ends: Sequence[int], render: Callable[[int], str]) -> str:
        """The last of `ends` that fits, framed: found by halving, then by looking a little further on."""

        def framed(index: int) -> str:
            return self.frame(render(ends[index]))

        found = bisect_left(range(len(ends)), True, key=lambda index: not self.fits(framed(index))) - 1
        for index in range(found + 2, min(found + _LOOK_ON, len(ends))):
            if self.fits(framed(index)):
                found = index
        return framed(found) if found >= 0 else ""


def _whole_spans(text: _Text) -> list[tuple[int, int]]:
    """What no cut may fall into, in order: links as anyone would find them, bare domains, mentions, hashtags."""
    spans = [*links(text.seen), *links(text.seen, "x")]
    spans += [match.span() for match in lazy(_MENTION).finditer(text.seen)]
    if text.parsed is not None:
        spans += text.parsed.whole
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _inside(end: int, spans: list[tuple[int, int]]) -> bool:
    index = bisect_left(spans, end, key=lambda span: span[0]) - 1
    return index >= 0 and end < spans[index][1]
