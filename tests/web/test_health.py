from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from distributor import upkeep, web
from distributor.context import App
from distributor.store import tables
from tests.desk import Clock, entry, ingest, make_app
from tests.web.conftest import SETTINGS, send_all

TOKEN = "a-token-of-the-monitor"
WITH_TOKEN = SETTINGS + f'[web]\nmetrics_token = "{TOKEN}"\n'


@pytest.fixture
def public(app: App) -> TestClient:
    return TestClient(web.public_app(app), base_url="http://go.paper.example")


@pytest.fixture
def monitored(tmp_path: Path, clock: Clock) -> App:
    return make_app(WITH_TOKEN, tmp_path, clock=clock)


def scrape(app: App, token: str | None = TOKEN) -> tuple[int, str]:
    client = TestClient(web.admin_app(app), base_url="http://127.0.0.1:8000")
    headers = {} if token is None else {b"authorization": f"Bearer {token}".encode()}
    answer = client.get("/metrics", headers=headers)
    return answer.status_code, answer.text


def test_healthz_is_200_while_the_database_answers(app: App, client: TestClient, public: TestClient) -> None:
    assert client.get("/healthz").json()["ok"] is True
    assert public.get("/healthz").text == "ok\n"
    assert client.head("/healthz").status_code == 200


def test_healthz_is_503_when_the_database_is_gone(
    app: App, client: TestClient, public: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributor.errors import StoreError

    def broken() -> None:
        raise StoreError("the database secret.example failed: no route")

    monkeypatch.setattr(app.store, "read", broken)
    assert client.get("/healthz").status_code == 503
    assert client.get("/readyz").status_code == 503
    answer = public.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "unavailable\n")


def test_readyz_wants_a_canary_that_finished_lately(
    app: App, client: TestClient, public: TestClient, clock: Clock
) -> None:
    assert client.get("/readyz").status_code == 503
    upkeep.canary(app)
    assert client.get("/readyz").status_code == 200
    assert public.get("/readyz").text == "ok\n"
    clock.forward(seconds=61)
    assert client.get("/readyz").status_code == 503
    assert public.get("/readyz").text == "unavailable\n"


def test_the_public_listener_shows_nothing_of_the_staffs(app: App, public: TestClient) -> None:
    ingest(app, entry(1))
    for path in ("/", "/live", "/articles/1", "/channels/x", "/deliveries/1", "/status.json", "/metrics"):
        answer = public.get(path)
        assert answer.status_code == 404
        assert "Article number" not in answer.text
        assert "distributor" not in answer.text.lower()
        assert "status.json" not in answer.text


def test_the_public_listener_has_the_same_headers(public: TestClient) -> None:
    assert "frame-ancestors 'none'" in public.get("/nowhere").headers["content-security-policy"]


def test_metrics_stay_closed_while_no_token_is_set(app: App) -> None:
    assert scrape(app)[0] == 403
    assert scrape(app, None)[0] == 403


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", "ü", TOKEN.upper()])
def test_metrics_need_the_token(monitored: App, token: str | None) -> None:
    assert scrape(monitored, token)[0] == 401


def test_metrics_tell_the_ledger(monitored: App, clock: Clock) -> None:
    ingest(monitored, entry(1), entry(2))
    clock.forward(seconds=3)
    status, text = scrape(monitored)
    assert status == 200
    assert 'distributor_deliveries{channel="x",kind="post",reason="",state="pending"} 2.0' in text
    assert 'distributor_queue_age_seconds{channel="x"} 3.0' in text
    send_all(monitored)
    _, text = scrape(monitored)
    assert 'distributor_deliveries{channel="x",kind="post",reason="",state="sent"} 2.0' in text
    assert 'distributor_queue_age_seconds{channel="x"} 0.0' in text
    assert 'distributor_publish_to_post_seconds_bucket{channel="x",le="2.5"} 0.0' in text
    assert 'distributor_publish_to_post_seconds_bucket{channel="x",le="5.0"} 2.0' in text
    assert 'distributor_publish_to_post_seconds_bucket{channel="x",le="+Inf"} 2.0' in text
    assert 'distributor_publish_to_post_seconds_sum{channel="x"} 6.0' in text
    assert "distributor_build_info{" in text
    assert "distributor_sources_failing 0.0" in text
    assert "process_" in text


def test_metrics_can_be_read_by_prometheus_own_parser(monitored: App) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    ingest(monitored, entry(1))
    names = {family.name for family in text_string_to_metric_families(scrape(monitored)[1])}
    assert {"distributor_deliveries", "distributor_ready", "distributor_channel_stopped"} <= names


def test_metrics_of_a_dead_database_are_503_not_a_traceback(monitored: App) -> None:
    with monitored.store.write() as connection:
        tables.metadata.drop_all(connection)
    status, text = scrape(monitored)
    assert status == 503
    assert "Traceback" not in text
