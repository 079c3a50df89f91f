"""The public lists: the same order everywhere, valid, kept in memory until the next snapshot, for any site to show."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import feedparser
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from distributor import acts, trending, upkeep
from distributor.context import App
from distributor.store import articles, signals, tables, trends
from tests.desk import Clock, entry, ingest

from .conftest import PAGE

HOSTILE = "</script><script>alert(1)</script>\"'&\x00\u2028\ud800"


@pytest.fixture(autouse=True)
def ranked(app: App) -> None:
    """Article 2 is what readers want."""
    read(app, 2, 90)
    upkeep.rank(app)


def read(app: App, article_id: int, times: int) -> None:
    with app.store.write() as connection:
        signals.add(connection, article_id, "site", "views", app.clock(), times + 5, times)


def test_the_list_is_in_the_order_of_the_ranking(client: TestClient) -> None:
    answer = client.get("/trending.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=60"
    told = answer.json()
    assert [one["id"] for one in told["articles"]] == [2, 1]
    assert [one["rank"] for one in told["articles"]] == [1, 2]
    assert told["at"] == "2026-05-04T09:00:00Z"
    first = told["articles"][1]
    assert (first["url"], first["title"], first["categories"]) == (PAGE, 'Tea & "sympathy" <b>', ["Business"])
    assert "parts" not in first  # who reads what is the publisher's own business


@pytest.mark.parametrize(
    "path", ["/trending.json?category=Science", "/trending.json?category=science", "/trending/science.json"]
)
def test_a_category_has_a_list_of_its_own(client: TestClient, path: str) -> None:
    told = client.get(path).json()
    assert (told["category"], [one["id"] for one in told["articles"]]) == ("Science", [2])


def test_categories_of_two_words_have_an_address(client: TestClient) -> None:
    assert client.get("/trending/world-news.json").json()["articles"] == []
    assert client.get("/trending/World%20News").status_code == 200


@pytest.mark.parametrize("kind", [".json", ".rss", ""])
@pytest.mark.parametrize("name", ["sport", "..%2f..%2fetc", "%00", "a" * 5_000, "<script>alert(1)</script>"])
def test_a_category_that_there_is_none_of_is_not_there(client: TestClient, kind: str, name: str) -> None:
    for answer in (client.get(f"/trending{kind}", params={"category": name}), client.get(f"/trending/{name}{kind}")):
        assert answer.status_code == 404
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("limit", "many"), [("1", 1), ("0", 1), ("-3", 2), ("x", 2), ("9" * 30, 2), ("٣", 2), ("50", 2)]
)
def test_a_list_is_as_long_as_asked_within_reason(client: TestClient, limit: str, many: int) -> None:
    assert len(client.get("/trending.json", params={"limit": limit}).json()["articles"]) == many


def test_the_feed_is_valid_and_in_order(client: TestClient) -> None:
    answer = client.get("/trending.rss")
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo, feed.get("bozo_exception")
    assert [one.guid for one in feed.entries] == ["https://paper.example/articles/2", PAGE]
    assert feed.entries[1].title == 'Tea & "sympathy" <b>'
    assert feed.feed.links[1].href == "https://go.paper.example/trending.rss"
    business = feedparser.parse(client.get("/trending/business.rss").content)
    assert [one.guid for one in business.entries] == [PAGE]


def test_what_others_wrote_breaks_nothing(app: App, client: TestClient) -> None:
    ingest(app, entry(3, title=HOSTILE.replace("\ud800", ""), summary=HOSTILE.replace("\ud800", "")))
    with app.store.write() as connection:
        connection.execute(sa.update(tables.article).where(tables.article.c.id == 3).values(title=HOSTILE[:-1]))
    upkeep.rank(app)
    json.loads(client.get("/trending.json").content)
    assert not feedparser.parse(client.get("/trending.rss").content).bozo
    assert "<script>alert" not in client.get("/trending").text


def test_no_title_steers_what_stands_around_it(app: App, client: TestClient) -> None:
    with app.store.write() as connection:
        bad = {"title": "Ha\x1b[2J\u202erbour\u2066", "summary": "\x07\u202e", "categories": ["Busi\u202eness"]}
        connection.execute(sa.update(tables.article).values(bad))
    upkeep.rank(app)
    for path in ("/trending.json", "/trending.rss", "/trending", f"/share/mastodon?u={PAGE}", f"/share/x?u={PAGE}"):
        answer = client.get(path, follow_redirects=False)
        told = json.dumps(answer.json(), ensure_ascii=False) if path.endswith("json") else answer.text
        told += unquote(answer.headers.get("location", ""))
        assert "Ha[2Jrbour" in told
        assert not set(told) & set("\x1b\x07\u202e\u2066"), path


def test_links_are_counted_and_lead_to_the_article(client: TestClient) -> None:
    link = client.get("/trending.json").json()["articles"][0]["link"]
    assert link.startswith("https://go.paper.example/r/")
    answer = client.get(link)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("https://paper.example/articles/2")


def test_where_clicks_are_not_counted_links_are_plain(app: App, client: TestClient) -> None:
    counting = app.settings.signals.model_copy(update={"clicks": False})
    app.settings = app.settings.model_copy(update={"signals": counting})
    assert client.get("/trending.json").json()["articles"][1]["link"] == PAGE


def test_the_list_is_read_once_for_each_snapshot(
    app: App, client: TestClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    real = trends.top
    monkeypatch.setattr(trends, "top", lambda *given, **more: asked.append(given) or real(*given, **more))
    for _ in range(20):
        assert client.get("/trending.json").status_code == 200
        assert client.get("/trending.rss").status_code == 200
        clock.forward(seconds=1)
    assert len(asked) == 1
    read(app, 1, 9_000)
    upkeep.rank(app)
    clock.forward(seconds=10)
    assert [one["id"] for one in client.get("/trending.json").json()["articles"]] == [1, 2]
    assert len(asked) == 2
    clock.forward(hours=-1)  # a clock that went ahead is set right: the list is not kept until then
    client.get("/trending.json")
    read(app, 2, 90_000)
    upkeep.rank(app)
    upkeep.rank(app)
    clock.forward(seconds=6)
    assert [one["id"] for one in client.get("/trending.json").json()["articles"]] == [2, 1]


def test_a_browser_that_has_the_list_is_told_so(client: TestClient) -> None:
    tag = client.get("/trending.json").headers["etag"]
    answer = client.get("/trending.json", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_withdrawn_articles_do_not_trend(app: App, client: TestClient) -> None:
    with app.store.write() as connection:
        articles.set_status(connection, 2, "withdrawn")
    upkeep.rank(app)
    assert [one["id"] for one in client.get("/trending.json").json()["articles"]] == [1]


def test_what_is_withdrawn_or_corrected_does_not_wait_for_the_next_snapshot(
    app: App, client: TestClient, clock: Clock
) -> None:
    assert len(client.get("/trending.json").json()["articles"]) == 2
    with app.store.write() as connection:
        articles.set_status(connection, 2, "withdrawn")
    clock.forward(seconds=6)
    assert [one["id"] for one in client.get("/trending.json").json()["articles"]] == [1]
    acts.correct(app, 1, "ana", title="Coffee and sympathy")
    clock.forward(seconds=6)
    assert [one["title"] for one in client.get("/trending.json").json()["articles"]] == ["Coffee and sympathy"]


def test_the_public_score_does_not_tell_of_an_editors_pin(app: App, client: TestClient) -> None:
    acts.place(app, 1, "ana", "pin")
    upkeep.rank(app)
    first = client.get("/trending.json").json()["articles"][0]
    assert first["id"] == 1
    assert first["score"] < 100


def test_the_page_may_be_framed_and_leads_out_of_the_frame(client: TestClient) -> None:
    answer = client.get("/trending", params={"language": "fr"})
    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    assert '<base target="_top">' in answer.text
    assert "À la une" in answer.text
    assert 'lang="ar" dir="auto">قرية عين الرمان</a>' in answer.text


def test_an_empty_list_says_so(app: App, client: TestClient) -> None:
    assert "Nothing is trending yet." in client.get("/trending/world-news").text


def test_variety_moves_what_fills_the_front_behind(app: App) -> None:
    for number in range(10, 18):
        ingest(app, entry(number, title=f"Markets {'abcdefgh'[number - 10] * 5} word {number}", words=("business",)))
        read(app, number - 7, 500 - number)
    upkeep.rank(app)
    ids = [line.article.categories[0] for line in trending.listing(app, limit=6).lines]
    assert ids[:5].count("Business") == 4
    assert "Science" in ids[:5]
    assert {line.article.categories for line in trending.listing(app, "business", 6).lines} == {("Business",)}


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("World News", "world-news"),
        ("À la une!", "à-la-une"),
        ("R&D / Labs", "r-d-labs"),
        ("أخبار العالم", "أخبار-العالم"),
    ],
)
def test_a_slug_is_a_title_for_an_address(title: str, slug: str) -> None:
    assert trending.slug(title) == slug
    assert trending.category_of(["Other", title], slug) == title
