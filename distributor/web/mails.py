"""Mails as the staff may look at them: letters of an outbox, and what is rendered for a preview.

A mail is a stranger's page (articles, templates): it is shown in a frame that runs nothing, has no origin, and may load
only pictures from public hosts that the mail itself names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html import unescape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, Response

from distributor.context import App
from distributor.errors import ConfigError, NotFound
from distributor.mail.outbox import Kept, Outbox
from distributor.web.guards import CSP
from distributor.web.previews import safe_picture

__all__ = ["FRAMING", "Mail", "Shelf", "framed", "letter", "outboxes", "read_mail", "shelves"]

# For pages that hold a frame.
FRAMING = {"Content-Security-Policy": f"{CSP}; frame-src 'self'"}
HEADERS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Id")
PICTURES = 60
_SOURCE = re.compile(r"""(?:\bsrc|\bbackground)\s*=\s*(?:"([^"]*)"|'([^']*)')|url\(\s*['"]?([^'")]+)""", re.I)
_HEAD = re.compile(r"<head\b[^>]*>", re.I)


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter for reading: some of its headers, both its parts ("" where it has none), and whether it is signed."""

    headers: Mapping[str, str]
    html: str
    text: str
    signed: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """One outbox and its newest letters. `name` is the account's: "mail", or "mail:" and a relay's name."""

    name: str
    folder: str
    letters: list[Kept]


def outboxes(app: App) -> dict[str, Outbox]:
    """The folders that mails are put into instead of being sent; none where the settings of mail are wrong."""
    try:
        room = app.mailroom
    except ConfigError:
        return {}
    return {name: way for name, way in room.relays.items() if isinstance(way, Outbox)} if room else {}


def shelves(app: App, limit: int = 100) -> list[Shelf]:
    return [Shelf(name, box.identity, box.letters(limit)) for name, box in outboxes(app).items()]


def letter(app: App, box: str, name: str) -> bytes:
    """Raises NotFound."""
    found = outboxes(app).get(box)
    if found is None:
        raise NotFound(f"there is no outbox {box[:60]!r}", hint="mail.smtp names where mails go")
    return found.get(name)


def read_mail(content: bytes) -> Mail:
    parsed = BytesParser(EmailMessage, policy=policy.default).parsebytes(content)
    headers = {name: _one_line(parsed, name) for name in HEADERS}
    return Mail(
        headers={name: value for name, value in headers.items() if value},
        html=_part(parsed, "html"),
        text=_part(parsed, "plain"),
        signed="DKIM-Signature" in parsed,
    )


def framed(html: str, allow: Collection[str] = ()) -> Response:
    """A mail's page for an `<iframe sandbox>`. Links open in tabs of their own; pictures of private hosts stay away."""
    pictures = " ".join(_origins(html, allow)) or "'none'"
    rules = (
        "default-src 'none'",
        f"img-src {pictures}",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-popups allow-popups-to-escape-sandbox",
    )
    page = _HEAD.sub(r'\g<0><base target="_blank">', html, count=1)
    headers = {"Content-Security-Policy": "; ".join(rules)}
    return HTMLResponse(page, headers=headers)


def _origins(html: str, allow: Collection[str]) -> list[str]:
    """Where the page's pictures come from, as a policy names it."""
    found: dict[str, None] = {}
    for match in _SOURCE.finditer(html):
        url = safe_picture(unescape(next(filter(None, match.groups()), "")), allow)
        parts = urlsplit(url)
        if url and re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", parts.netloc):
            found[f"{parts.scheme}://{parts.netloc}"] = None
        if len(found) >= PICTURES:
            break
    return list(found)


def _one_line(parsed: EmailMessage, name: str) -> str:
    """A header's words. What cannot be parsed is shown as it came: this page must open for every letter."""
    try:
        return " ".join(str(parsed.get(name, "")).split())
    except (ValueError, LookupError, IndexError, AttributeError):
        raw = next((value for key, value in parsed.raw_items() if key.lower() == name.lower()), "")
        return " ".join(str(raw).split())


def _part(parsed: EmailMessage, kind: str) -> str:
    try:
        part = parsed.get_body(preferencelist=(kind,))
        content = part.get_content() if part is not None else ""
    except (ValueError, LookupError, AttributeError):
        return ""
    return content if isinstance(content, str) else ""
