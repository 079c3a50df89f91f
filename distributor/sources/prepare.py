"""A body from the wire made ready for an XML parser: decoded, cut, without its DTD, and mended where that is needed.

No parser meets more than 5 MB or 1,000 entries, a DTD, or an entity that it could expand.
"""

from __future__ import annotations

import codecs
import html.entities
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from distributor.errors import Unreadable

__all__ = ["MAX_BYTES", "MAX_ITEMS", "Prepared", "decode", "looks_hostile", "mend", "prepare"]

MAX_BYTES = 5_000_000
MAX_ITEMS = 1_000
MAX_MARKS = 250_000

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
# Supersets of what is declared: what people mean when they say it (WHATWG Encoding Standard).
_MEANT = {
    "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252",
    "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949", "big5": "big5hkscs", "windows-31j": "cp932", "x-gbk": "gb18030",
}  # fmt: skip
_CHARSET = re.compile(r"(?:utf|iso|windows|cp|koi8|gb|hz|big5|euc|mac|latin|x-mac)[\w.-]{0,20}", re.I)
_STATEFUL = re.compile(r"utf-?(?:16|32)|iso-2022|hz", re.I)  # their bytes may look like UTF-8 and are not
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.I)
_START = re.compile(rb"<(?:\?xml|(?:\w+:)?(?:rss|feed|rdf)\b)", re.I)
_PAGE = re.compile(rb"<(?:!doctype\s+html|html)\b", re.I)
_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>", re.I | re.S)
_ENTITY = re.compile(
    rb"""<!ENTITY\s+([\w.-]{1,64})\s+(?:"([^"&%<]{0,256}|&#\w{1,8};)"|'([^'&%<]{0,256}|&#\w{1,8};)')\s*>"""
)
_ITEM_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.I)
_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)")
_CHANNEL = re.compile(rb"<((?:[\w.-]+:)?channel)\b", re.I)
_AMPERSAND = re.compile(rb"&(?:#(\d{1,8});|#[xX]([0-9a-fA-F]{1,8});|([A-Za-z][\w.]{0,63});)?")
_CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 13)) + b"\x7f"
_PREDEFINED = {b"amp", b"lt", b"gt", b"quot", b"apos"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """UTF-8 without BOM, XML declaration and DOCTYPE; `entities` are the harmless ones that the DOCTYPE defined."""

    data: bytes
    entities: Mapping[str, str] = field(default_factory=dict)


def prepare(body: bytes, content_type: str = "") -> Prepared:
    """Raises Unreadable for a web page, and where not even one entry ends within 5 MB."""
    data = _encoded(body, content_type)
    data = _started(data)
    data, entities = _without_doctype(data)
    return Prepared(_cut(data.translate(None, _CONTROLS)), entities)


def decode(body: bytes, content_type: str = "", declared: str = "") -> str:
    """The text of a body: by its byte order mark, as UTF-8 wherever it is UTF-8, else as declared, else windows-1252.

    A valid UTF-8 text of any length is UTF-8, whatever a header claims; the other way round stray bytes in a UTF-8
    text are read as windows-1252, one by one, and the rest stays whole.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    header = _HEADER_CHARSET.search(content_type)
    for name in (header[1] if header else "", declared):
        if name and _CHARSET.fullmatch(name) and _STATEFUL.match(name) and not _looks_ascii(body, name):
            return _decode_as(body, name) or body.decode("utf-8", "replace")
    try:
        return body.decode()
    except UnicodeDecodeError:
        pass
    for name in (header[1] if header else "", declared):
        if name and "utf" not in name.lower() and (text := _decode_as(body, name)):
            return text
    return body.decode("utf-8", _BYTEWISE)


def looks_hostile(prepared: Prepared) -> bool:
    """Whether parsing might cost more than a feed should: then it is done in a child that can be killed."""
    data, ampersands = prepared.data, prepared.data.count(b"&")
    longest = max(map(len, prepared.entities.values()), default=0)
    return (
        data.count(b"<") > MAX_MARKS
        or ampersands > MAX_MARKS
        or ampersands * longest > MAX_BYTES
        or data.count(b"=") > 4 * MAX_MARKS
    )


def mend(prepared: Prepared) -> bytes:
    """Bare ampersands, HTML's entities and impossible characters put right, outside CDATA."""
    pieces = _split_at_cdata(prepared.data)
    known = {name.encode(): value for name, value in prepared.entities.items()}

    def reference(found: re.Match[bytes]) -> bytes:
        decimal, hexadecimal, name = found.groups()
        if name is not None:
            return found[0] if name in _PREDEFINED else _named(name, known)
        if decimal is None and hexadecimal is None:
            return b"&amp;"
        code = int(decimal) if decimal else int(hexadecimal, 16)
        return found[0] if _is_xml_character(code) else b""

    return b"".join(piece if index % 2 else _AMPERSAND.sub(reference, piece) for index, piece in enumerate(pieces))


def _split_at_cdata(data: bytes) -> list[bytes]:
    """Markup and CDATA sections in turn. A regex would look for the end again at each section that is never closed."""
    pieces, position = [], 0
    while (start := data.find(b"<![CDATA[", position)) >= 0 and (end := data.find(b"]]>", start)) >= 0:
        pieces += [data[position:start], data[start : end + 3]]
        position = end + 3
    return [*pieces, data[position:]]


def _named(name: bytes, known: Mapping[bytes, str]) -> bytes:
    text = known.get(name) or html.entities.html5.get(name.decode() + ";", "")
    escaped = "".join(f"&#{ord(character)};" for character in text)
    return escaped.encode() or b"&amp;" + name + b";"


def _is_xml_character(code: int) -> bool:
    """XML 1.0, production 2."""
    return code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF


def _encoded(body: bytes, content_type: str) -> bytes:
    """The body in UTF-8 without marks; UTF-8 itself is checked, not copied."""
    body = body.lstrip() if body[:1] in b" \t\r\n" and not body.startswith((b"\0", b"<\0")) else body
    body = body[: 2 * MAX_BYTES] if b"\0" in body[:8] else _shortened(body)
    declared = _DECLARED.match(body)
    text = decode(body, content_type, declared[1].decode() if declared else "")
    return text.lstrip("\ufeff \t\r\n").encode("utf-8", "replace")


def _shortened(body: bytes) -> bytes:
    """A little more than 5 MB, so that it is seen to be cut, without the torn character at its end."""
    limit = MAX_BYTES + 1_000
    if len(body) <= limit:
        return body
    end = next((end for end in range(limit, limit - 4, -1) if body[end - 1] < 0x80), limit - 4)
    return body[:end]


def _decode_as(body: bytes, name: str) -> str:
    name = _MEANT.get(name.lower(), name.lower())
    if not _CHARSET.fullmatch(name):
        return ""
    try:
        return body.decode(name)
    except LookupError:
        return ""
    except UnicodeDecodeError:
        text = body.decode(name, "replace")
        return text if text.count("\ufffd") * 20 <= len(text) else ""


def _looks_ascii(body: bytes, name: str) -> bool:
    """A document that says UTF-16 in plain bytes was re-encoded on its way and kept the old declaration."""
    return name.lower().startswith("utf") and b"\0" not in body[:200]


def _read_as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_BYTEWISE = "distributor.windows-1252"
codecs.register_error(_BYTEWISE, _read_as_windows_1252)


def _started(data: bytes) -> bytes:
    """From the first sign of a feed on: what a broken server printed before it is left out."""
    page, start = _PAGE.search(data, 0, 4_096), _START.search(data, 0, 65_536)
    if page and (start is None or start[0].lower() == b"<?xml" or page.start() < start.start()):
        inner = re.search(rb"<(?:rss|feed|rdf:rdf)\b", data[:65_536], re.I)
        if inner is None:
            raise Unreadable(
                "is a web page, not a feed",
                hint="Give the address of its feed, or let `distributor sources add` discover it from the page.",
            )
        return data[inner.start() :]
    return data[start.start() :] if start else data


def _without_doctype(data: bytes) -> tuple[bytes, dict[str, str]]:
    root = re.search(rb"<[A-Za-z_]", data)
    start = data[:1_000_000].upper().find(b"<!DOCTYPE", 0, root.start() if root else 4_096)
    found = _DOCTYPE.match(data, start, start + 1_000_000) if start >= 0 else None
    if found is None:
        return _without_declaration(data), {}
    subset = found[1] or b""
    entities = {
        name.decode(): html.unescape((double or single).decode("utf-8", "replace"))
        for name, double, single in _ENTITY.findall(subset)[:300]
    }
    return _without_declaration(data[: found.start()] + data[found.end() :]), entities


def _without_declaration(data: bytes) -> bytes:
    end = data.find(b"?>", 0, 1_000) if data[:5].lower() == b"<?xml" and data[5:6].isspace() else -1
    return data[end + 2 :].lstrip() if end >= 0 else data


def _cut(data: bytes) -> bytes:
    """At most 5 MB and 1,000 entries, cut behind a whole entry; what stays open is closed."""
    if len(data) <= MAX_BYTES and data.count(b"</") <= MAX_ITEMS:
        return data
    end = count = 0
    for count, found in enumerate(_ITEM_END.finditer(data, 0, MAX_BYTES), start=1):
        end = found.end()
        if count == MAX_ITEMS:
            break
    if len(data) <= MAX_BYTES and (count < MAX_ITEMS or _ITEM_END.search(data, end) is None):
        return data
    if end == 0:
        raise Unreadable(
            "no entry ends within its first 5 MB", hint="Ask the publisher for a feed with fewer or shorter entries."
        )
    return data[:end] + _closing(data[:end])


def _closing(head: bytes) -> bytes:
    root, channel = _ROOT.search(head), _CHANNEL.search(head)
    open_channel = channel and b"</" + channel[1] not in head
    return (b"</%s>" % channel[1] if channel and open_channel else b"") + (b"</%s>" % root[1] if root else b"")
