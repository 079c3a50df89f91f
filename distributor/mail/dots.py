"""Dot-stuffing (RFC 5321 4.5.2), and line ends that every server reads alike.

A server that takes a bare LF or CR for a line end may find the end of the message where its sender saw none, and take
what follows for commands (SMTP smuggling, CVE-2023-51764): such line ends become CRLF.
"""

from __future__ import annotations

import re

__all__ = ["Clean", "stuffed"]

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class Clean(bytes):
    """A message whose maker knows that no line begins with a dot, and that CR and LF come only together.

    Looking for dots in 38 KB costs 30 us, a tenth of signing it. Whatever is done to it gives plain bytes again.
    """

    __slots__ = ()


def stuffed(content: bytes) -> bytes:
    """The message as it goes after DATA, ending with CRLF, without the final dot."""
    if type(content) is not Clean:
        content = _BARE.sub(b"\r\n", content).replace(b"\r\n.", b"\r\n..")
        if content.startswith(b"."):
            content = b"." + content
    return content if content.endswith(b"\r\n") else content + b"\r\n"
