from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.context import App
from distributor.store import Store, gauges, stream
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
        (x,) = [one for one in gauges.spreads(connection, (1.0, 5.0)) if one.channel == "x"]
        assert (x.within, x.count, x.seconds) == ((0, 2), 2, 6.0)
        assert stream.latest_ids(connection, "x", 10) == [2, 1]
        sent = rows(app, "x")
        messages = stream.messages(connection, [row.message_id for row in sent])
        titles = {messages[row.message_id].title[:16] for row in sent}
        assert titles == {"Article number 1", "Article number 2"}
