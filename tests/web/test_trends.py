"""What is trending on the first page: the order, the lines, what the score is made of; drawn again with the ranking."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from distributor import acts, upkeep
from distributor.context import App
from distributor.store import signals
from distributor.web.trends import HEIGHT, WIDTH, spark
from tests.desk import Clock, entry, ingest


def read(app: App, article_id: int, times: int) -> None:
    with app.store.write() as connection:
        signals.add(connection, article_id, "site", "views", app.clock(), times * 2, times)


def titles(client: TestClient) -> list[str]:
    page = client.get("/").text
    part = page[page.index('class="trends"') : page.index("Why in full")]
    return re.findall(r'<a href="/articles/\d+" dir="auto"[^>]*>([^<]*)</a>', part)


def test_the_first_page_shows_what_is_trending_and_why(app: App, client: TestClient, clock: Clock) -> None:
    ingest(app, entry(1, title="First"))
    ingest(app, entry(2, title="Second <b>"))
    read(app, 2, 90)
    upkeep.rank(app)
    assert titles(client) == ["Second &lt;b&gt;", "First"]
    page = client.get("/").text
    assert "site views +" in page
    assert 'title="180 with robots and repeats">90 counted' in page
    assert 'aria-label="90 counted in 48 h, most at 11:00 (90)"' in page  # 9:00 UTC, in Paris
    read(app, 1, 9_000)
    clock.forward(minutes=1)
    upkeep.rank(app)
    assert titles(client) == ["First", "Second &lt;b&gt;"]


def test_what_an_editor_placed_says_so(app: App, client: TestClient, clock: Clock) -> None:
    ingest(app, entry(1, title="First"))
    ingest(app, entry(2, title="Second"))
    acts.place(app, 1, "jane", "pin")
    clock.forward(minutes=1)
    upkeep.rank(app)
    assert titles(client) == ["First", "Second"]
    assert ">pinned</span>" in client.get("/").text


def test_before_anything_is_ranked_there_is_no_list(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "Trending" not in page.text


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_a_line_stays_within_its_picture(hours: list[int]) -> None:
    points = [tuple(map(float, point.split(","))) for point in spark(hours)["line"].split()]
    assert len(points) == len(hours)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    if hours and max(hours):
        assert min(y for _, y in points) == points[hours.index(max(hours))][1]
