"""After the database failed under a living process: what only this process knows is made good when it is back.

A dead worker leaves doubt behind; a living one need not. It knows whether the message left, and it still holds the
account's slot: so it waits for the database, rather than let both run out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import sqlalchemy as sa
import structlog

from distributor.context import App
from distributor.errors import StoreError
from distributor.model import Delivery, State
from distributor.states import Settlement
from distributor.store import ledger

__all__ = ["PATIENCE", "insist", "unclaim"]

T = TypeVar("T")
log = structlog.get_logger(__name__)

PATIENCE = timedelta(seconds=60)
PAUSE = 0.5


def insist(app: App, act: Callable[[sa.Connection], T], *, what: str, durable: bool = False) -> T:
    """Runs `act` in a transaction of its own until the database takes it. Raises StoreError after `PATIENCE`.

    `act` may have gone through when the answer was lost: it must bear being done twice.
    """
    until = time.monotonic() + PATIENCE.total_seconds()
    while True:
        try:
            with app.store.write(durable=durable) as connection:
                return act(connection)
        except StoreError as error:
            log.error("the ledger cannot be written; trying again", what=what, error=str(error))
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE)


def unclaim(app: App, delivery: Delivery, owner: str) -> None:
    """Gives back a delivery whose claim met a database that failed: nobody knows if it was claimed, but nothing left.

    `delivery` is as it was before the claim. Raises StoreError after `PATIENCE`.
    """

    def act(connection: sa.Connection) -> None:
        found = ledger.get(connection, delivery.id)
        if found is None or found.state is not State.SENDING or found.lease_owner != owner:
            return
        back = Settlement(
            state=State.PENDING,
            reason=delivery.reason,
            error=delivery.error,
            due_at=delivery.due_at,
            failures=delivery.failures,
            doubts=delivery.doubts,
            doubt_since=delivery.doubt_since,
        )
        ledger.settle(connection, found, back, app.clock())

    insist(app, act, what="give a claim back")
