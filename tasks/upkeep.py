"""What keeps the rest true."""

from distributor.mailboxes import read_mailbox
from distributor.retention import retention
from distributor.upkeep import canary as note_canary
from distributor.upkeep import rank as rank_waiting
from distributor.worker import app, parts, told

__all__ = ["bounces", "canary", "rank", "retain"]


@app.task(name="distributor.tasks.upkeep.rank")
@told
def rank() -> None:
    """Renews the order of the queues."""
    rank_waiting(parts())


@app.task(name="distributor.tasks.upkeep.canary")
@told
def canary() -> None:
    """Shows that tasks get done, and that this process is here."""
    note_canary(parts())


@app.task(name="distributor.tasks.upkeep.bounces")
@told
def bounces() -> None:
    """Reads the mails that came back."""
    read_mailbox(parts())


@app.task(name="distributor.tasks.upkeep.retain")
@told
def retain() -> None:
    """Deletes what is kept no longer."""
    retention(parts())
