"""The campaign in small: ten kills for each way to run the bot. `python -m benchmarks.campaign` is the whole one."""

from __future__ import annotations

import pytest

from benchmarks.campaign.__main__ import QUICK, orders_of, run

pytestmark = [pytest.mark.network, pytest.mark.timeout(280)]


@pytest.mark.server("redis", "postgresql")
def test_celery_workers_on_redis_and_postgresql_lose_nothing_and_post_nothing_twice() -> None:
    campaign("grown")


def test_one_process_on_sqlite_loses_nothing_and_posts_nothing_twice() -> None:
    campaign("embedded")


def campaign(backend: str) -> None:
    outcome = run(backend, orders_of(QUICK, faults="reset,server-error", rate=0.01, settle=False), haste=QUICK.haste)
    told = outcome.to_json()
    assert outcome.finished, told
    assert (told["lost"], told["doubled"], told["broken"]) == (0, 0, []), told
    assert told["kills"] == QUICK.kills
    # What is not sent is uncertain, each one a row that status lists: nothing waits, nothing was given up.
    assert set(told["states"]) <= {"sent", "uncertain"}, told
    assert told["sent"] + told["uncertain"] >= told["planned"] == 4 * QUICK.articles
