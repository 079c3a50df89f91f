"""The pages: what the staff sees (admin, loopback) and what readers, hooks and monitors reach (public).

    server = serve(admin_app(app), "127.0.0.1", 8000)   # server.url, server.close()

Starlette and uvicorn are loaded when an app is built, so that a command that serves nothing starts fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from distributor.context import App

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp

    from distributor.web.serving import Server

__all__ = ["admin_app", "public_app", "serve"]


def admin_app(app: App) -> Starlette:
    """What went where, and why: for the staff. It has no login, so it belongs on loopback."""
    from distributor.web import admin

    return admin.build(app)


def public_app(app: App) -> Starlette:
    """What readers, hooks and monitors reach, behind `public_url` and the proxies that `trusted_proxies` names."""
    from distributor.web import public

    return public.build(app)


def serve(asgi: ASGIApp, host: str, port: int) -> Server:
    """Serves from a daemon thread; port 0 takes a free one. Returns once it answers. Raises ConfigError."""
    from distributor.web import serving

    return serving.serve(asgi, host, port)
