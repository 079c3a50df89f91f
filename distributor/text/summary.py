"""The few lines that go with a link: the editor's own, else the publisher's, else the best of the article's text."""

from __future__ import annotations

from collections import Counter
from html import unescape

from distributor.text.patterns import lazy
from distributor.text.sentences import sentences

__all__ = ["summarise"]

_SHORTEST, _SHORTEST_EXTRA = 25, 40
_MAX_TEXT, _TAIL_LENGTH = 60_000, 500
_MAX_SENTENCES = 400

_END = r"""[.!?‽。！？｡؟۔।॥։።។။;]["'”’“»›)\]}」』】）》〉]*+$"""
_CUT_OFF = r"(?:\.{2,}|…|\[\s*(?:\.{2,}|…)\s*\]|\(\s*(?:\.{2,}|…)\s*\))$"
# What feeds and content systems append to an excerpt.
_MORE = (
    r"(?i:read (?:more|on|the (?:full|rest|whole)[^.]{0,40}|full (?:story|article))|continue reading[^.]{0,160}"
    r"|keep reading|(?:click|tap) here[^.]{0,60}|learn more|see more|view (?:more|full[^.]{0,30})"
    r"|full (?:story|article)|more\s*(?:»|→|>+)|lire (?:la suite|plus)[^.]{0,60}|en savoir plus"
    r"|lire l['’]article[^.]{0,40}|weiterlesen[^.]{0,60}|mehr (?:lesen|erfahren)|zum artikel"
    r"|leer m[aá]s|seguir leyendo|sigue leyendo|contin[uú]a leyendo[^.]{0,60}|ler mais|leia mais"
    r"|continue (?:lendo|a ler)|saiba mais|leggi (?:tutto|di pi[uù]|l['’]articolo)|continua a leggere"
    r"|lees (?:meer|verder)|verder lezen|читать (?:далее|полностью)|подробнее|czytaj (?:więcej|dalej)"
    r"|läs mer|devamını oku)|続きを読む|もっと読む|阅读(?:更多|全文)|閱讀(?:更多|全文)|더 ?보기|اقرأ المزيد"
    r"|और पढ़ें|อ่านต่อ"
)
_DOTS = r"(?:\[\s*(?:\.{2,}|…)\s*\]|\(\s*(?:\.{2,}|…)\s*\)|\.{3,}|…)"
# It begins the text or a sentence, follows the dots, or a bracket; or at least it is not written on in lower case.
_TAIL = (
    rf"(?:(?P<cut>{_DOTS})|^|(?<=[.!?。！？\"'”’»)\]|:–—>-])|(?=[\[(|<–—]|\s\P{{Ll}}))"
    rf"[\s\[(|<\-–—:]*(?:{_MORE})(?:[:\s]+(?:https?://|www\.)\S+)?[\s\])>.…»→›!|]*$"
)
_POSTED = (
    r"(?i:(?:the|this) (?:post|article|story|entry) .{1,300}? (?:(?:first )?appeared (?:first )?(?:on|at|in)|"
    r"was (?:first|originally) published (?:on|at|in|by)) .{1,120}$"
    r"|l['’]article .{1,300}? est apparu en premier sur .{1,120}$|der beitrag .{1,300}? erschien zuerst auf .{1,120}$"
    r"|la entrada .{1,300}? se public[oó] primero en .{1,120}$|l['’]articolo .{1,300}? proviene da .{1,120}$"
    r"|het bericht .{1,300}? verscheen eerst op .{1,120}$|o post .{1,300}? apareceu primeiro em .{1,120}$)"
)
# Lines of a page that tell no news: captions, credits, asides, appeals.
_ASIDE = (
    r"(?i:^\W*(?:advertisement|sponsored|read more|read also|see also|related|also read|watch|photo|image|picture|video"
    r"|credit|caption|subscribe|sign up|newsletter|share this|follow us|click here|getty images|file photo|copyright"
    r"|updated|published|posted|by [a-z]+ [a-z]+$|cookies?|this (?:site|website) uses|all rights reserved|lire aussi"
    r"|à lire|lesen sie|leggi anche|lea también|lees ook|leia também)\b|[©|]"
    r"|\b(?:getty images|all rights reserved|https?://|www\.)|@\w+\.\w)"
)
_DATELINE = (
    r"^(?:[\p{Lu}][\p{L}.'’ ,/-]{1,40}?(?:\s*\([^)]{2,30}\))\s*[-–—]+\s*|[\p{Lu}][\p{Lu}.,'’ ]{2,40}\s*[-–—]+\s+)"
)
_LEANS_BACK = (
    r"(?i:^[\"“«']?(?:he|she|it|they|this|that|these|those|but|and|also|however|so|then|yet|such|his|her|their|its|il|elle|ils"
    r"|elles|mais|et|er|sie|es|aber|und|él|ella|pero|ma|però|mas|hij|zij|maar|en)\b)"
)


def summarise(
    *,
    title: str,
    social: str = "",
    summary: str = "",
    text: str = "",
    language: str = "",
    least: int = 60,
    most: int = 300,
) -> str:
    """A summary on one line, "" where nothing better than the title can be had. All arguments are plain text.

    `social` is the editor's own text and wins as it is. `summary` is the publisher's: taken, without "read more" and
    the like, when it is whole sentences of `least` to `most` characters (a wide character counts two for `least`) and
    not the title. Else whole sentences of `text`: its lead, and the best of the rest by how often their words are used.
    `language` is a BCP 47 tag or "". The same arguments always give the same summary.
    """
    if own := _line(social):
        return own
    theirs, whole = _cleaned(summary, language)
    usable = bool(theirs) and not _same(theirs, title)
    if usable and whole and _width(theirs) >= least and len(theirs) <= most:
        return theirs
    made = _made(text[:_MAX_TEXT], title, language, least, most)
    if made:
        return made
    if not usable:
        return ""
    return (_made(theirs, title, language, least, most) if len(theirs) > most else "") or theirs


def _line(text: str) -> str:
    return " ".join(text.split())


def _width(text: str) -> int:
    return len(text) + len(lazy(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]").findall(text))


def _bare(text: str) -> str:
    return "".join(lazy(r"[\p{L}\p{N}]+").findall(text.casefold()))


def _same(summary: str, title: str) -> bool:
    """The title again, or no more than its beginning."""
    mine, theirs = _bare(summary), _bare(title)
    return not mine or mine == theirs or (len(mine) < len(theirs) and theirs.startswith(mine))


def _cleaned(summary: str, language: str) -> tuple[str, bool]:
    """The publisher's summary without its tails, and whether it is whole sentences."""
    text, before = _line(unescape(summary[:5000])), ""  # feeds escape the dots twice
    cut = False
    while text != before:
        before = text
        near = max(0, len(text) - _TAIL_LENGTH)
        if posted := lazy(_POSTED).search(text, near):
            text = text[: posted.start()].rstrip()
        if tail := lazy(_TAIL).search(text, near):
            cut, text = cut or bool(tail["cut"]), text[: tail.start()].rstrip(" -–—|:[(<")
        if off := lazy(_CUT_OFF).search(text, near):
            cut, text = True, text[: off.start()].rstrip()
    if not cut:
        return text, bool(lazy(_END).search(text)) and not text[:1].islower()
    # Something is missing at the end: what stands before it may be whole.
    found = sentences(text, language)
    kept = " ".join(found[:-1]) if found and not lazy(_END).search(found[-1]) else text
    return (kept, bool(lazy(_END).search(kept))) if kept else (f"{text}…" if text else "", False)


def _made(text: str, title: str, language: str, least: int, most: int) -> str:
    """Whole sentences of `text`, in their order, of at most `most` characters; one alone may be longer if all are."""
    found = [sentence for raw in sentences(text, language)[:_MAX_SENTENCES] if (sentence := _telling(raw, title))]
    short = [(index, sentence) for index, sentence in enumerate(found) if len(sentence) <= most]
    if not short:
        return found[0] if found else ""
    scores = _scores([sentence for _, sentence in short], title)
    first = next((n for n, (_, sentence) in enumerate(short[:4]) if _width(sentence) >= least // 2), 0)
    chosen, room = {first}, most - len(short[first][1])
    for n in sorted(range(len(short)), key=lambda n: (-scores[n], n)):
        sentence = short[n][1]
        fits = len(sentence) < room and n > first and _width(sentence) >= _SHORTEST_EXTRA
        if fits and (n - 1 in chosen or not lazy(_LEANS_BACK).search(sentence)) and len(chosen) < 3:
            chosen.add(n)
            room -= len(sentence) + 1
    return " ".join(short[n][1] for n in sorted(chosen))


def _telling(sentence: str, title: str) -> str:
    """The sentence without its dateline; "" if it is a caption, an appeal, a heading or the title."""
    bare = lazy(_DATELINE).sub("", sentence, count=1)
    if _width(bare) < _SHORTEST or lazy(_ASIDE).search(bare) or not lazy(_END).search(bare) or _same(bare, title):
        return ""
    opened = sum(bare.count(mark) for mark in "“«„「『"), sum(bare.count(mark) for mark in "”»」』")
    return "" if bare.count('"') % 2 or abs(opened[0] - opened[1]) > bare.count("“") else bare


def _scores(found: list[str], title: str) -> list[float]:
    """How often the words of each sentence are used in all of them; the title's count double, later sentences less."""
    bags = [_terms(sentence) for sentence in found]
    counts = Counter(term for bag in bags for term in bag)
    named = _terms(title)
    weights = {
        term: (count if count < len(found) / 3 + 3 else 0) * (2 if term in named else 1)
        for term, count in counts.items()
    }
    return [sum(weights[term] for term in bag) / (len(bag) + 4) / (1 + index / 12) for index, bag in enumerate(bags)]


def _terms(text: str) -> set[str]:
    """Words of some length, for short ones say little in any alphabet; pairs of characters where no spaces are."""
    words = {word for word in lazy(r"[\p{L}\p{N}]+").findall(text.casefold()) if len(word) > 3}
    run = lazy(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]{2,}").findall(text)
    return words | {part[i : i + 2] for part in run for i in range(len(part) - 1)}
