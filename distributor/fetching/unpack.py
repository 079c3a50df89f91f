"""Bodies unpacked while they arrive, within limits: a bomb is noticed before it has gone off."""

from __future__ import annotations

import zlib

__all__ = ["BadBody", "Unpacker"]

_SMALL = 64 * 1024
"""The ratio is judged from here on: a short page of blanks is no bomb."""
_MEMBERS = 64
_GZIP, _ZLIB, _RAW = 31, 15, -15


class BadBody(ValueError):
    """Too large, broken, cut short, or packed in a way that was not asked for. The message is one line."""


class Unpacker:
    """Takes what came over the wire, gives the body. `limit` in bytes, unpacked; `ratio` unpacked to packed.

    Reads gzip (RFC 1952, several members too), deflate (zlib, RFC 1950, or raw as some servers do) and identity.
    """

    def __init__(self, encoding: str, *, limit: int, ratio: int) -> None:
        self._kind = encoding.strip().lower().removeprefix("x-") or "identity"
        if self._kind not in {"gzip", "deflate", "identity"}:
            raise BadBody("packed in a way that was not asked for")
        self._limit, self._ratio = limit, ratio
        self._packed = self._size = self._members = 0
        self._parts: list[bytes] = []
        self._held = b""
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes) -> None:
        """Raises BadBody as soon as a limit is passed."""
        self._packed += len(data)
        if self._kind == "identity":
            self._take(data)
            return
        data = self._held + data
        self._held = b""
        while data:
            if self._inflate is None:
                if len(data) < 2:
                    self._held = data
                    return
                self._inflate = self._begin(data)
                if self._inflate is None:
                    return
            data = self._inflated(self._inflate, data)

    def finish(self) -> bytes:
        """The body. Raises BadBody where the packed stream has no end."""
        if self._inflate is not None or (self._held and not self._members):
            raise BadBody("cut short")
        return b"".join(self._parts)

    def _begin(self, data: bytes) -> zlib._Decompress | None:
        """The next member; None where only padding follows the last one."""
        more = self._kind == "gzip" and data[:2] == b"\x1f\x8b"
        if self._members and not more:
            return None
        self._members += 1
        if self._members > _MEMBERS:
            raise BadBody("packed in too many pieces")
        zlib_header = data[0] & 0x0F == 8 and (data[0] * 256 + data[1]) % 31 == 0
        return zlib.decompressobj(_GZIP if self._kind == "gzip" else _ZLIB if zlib_header else _RAW)

    def _inflated(self, inflate: zlib._Decompress, data: bytes) -> bytes:
        """Unpack up to one byte more than may come, so that a limit passed is seen; what is left of the data."""
        try:
            self._take(inflate.decompress(data, self._most() - self._size + 1))
        except zlib.error:
            raise BadBody("broken packing") from None
        if not inflate.eof:
            return inflate.unconsumed_tail
        self._inflate = None
        return inflate.unused_data

    def _most(self) -> int:
        return min(self._limit, max(_SMALL, self._packed * self._ratio))

    def _take(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise BadBody(f"larger than {self._limit:,} bytes")
        if self._kind != "identity" and self._size > self._most():
            raise BadBody(f"unpacks to more than {self._ratio} times its size")
        self._parts.append(part)
