"""That a page was read: what is counted, what is not, and what nobody can learn or break by asking."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from distributor import robots
from distributor.context import App
from distributor.store import articles
from distributor.web.audience import known
from tests.desk import Clock, entry, ingest

from .conftest import PAGE, Noted


def test_a_beacon_counts_a_view_of_the_article(client: TestClient, noted: Noted) -> None:
    answer = client.post("/v", content=PAGE)
    assert (answer.status_code, answer.content) == (204, b"")
    assert noted.told == [("views", 1, "site")]
    assert noted.seen[0].marks == 0
    assert noted.seen[0].visitor


def test_the_pixel_counts_by_its_address_or_by_the_page_it_stands_in(client: TestClient, noted: Noted) -> None:
    for query, headers in (({"u": PAGE}, {}), ({}, {"Referer": PAGE})):
        answer = client.get("/v.gif", params=query, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/gif"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.content.startswith(b"GIF89a")
    assert noted.told == [("views", 1, "site")] * 2


@pytest.mark.parametrize(
    "address",
    [
        PAGE,
        PAGE + "?utm_source=x&fbclid=1",
        PAGE + "#comments",
        PAGE + "/",
        PAGE.replace("https", "http"),
        PAGE.replace("paper.example", "www.paper.example"),
        PAGE.replace("paper.example", "PAPER.example:443"),
    ],
)
def test_an_article_is_known_by_any_of_its_addresses(client: TestClient, noted: Noted, address: str) -> None:
    client.post("/v", content=address)
    assert noted.told == [("views", 1, "site")]


@pytest.mark.parametrize(
    "address",
    [
        "", "x", "https://paper.example/", "https://paper.example/articles/99", "https://evil.example/articles/1",
        "javascript:alert(1)", "http://[", "https://paper.example/\ud800".encode("utf-8", "surrogatepass"),
        b"\xff\xfe\x00",
        "https://paper.example/" + "a" * 3_000, "https://paper.example/articles/1\0", "%%%", "https://xn--.example/%zz",
    ],
)  # fmt: skip
def test_what_is_no_article_is_answered_alike_and_not_counted(
    client: TestClient, noted: Noted, address: str | bytes
) -> None:
    assert client.post("/v", content=address).status_code == 204
    answer = client.get("/v.gif", params={"u": address})
    assert (answer.status_code, answer.content[:3]) == (200, b"GIF")
    assert noted.seen == []


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_who_asks_not_to_be_followed_is_not(client: TestClient, noted: Noted, header: str) -> None:
    assert client.post("/v", content=PAGE, headers={header: "1"}).status_code == 204
    assert client.get("/v.gif", params={"u": PAGE}, headers={header: "1"}).status_code == 200
    assert noted.seen == []


def test_a_withdrawn_article_is_not_counted(app: App, client: TestClient, noted: Noted) -> None:
    with app.store.write() as connection:
        articles.set_status(connection, 1, "withdrawn")
    client.post("/v", content=PAGE)
    assert noted.seen == []


def test_robots_are_marked(client: TestClient, noted: Noted) -> None:
    client.post("/v", content=PAGE + "\ndriven")
    client.post("/v", content=PAGE, headers={"User-Agent": "Googlebot/2.1"})
    client.head("/v.gif", params={"u": PAGE})
    assert [bool(one.marks & robots.AGENT) for one in noted.seen] == [True, True, False]
    assert noted.seen[2].marks & robots.HEAD


def test_robot_networks_are_marked(app: App, client: TestClient, noted: Noted) -> None:
    signals = app.settings.signals.model_copy(update={"robot_networks": ("10.0.0.0/8",)})
    app.settings = app.settings.model_copy(update={"signals": signals})
    far = TestClient(client.app, client=("10.1.2.3", 5), headers=dict(client.headers))
    far.post("/v", content=PAGE)
    client.post("/v", content=PAGE)
    assert [one.marks & robots.NETWORK for one in noted.seen] == [robots.NETWORK, 0]


def test_views_can_be_switched_off(app: App, client: TestClient, noted: Noted) -> None:
    signals = app.settings.signals.model_copy(update={"views": False})
    app.settings = app.settings.model_copy(update={"signals": signals})
    assert client.post("/v", content=PAGE).status_code == 204
    assert noted.seen == []


def test_a_beacon_too_large_is_refused(client: TestClient, noted: Noted) -> None:
    assert client.post("/v", content="x" * 10_000).status_code == 413
    assert noted.seen == []


def test_reading_is_not_counting(client: TestClient, noted: Noted) -> None:
    assert client.get("/v").status_code == 405
    assert noted.seen == []


def test_the_script_is_for_any_site_and_kept_for_an_hour(client: TestClient) -> None:
    answer = client.get("/v.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    tag = answer.headers["etag"]
    assert client.get("/v.js", headers={"If-None-Match": f"W/{tag}"}).status_code == 304
    assert client.get("/v.js", headers={"If-None-Match": '"other"'}).status_code == 200
    assert "cookie" not in answer.headers


def test_a_flood_of_invented_addresses_pushes_out_nothing_real(
    app: App, client: TestClient, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "UNKNOWN_REMEMBERED", 20)
    looked: list[Any] = []
    real = articles.known
    monkeypatch.setattr(articles, "known", lambda *given: looked.append(given) or real(*given))
    client.post("/v", content=PAGE)
    for number in range(100):
        client.post("/v", content=f"https://paper.example/invented/{number}")
    before = len(looked)
    client.post("/v", content=PAGE)
    client.post("/v", content="https://paper.example/invented/99")
    assert len(looked) == before
    assert len(noted.seen) == 2


def test_a_page_that_is_published_meanwhile_is_found_soon(
    app: App, client: TestClient, noted: Noted, clock: Clock
) -> None:
    address = "https://paper.example/articles/7"
    client.post("/v", content=address)
    assert noted.seen == []
    ingest(app, entry(7))
    clock.forward(seconds=30)
    client.post("/v", content=address)
    assert noted.told == [("views", 3, "site")]
