"""The aiohttp half of the client: sessions whose sockets are guarded. Imported at the first request.

The guard stands at three places, because each of the first two has been got round elsewhere: all answers of a name are
judged when it is resolved; the very address that is dialled is judged when its socket is made, so a literal address, a
redirect or a name that changed its mind cannot pass; and the peer is judged before the first byte of a request leaves.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp
import anyio
from aiohttp.abc import AbstractResolver, ResolveResult

from distributor.fetching.guard import LISTED, PUBLIC

__all__ = ["Refused", "Sessions", "look_up", "open_sessions", "reason", "refusal"]

_ANSWERS = 6
_FIELD = 16 * 1024
Resolve = Callable[[str, int], Sequence[str]]
Judge = Callable[[str], str]


class Refused(OSError):
    """The guard said no. An OSError, so that aiohttp closes what it had opened, as after any failed dial."""


@dataclass
class Sessions:
    """`strangers` reaches public addresses only, `listed` also private ones; they share no connection."""

    strangers: aiohttp.ClientSession
    listed: aiohttp.ClientSession

    async def close(self) -> None:
        await self.strangers.close()
        await self.listed.close()


def open_sessions(user_agent: str, connect: float, silence: float, resolve: Resolve, judge: Judge) -> Sessions:
    """Call it in the loop. `connect` and `silence` (the longest wait for a byte) are seconds."""
    times = aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=silence)

    def session(accepted: frozenset[str]) -> aiohttp.ClientSession:
        def check(address: str) -> None:
            word = judge(address)
            if word not in accepted:
                raise Refused(f"refused: {address} is {word}, not public")

        return aiohttp.ClientSession(
            connector=_connector(check, resolve),
            request_class=_request_class(check),
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"},
            timeout=times,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=_FIELD,
            max_field_size=_FIELD,
        )

    return Sessions(session(PUBLIC), session(LISTED))


def look_up(host: str, port: int) -> list[str]:
    """All addresses of a host, by the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _connector(check: Callable[[str], None], resolve: Resolve) -> aiohttp.TCPConnector:
    def guarded(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        check(str(address[0]))
        return socket.socket(family, kind, protocol)

    # limit=0: the client counts for itself, so that waiting for one's turn is not taken for a slow connect.
    return aiohttp.TCPConnector(resolver=_Resolver(check, resolve), socket_factory=guarded, limit=0, ttl_dns_cache=30)


class _Resolver(AbstractResolver):
    """One private answer among public ones refuses the host: it is how rebinding starts."""

    def __init__(self, check: Callable[[str], None], resolve: Resolve) -> None:
        self._check, self._resolve = check, resolve
        # Not the loop's own look-up threads: they are few, and a slow name server would hold them all.
        self._threads = anyio.CapacityLimiter(32)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 -- aiohttp's signature
    ) -> list[ResolveResult]:
        addresses = await anyio.to_thread.run_sync(
            self._resolve, host, port, abandon_on_cancel=True, limiter=self._threads
        )
        for address in addresses:
            self._check(address)
        if not addresses:
            raise OSError("the name has no address")
        return [_answer(host, address, port) for address in addresses[:_ANSWERS]]

    async def close(self) -> None:
        return


def _answer(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


def _request_class(check: Callable[[str], None]) -> type[aiohttp.ClientRequest]:
    class Checked(aiohttp.ClientRequest):
        """A request that looks at its peer before it speaks; also on a connection that was kept open."""

        async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
            peer = conn.transport.get_extra_info("peername") if conn.transport else None
            check(str(peer[0]) if peer else "nobody")
            return await super().send(conn)

    return Checked


def reason(error: BaseException) -> str:
    """Why there is no answer, in a few words of ours: the library's own would repeat what is in the URL."""
    if refused := refusal(error):
        return str(refused)
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError):
        return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else "the connection failed"
    return f"no usable answer ({type(error).__name__})"


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "its certificate is not valid for this host"),
    (aiohttp.ClientConnectorDNSError, "its name is not known to the DNS"),
    (aiohttp.ClientSSLError, "no secure connection (TLS) could be made"),
    (ssl.SSLError, "no secure connection (TLS) could be made"),
    (aiohttp.ConnectionTimeoutError, "no connection in time"),
    (aiohttp.ServerTimeoutError, "it stopped answering"),
    (aiohttp.ClientPayloadError, "the answer was cut short"),
    (aiohttp.ServerDisconnectedError, "it hung up without an answer"),
    (aiohttp.ClientResponseError, "it does not answer in HTTP, or with headers that are too large"),
    (aiohttp.InvalidURL, "this is no host that could exist"),
)


def refusal(error: BaseException) -> Refused | None:
    met: BaseException | None = error
    for _ in range(8):
        if met is None or isinstance(met, Refused):
            return met
        met = getattr(met, "os_error", None) or met.__cause__ or met.__context__
    return None
