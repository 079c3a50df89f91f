"""The staff's page of reports: figures, links, CSV, and nothing that runs."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from distributor import web
from distributor.context import App
from distributor.store import signals
from tests.desk import Clock, entry, ingest, make_app
from tests.usecases.test_reports import MAIL, click
from tests.web.conftest import send_all
from tests.web.test_browser import page  # noqa: F401 (a fixture)

FORMULA = '=HYPERLINK("https://evil.example","<script>alert(1)</script>")'


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    app = make_app(MAIL, tmp_path, clock=clock)
    ingest(app, entry(1, title=FORMULA))
    send_all(app)
    click(app, 1, "x", 12, 7)
    with app.store.write() as connection:
        signals.add(connection, 1, "@home", "views", clock(), 5, 4)
    return app


def test_the_page_tells_each_channel_and_leads_to_the_article(client: TestClient) -> None:
    shown = client.get("/reports").text
    assert 'href="/reports" aria-current="page"' in shown
    assert re.search(r"<b>7</b> <span class=\"quiet\">of 12</span>", shown)
    assert 'href="/reports/articles/1"' in shown
    assert "<script>alert" not in shown
    report = client.get("/reports/articles/1").text
    assert 'aria-label="11 counted, most on 04 May, 11:00 (11)"' in report
    assert "<script>alert" not in report
    assert 'href="/reports/articles/1"' in client.get("/articles/1").text


def test_a_time_that_is_not_offered_is_the_usual_one(client: TestClient) -> None:
    assert 'href="/reports?since=30d" aria-current="true"' in client.get("/reports?since=30d").text
    for odd in ("", "9999d", "<script>", "-1d"):
        assert 'href="/reports?since=7d" aria-current="true"' in client.get("/reports", params={"since": odd}).text


def test_an_article_is_found_by_its_address(client: TestClient) -> None:
    for word in ("1", "https://paper.example/articles/1?utm_source=x"):
        answer = client.get("/reports", params={"article": word}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/reports/articles/1")
    for word in ("2", "nonsense", "9" * 3000, "//evil.example"):
        assert client.get("/reports", params={"article": word}).status_code == 404
    assert client.get("/reports/articles/99").status_code == 404
    assert client.get(f"/reports/articles/{2**70}").status_code == 404


def test_what_is_downloaded_is_a_table_that_no_spreadsheet_runs(client: TestClient) -> None:
    for address, name in (
        ("/reports/channels.csv", "channels-7d"),
        ("/reports/digests.csv", "digests"),
        ("/reports/articles/1.csv", "article-1"),
    ):
        answer = client.get(address)
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
        cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
    rows = list(csv.DictReader(io.StringIO(client.get("/reports/channels.csv").text)))
    x = next(row for row in rows if row["channel"] == "x")
    assert (x["clicks_raw"], x["clicks"], x["best_article"]) == ("12", "7", f"'{FORMULA}")
    article = list(csv.DictReader(io.StringIO(client.get("/reports/articles/1.csv").text)))
    assert [row["channel"] for row in article][-2:] == ["'@home", "total"]


@pytest.mark.server("chromium")
@pytest.mark.parametrize("width", [360, 1000])
def test_nothing_overflows_and_the_browser_does_not_complain(app: App, page: Any, width: int) -> None:  # noqa: F811
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_viewport_size({"width": width, "height": 900})
    with web.serve(web.admin_app(app), "127.0.0.1", 0) as server:
        for address in ("/reports", "/reports/articles/1"):
            page.goto(server.url.rstrip("/") + address)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.locator("table.figures").first.is_visible()
    assert complaints == []
