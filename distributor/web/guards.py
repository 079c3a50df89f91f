"""What stands before every page: which hosts are answered, which headers go with each answer.

A page of another site can make the reader's browser ask this machine; with a name that it lets point here (DNS
rebinding) it could even read the answers. The name then stands in the Host header, so only our own are answered.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CSP", "HEADERS", "KnownHosts", "SafeHeaders", "is_known"]

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' http: https: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?")


class KnownHosts:
    """Refuses, by 421 (RFC 9110, 15.5.20), every request whose Host is not one of ours."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self.app, self.names = app, frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hosts = Headers(scope=scope).getlist("host")
            reached = (scope.get("server") or ("", 0))[0]
            if len(hosts) != 1 or not is_known(hosts[0], self.names, reached):
                refusal = PlainTextResponse(
                    "This address is not one of this server's. Use http://127.0.0.1, or name the host in web.admin.\n",
                    status_code=421,
                )
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


def is_known(host: str, names: Collection[str], reached: str) -> bool:
    """Whether a Host header names this server: loopback, a name of the settings, or the very address that was reached.

    `reached` is the connection's own end. It counts only as a number: a name can be led anywhere, a number cannot.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found["six"] or found["name"]).lower().rstrip(".")
    return name in _LOOPBACK or name in names or (name == reached and _is_number(name))


class SafeHeaders:
    """Gives every answer the headers that keep a browser from doing more with it than it should."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if "frame-ancestors 'none'" not in headers["Content-Security-Policy"]:
                    del headers["X-Frame-Options"]  # a page that may be framed says by whom in its policy
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def _is_number(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
