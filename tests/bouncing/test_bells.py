"""What beat rings for is there, and does its work."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from distributor import celeryconfig, worker
from tests.bouncing.test_heed import path, reader
from tests.bouncing.test_returns import ARF
from tests.desk import START
from tests.mailing.office import SETTINGS, Office


def test_every_bell_rings_for_a_task_that_is_there() -> None:
    worker.app.loader.import_default_modules()
    names = {entry["task"] for entry in celeryconfig.beat_schedule.values()}
    assert names <= set(worker.app.tasks)
    assert {"distributor.tasks.upkeep.bounces", "distributor.tasks.upkeep.retain"} <= names


def test_the_tasks_read_what_came_back_and_delete_what_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributor.tasks import upkeep

    for name in ("new", "cur", "tmp"):
        (tmp_path / "back" / name).mkdir(parents=True)
    office = Office(tmp_path, settings=SETTINGS.replace("[mail]\n", f'[mail]\nbounces = "maildir://{tmp_path}/back"\n'))
    monkeypatch.setitem(worker._parts, os.getpid(), office.app)
    (delivery, _) = office.readers(2)
    (tmp_path / "back" / "new" / "1").write_text(ARF.format(to=path(office, delivery)))
    upkeep.bounces()
    assert reader(office).status == "suppressed"
    office.set_reader(2, status="pending", created_at=START - timedelta(days=3))
    upkeep.retain()
    with pytest.raises(Exception, match="No row"):
        reader(office, 2)
    (tmp_path / "back" / "new" / "1").mkdir(parents=True)
    upkeep.bounces()  # a folder that is no mail disturbs nobody
