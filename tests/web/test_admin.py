from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from distributor import acts, states, web
from distributor.context import App
from distributor.errors import Rejected, Uncertain
from distributor.model import Doubt, Image, State
from distributor.store import accounts, ledger, tables
from tests.desk import Clock, entry, ingest, make_app, rows
from tests.web.conftest import SETTINGS, send_all

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e'


def test_the_page_shows_each_article_once_for_each_channel(app: App, client: TestClient) -> None:
    ingest(app, entry(1), entry(2))
    send_all(app)
    page = client.get("/").text
    assert page.count('class="story"') == 2
    assert page.count('<section class="post ') == 8
    for network in ("x", "telegram", "mastodon", "bluesky"):
        assert page.count(f'class="face face-{network}"') == 2
    assert "Article number 1 tells of the harbour" in page


def test_the_newest_article_stands_first(app: App, client: TestClient, clock: Clock) -> None:
    ingest(app, entry(1))
    ingest(app, entry(2, published_at=clock.forward(minutes=1)))
    page = client.get("/").text
    assert page.index("Article number 2") < page.index("Article number 1")


def test_the_law_stands_in_words_and_numbers(app: App, client: TestClient) -> None:
    ingest(app, entry(1))
    send_all(app)
    page = client.get("/").text
    assert "<b>4</b> planned =" in page
    assert "Every post is accounted for" in page


def test_a_broken_law_is_told_loudly(app: App, client: TestClient) -> None:
    ingest(app, entry(1))
    with app.store.write() as connection:
        connection.execute(sa.delete(tables.delivery).where(tables.delivery.c.channel == "x"))
    page = client.get("/").text
    assert "The ledger does not add up" in page
    assert "≠" in page


def test_a_post_says_how_fast_it_was_and_how_long_it_is(app: App, client: TestClient, clock: Clock) -> None:
    ingest(app, entry(1))
    clock.forward(milliseconds=120)
    send_all(app)
    page = client.get("/").text
    assert ">120 ms<" in page
    assert "/280</span>" in page
    assert "/1,024</span>" in page or "/4,096</span>" in page


def test_problems_come_with_the_command_that_mends_them(app: App, client: TestClient, clock: Clock) -> None:
    with app.store.write() as connection:
        accounts.stop(connection, "preview:x", "401 since noon", clock())
    page = client.get("/").text
    assert "401 since noon" in page
    assert "<code>distributor channels check x</code>" in page


@pytest.mark.parametrize("path", ["/", "/articles/1", "/channels/x", "/deliveries/1"])
def test_hostile_content_is_text_on_every_page(app: App, client: TestClient, path: str) -> None:
    image = Image("https://pics.example/a.png", alt=HOSTILE)
    ingest(
        app, entry(1, title=HOSTILE, summary=HOSTILE, words=(HOSTILE,), author=HOSTILE, tags=(HOSTILE,), image=image)
    )
    send_all(app)
    page = client.get(path).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "alert(1)" in page


def test_a_frozen_message_of_any_kind_is_made_harmless(app: App, client: TestClient) -> None:
    ingest(app, entry(1))
    bad = {
        "text": '<b onclick="x()">bold</b><script>boo()</script><a href="javascript:boo()">go</a><iframe srcdoc="x">',
        "url": "javascript:alert(1)",
        "card": {"url": "data:text/html,x", "title": "t", "description": "", "image": "javascript:x"},
        "media": [{"url": "http://169.254.169.254/latest", "type": "", "alt": '" onerror="x'}],
    }
    with app.store.write() as connection:
        query = sa.insert(tables.message).values(data=bad, fingerprint="f", frozen_at=app.clock())
        number = connection.execute(query.returning(tables.message.c.id)).scalar_one()
        connection.execute(sa.update(tables.delivery).values(message_id=number))
    page = client.get("/").text
    for wrong in ('onclick="', "<script>boo", 'href="javascript', "<iframe", "169.254", 'href="data:', ' onerror="x'):
        assert wrong not in page
    assert "<b>bold</b>" in page


def test_every_answer_has_the_headers_that_keep_it_in_its_place(client: TestClient) -> None:
    for path in ("/", "/live", "/articles/9", "/nowhere", "/static/app.css", "/status.json", "/metrics"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_no_page_holds_a_script_or_a_style_of_its_own(app: App, client: TestClient) -> None:
    ingest(app, entry(1, image=Image("https://pics.example/a.png", alt="a boat")))
    send_all(app)
    for path in ("/", "/articles/1", "/channels/x", "/deliveries/1"):
        page = client.get(path).text
        assert " style=" not in page
        assert "<style" not in page
        assert all(" src=" in tag for tag in page.split("<script")[1:])
        assert " onclick" not in page


@pytest.mark.parametrize(
    "path", ["/", "/live", "/articles/1", "/channels/x", "/deliveries/1", "/status.json", "/healthz"]
)
def test_reading_changes_nothing(app: App, client: TestClient, path: str) -> None:
    ingest(app, entry(1))
    before = _everything(app)
    client.get(path)
    client.head(path)
    assert _everything(app) == before


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_is_written_through_the_page(client: TestClient, method: str) -> None:
    assert client.request(method, "/").status_code == 405
    assert client.request(method, "/articles/1").status_code == 405


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST"])
def test_names_of_loopback_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "127.1", "0.0.0.0", "", "a b", "x@localhost"],
)
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    for path in ("/", "/live", "/status.json", "/metrics", "/static/app.css"):
        assert client.get(path, headers={"host": host}).status_code == 421


def test_a_name_that_was_led_here_is_refused_although_it_reached_us(app: App) -> None:
    rebound = TestClient(web.admin_app(app), base_url="http://evil.example")
    assert rebound.get("/").status_code == 421


def test_the_host_of_the_settings_is_answered(tmp_path: Path) -> None:
    app = make_app(SETTINGS + '[web]\nadmin = "desk.paper.example:8000"\n', tmp_path)
    client = TestClient(web.admin_app(app), base_url="http://127.0.0.1:8000")
    assert client.get("/", headers={"host": "desk.paper.example:8000"}).status_code == 200
    assert client.get("/", headers={"host": "other.paper.example:8000"}).status_code == 421


def test_the_address_that_was_reached_is_answered_as_a_number_only(app: App) -> None:
    client = TestClient(web.admin_app(app), base_url="http://10.1.2.3:8000")
    assert client.get("/").status_code == 200
    assert client.get("/", headers={"host": "10.9.9.9:8000"}).status_code == 421


@pytest.mark.parametrize(
    "path",
    ["/articles/99", "/deliveries/99", "/channels/none", "/nowhere", f"/articles/{10**40}", f"/deliveries/{10**30}"],
)
def test_what_is_not_there_is_a_page_and_404(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Not Found" in answer.text
    assert "Traceback" not in answer.text


def test_an_article_tells_why_for_every_channel(tmp_path: Path, clock: Clock) -> None:
    app = make_app(SETTINGS + '[channels.sports]\nkind = "memory"\ncategories = ["Sports"]\n', tmp_path, clock=clock)
    client = TestClient(web.admin_app(app), base_url="http://127.0.0.1:8000")
    ingest(app, entry(1))
    send_all(app)
    page = client.get("/articles/1").text
    assert "not-for-it" in page
    assert "distributor send 1 --to sports" in page
    assert "https://paper.example/articles/1" in page


def test_a_delivery_shows_every_attempt(app: App, client: TestClient) -> None:
    ingest(app, entry(1))
    send_all(app)
    page = client.get("/deliveries/1").text
    assert "post:" in page
    assert "Attempts" in page
    assert ">sent<" in page


def test_a_channel_shows_what_waits_and_what_went_out(app: App, client: TestClient) -> None:
    ingest(app, entry(1))
    page = client.get("/channels/x").text
    assert "due now" in page
    assert "state-pending" in page
    send_all(app)
    assert "Nothing waits" in client.get("/channels/x").text


def test_an_edit_and_a_deletion_are_told_with_the_post(app: App, client: TestClient, clock: Clock) -> None:
    ingest(app, entry(1))
    send_all(app)
    clock.forward(minutes=1)
    ingest(app, entry(1, title="Article number 1 tells of the other harbour"))
    send_all(app)
    page = client.get("/").text
    assert page.count("edited on the network") == 2
    assert "revision 2" in page
    clock.forward(minutes=1)
    acts.withdraw(app, 1, "ed")
    send_all(app)
    page = client.get("/").text
    assert page.count("deleted on the network") == 4
    assert "state-deleted" in page


def test_what_failed_and_what_is_unknown_is_loud(app: App, client: TestClient) -> None:
    ingest(app, entry(1))
    now = app.clock()
    for name, outcome in (("x", Rejected("the text was refused")), ("telegram", Uncertain("reset by peer"))):
        row = rows(app, name)[0]
        with app.store.write() as connection:
            connection.execute(
                sa.update(tables.delivery).where(tables.delivery.c.id == row.id).values(state=State.SENDING.value)
            )
            (row,) = ledger.deliveries(connection, channel=name)
            settled = states.after(row, outcome, doubt=Doubt(), finds=False, now=now, jitter=0.5)
            assert ledger.settle(connection, row, settled, now)
    page = client.get("/").text
    assert '<p class="note loud">the text was refused</p>' in page
    assert "nobody knows whether it went out" in page


def test_a_dead_database_is_a_page_that_says_so(app: App, client: TestClient) -> None:
    client.get("/")
    with app.store.write() as connection:
        tables.metadata.drop_all(connection)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "database" in answer.text
    assert "Traceback" not in answer.text


def test_a_fault_of_ours_shows_no_traceback(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.web.board.Board.page", lambda self: 1 / 0)
    client = TestClient(web.admin_app(app), base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "ZeroDivision" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_status_json_is_what_status_says(app: App, client: TestClient) -> None:
    ingest(app, entry(1))
    told = client.get("/status.json").json()
    assert told["law"]["planned"] == 4
    assert [line["name"] for line in told["channels"]] == ["x", "telegram", "mastodon", "bluesky"]


def test_our_own_files_may_be_kept_and_others_are_not_there(client: TestClient) -> None:
    for name in ("app.css", "live.js", "icons.svg", "favicon.svg"):
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/../pages.py").status_code == 404
    assert client.get("/static/%2e%2e/pages.py").status_code == 404


def test_fifty_articles_on_four_channels_are_quick(app: App, client: TestClient) -> None:
    ingest(app, *(entry(number) for number in range(1, 51)))
    send_all(app)
    assert client.get("/").text.count('class="story"') == 50
    began = time.perf_counter()
    client.get("/")
    assert time.perf_counter() - began < 5  # 5 ms; the rest is for a busy machine


def test_without_a_script_the_page_renews_itself(client: TestClient) -> None:
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in client.get("/").text


def test_an_empty_ledger_is_a_calm_page(client: TestClient) -> None:
    page = client.get("/").text
    assert "No article yet" in page
    assert "<b>0</b> planned" in page


def _everything(app: App) -> list[object]:
    with app.store.read() as connection:
        return [connection.execute(sa.select(table)).all() for table in tables.metadata.sorted_tables]
