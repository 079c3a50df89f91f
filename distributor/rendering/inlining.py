"""A document's style rules, written into its elements: many mail programs read nothing else. Once a segment."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from css_inline import CSSInliner

__all__ = ["inline", "style_hashes"]

# Rules that only a style sheet can hold (media queries, Outlook.com's dark mode) stay as they are, where they are.
_KEPT = re.compile(r"<style data-keep>(.*?)</style>", re.S)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.S)
_MARK = "<!--kept {}-->"


def inline(document: str) -> str:
    """The document with the rules of each `<style>` in `style` attributes; those of `<style data-keep>` are kept.

    Conditional comments for Outlook stay. Nothing is fetched. Raises ValueError where the rules are no CSS.
    """
    kept = _KEPT.findall(document)
    marks = (_MARK.format(place) for place in range(len(kept)))
    marked = _KEPT.sub(lambda _: next(marks), document)
    from css_inline import InlineError

    try:
        done = _inliner().inline(marked)
    except InlineError as error:
        raise ValueError(f"the style rules cannot be read: {error}") from None
    for place, rules in enumerate(kept):
        done = done.replace(_MARK.format(place), f"<style>{rules}</style>", 1)
    return done.replace("<!DOCTYPE html>", "<!DOCTYPE html>\n", 1)


def style_hashes(page: str) -> tuple[str, ...]:
    """What a Content-Security-Policy's `style-src` must name so that the page's own rules count: 'sha256-...'."""
    digests = (hashlib.sha256(rules.encode()).digest() for rules in _STYLE.findall(page))
    return tuple(f"'sha256-{base64.b64encode(value).decode()}'" for value in digests)


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    return CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, minify_css=True)
