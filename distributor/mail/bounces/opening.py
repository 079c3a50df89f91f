"""Opens a mail that may be broken on purpose: its header fields and its readable parts, in bounded time.

The standard library's parser is correct, but its work grows with the depth of nesting, and a report is hostile
input. So this reads RFC 2045 by hand, only as far as reports need it: no more than `MOST_BYTES`, `MOST_PARTS`
parts and `DEEPEST` levels are looked at, and whatever does not parse is read as plain text.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header, make_header

__all__ = [
    "DEEPEST",
    "MAIL_KINDS",
    "MOST_BYTES",
    "MOST_PARTS",
    "Fields",
    "Part",
    "decoded_words",
    "open_mail",
    "read_fields",
]

MOST_BYTES = 256 * 1024
MOST_PARTS = 60
MAIL_KINDS = ("message/rfc822", "message/global")
DEEPEST = 6
_MOST_FIELDS = 400

_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)", re.DOTALL)
_PARAMETER = re.compile(r"(boundary|charset)\s*=\s*(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/h\d|/li|/td|p|div|tr)\b[^<>]{0,400}>", re.IGNORECASE)
_ANY_TAG = re.compile(r"</?[a-zA-Z!][^<>@]{0,1000}>")

# What claims to be ASCII often is not; of UTF-16 nothing but ASCII is left once its NULs are gone.
_NOT_TRUSTED = ("us-ascii", "ascii", "7bit", "8bit", "utf-16", "utf16", "utf-32", "utf32", "ucs")
_DELIMITER = re.compile(rb"^--(\S{6,80})[ \t]*\n[Cc]ontent-", re.MULTILINE)

Fields = dict[str, list[str]]  # lower case names, unfolded values in the order they came


@dataclass(slots=True)
class Part:
    """A leaf of the MIME tree. `kind` is its media type; `inside` counts the mails that it lies in within this one."""

    kind: str
    fields: Fields
    text: str
    inside: int = 0
    children: list[Part] = field(default_factory=list)

    def first(self, name: str) -> str:
        values = self.fields.get(name)
        return values[0] if values else ""

    def walk(self) -> Iterator[Part]:
        yield self
        for child in self.children:
            yield from child.walk()


def open_mail(raw: bytes) -> Part:
    """The tree of a mail's parts. Never raises; the text of a part is decoded, with LF as the line end."""
    data = raw[:MOST_BYTES].replace(b"\x00", b"").replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    if data.startswith((b"From ", b">From ")):
        data = data.partition(b"\n")[2]
    return _part(data, DEEPEST, [MOST_PARTS], "text/plain", 0)


def read_fields(text: str) -> Fields:
    """Header fields of a block of text, also of a damaged one: a line that is no field ends nothing, it is skipped."""
    fields: Fields = {}
    last: list[str] | None = None
    for line in text.split("\n", _MOST_FIELDS * 4)[: _MOST_FIELDS * 4]:
        if line[:1] in (" ", "\t") and last is not None:
            if len(last[-1]) < 8000:
                last[-1] = f"{last[-1]} {line.strip()}".strip()
            continue
        match = _FIELD.match(line)
        if match and len(fields) < _MOST_FIELDS:
            last = fields.setdefault(match[1].lower(), [])
            last.append(match[2].strip()[:8000])
        else:
            last = None
    return fields


def decoded_words(value: str) -> str:
    """A header's text with RFC 2047's words decoded; as it stands where they are wrong."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value[:2000])))
    except (LookupError, ValueError, MessageError, binascii.Error):
        return value


def _part(data: bytes, depth: int, left: list[int], default: str, inside: int) -> Part:
    left[0] -= 1
    head, body = _split(data)
    fields = read_fields(_characters(head, "utf-8"))
    stated = (fields.get("content-type") or [default])[0]
    kind = (re.split(r"[;\s]", stated.strip(), maxsplit=1)[0].strip('"') or default).lower()
    parameters = {match[1].lower(): match[2] or match[3] for match in _PARAMETER.finditer(stated[:2000])}
    part = Part(kind, fields, "", inside)
    if kind.startswith("multipart/") and "boundary" not in parameters and (torn := _DELIMITER.search(body, 0, 8192)):
        parameters["boundary"] = torn[1].decode("utf-8", "replace")
    if kind.startswith("multipart/") and depth > 0 and "boundary" in parameters:
        inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        part.children = [
            _part(piece, depth - 1, left, inner, inside)
            for piece in _pieces(body, parameters["boundary"])
            if left[0] > 0
        ]
        if part.children:
            return part
    content = _transferred(body, (fields.get("content-transfer-encoding") or [""])[0])
    if kind in MAIL_KINDS and depth > 0 and left[0] > 0:
        part.children = [_part(content.lstrip(b"\n"), depth - 1, left, "text/plain", inside + 1)]
        part.text = _characters(content[:65536], "utf-8")
    elif kind.startswith(("text/", "message/", "multipart/")) or "/" not in kind:
        text = _characters(content, parameters.get("charset", "utf-8"))
        text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")  # base 64 holds them
        part.text = _without_tags(text) if kind == "text/html" else text
    return part


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Header and body; a block whose first line is no header field is all body."""
    if data.startswith(b"\n"):
        return b"", data[1:]
    head, gap, body = data.partition(b"\n\n")
    first = head.partition(b"\n")[0]
    name, colon, _ = first.partition(b":")
    if not colon or b" " in name.strip() or not name.strip() or len(name) > 80:
        return b"", data
    return head[:65536], body if gap else b""


def _pieces(body: bytes, boundary: str) -> list[bytes]:
    mark = b"--" + boundary.strip().encode("utf-8", "surrogateescape")
    pieces: list[bytes] = []
    parts = (b"\n" + body).split(b"\n" + mark, MOST_PARTS)
    for piece in parts[1:]:
        if piece.startswith(b"--"):
            break
        pieces.append(piece.partition(b"\n")[2])
    return pieces


def _transferred(body: bytes, encoding: str) -> bytes:
    encoding = encoding.strip().lower()
    if encoding == "base64":
        clean = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
        return base64.b64decode(clean[: len(clean) // 4 * 4])  # what is left over of a torn group is let go
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    return body


def _characters(data: bytes, charset: str) -> str:
    for name in (charset.strip().strip("'\""), "utf-8"):
        try:
            if not name.lower().startswith(_NOT_TRUSTED):
                return data.decode(name, "strict")
        except (LookupError, ValueError):  # a codec's name may hold anything; UnicodeDecodeError is a ValueError
            continue
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8" if charset.lower().startswith("utf") else "latin-1", "replace")


def _without_tags(text: str) -> str:
    text = _without_hidden(text[:MOST_BYTES])
    return html.unescape(_ANY_TAG.sub(" ", _BREAK.sub("\n", text)))


def _without_hidden(text: str) -> str:
    """Without style sheets and scripts. A pattern would search for each missing end tag anew."""
    low = text.lower()
    for name in ("style", "script"):
        pieces, at = [], 0
        for _ in range(50):
            start = low.find(f"<{name}", at)
            end = low.find(f"</{name}>", start) if start >= 0 else -1
            if end < 0:
                break
            pieces.append(text[at:start])
            at = end
        text = "".join([*pieces, text[at:]])
        low = text.lower()
    return text
