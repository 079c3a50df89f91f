"""One event loop in one thread a process, for everything asynchronous: this client, python-telegram-bot.

It starts at the first call. A forked child (Celery's prefork) gets its own: the parent's thread does not exist there.
The thread is a daemon, stopped by atexit: `concurrent.futures` threads, which anyio's own helper uses, would be
waited for before any exit handler could stop them.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

__all__ = ["Portal", "portal"]

Result = TypeVar("Result")
Args = TypeVarTuple("Args")


class Portal:
    """A running loop. Use `portal()` to get the one of this process."""

    def __init__(self) -> None:
        self._gate: Future[BlockingPortal] = Future()
        self._cleanups: list[Callable[[], Awaitable[None]]] = []
        self._thread = threading.Thread(target=self._run, name="distributor-portal", daemon=True)
        self._thread.start()
        self._inner = self._gate.result()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def call(self, function: Callable[[*Args], Awaitable[Result]], *args: *Args) -> Result:
        """Run a coroutine function in the loop and wait for it. An interrupt (Ctrl-C) cancels it there.

        Raises what it raises; RuntimeError if called in the loop's own thread, where waiting would never end.
        """
        future = self.soon(function, *args)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def soon(self, function: Callable[[*Args], Awaitable[Result]], *args: *Args) -> Future[Result]:
        """The same without waiting; cancelling the future cancels the task."""
        return self._inner.start_task_soon(function, *args)

    def at_stop(self, cleanup: Callable[[], Awaitable[None]]) -> None:
        """Have something closed, in the loop, before the loop ends."""
        self._cleanups.append(cleanup)

    def stop(self, timeout: float = 5.0) -> None:
        """Cancel what runs, close what was registered, end the thread. Twice is harmless."""
        if self.running:
            with suppress(RuntimeError):  # it is stopping already
                self._inner.start_task_soon(self._inner.stop, True)
            self._thread.join(timeout)

    def _run(self) -> None:
        import anyio

        fast = find_spec("uvloop") is not None
        try:
            anyio.run(self._serve, backend="asyncio", backend_options={"use_uvloop": fast})
        except BaseException as error:
            if not self._gate.done():
                self._gate.set_exception(error)
                return
            raise

    async def _serve(self) -> None:
        from anyio.from_thread import BlockingPortal

        async with BlockingPortal() as inner:
            self._gate.set_result(inner)
            await inner.sleep_until_stopped()
        while self._cleanups:
            await self._cleanups.pop()()


@dataclass
class _Slot:
    """The lock is of this process too: one that another thread held at the fork would stay locked for ever."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    portal: Portal | None = None


_slots: dict[int, _Slot] = {}


def portal() -> Portal:
    """The portal of this process; started if there is none, or it was stopped."""
    slot = _slots.setdefault(os.getpid(), _Slot())
    running = slot.portal
    if running is not None and running.running:
        return running
    with slot.lock:
        if slot.portal is None or not slot.portal.running:
            slot.portal = Portal()
            atexit.register(_stop, slot.portal, os.getpid())
        return slot.portal


def _stop(running: Portal, pid: int) -> Any:
    """A child inherits its parent's exit handlers, but not the thread that they would wait for."""
    if os.getpid() == pid:
        running.stop()
