"""Quoted-printable (RFC 2045 6.7) for text that is mailed to many: what stands for a reader's token stays whole.

Three more rules than the RFC's, so that nobody on the way needs to change a byte. Dots and "From " that begin a line
are encoded: dot-stuffing and mbox quoting find nothing to do. Tabs, and all but single spaces within a line, are
encoded: the bytes are their own relaxed canonical form (RFC 6376 3.4.4). And `MARKER` and `CLICK` are never broken by
a soft line break, so that another word of their length and alphabet can take their place.
"""

from __future__ import annotations

import re

from distributor.mail import CLICK, MARKER

__all__ = ["quoted_printable"]

WIDTH = 76
_MARKS = MARKER.encode(), CLICK.encode()
_SPECIAL = re.compile(rb"[^\x20-\x3c\x3e-\x7e]|(?<= )\x20|\x20$")
_LINE_END = re.compile(r"\r\n|\r|\n")


def quoted_printable(text: str) -> bytes:
    """The text as UTF-8, CRLF line ends, no line over 76 octets, ending with CRLF. No CRLF is added to empty text.

    Lone surrogates become question marks. A last line without its end gets one.
    """
    lines = _LINE_END.split(text)
    if lines and not lines[-1]:
        lines.pop()
    return b"".join(_encoded(line.encode("utf-8", "replace")) for line in lines)


def _encoded(line: bytes) -> bytes:
    rest = _SPECIAL.sub(lambda found: b"=%02X" % found[0][0], line)
    done: list[bytes] = []
    while True:
        if rest[:1] == b".":
            rest = b"=2E" + rest[1:]
        elif rest[:5] == b"From ":
            rest = b"=46" + rest[1:]
        if len(rest) <= WIDTH:
            return b"".join([*done, rest, b"\r\n"])
        end = _soft_end(rest)
        done += [rest[:end], b"=\r\n"]
        rest = rest[end:]


def _soft_end(line: bytes) -> int:
    """Where the first 75 octets may end: not within "=XX", not within a marker."""
    end = WIDTH - 1
    if line[end - 1 : end] == b"=":
        end -= 1
    elif line[end - 2 : end - 1] == b"=":
        end -= 2
    for mark in _MARKS:
        start = line.rfind(mark, 0, end + len(mark) - 1)
        if 0 <= start < end < start + len(mark):
            return start
    return end
