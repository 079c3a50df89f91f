"""How long a text is in a network's own units, and whether the network would take it.

| network  | unit | default limit | source |
|----------|------|---------------|--------|
| x        | twitter-text 3 weights, see weighted.py | 280 | developer docs, "Counting characters" |
| telegram | UTF-16 code units after entities are parsed | 4096 | Bot API, sendMessage |
| mastodon | grapheme clusters; a link 23, a remote mention its local part | 500 | StatusLengthValidator |
| bluesky  | grapheme clusters, and at most 3000 bytes of UTF-8 | 300 | lexicon app.bsky.feed.post |
| threads  | code points; an emoji its bytes of UTF-8 | 500 | Threads API, Overview |
| linkedin | code points | 3000 | Posts API, "commentary" |
| discord  | code points | 2000 | API reference, Create Message; discord-api-docs #1315 |
| slack    | code points | 40000 | chat.postMessage, "text" |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from distributor.errors import ConfigError
from distributor.text.emoji import emoji_clusters
from distributor.text.links import links, mentions
from distributor.text.markup import parse
from distributor.text.patterns import graphemes, lazy
from distributor.text.weighted import weighted_length

__all__ = ["NETWORKS", "Markup", "Measured", "measure"]

Markup = Literal["plain", "html"]

_URL = 23
_BLUESKY_BYTES = 3000
_NICKNAMES = {"twitter": "x", "bsky": "bluesky", "tg": "telegram", "meta": "threads", "fediverse": "mastodon"}


@dataclass(frozen=True, slots=True)
class Measured:
    """`length` and `limit` are in the network's units. `fits`: within every limit of length the network has.

    `valid`: it fits, is not blank, and holds nothing that the network refuses in a text.
    """

    length: int
    limit: int
    fits: bool
    valid: bool

    @property
    def permillage(self) -> int:
        """Thousandths of the limit, rounded down, as twitter-text gives them."""
        return self.length * 1000 // self.limit if self.limit else 0


def _mastodon(text: str) -> int:
    spans = links(text, "mastodon")
    marked = [(start, end, "x" * _URL) for start, end in spans]
    marked += [(local, end, "") for _, local, end in mentions(text, spans)]
    parts, position = [], 0
    for start, end, instead in sorted(marked):
        parts += [text[position:start], instead]
        position = end
    return _graphemes("".join(parts) + text[position:])


def _graphemes(text: str) -> int:
    if text.isascii():
        return len(text) - text.count("\r\n")
    return len(list(graphemes(text)))


def _utf16(text: str) -> int:
    return len(text) + len(lazy(r"[\U00010000-\U0010ffff]").findall(text))


def _threads(text: str) -> int:
    if text.isascii():
        return len(text)
    pattern = emoji_clusters()
    return sum(len(_utf8(c)) if not c.isascii() and pattern.match(c) else len(c) for c in graphemes(text))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class _Rule(NamedTuple):
    limit: int
    length: Callable[[str], int]
    max_bytes: int = 0
    refused: str = ""


_RULES = {
    "x": _Rule(280, weighted_length, refused="\ufffe\ufeff\uffff"),
    "telegram": _Rule(4096, _utf16),
    "mastodon": _Rule(500, _mastodon),
    "bluesky": _Rule(300, _graphemes, max_bytes=_BLUESKY_BYTES),
    "threads": _Rule(500, _threads),
    "linkedin": _Rule(3000, len),
    "discord": _Rule(2000, len),
    "slack": _Rule(40_000, len),
}
NETWORKS = tuple(_RULES)


def measure(network: str, text: str, *, limit: int | None = None, markup: Markup = "plain") -> Measured:
    """`text` as `network` counts it; `limit` replaces the network's own, as an instance or a caption has it.

    With markup "html" (Telegram's), tags count nothing and entities what they stand for; a tag that Telegram does not
    know, or one left open, makes the text invalid. Raises ConfigError for a network without a rule.
    """
    rule = _rule(network)
    sound = True
    if markup == "html":
        parsed = parse(text)
        text, sound = parsed.text, parsed.sound
    length, limit = rule.length(text), rule.limit if limit is None else limit
    fits = length <= limit and (not rule.max_bytes or len(text) * 4 <= rule.max_bytes or _bytes_fit(text, rule))
    allowed = sound and not text.isspace() and not any(char in text for char in rule.refused) and _is_unicode(text)
    return Measured(length, limit, fits, valid=fits and length > 0 and allowed)


def _rule(network: str) -> _Rule:
    if network not in _RULES:
        from difflib import get_close_matches

        nearest = _NICKNAMES.get(network.lower()) or get_close_matches(network.lower(), _RULES, n=1, cutoff=0.0)[0]
        known = ", ".join(_RULES)
        raise ConfigError(f"unknown network {network!r}; did you mean {nearest!r}?", hint=f"known networks: {known}")
    return _RULES[network]


def _bytes_fit(text: str, rule: _Rule) -> bool:
    return len(_utf8(text)) <= rule.max_bytes


def _is_unicode(text: str) -> bool:
    """A lone surrogate cannot be written in UTF-8, so no network ever gets to see it."""
    return text.isascii() or not lazy(r"[\ud800-\udfff]").search(text)
