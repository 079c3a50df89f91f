"""/v, /v.js and /v.gif: that a page of the publisher's was read. No cookie, no answer that tells anything.

What is no article of ours is answered like one, and not recorded.
"""

from __future__ import annotations

from base64 import b64decode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from distributor import paths, robots
from distributor.context import App
from distributor.counting import Counter
from distributor.web.audience.embeds import ANYWHERE, answer, static
from distributor.web.audience.known import Known
from distributor.web.audience.noting import note
from distributor.web.bodies import bounded

__all__ = ["SITE", "routes", "told"]

SITE = "site"  # the channel of views
MOST = 4_096  # bytes of a beacon: an address
HOUR = 3_600
_GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # one transparent pixel
_HEADERS = ANYWHERE | {"Cache-Control": "no-store"}


def routes(app: App, counter: Counter, known: Known) -> list[BaseRoute]:
    async def beacon(request: Request) -> Response:
        url, driven = await told(request)
        await _seen(request, url, robots.AGENT if driven else 0)
        return Response(status_code=204, headers=_HEADERS)

    async def pixel(request: Request) -> Response:
        await _seen(request, request.query_params.get("u") or request.headers.get("referer", ""))
        return Response(_GIF, headers=_HEADERS, media_type="image/gif")

    async def script(request: Request) -> Response:
        return answer(request, static("v.js"), HOUR)

    async def _seen(request: Request, url: str, marks: int = 0) -> None:
        if app.settings.signals.views and not robots.is_private(request.headers):
            page = await known.page(url)
            if page is not None:
                note(app, counter, request, "views", page.article_id, SITE, marks)

    return [
        Route(paths.VIEW, beacon, methods=["POST"]),
        Route(paths.PIXEL, pixel, methods=["GET"]),
        Route(paths.VIEW_SCRIPT, script, methods=["GET"]),
    ]


async def told(request: Request) -> tuple[str, bool]:
    """A beacon's page, and whether its browser is driven by a program, which the script knows. Raises 413."""
    body = await bounded(request, MOST)
    url, _, rest = body.decode("utf-8", "replace").partition("\n")
    return url.strip(), rest.strip() == "driven"
