"""What other sites may load from here: scripts, styles, lists. Browsers keep it a while, and know it by its tag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from distributor.web.guards import CSP

__all__ = ["ANYWHERE", "FRAMED", "Piece", "answer", "document", "static"]

# For what pages of other sites may read, by script too: it is the same for everybody, so nothing can be learned by it.
ANYWHERE = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
FRAMED = {
    "Content-Security-Policy": CSP.replace("frame-ancestors 'none'", "frame-ancestors *"),
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A body that is the same for everybody, with its type and tag (RFC 9110, 8.8.3)."""

    body: bytes
    type: str
    tag: str

    @classmethod
    def of(cls, body: bytes, type: str) -> Piece:
        return cls(body, type, f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def document(data: Mapping[str, Any]) -> Piece:
    """JSON in one line; datetimes in UTC (RFC 3339)."""

    def plain(value: Any) -> str:
        assert isinstance(value, datetime)
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    # ASCII only: no half of a pair, and nothing that a page could take for markup in a wrong encoding.
    return Piece.of(json.dumps(data, default=plain).encode(), "application/json")


@cache
def static(name: str) -> Piece:
    """A file of ours at an address that stays, for it stands in others' pages."""
    path = Path(__file__).parent / "static" / name
    return Piece.of(path.read_bytes(), _TYPES[path.suffix])


def answer(request: Request, piece: Piece, max_age: int, status: int = 200) -> Response:
    """The piece, or 304 where the browser has it."""
    headers = ANYWHERE | {"ETag": piece.tag, "Cache-Control": f"public, max-age={max_age}"}
    if status == 200 and _known(request.headers.get("if-none-match", ""), piece.tag):
        return Response(status_code=304, headers=headers)
    return Response(piece.body, status, headers, media_type=piece.type)


def _known(header: str, tag: str) -> bool:
    """Whether If-None-Match names the tag; compression on the way makes a tag weak (W/), and it counts all the same."""
    listed = {one.strip().removeprefix("W/") for one in header[:2_000].split(",")}
    return tag in listed or header.strip() == "*"
