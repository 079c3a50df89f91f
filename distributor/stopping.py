"""Stopping softly: the post that is being sent is finished, nothing new is begun, and nobody is left in doubt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from distributor.context import App

__all__ = ["softly", "take_signals"]

ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def take_signals(stop: Callable[[], None]) -> Callable[[], None]:
    """Ctrl-C, SIGTERM and a closed terminal call `stop`; a second Ctrl-C ends at once. Returns what undoes it.

    Only in the main thread, where signals arrive; elsewhere nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None

    def asked(number: int, _: Any) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        stop()

    before = {number: signal.signal(number, asked) for number in ASKED}

    def undo() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return undo


@contextmanager
def softly(app: App) -> Iterator[None]:
    """Within it a signal only sets `app.stopping`."""
    undo = take_signals(app.stopping.set)
    try:
        yield
    finally:
        undo()
