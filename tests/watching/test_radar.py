"""Other outlets' feeds: nothing of them is posted, they count for our articles on the same story."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor import explaining, trending, upkeep
from distributor.collect import collect
from distributor.context import App
from distributor.radar import match_due
from distributor.retention import retention
from distributor.store import articles, coverage, signals, sources, tables
from tests.desk import START, Clock, Web, entry, ingest, make_app, rows
from tests.watching.test_collect import feed, item

OUTLETS = ("gazette", "herald", "tribune")
SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
complete_from_page = false
flood_guard = 5
[channels.wall]
kind = "memory"
""" + "".join(
    f'[sources.{name}]\nurl = "https://{name}.example/feed"\nradar = true\nflood_guard = 1\n' for name in OUTLETS
)
OURS = entry(
    1, title="Dozens killed as strong quake hits Nepal's Jajarkot district", summary="The earthquake hit at midnight."
)
THEIRS = (
    "Nepal earthquake: rescuers search homes in Jajarkot district",
    "Strong quake kills dozens in Jajarkot, Nepal",
    "Quake in Nepal: Jajarkot district counts dozens of dead",
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(SETTINGS, tmp_path, clock=clock)


def publish(app: App, outlet: str, *titles: str, age: timedelta = timedelta(0)) -> None:
    """The outlet's feed as it is now, and everything that is due polled."""
    web = app.fetcher
    assert isinstance(web, Web)
    web.put(f"https://{outlet}.example/feed", feed(*(item(n, title=one, age=age) for n, one in enumerate(titles))))
    with app.store.write() as connection:
        sources.hurry(connection, app.clock())
    collect(app, [outlet])


def heard(app: App, article_id: int = 1) -> list[tuple[datetime, int]]:
    with app.store.read() as connection:
        found = signals.series(connection, [article_id]).get(article_id, {})
    return found.get(("radar", "coverage"), [])


def test_what_other_outlets_publish_is_no_article_and_no_post(app: App) -> None:
    for outlet in OUTLETS:
        publish(app, outlet, *THEIRS, "Ten recipes for a rainy weekend")
    with app.store.read() as connection:
        assert articles.latest(connection) == []
        assert sources.unmapped_words(connection, START - timedelta(days=1)) == []
    assert rows(app) == []


def test_each_outlet_on_the_story_counts_once(app: App) -> None:
    ingest(app, OURS)
    for outlet, title in zip(OUTLETS, THEIRS, strict=True):
        publish(app, outlet, title, "Milei wins Argentina's presidential election")
    publish(app, "gazette", THEIRS[0], THEIRS[1])
    assert match_due(app) == 3
    assert match_due(app) == 0
    assert sum(number for _, number in heard(app)) == 3
    with app.store.read() as connection:
        told = coverage.of_article(connection, [1])[1]
    assert [one.outlet for one in told] == list(OUTLETS)


def test_who_was_first_makes_no_difference_and_the_time_is_the_outlets(app: App, clock: Clock) -> None:
    publish(app, "gazette", THEIRS[1], age=timedelta(hours=2))
    assert match_due(app) == 0
    clock.forward(hours=1)
    ingest(app, OURS)
    assert match_due(app) == 1
    assert heard(app) == [(START - timedelta(hours=2), 1)]


def test_what_is_old_is_no_coverage(app: App, clock: Clock) -> None:
    publish(app, "gazette", THEIRS[1], age=timedelta(hours=73))
    ingest(app, OURS)
    assert match_due(app) == 0
    clock.forward(hours=80)
    publish(app, "herald", THEIRS[0])
    assert match_due(app) == 0, "our article is old by now"


def test_reports_are_forgotten_after_three_days(app: App, clock: Clock) -> None:
    publish(app, "gazette", *THEIRS)
    clock.forward(hours=73)
    retention(app)
    with app.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.coverage)).scalar_one() == 0


def test_a_report_without_a_date_is_news_once(app: App, clock: Clock) -> None:
    undated = "<item><guid>u1</guid><title>Strong quake kills dozens in Jajarkot, Nepal</title></item>"
    web = app.fetcher
    assert isinstance(web, Web)
    publish(app, "gazette", "Something else altogether happened")
    web.put("https://gazette.example/feed", feed(undated))
    for _ in range(2):
        with app.store.write() as connection:
            sources.hurry(connection, app.clock())
        collect(app, ["gazette"])
        ingest(app, OURS)
        match_due(app)
        retention(app)
        clock.forward(hours=100)
    assert sum(number for _, number in heard(app)) == 1


def test_an_outlet_that_becomes_our_own_source_floods_nobody(app: App, tmp_path: Path, clock: Clock) -> None:
    publish(app, "gazette", *(f"{title} {n}" for n, title in enumerate(THEIRS)))
    ours = SETTINGS.replace('gazette.example/feed"\nradar = true', 'gazette.example/feed"')
    again = make_app(ours, tmp_path, clock=clock, store=app.store)
    again.fetcher = app.fetcher
    clock.forward(minutes=30)
    publish(again, "gazette", *THEIRS, "A fourth story of the gazette")
    assert rows(again) == []
    with again.store.read() as connection:
        assert {one.note for one in articles.latest(connection)} == {"first-poll"}
    clock.forward(minutes=30)
    publish(again, "gazette", *THEIRS, "A fourth story of the gazette", "A fifth one which is new")
    assert len(rows(again)) == 1


def test_why_and_the_explained_list_tell_of_the_outlets(app: App) -> None:
    ingest(app, OURS)
    for outlet, title in zip(OUTLETS, THEIRS, strict=True):
        publish(app, outlet, title)
    match_due(app)
    told = explaining.why(app, "1")
    assert [one.name for one in told.outlets] == list(OUTLETS)
    assert told.to_json()["outlets"][0]["title"] == THEIRS[0]
    upkeep.rank(app)
    (line,) = trending.listing(app).lines
    assert [(one.channel, one.kind, one.counted) for one in line.counts] == [("radar", "coverage", 3)]
    assert line.parts["radar coverage"] > 0
