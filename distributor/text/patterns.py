"""Regular expressions, compiled when first used: importing distributor.text stays cheap."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

__all__ = ["graphemes", "lazy"]


@cache
def lazy(pattern: str) -> Any:
    """`pattern`, compiled once by the `regex` module."""
    import regex  # type: ignore[import-untyped]

    return regex.compile(pattern)


def graphemes(text: str) -> Iterable[str]:
    """What a reader takes for one character each (UAX #29, extended grapheme clusters)."""
    found: list[str] = lazy(r"\X").findall(text)
    return found
