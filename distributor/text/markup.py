"""Telegram's HTML: what a reader sees of it, and where it may be cut. And plain text out of an article's HTML.

Telegram's rules (Bot API, "HTML style"): a few tags, every one of them closed; of the named entities only &lt; &gt;
&amp; &quot;, and all numeric ones; any other "<" is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape

from distributor.text.patterns import lazy

__all__ = ["Parsed", "parse", "plain"]

_WHOLE = frozenset(("a", "tg-emoji", "tg-time"))  # a cut inside one of these would break what it is
_STYLES = (
    "b",
    "blockquote",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "pre",
    "s",
    "span",
    "strike",
    "strong",
    "tg-spoiler",
    "u",
)
_TAGS = _WHOLE.union(_STYLES)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_MARK = (
    r"""<(?P<close>/?)(?P<tag>[A-Za-z][A-Za-z0-9-]*)(?:\s(?:[^<>"']|"[^"]*+"|'[^']*+')*+)?>"""
    r"|&(?:#(?P<number>[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6})|(?P<name>lt|gt|amp|quot)(?![A-Za-z]));?"
    r"|(?P<stray><)"
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """`text` is what a reader sees. `sound`: Telegram would take the markup.

    `ends[i]` is the offset in the source right after the i-th visible character, `open[i]` the tags open around it,
    outermost first. `whole` are the spans of `text` that must not be cut.
    """

    text: str
    sound: bool
    ends: list[int]
    open: list[tuple[str, ...]]
    whole: list[tuple[int, int]]
    source: str = ""

    def cut(self, end: int, mark: str) -> str:
        """The source up to the `end`-th visible character, then `mark`; open tags are closed, links before the mark."""
        if end == 0:
            return mark
        names = self.open[end - 1]
        outside = next((depth for depth, name in enumerate(names) if name in _WHOLE), len(names))
        inner, outer = ("".join(f"</{name}>" for name in reversed(part)) for part in (names[outside:], names[:outside]))
        return self.source[: self.ends[end - 1]] + inner + mark + outer


class _State:
    """What has been read so far."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.ends: list[int] = []
        self.open: list[tuple[str, ...]] = []
        self.stack: tuple[tuple[str, int], ...] = ()
        self.names: tuple[str, ...] = ()
        self.whole: list[tuple[int, int]] = []
        self.sound = True

    def see(self, visible: str, end: int, step: int) -> None:
        """`visible` was read; its first character ends at `end`, each further one `step` later."""
        self.text.append(visible)
        self.ends.extend(range(end, end + len(visible) * step, step) if step else [end])
        self.open.extend([self.names] * len(visible))

    def tag(self, name: str, closing: bool) -> None:
        if name not in _TAGS:
            self.sound = False
        elif not closing:
            self._set((*self.stack, (name, len(self.ends))))
        elif self.stack and self.stack[-1][0] == name:
            if name in _WHOLE:
                self.whole.append((self.stack[-1][1], len(self.ends)))
            self._set(self.stack[:-1])
        else:
            self.sound = False

    def _set(self, stack: tuple[tuple[str, int], ...]) -> None:
        # Nobody nests deeper than this on purpose, and a million open tags would be copied a million times.
        if len(stack) > 32:
            self.sound = False
            return
        self.stack, self.names = stack, tuple(name for name, _ in stack)


def parse(source: str) -> Parsed:
    """Read Telegram HTML. Never raises: what is no markup is text, and `sound` is then False where Telegram objects."""
    state, position = _State(), 0
    for match in lazy(_MARK).finditer(source):
        start, end = match.span()
        if start > position:
            state.see(source[position:start], position + 1, 1)
        position = end
        if match["tag"]:
            state.tag(match["tag"].lower(), bool(match["close"]))
        elif match["stray"]:
            state.see("<", end, 0)
            state.sound = False
        elif char := _entity(match["name"], match["number"]):
            state.see(char, end, 0)
        else:
            state.see(source[start:end], start + 1, 1)
    if position < len(source):
        state.see(source[position:], position + 1, 1)
    state.sound = state.sound and not state.stack
    return Parsed("".join(state.text), state.sound, state.ends, state.open, state.whole, source)


def _entity(name: str | None, number: str | None) -> str:
    """The character, or "" where the number stands for none."""
    if name:
        return _NAMED[name]
    assert number is not None
    code = int(number[1:], 16) if number[0] in "xX" else int(number)
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else ""


_BLOCKS = (
    "address|article|aside|blockquote|br|dd|div|dl|dt|figure|footer|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|td"
    "|th|tr|ul"
)
_SILENT = "audio|figcaption|iframe|noscript|script|style|template|title|video"
_ELEMENT = rf"""(?i:<(?P<close>/?)(?:(?P<block>{_BLOCKS})|(?P<silent>{_SILENT})|[a-z][\w:-]*)
(?:[\s/](?:[^<>"']|"[^"]*+"|'[^']*+')*+)?>)""".replace("\n", "")
_MAX_HTML = 2_000_000


def plain(html: str) -> str:
    """An article's (sanitised) HTML as text: one line a block, captions and scripts left out. Reads 2 MB at most."""
    html = _without_comments(html[:_MAX_HTML])
    if "<" not in html:
        return "\n".join(line for raw in unescape(html).splitlines() if (line := " ".join(raw.split())))
    parts: list[str] = []
    position, silent = 0, ""
    for match in lazy(_ELEMENT).finditer(html):
        if not silent:
            parts.append(_blank(html[position : match.start()]))
            parts.append("\n" if match["block"] else "")
        position = match.end()
        if name := (match["silent"] or "").lower():
            silent = "" if match["close"] and silent == name else silent or ("" if match["close"] else name)
    if not silent:
        parts.append(_blank(html[position:]))
    lines = unescape("".join(parts)).split("\n")
    return "\n".join(line for raw in lines if (line := " ".join(raw.split())))


def _blank(text: str) -> str:
    """HTML takes any white space for a space."""
    spaced: str = lazy(r"\s+").sub(" ", text)
    return spaced


def _without_comments(html: str) -> str:
    parts, position = [], 0
    while (start := html.find("<!--", position)) >= 0:
        parts.append(html[position:start])
        end = html.find("-->", start + 4)
        position = end + 3 if end >= 0 else len(html)
    return "".join([*parts, html[position:]])
