"""Deliveries out."""

from distributor.deliver import drain as drain_account
from distributor.sweeping import sweep as sweep_ledger
from distributor.worker import app, parts, told

__all__ = ["drain", "sweep"]


@app.task(name="distributor.tasks.delivery.drain")
@told
def drain(account: str) -> None:
    """Sends what is due on one account; rings again when its turn is over and there is more."""
    if drain_account(parts(), account).more:
        parts().waker.wake(account)


@app.task(name="distributor.tasks.delivery.sweep")
@told
def sweep() -> None:
    """Rings for every account that has something to send."""
    sweep_ledger(parts())
