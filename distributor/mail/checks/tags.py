"""Tag lists, "v=DKIM1; k=rsa; p=...": the form of DKIM's signatures and keys and of DMARC's policies (RFC 6376 3.2)."""

from __future__ import annotations

import re

__all__ = ["TagError", "tags"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class TagError(ValueError):
    """It is no tag list, or lacks what it must have; one line fit for a person."""


def tags(text: str) -> dict[str, str]:
    """The tags in their order, white space around names and values dropped. Raises TagError; no tag may come twice."""
    found: dict[str, str] = {}
    for part in text.strip().removesuffix(";").split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not _NAME.fullmatch(name):
            raise TagError(f"{part.strip()[:40]!r} is no tag")
        if name in found:
            raise TagError(f"the tag {name} stands there twice")
        found[name] = value
    return found
