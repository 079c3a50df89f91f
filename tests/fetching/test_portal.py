"""One loop's thread a process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from distributor.fetching import portal
from distributor.fetching.portal import Portal


async def whereabouts() -> str:
    return threading.current_thread().name


def python(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_coroutines_of_all_threads_run_in_one_thread() -> None:
    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(lambda _: portal().call(whereabouts), range(50)))
    assert names == {"distributor-portal"}
    assert portal() is portal()


def test_what_a_coroutine_raises_comes_out() -> None:
    async def fail() -> None:
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        portal().call(fail)


def test_waiting_in_the_loops_own_thread_is_an_error_not_a_deadlock() -> None:
    async def inside() -> None:
        coroutine = portal().call(whereabouts)
        pytest.fail(f"it waited for {coroutine}")

    with pytest.raises(RuntimeError, match="event loop thread"):
        portal().call(inside)


def test_cancelling_from_outside_cancels_inside() -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def wait() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    future = portal().soon(wait)
    assert started.wait(5)
    future.cancel()
    assert cancelled.wait(5)


def test_stopping_closes_what_was_registered_and_a_new_one_starts() -> None:
    closed: list[str] = []

    async def close() -> None:
        closed.append(await whereabouts())

    old = Portal()
    old.at_stop(close)
    old.stop()
    old.stop()
    assert closed == ["distributor-portal"]
    assert not old.running
    portal().stop()
    assert portal().call(whereabouts) == "distributor-portal"


def test_importing_starts_nothing_and_loads_nothing_heavy() -> None:
    script = """
import sys, threading
import distributor.fetching as fetching
fetching.Fetcher()
print(threading.active_count(), *sorted({"aiohttp", "anyio", "uvloop", "yarl"} & set(sys.modules)))
"""
    assert python(script) == "1"


def test_a_process_that_used_the_portal_ends_quietly() -> None:
    script = """
import asyncio
from distributor.fetching import portal
portal().call(asyncio.sleep, 0)
portal().soon(asyncio.sleep, 60)
print("done")
"""
    assert python(script) == "done"
