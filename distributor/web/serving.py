"""A web server in a thread of this process: uvicorn, quiet, bound before it starts so that a taken port is told."""

from __future__ import annotations

import errno
import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from distributor.errors import ConfigError

__all__ = ["Server", "serve"]

STARTS_WITHIN = 10.0
CLOSES_WITHIN = 2
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (how to reach who listens everywhere)


class Server:
    """A server that answers at `url` until `close()`."""

    def __init__(self, server: uvicorn.Server, listener: socket.socket, host: str) -> None:
        self.port: int = listener.getsockname()[1]
        self.url = f"http://{_shown(_ANY.get(host, host))}:{self.port}"
        self._server, self._listener = server, listener
        self._thread = threading.Thread(target=server.run, args=([listener],), name=f"web-{self.port}", daemon=True)

    def start(self) -> Self:
        """Returns when requests are answered. Raises ConfigError when that does not happen."""
        self._thread.start()
        until = time.monotonic() + STARTS_WITHIN
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                self.close()
                raise ConfigError(f"the web server at {self.url} did not start")
            time.sleep(0.002)
        return self

    def close(self) -> None:
        """Lets what is being answered end, then stops. A second call does nothing."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(CLOSES_WITHIN * 2)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(asgi: ASGIApp, host: str, port: int) -> Server:
    """Serves `asgi` from a daemon thread; port 0 takes a free one. Raises ConfigError when it cannot bind."""
    listener = _bind(host, port)
    config = uvicorn.Config(
        asgi,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        # Left on, uvicorn believes X-Forwarded-For of anybody on loopback; proxies.py knows whom to believe.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=CLOSES_WITHIN,
        h11_max_incomplete_event_size=64 * 1024,
    )
    return Server(uvicorn.Server(config), listener, host).start()


def _bind(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise ConfigError(f"{port} is no port", hint="ports are 1 to 65535; 0 takes a free one")
    try:
        family, *_, address = socket.getaddrinfo(host or "127.0.0.1", port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"cannot listen on {host}: {_reason(error)}", hint="see [web] in the settings") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise _unbound(host, port, error) from error
    listener.set_inheritable(False)
    return listener


def _unbound(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return ConfigError(f"port {port} is taken", hint=f"choose another: --port {port + 1 if port < 65535 else 0}")
    if error.errno == errno.EACCES:
        return ConfigError(f"port {port} needs more rights than this process has", hint="choose one above: --port 8000")
    return ConfigError(f"cannot listen on {_shown(host)}:{port}: {_reason(error)}", hint="see [web] in the settings")


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
