"""Wake-ups: messages that say "look at the ledger", and nothing more. They may be lost, late or doubled.

Celery is imported when the first one is sent.
"""

from __future__ import annotations

from typing import Any, Protocol

import structlog

__all__ = ["PLANNING", "CeleryWaker", "MemoryWaker", "SilentWaker", "Waker"]

log = structlog.get_logger(__name__)

# No account: who plans alerts and digests looks at once, not at the next beat.
PLANNING = "planning"


class Waker(Protocol):
    """Called after a commit, with an account's name or PLANNING. Never raises: the sweep rings again."""

    def wake(self, account: str) -> None: ...


class CeleryWaker:
    """Rings through the broker at `url`, by the task's name. Safe to use from any thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._celery: Any = None

    def wake(self, account: str) -> None:
        try:
            if account == PLANNING:
                self._producer().send_task("distributor.tasks.digests.build", expires=5, ignore_result=True)
                return
            task = "digests.mail" if account.partition(":")[0] == "mail" else "delivery.drain"
            self._producer().send_task(f"distributor.tasks.{task}", args=[account], ignore_result=True)
        except Exception as error:  # whatever the broker's client raises, the truth is in the ledger
            log.warning("wake-up not sent; the sweep will find the work", account=account, error=str(error))

    def _producer(self) -> Any:
        if self._celery is None:
            from celery import Celery

            celery = Celery("distributor", broker=self._url, set_as_current=False)
            celery.config_from_object("distributor.celeryconfig")
            celery.conf.update(broker_url=self._url)
            self._celery = celery
        return self._celery


class SilentWaker:
    """For a process that drains by itself, or leaves it to the sweep."""

    def wake(self, account: str) -> None:
        del account


class MemoryWaker:
    """The twin for tests: keeps the names it was given."""

    def __init__(self) -> None:
        self.woken: list[str] = []

    def wake(self, account: str) -> None:
        self.woken.append(account)
