"""A stand-in for a network in sample runs: it has the network's limits and skills, and sends nothing anywhere.

Setting: `network` (x, telegram, mastodon, bluesky). The posts are shown from the ledger, by the web page.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import ClassVar

from distributor.channels import Setup
from distributor.channels.options import Options
from distributor.model import Account, Doubt, Limits, Message, Receipt

__all__ = ["EditablePreview", "Preview"]

# As the channels themselves say (a test compares them), without importing four modules to show one.
LIMITS = {
    "x": Limits(network="x", length=280, media=4, media_bytes=5_000_000),
    "telegram": Limits(
        network="telegram", length=4096, caption=1024, media=1, media_bytes=10_000_000,
        media_types=("image/jpeg", "image/png", "image/webp"), markup="html",
    ),
    "mastodon": Limits(network="mastodon", length=500, media=4, media_bytes=16_777_216),
    "bluesky": Limits(network="bluesky", length=300, media=4, media_bytes=10_000_000),
}  # fmt: skip
EDITABLE = ("telegram", "mastodon")


class Preview:
    """A network that takes everything. Each channel is an account of its own, so that none waits for another."""

    kind: ClassVar[str] = "preview"
    deadline: ClassVar[float] = 1.0
    doubt: ClassVar[Doubt] = Doubt(
        repeat_until=timedelta(days=3650), repeats=1000
    )  # nothing is sent, so nothing doubles

    def __init__(self, name: str, limits: Limits) -> None:
        self.name, self.limits = name, limits
        self.account = Account("preview", name)

    @classmethod
    def build(cls, setup: Setup) -> Preview:
        """An EditablePreview where the network has edits, so that skills are the network's own, too."""
        options = Options(setup)
        network = options.choice("network", tuple(LIMITS))
        options.done()
        return (EditablePreview if network in EDITABLE else Preview)(setup.name, LIMITS[network])

    def send(self, message: Message, key: str) -> Receipt:  # noqa: ARG002 (it is shown from the ledger)
        """The receipt's id is a hash of the key: the same at every attempt."""
        return Receipt(remote_id=hashlib.sha256(key.encode()).hexdigest()[:16])

    def delete(self, receipt: Receipt) -> None:
        """Nothing is kept here."""


class EditablePreview(Preview):
    """A preview of a network whose posts can be changed."""

    def edit(self, receipt: Receipt, message: Message, key: str) -> Receipt:  # noqa: ARG002
        return receipt
