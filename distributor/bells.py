"""kombu's memory transport, but a message wakes the consumer at once instead of being polled for."""

from __future__ import annotations

import threading
from queue import Empty
from time import monotonic
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, memory

__all__ = ["Transport", "install"]

RUNG = threading.Event()
# A consumer at its prefetch limit is not rung when it may consume again: it looks this often.
LOOK = 0.1


class Channel(memory.Channel):
    """Rings whenever a message is put."""

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        RUNG.set()


class Transport(memory.Transport):
    """Waits for the bell."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        del connection
        assert self.cycle is not None  # the transport's constructor makes it
        ends = None if timeout is None else monotonic() + timeout
        while True:
            RUNG.clear()
            try:
                self.cycle.get(self._deliver, timeout=timeout)
                return
            except Empty:
                left = LOOK if ends is None else min(LOOK, ends - monotonic())
                if left <= 0:
                    raise TimeoutError from None
                RUNG.wait(left)


def install() -> None:
    """Makes `memory://` mean this transport, in this process."""
    TRANSPORT_ALIASES["memory"] = f"{__name__}:Transport"
