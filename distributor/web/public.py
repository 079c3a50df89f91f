"""What the world may reach: readers' pages, hooks, health. Nothing here trusts a Host."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from distributor.context import App
from distributor.counting import Counter
from distributor.web import audience, readers
from distributor.web.assets import static_files
from distributor.web.guards import SafeHeaders
from distributor.web.health import health_routes
from distributor.web.proxies import TrustedProxies
from distributor.web.readers import Desk, handlers

__all__ = ["build"]


def build(app: App) -> Starlette:
    """`state.public_url` is where links begin: they are never made from what a request claims. `state.counter` writes
    what readers do down: who serves this starts and closes it.
    """
    proxies = app.settings.web.trusted_proxies
    desk, counter = Desk(app), Counter(app)
    asgi = Starlette(
        routes=routes(app, desk, counter),
        middleware=[Middleware(SafeHeaders), Middleware(TrustedProxies, trusted=proxies)],
        exception_handlers=handlers(desk),
    )
    asgi.router.redirect_slashes = False  # its Location is made from the request's Host
    asgi.state.counter = counter
    asgi.state.public_url = str(app.settings.site.public_url or "")
    return asgi


def routes(app: App, desk: Desk, counter: Counter) -> list[BaseRoute]:
    return [
        *audience.routes(app, counter),
        *readers.routes(app, desk),
        *health_routes(app, terse=True),
        static_files(),
    ]
