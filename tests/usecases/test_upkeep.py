"""Who is here, and whether tasks get done."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from distributor import upkeep
from distributor.store import census
from tests.desk import Clock, make_app

SETTINGS = '[sources.paper]\nurl = "https://paper.example/feed"\n'


def test_the_canary_tells_that_tasks_get_done_and_for_how_long_that_holds(tmp_path: Path) -> None:
    clock = Clock()
    app = make_app(SETTINGS, tmp_path, clock=clock)
    assert upkeep.is_ready(app) == (False, "no task has finished yet")
    upkeep.canary(app)
    assert upkeep.is_ready(app)[0]
    clock.forward(minutes=2)
    assert upkeep.is_ready(app) == (False, "the last canary task finished 120 s ago")


def test_a_process_that_was_killed_is_forgotten(tmp_path: Path) -> None:
    app = make_app(SETTINGS, tmp_path)
    code = "from distributor import owners; print(owners.process())"
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    upkeep.present(app, "run", app.clock())
    with app.store.write() as connection:
        here = census.processes(connection)[0]
        census.note(connection, replace(here, owner=killed))
    upkeep.canary(app)
    with app.store.read() as connection:
        assert [one.owner for one in census.processes(connection)] == [here.owner]
