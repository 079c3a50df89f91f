"""Hostile text made harmless: plain text, HTML through an allow-list, http(s) links."""

from __future__ import annotations

import re
from html import escape, unescape
from html.entities import entitydefs
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

__all__ = ["Sanitizer", "is_html", "latin_mended", "line", "link", "plain", "readable", "title"]

TITLE_LENGTH = 1_000
URL_LENGTH = 4_000
BODY_LENGTH = 500_000
MAX_DEPTH = 1_000

# Code points 128 to 159 are control characters in Unicode; in the wild they are windows-1252.
_CP1252 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(128, 160)}
# C0 controls but tab and line ends, DEL, embeddings, overrides and isolates (UAX #9; the marks LRM, RLM and ALM
# belong to honest Hebrew and Arabic text), byte order marks, surrogates and non-characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_LINE_ENDS = re.compile("\r\n?|[\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[ \t\n\r\f\v]+")  # not the no-break spaces: they are typography
_BREAKS = re.compile(
    r"<(?:br|hr|/?(?:p|div|li|ul|ol|h[1-6]|tr|t[dh]|table|blockquote|figure|figcaption|section))\b[^>]*>", re.I
)
_TAG_LIKE = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_CLOSE_TAG_OR_REFERENCE = re.compile(r"</\w+>|&#?\w+;")
_NAMED = re.compile(r"&(\w+);")
_ACTIVE = re.compile(
    r"<(?:[a-z][a-z0-9]*\s[^<>]*=|/?(?:script|style|iframe|object|embed|svg|math|form|br|hr|wbr|img)\b)", re.I
)

TAGS = frozenset(
    """
    a abbr acronym address area article aside b bdi bdo big blockquote br caption center cite code col colgroup
    dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li
    main map mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody
    td tfoot th thead time tr tt u ul var wbr
    """.split()  # noqa: SIM905 (a list of words is read as words)
)
_GUESSED = TAGS | frozenset(
    """
    button command datagrid datalist dialog dir event-source fieldset form input keygen label legend m menu
    meter multicol nextid noscript optgroup option output progress select sound source spacer textarea video
    audio canvas
    """.split()  # noqa: SIM905 (a list of words is read as words)
)
_DROPPED = frozenset(
    """
    script style iframe object embed svg math template noscript form select textarea button title
    """.split()  # noqa: SIM905 (a list of words is read as words)
)
_CODE = frozenset({"script", "style", "template", "iframe"})
_UNNESTED = frozenset("area br col embed hr img input link meta source track wbr p li dd dt option".split())  # noqa: SIM905
_OPEN_OR_CLOSE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ANY_TAG = re.compile(r"<[^<>]*>?")
_ATTRIBUTES = {
    "a": {"href", "title", "hreflang"},
    "img": {"src", "alt", "title", "width", "height"},
    "blockquote": {"cite"},
    "q": {"cite"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
    "time": {"datetime"},
    "*": {"lang", "dir"},
}
_SCHEMES = {"http", "https", "mailto"}


# Most links are such that nothing could be wrong with them: what follows in `link` would change nothing.
_PLAIN_LINK = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*/[A-Za-z0-9/._~!$&'()*+,;=:@%?#-]*")
_BREAKS_IN_LINK = re.compile("[\t\n\r]")
_UNSAFE_IN_LINK = re.compile(r"""[\s"<>\\^`{|}]""")


def readable(text: str) -> str:
    """Without control characters, bidi overrides, surrogates; line ends are "\\n"; windows-1252 controls are mended."""
    if text.isascii() and text.isprintable():
        return text
    return _UNWANTED.sub("", _LINE_ENDS.sub("\n", text.translate(_CP1252)))


def latin_mended(text: str) -> str:
    """UTF-8 that somebody read as ISO 8859-1 and encoded again, read rightly."""
    if text.isascii():
        return text
    try:
        return text.encode("iso-8859-1").decode()
    except UnicodeError:
        return text


def line(text: str, length: int = TITLE_LENGTH) -> str:
    """One clean line of at most `length` characters."""
    if not text:
        return ""
    text = _SPACES.sub(" ", readable(text[: 8 * length])).strip(" ")
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def plain(markup: str) -> str:
    """The text of HTML: tags away, script and style with their content, each entity decoded once."""
    if "<" in markup and _is_too_deep(markup):
        return unescape(_ANY_TAG.sub(" ", markup))
    if "<" in markup:
        import nh3

        markup = _BREAKS.sub("\n", markup)
        if "<" in markup:
            return unescape(nh3.clean(markup, tags=set(), clean_content_tags=set(_CODE)))
    return unescape(markup) if "&" in markup else markup


def is_html(text: str) -> bool:
    """Whether text that should be plain is meant as HTML. Most feeds do not say.

    A closing tag or an entity, and only known ones (feedparser's rule); beyond it, whatever a browser could act on.
    """
    if "<" not in text and "&" not in text:
        return False
    if _ACTIVE.search(text):
        return True
    return bool(
        _CLOSE_TAG_OR_REFERENCE.search(text)
        and all(tag.lower() in _GUESSED for tag in _TAG_LIKE.findall(text))
        and all(name in entitydefs for name in _NAMED.findall(text))
    )


def title(text: str, *, html: bool | None = None) -> str:
    """A title as plain text; `html` None means that the format does not say, so it is guessed."""
    if not text:
        return ""
    text = text[: 8 * TITLE_LENGTH]
    if html or (html is None and is_html(text)) or (html is False and _ACTIVE.search(text)):
        text = plain(text)
    return line(latin_mended(text))


def link(address: str, base: str = "") -> str:
    """The absolute http(s) address, or '' for anything else (javascript:, data:, relative without a base)."""
    if len(address) <= URL_LENGTH and _PLAIN_LINK.fullmatch(address):
        return address
    address = _BREAKS_IN_LINK.sub("", readable(address)).strip()
    if not address or len(address) > URL_LENGTH:
        return ""
    try:
        if base and not address.lower().startswith(("https://", "http://")):
            address = urljoin(base, address)
        parts = urlsplit(address)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            return ""
        _ = parts.port
    except ValueError:
        return ""
    # Spaces and quotes would end the link in a post or an attribute; everything else stays as the source wrote it.
    return _UNSAFE_IN_LINK.sub(lambda found: quote(found[0]), address)


def _is_too_deep(markup: str) -> bool:
    """Whether elements are nested so deeply that an HTML parser's time would grow with the square of their number."""
    if markup.count("<") <= MAX_DEPTH:
        return False
    depth = deepest = 0
    for found in _OPEN_OR_CLOSE.finditer(markup):
        depth = max(depth - 1, 0) if found[1] else depth + (found[2].lower() not in _UNNESTED)
        deepest = max(deepest, depth)
    return deepest > MAX_DEPTH


class Sanitizer:
    """HTML through the allow-list; relative links are resolved against the base address."""

    def __init__(self) -> None:
        self._cleaners: dict[str, Any] = {}

    def __call__(self, markup: str, base: str = "") -> str:
        """Harmless HTML of at most 500,000 characters, without a page's frame, scripts, forms, ids or styles."""
        markup = latin_mended(readable(markup[:BODY_LENGTH])).strip()
        if "<" not in markup and "&" not in markup:
            return markup.replace(">", "&gt;")
        if _is_too_deep(markup):
            return escape(plain(markup), quote=False).strip()[:BODY_LENGTH]
        cleaned: str = self._cleaner(base).clean(markup)
        return cleaned.strip()[:BODY_LENGTH]

    def _cleaner(self, base: str) -> Any:
        if base not in self._cleaners:
            import nh3

            relative: Any = ("rewrite_with_base", base) if link(base) else "deny"
            self._cleaners[base] = nh3.Cleaner(
                tags=set(TAGS),
                clean_content_tags=set(_DROPPED),
                attributes=_ATTRIBUTES,
                url_schemes=_SCHEMES,
                url_relative=relative,
                link_rel="noopener noreferrer",
            )
        return self._cleaners[base]
