"""Wake-ups: messages that say "look at the ledger", and nothing more. They may be lost, late or doubled.

Celery is imported when the first one is sent.
"""

from __future__ import annotations

from typing import Any, Protocol

import structlog

__all__ = ["CeleryWaker", "MemoryWaker", "SilentWaker", "Waker"]

log = structlog.get_logger(__name__)


class Waker(Protocol):
    """Called after a commit. Never raises: the sweep rings again."""

    def wake(self, account: str) -> None: ...


class CeleryWaker:
    """Rings through the broker, by the task's name."""

    def __init__(self, celery: Any = None) -> None:
        self._celery = celery

    def wake(self, account: str) -> None:
        try:
            if self._celery is None:
                from distributor.worker import celery_app

                self._celery = celery_app()
            self._celery.send_task("distributor.tasks.delivery.drain", args=[account], ignore_result=True)
        except Exception as error:  # whatever the broker's client raises, the truth is in the ledger
            log.warning("wake-up not sent; the sweep will find the work", account=account, error=str(error))


class SilentWaker:
    """For a process that drains by itself, or leaves it to the sweep."""

    def wake(self, account: str) -> None:
        return


class MemoryWaker:
    """The twin for tests: keeps the names it was given."""

    def __init__(self) -> None:
        self.woken: list[str] = []

    def wake(self, account: str) -> None:
        self.woken.append(account)
