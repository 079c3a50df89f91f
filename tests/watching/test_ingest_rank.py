from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from distributor.context import App
from distributor.store import snapshot
from tests.desk import Clock, entry, ingest, make_app

SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
[channels.wall]
kind = "memory"
"""


def scores(app: App) -> list[float]:
    with app.store.read() as connection:
        found = [snapshot.of(connection, number) for number in (1, 2)]
    return [one.score for one in found if one]


def test_news_joins_a_young_snapshot_and_leaves_the_rest_of_it_alone(tmp_path: Path) -> None:
    clock = Clock()
    app = make_app(SETTINGS, tmp_path, clock=clock)
    ingest(app, entry(1))
    before = scores(app)
    clock.forward(seconds=50)
    ingest(app, entry(2, published_at=clock()))
    assert scores(app)[0] == before[0] == scores(app)[1]


def test_an_old_snapshot_is_renewed_so_that_fresh_news_comes_first(tmp_path: Path) -> None:
    clock = Clock()
    app = make_app(SETTINGS, tmp_path, clock=clock)
    ingest(app, entry(1))
    clock.forward(hours=1)
    ingest(app, entry(2, published_at=clock() - timedelta(minutes=30)))
    older, newer = scores(app)
    assert older < newer
