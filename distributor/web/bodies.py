"""Bodies that strangers send: never more of them in memory than is allowed."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

__all__ = ["bounded"]


async def bounded(request: Request, most: int) -> bytes:
    """The body, of at most `most` bytes. Raises 413 as soon as there are more, announced or sent."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > most:
        raise HTTPException(413)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise HTTPException(413)
        parts.append(part)
    return b"".join(parts)
