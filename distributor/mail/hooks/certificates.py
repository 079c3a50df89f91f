"""SNS's certificates, kept: a stranger who invents their addresses must not make us fetch all day."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from distributor.mail.hooks.events import HookRefused

__all__ = ["Certificates"]

MOST_KEPT = 16
BIGGEST = 64 * 1024


class Certificates:
    """Call it with a judged address; it fetches what it has not, at most `most` times an hour. Safe among threads.

    `fetch(url)` gives the bytes, and raises of the error tree. Raises HookRefused where the hour's turns are used up.
    """

    def __init__(self, fetch: Callable[[str], bytes], clock: Callable[[], datetime], *, most: int = 20) -> None:
        self._fetch, self._clock = fetch, clock
        self._kept: dict[str, bytes] = {}
        self._fetched: deque[datetime] = deque(maxlen=most)
        self._lock = threading.Lock()

    def __call__(self, url: str) -> bytes:
        with self._lock:
            if url in self._kept:
                return self._kept[url]
            now, most = self._clock(), self._fetched.maxlen or 0
            if len(self._fetched) == most and now - self._fetched[0] < timedelta(hours=1):
                raise HookRefused("too many certificates were asked for within an hour", status=401)
            self._fetched.append(now)
        pem = self._fetch(url)
        if len(pem) > BIGGEST:
            raise HookRefused("the certificate of SNS is too large", status=401)
        with self._lock:
            self._kept[url] = pem
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return pem
