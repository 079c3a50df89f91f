"""What the world may reach. Readers' pages, hooks and redirects are added to `routes`; nothing here trusts a Host."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from distributor.context import App
from distributor.web.assets import static_files
from distributor.web.guards import SafeHeaders
from distributor.web.health import health_routes
from distributor.web.pages import Pages
from distributor.web.problems import handlers
from distributor.web.proxies import TrustedProxies

__all__ = ["build"]


def build(app: App) -> Starlette:
    """`state.public_url` is where links begin: they are never made from what a request claims."""
    proxies = app.settings.web.trusted_proxies
    asgi = Starlette(
        routes=routes(app),
        middleware=[Middleware(SafeHeaders), Middleware(TrustedProxies, trusted=proxies)],
        exception_handlers=handlers(Pages(app), terse=True),
    )
    asgi.state.public_url = str(app.settings.site.public_url or "")
    return asgi


def routes(app: App) -> list[BaseRoute]:
    return [*health_routes(app, terse=True), static_files()]
