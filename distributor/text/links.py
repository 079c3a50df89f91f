"""Finding the links that a network would find, so that they count as it counts them and are never cut.

The rules follow twitter-text 3 (its Java form, which the network itself runs) and Mastodon's variant of it. They are
not one pattern but a few possessive ones, joined by code, so that the time is linear in the text, whatever it holds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from distributor.text.patterns import lazy

__all__ = ["Span", "links", "mentions"]

Span = tuple[int, int]
Rules = Literal["x", "mastodon", "any"]

_MAX_URL, _MAX_SLUG, _MAX_LABEL = 4096, 40, 63

_LATIN = (
    r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b"
    r"\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_CYRILLIC = r"\u0400-\u04ff"
_INVALID = r"\ufffe\ufeff\uffff"
# What no host label may hold: punctuation, spaces, direction marks, and CJK punctuation, which ends a sentence there.
_NO_HOST = (
    r"""!"#%&'()*+,\-./:;<=>?@\[\\\]\^_`{|}~$\s\p{Z}\u061c\u180e\u2000-\u206f\u3001-\u3003\u3008-\u3011\u3014-\u301f"""
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65" + _INVALID
)


def _labels(char: str) -> str:
    """As many labels of `char`, each ended by a dot, as there are; then what is left of a label without one."""
    label = rf"{char}++(?:[-_]++{char}++)*+"
    return rf"(?P<labels>(?:{label}\.)*+)(?:{label})?+"


def _path(general: str, ending: str) -> str:
    """A path, which may hold balanced parentheses (two deep) and does not end in punctuation."""
    balanced = rf"\((?:{general}++\)|{general}*+\({general}++\){general}*+\))"
    unit = rf"(?:{ending}|{balanced})"
    return rf"/(?:(?:(?!{ending}){general})*+{unit}++)*+"


def _query(char: str, ending: str) -> str:
    return rf"\?(?:(?:(?!{ending}){char})*+{ending}++)++"


_QUERY_CHAR, _QUERY_END = r"""[A-Za-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]""", r"[A-Za-z0-9\-_&=#/]"
_LABELS, _ANY_LABELS = _labels(rf"[A-Za-z0-9{_LATIN}]"), _labels(rf"[^{_NO_HOST}]")
_BEFORE = rf"(?P<before>[^A-Za-z0-9@＠$#＃{_INVALID}]|^)"


def _tail(path: str, query: str) -> str:
    return rf"(?::[0-9]++)?(?:{path})?(?:{query})?"


_SCHEME = r"(?<![A-Za-z0-9@＠$#＃])(?i:https?)://"
_X_START = rf"{_BEFORE}(?:(?P<scheme>(?i:https?)://)|(?=[A-Za-z0-9{_LATIN}]))"
_X_TAIL = _tail(
    _path(rf"[A-Za-z{_CYRILLIC}0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{_LATIN}]", rf"[+\-A-Za-z{_CYRILLIC}0-9=_#/{_LATIN}]"),
    _query(_QUERY_CHAR, _QUERY_END),
)

# Mastodon: config/initializers/twitter_regex.rb. A scheme is needed, and nearly anything may stand in a path.
_UCHARS = r"\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\uffef\U00010000-\U000dffff\U000e1000-\U0010fffd"
_MASTODON_START = rf"{_BEFORE}(?P<scheme>(?i:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://)"
_MASTODON_TAIL = _tail(
    _path(r"[^\s\p{Z}<>()?]", r"""[^\s\p{Z}()?!*"'「」<>;:=,.$%\[\]~&|@]"""),
    _query(rf"[A-Za-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@\^{_UCHARS}]", rf"[A-Za-z0-9_&=#/\-{_UCHARS}]"),
)

_TCO = rf"(?i:https?://t\.co/(?P<slug>[a-z0-9]+))(?:{_query(_QUERY_CHAR, _QUERY_END)})?"
# What any network makes a link of, more or less; used only to keep links whole.
_ANY = r"""(?P<url>(?i:https?://|www\.)[^\s<>"]*[^\s<>"'.,;:!?)\]}…。、」』）])"""

# One dot and what may be a top-level domain: letters of any script, which need not end where the domain does.
_TLD = r"\.(?P<name>(?P<punycode>(?i:xn--)[-0-9A-Za-z]++)|(?:[A-Za-z]|[^\x00-\x7f\s]){1,24}+)"
_HINT = r"(?i:://|www\.)"

# Mastodon: app/models/account.rb (MENTION_RE) and the ends at which it is no mention after all.
_NAME = r"[A-Za-z0-9_]++(?:[.-]++[A-Za-z0-9_]++)*+"
_MENTION = rf"(?<![=/\w])@(?P<name>{_NAME})(?:@\w++(?:[.-]++\w++)*+)?+(?![@＠{_LATIN}]|://)"


@cache
def _tlds() -> frozenset[str]:
    from importlib import resources  # slow to import, and most texts hold no dot

    lines = resources.files("distributor.text").joinpath("tlds.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def links(text: str, rules: Rules = "any") -> list[Span]:
    """Where the links are, as (start, end) in code points, in order, never overlapping.

    "x" also finds bare domains of a known top-level domain; "mastodon" wants a scheme; "any" is for all others.
    """
    if rules == "any":
        return [match.span("url") for match in lazy(_ANY).finditer(text)] if lazy(_HINT).search(text) else []
    needed = "." if rules == "x" else "://"
    if needed not in text:
        return []
    # No link holds a space: only words are worth a closer look.
    words = (match.span() for match in lazy(r"\S++").finditer(text) if needed in match[0])
    return [span for start, end in words for span in _in_word(text, start, end, rules)]


def _in_word(text: str, position: int, limit: int, rules: Rules) -> Iterator[Span]:
    tlds = _top_levels(text, position, limit)
    dots = sorted(tlds)
    start_rule, tail_rule = (_X_START, _X_TAIL) if rules == "x" else (_MASTODON_START, _MASTODON_TAIL)
    position = max(0, position - 1)  # the space before is what may stand before a link
    while dots and position < dots[-1]:
        begin = lazy(start_rule).search(text, position, limit)
        if begin is None:
            return
        dot, position = _last_label(text, begin, limit, dots)
        if dot is None:
            continue
        host = begin.end(), tlds[dot]
        position = lazy(tail_rule).match(text, host[1], limit).end()
        if span := _accepted(text, begin, host, position):
            yield span


def _top_levels(text: str, start: int, limit: int) -> dict[int, int]:
    """Every dot that a known top-level domain follows, and where that one ends."""
    found, known = {}, _tlds()
    for match in lazy(_TLD).finditer(text, start, limit):
        name, start = match["name"].lower(), match.start("name")
        sizes = range(len(name), 0, -1) if not name.isascii() else (len(name),)
        if match["punycode"]:
            found[match.start()] = match.end()
            continue
        size = next((size for size in sizes if name[:size] in known), 0)
        if size and not lazy(r"[0-9A-Za-z@+-]").match(text, start + size, limit):
            found[match.start()] = start + size
    return found


def _last_label(text: str, begin: Any, limit: int, dots: list[int]) -> tuple[int | None, int]:
    """The last dot that ends a host name begun at `begin`, or None and where to look on.

    Latin letters are tried first, so that "https://example.comをご覧" ends where it should.
    """
    reached = begin.end()
    for labels in (_LABELS, _ANY_LABELS) if begin["scheme"] else (_LABELS,):
        run = lazy(labels).match(text, begin.end(), limit)
        reached = run.end() if labels is _LABELS else reached
        for dot in reversed(dots[bisect_left(dots, run.start()) : bisect_right(dots, run.end("labels") - 1)]):
            label = text[max(text.rfind(".", run.start(), dot) + 1, run.start()) : dot]
            if "_" not in label:
                return dot, reached
    scheme = lazy(_SCHEME).search(text, max(begin.end(), reached - len("https")), min(reached + len("://"), limit))
    return None, scheme.start() - 1 if scheme else reached


def _accepted(text: str, begin: Any, host: Span, end: int) -> Span | None:
    start = begin.end("before")
    if not begin["scheme"] and begin["before"] in ("-", "_", ".", "/"):
        return None
    extra = 0 if begin["scheme"] else len("https://")
    if not _is_host(text[host[0] : host[1]], end - start + extra - (host[1] - host[0])):
        return None
    short = lazy(_TCO).match(text, start, end)
    if short is None:
        return start, end
    return None if len(short["slug"]) > _MAX_SLUG else (start, short.end())


def _is_host(host: str, rest: int) -> bool:
    """RFC 1035: labels of at most 63 octets in their ASCII form (RFC 3492); the whole address at most 4,096."""
    if host.isascii():
        return rest + len(host) <= _MAX_URL and all(len(label) <= _MAX_LABEL for label in host.split("."))
    if host[:4].lower() == "xn--":  # Punycode that still holds other letters
        return False
    sizes = [_ascii_size(label) for label in host.split(".")]
    return max(sizes) <= _MAX_LABEL and rest + sum(sizes) + len(sizes) - 1 <= _MAX_URL


def _ascii_size(label: str) -> int:
    if label.isascii() or len(label) > _MAX_LABEL:
        return len(label)
    return len("xn--") + len(label.encode("punycode", "replace"))


def mentions(text: str, taken: list[Span]) -> Iterator[tuple[int, int, int]]:
    """Mastodon's @user@host outside `taken`, as (start, end of the local part, end); a local mention ends at once."""
    if "@" not in text:
        return
    position = 0
    for match in lazy(_MENTION).finditer(text):
        start, end = match.span()
        while position < len(taken) and taken[position][1] <= start:
            position += 1
        if position == len(taken) or end <= taken[position][0]:
            yield start, match.end("name"), end
