from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from distributor.context import App
from distributor.store import accounts, gauges
from distributor.web.board import Board
from distributor.web.pages import Pages
from tests.desk import Clock, entry, ingest
from tests.web.conftest import send_all


@pytest.fixture
def board(app: App) -> Board:
    return Board(app, Pages(app))


def test_nothing_new_is_answered_without_a_body(app: App, client: TestClient) -> None:
    ingest(app, entry(1))
    token = client.get("/live").json()["token"]
    answer = client.get("/live", params={"since": token})
    assert answer.status_code == 204
    assert answer.content == b""


def test_nothing_new_draws_nothing(app: App, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(app, entry(1))
    token = board.token()
    monkeypatch.setattr(Board, "_draw", lambda *_: pytest.fail("drawn for nothing"))
    assert board.since(token) is None


def test_only_what_changed_is_sent(app: App, board: Board, clock: Clock) -> None:
    ingest(app, entry(1))
    send_all(app)
    token = board.token()
    ingest(app, entry(2, published_at=clock.forward(minutes=1)))
    changes = board.since(token)
    assert changes is not None
    assert changes["order"] == [2, 1]
    assert list(changes["articles"]) == [2]
    assert "Article number 2" in changes["articles"][2]


def test_a_post_that_went_out_changes_its_article(app: App, board: Board) -> None:
    ingest(app, entry(1), entry(2))
    token = board.token()
    send_all(app)
    changes = board.since(token)
    assert changes is not None
    assert sorted(changes["articles"]) == [1, 2]
    assert "state-sent" in changes["articles"][1]
    assert "<b>8</b> sent" in changes["overview"]


def test_an_unknown_token_gets_everything(app: App, board: Board) -> None:
    ingest(app, entry(1), entry(2))
    for token in ("", "long-forgotten", "'\"<script>"):
        changes = board.since(token)
        assert changes is not None
        assert sorted(changes["articles"]) == [1, 2]
        assert changes["overview"]


def test_what_only_the_clock_changes_is_seen_within_seconds(app: App, board: Board, clock: Clock) -> None:
    ingest(app, entry(1))
    token = board.token()
    clock.forward(hours=13)  # past expires_after: "expires soon" and the like come and go by time alone
    assert board.since(token) is not None


def test_the_pulse_beats_for_whatever_a_page_shows(app: App, clock: Clock) -> None:
    def pulse() -> str:
        with app.store.read() as connection:
            return gauges.pulse(connection)

    seen = [pulse()]
    ingest(app, entry(1))
    seen.append(pulse())
    send_all(app)
    seen.append(pulse())
    with app.store.write() as connection:
        accounts.pause(connection, "x", "ed", clock())
    seen.append(pulse())
    with app.store.write() as connection:
        accounts.stop(connection, "preview:x", "401", clock())
    seen.append(pulse())
    assert len(set(seen)) == len(seen)
    assert pulse() == seen[-1]
