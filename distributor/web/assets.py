"""Our own files. Their addresses change with their content, so a browser may keep them for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["asset", "static_files"]

FOLDER = Path(__file__).parent / "static"


def static_files() -> Mount:
    return Mount("/static", _Lasting(directory=FOLDER))


@cache
def asset(name: str) -> str:
    """The address of a file of ours."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


class _Lasting(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
