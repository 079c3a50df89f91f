"""A ring may be lost, and never raises."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from distributor.waking import PLANNING, CeleryWaker, MemoryWaker, SilentWaker


def test_a_ring_is_a_message_with_the_accounts_name_and_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[Any, ...]] = []
    waker = CeleryWaker("memory://")
    celery = waker._producer()
    monkeypatch.setattr(celery, "send_task", lambda name, args, **options: sent.append((name, args, options)))
    waker.wake("x:@desk")
    assert sent == [("distributor.tasks.delivery.drain", ["x:@desk"], {"ignore_result": True})]


def test_breaking_news_rings_for_whoever_plans_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    waker = CeleryWaker("memory://")
    monkeypatch.setattr(waker._producer(), "send_task", lambda name, **options: sent.append(name))
    waker.wake(PLANNING)
    assert sent == ["distributor.tasks.digests.build"]


@pytest.mark.network
def test_a_broker_that_is_down_costs_a_moment_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    started = time.monotonic()
    CeleryWaker("redis://127.0.0.1:9/0").wake("x:@desk")
    assert time.monotonic() - started < 8


def test_a_broker_that_nobody_knows_is_no_error() -> None:
    CeleryWaker("nonsense://").wake("x:@desk")


def test_celery_is_not_imported_before_it_is_needed() -> None:
    import subprocess

    code = "import sys, distributor.waking; print('celery' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_the_twins_do_what_they_say() -> None:
    SilentWaker().wake("a")
    memory = MemoryWaker()
    memory.wake("a")
    assert memory.woken == ["a"]
