"""Comments that a feed tells of: what their totals grow by is a signal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from distributor.context import App
from distributor.store import articles, signals
from tests.desk import Clock, entry, ingest, make_app

SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
[channels.wall]
kind = "memory"
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(SETTINGS, tmp_path, clock=clock)


def counted(app: App) -> list[int]:
    with app.store.read() as connection:
        series = signals.series(connection, [1]).get(1, {}).get(("site", "comments"), [])
    return [number for _, number in series]


def test_what_the_total_grew_by_counts_when_it_did(app: App, clock: Clock) -> None:
    ingest(app, entry(comments=2))
    clock.forward(minutes=20)
    ingest(app, entry(comments=2))
    clock.forward(minutes=20)
    ingest(app, entry(comments=7))
    assert counted(app) == [2, 5]


def test_a_total_that_falls_and_rises_again_is_nothing_new(app: App, clock: Clock) -> None:
    for total in (5, 3, 5, 6):
        ingest(app, entry(comments=total))
        clock.forward(minutes=20)
    assert counted(app) == [5, 1]


def test_what_was_said_before_we_came_is_no_burst_of_now(app: App, clock: Clock) -> None:
    ingest(app, entry(comments=500, published_at=clock() - timedelta(hours=10)))
    found = counted(app)
    assert sum(found) == 500
    assert max(found) < 20


def test_a_first_poll_makes_nothing_trend_by_what_was_said_before(app: App, clock: Clock) -> None:
    ingest(app, entry(comments=400), first=True)
    assert counted(app) == []
    clock.forward(minutes=20)
    ingest(app, entry(comments=403))
    assert counted(app) == [3]


def test_a_feed_that_tells_none_of_its_comments_is_no_fall_to_nothing(app: App, clock: Clock) -> None:
    for total in (4, None, 4, 5):
        ingest(app, entry(comments=total))
        clock.forward(minutes=20)
    assert counted(app) == [4, 1]


def test_a_new_revision_does_not_lose_what_is_counted(app: App, clock: Clock) -> None:
    ingest(app, entry(comments=4))
    clock.forward(minutes=20)
    ingest(app, entry(comments=6, title="Another title for the harbour"))
    clock.forward(minutes=20)
    ingest(app, entry(comments=7, title="Another title for the harbour"))
    assert counted(app) == [4, 2, 1]
    with app.store.read() as connection:
        article = articles.get(connection, 1)
    assert article is not None
    assert (article.revision, article.comments) == (2, 7)
