"""The twin in memory keeps the contract of the real transports."""

from __future__ import annotations

import pytest

from distributor.errors import ChannelPaused, RetryLater
from distributor.mail.memory import DROPS, SILENT, MemoryTransport
from tests.contracts.transports import Rig, TransportContract

ANSWERS = {
    "unknown-recipient": "550 5.1.1 no such user",
    "spam": "dot:554 5.7.1 spam",
    "slow-down": "450 4.7.1 not so fast",
    "breaks-before": DROPS,
    "silent": SILENT,
}


class TestMemory(TransportContract):
    @pytest.fixture
    def rig(self) -> Rig:
        twin = MemoryTransport()
        return Rig(
            twin,
            arrived=lambda: [(one.recipient, one.content) for one in twin.letters],
            break_with=lambda fault: twin.script.append(ANSWERS[fault]),
            unreachable=lambda: setattr(twin, "fails", RetryLater("nobody answers")),
            locked=lambda: setattr(twin, "fails", ChannelPaused("login refused")),
        )
