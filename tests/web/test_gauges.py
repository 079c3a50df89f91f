from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from distributor.context import App
from distributor.model import Kind, State
from distributor.store import Store, gauges, ledger, stream
from tests.contracts.posts import post
from tests.desk import START, Clock, entry, ingest, make_app, rows
from tests.store.test_postgresql import database
from tests.web.conftest import SETTINGS, send_all


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server("postgresql"))])
def newsroom(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[App]:
    if request.param == "sqlite":
        app = make_app(SETTINGS, tmp_path, clock=clock, store=Store(f"sqlite:///{tmp_path}/ledger.sqlite3"))
        yield app
        app.store.close()
        return
    with database(request.getfixturevalue("postgresql_server")) as url:
        app = make_app(SETTINGS, tmp_path, clock=clock, store=Store(url))
        yield app
        app.store.close()


def test_monitors_count_the_same_on_every_database(newsroom: App, clock: Clock) -> None:
    app = newsroom
    ingest(app, entry(1), entry(2))
    clock.forward(seconds=3)
    with app.store.read() as connection:
        before = gauges.pulse(connection)
        assert gauges.oldest_due(connection, clock())["x"] == START
        assert {(one.channel, one.state, one.count) for one in gauges.tallies(connection)} >= {("x", "pending", 2)}
    send_all(app)
    with app.store.read() as connection:
        assert gauges.pulse(connection) != before
        (x,) = gauges.spreads(connection, ["x"], (1.0, 5.0))
        assert (x.within, x.count, x.seconds) == ((0, 2), 2, 6.0)
        assert stream.latest_ids(connection, "x", 10) == [2, 1]
        sent = rows(app, "x")
        messages = stream.messages(connection, [row.message_id for row in sent])
        titles = {messages[row.message_id].title[:16] for row in sent}
        assert titles == {"Article number 1", "Article number 2"}


def test_what_is_counted_is_all_there_is_with_its_reasons(newsroom: App) -> None:
    app = newsroom
    with app.store.write() as connection:
        ledger.add(connection, [post(number, state=State.HELD, reason="flood") for number in range(1, 4)])
        ledger.add(connection, [post(4, state=State.FAILED, reason="length"), post(5, state=State.SENT)])
        ledger.add(connection, [post(5, kind=Kind.EDIT, revision=2, state=State.SENT), post(6, state=State.SKIPPED)])
        found = [astuple(one) for one in gauges.tallies(connection)]
    common = [("x", "edit", "sent", "", 1), ("x", "post", "failed", "length", 1)]
    ends = [("x", "post", "sent", "", 1), ("x", "post", "skipped", "", 1)]
    assert found == [*common, ("x", "post", "held", "flood", 3), *ends]
