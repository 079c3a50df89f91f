"""When a server wants to see us again: Cache-Control, Expires, Retry-After (RFC 9111, RFC 9110 section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from distributor.sources import dates

__all__ = ["freshness", "links", "retry_after"]

_LONGEST = timedelta(days=365)
_DIRECTIVE = re.compile(r"""([a-z-]+)(?:\s*=\s*"?(\d{1,10})"?)?""", re.I)
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_REL = re.compile(r"""rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.I)


def freshness(headers: Mapping[str, str]) -> timedelta | None:
    """How long the answer stays fresh, less its age in caches; None where it may not be stored or nothing is said."""
    directives = {name.lower(): value for name, value in _DIRECTIVE.findall(headers.get("cache-control") or "")}
    if "no-store" in directives or "no-cache" in directives:
        return None
    if directives.get("max-age"):
        fresh = timedelta(seconds=int(directives["max-age"])) - _seconds(headers.get("age"))
    else:
        expires, sent = dates.parse(headers.get("expires") or ""), dates.parse(headers.get("date") or "")
        if expires is None or sent is None:
            return None
        fresh = expires - sent
    return min(fresh, _LONGEST) if fresh > timedelta(0) else None


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> timedelta | None:
    """Seconds or a date. A date counts from `now`, or from the answer's own Date, so that clocks need not agree."""
    text = (headers.get("retry-after") or "").strip()
    if text.isascii() and text.isdigit():
        return min(_seconds(text), _LONGEST)
    moment, start = dates.parse(text), dates.parse(headers.get("date") or "") or now
    if moment is None or start is None:
        return None
    return min(max(moment - start.astimezone(UTC), timedelta(0)), _LONGEST)


def links(headers: Mapping[str, str]) -> dict[str, str]:
    """The first target of each relation in the Link header (RFC 8288)."""
    found: dict[str, str] = {}
    for target, parameters in _LINK.findall((headers.get("link") or "")[:10_000]):
        rel = _REL.search(parameters)
        for name in (rel[1] or rel[2] or "").lower().split() if rel else ():
            found.setdefault(name, target)
    return found


def _seconds(text: str | None) -> timedelta:
    text = (text or "").strip()
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) < 11 else timedelta(0)
