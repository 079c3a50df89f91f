"""Whose turn it is: so many requests at once in all, so many to one host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Turns"]


@dataclass(slots=True)
class _Lane:
    free: asyncio.Semaphore
    users: int = 0


class Turns:
    """For one event loop. A host's own limit comes first, so that who waits for a slow host takes nobody's place."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._lanes: dict[Hashable, _Lane] = {}

    @asynccontextmanager
    async def turn(self, host: Hashable, width: int) -> AsyncIterator[None]:
        """Wait for one's turn at a host that takes `width` at once, and hold it."""
        lane = self._lanes.get(host)
        if lane is None:
            lane = self._lanes[host] = _Lane(asyncio.Semaphore(width))
        lane.users += 1
        try:
            async with lane.free, self._free:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[host]
