"""A process that is asked to stop finishes the post that is under way, and begins no other."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from distributor import deliver, sending
from distributor.channels.memory import Memory
from distributor.context import App
from distributor.model import Message, Receipt, State
from distributor.stopping import softly, take_signals
from tests.desk import entry, ingest, make_app, states

SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
max_age = "30d"
[channels.wall]
kind = "memory"
"""


@pytest.fixture
def app(tmp_path: Path) -> App:
    return make_app(SETTINGS, tmp_path)


@pytest.fixture
def asked_while_sending(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """A SIGTERM comes in the middle of each post."""
    send = Memory.send

    def interrupted(self: Memory, message: Message, key: str) -> Receipt:
        os.kill(os.getpid(), signal.SIGTERM)
        return send(self, message, key)

    monkeypatch.setattr(Memory, "send", interrupted)
    return app


def test_a_drain_ends_with_the_post_that_is_under_way(asked_while_sending: App) -> None:
    app = asked_while_sending
    ingest(app, entry(1), entry(2), entry(3))
    with softly(app):
        drained = deliver.drain(app, "memory:wall")
    assert drained.more
    assert sorted(states(app)) == [State.PENDING, State.PENDING, State.SENT]


def test_ctrl_c_on_send_leaves_nothing_in_doubt(asked_while_sending: App) -> None:
    app = asked_while_sending
    ingest(app, entry(1))
    sent = sending.plan_send(app, "1", who="desk")
    sending.deliver_now(app, sent)
    assert states(app) == [State.SENT]


def test_a_stopping_process_begins_nothing(app: App) -> None:
    ingest(app, entry(1))
    app.stopping.set()
    assert deliver.drain(app, "memory:wall").settled == {}
    assert states(app) == [State.PENDING]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_way_to_ask_calls_stop_and_the_old_handlers_come_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    asked: list[Any] = []
    undo = take_signals(lambda: asked.append(number))
    try:
        os.kill(os.getpid(), number)
        assert asked == [number]
        assert number is not signal.SIGINT or signal.getsignal(number) is signal.SIG_DFL
    finally:
        undo()
    assert signal.getsignal(number) is before
