"""Editions, their list and their feed: as anybody may read them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta
from typing import Any

import feedparser
import pytest
from starlette.testclient import TestClient

from distributor.context import App
from distributor.model import Choice, Edition, Section
from distributor.rendering import style_hashes
from distributor.store import articles, subscribers
from distributor.store import editions as stored
from tests.desk import Clock
from tests.web.readers.conftest import URL, everything, news

HOSTILE = '<script>alert(1)</script>"]]>&\x0b'


def make(app: App, *, days: int = 0, archive: bool = True, **changes: Any) -> Edition:
    """An edition of everything with the newest article, whose slot was `days` ago."""
    slot = app.clock().replace(microsecond=0) - timedelta(days=days)
    made = Edition(
        digest="daily",
        choice=Choice(),
        slot=slot,
        since=slot - timedelta(days=1),
        until=slot,
        sections=(Section("Business", (1,)),),
        made_at=slot,
    )
    with app.store.write() as connection:
        made = replace(made, **changes)
        number = subscribers.choice_id(connection, made.choice)
        return stored.make(connection, made, choice=number, status=made.status, archive=archive)


def test_an_edition_is_a_page_that_anybody_may_keep(app: App, client: TestClient) -> None:
    news(app, "The harbour opens")
    answer = client.get(f"/editions/{make(app).id}")
    assert "The harbour opens" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert all(known in policy for known in style_hashes(answer.text))
    assert "/preferences/" not in answer.text
    assert "x-robots-tag" not in answer.headers
    assert f'href="{URL}/archive"' in answer.text


def number_of(app: App, title: str) -> int:
    with app.store.read() as connection:
        return next(article.id for article in articles.latest(connection, limit=10) if article.title == title)


@pytest.mark.parametrize("changes", [{"status": "held"}, {"days": -1}, {"status": "cancelled"}])
def test_what_is_not_out_is_nobodys_yet(app: App, client: TestClient, changes: dict[str, Any]) -> None:
    news(app, "Under embargo")
    number = make(app, **changes).id
    for path in (f"/editions/{number}", "/archive", "/archive.rss"):
        assert "Under embargo" not in client.get(path).text, path
    assert client.get(f"/editions/{number}").status_code == 404


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "1.5", "9" * 30, "%00", "1/2"])
def test_an_edition_that_is_not_there_is_404(client: TestClient, number: str) -> None:
    assert client.get(f"/editions/{number}").status_code == 404


def test_a_withdrawn_story_is_on_no_page(app: App, client: TestClient) -> None:
    from distributor import acts

    news(app, "To be withdrawn", "The second one")
    edition = make(app, sections=(Section("Business", (1, 2)),))
    acts.withdraw(app, number_of(app, "To be withdrawn"), "editor")
    for path in (f"/editions/{edition.id}", "/archive", "/archive.rss"):
        page = client.get(path).text
        assert "To be withdrawn" not in page
        assert "The second one" in page


def test_the_archive_is_paged_newest_first(app: App, client: TestClient) -> None:
    news(app, "The harbour opens")
    for days in range(40, 0, -1):
        make(app, days=days)
    first = client.get("/archive")
    assert first.text.count("<li>") == 30
    assert first.text.index("3 May 2026") < first.text.index("2 May 2026")
    older = client.get(first.text.split('rel="next" href="')[1].split('"')[0])
    assert older.text.count("<li>") == 10
    assert 'rel="next"' not in older.text
    assert "3 May 2026" not in older.text


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "9" * 18, "9" * 400, "1 OR 1=1", "\0"])
def test_no_page_number_is_a_fault(app: App, client: TestClient, before: str) -> None:
    news(app, "The harbour opens")
    make(app)
    assert client.get("/archive", params={"before": before}).status_code == 200


def test_an_empty_archive_is_a_calm_page_and_a_valid_feed(client: TestClient) -> None:
    assert "There are no editions yet." in client.get("/archive").text
    assert feedparser.parse(client.get("/archive.rss").content).bozo is False


def test_the_feed_is_rss_that_knows_where_it_is(app: App, client: TestClient, clock: Clock) -> None:
    news(app, HOSTILE + " in the title")
    edition = make(app)
    answer = client.get("/archive.rss")
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    assert root.attrib == {"version": "2.0"}
    (own,) = root.iter("{http://www.w3.org/2005/Atom}link")
    assert own.attrib == {"href": f"{URL}/archive.rss", "rel": "self", "type": "application/rss+xml"}
    assert [child.tag for child in root.findall("channel/*")][:3] == ["title", "link", "description"]
    parsed = feedparser.parse(answer.content)
    assert parsed.bozo is False
    (item,) = parsed.entries
    assert item.link == item.id == f"{URL}/editions/{edition.id}"
    assert item.published_parsed[:5] == clock().utctimetuple()[:5]
    assert "<script" not in answer.text


def test_hostile_titles_are_text_on_every_page(app: App, client: TestClient) -> None:
    news(app, HOSTILE + " title")
    edition = make(app)
    for path in (f"/editions/{edition.id}", "/archive"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "alert(1)" in page


def test_reading_changes_nothing(app: App, client: TestClient) -> None:
    news(app, "The harbour opens")
    edition = make(app)
    before = everything(app)
    for path in (f"/editions/{edition.id}", "/archive", "/archive.rss"):
        client.get(path)
        client.head(path)
    assert everything(app) == before
