"""The database fails under a living worker: what it knows is made good, so that no doubt is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import amends, collect, deliver, owners
from distributor.channels.memory import Memory
from distributor.context import App
from distributor.errors import StoreError
from distributor.model import State
from distributor.store import Store, accounts, sources
from distributor.store import tables as t
from tests.desk import Clock, Web, entry, ingest, make_app, states

SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
complete_from_page = false
backfill = "all"
[channels.wall]
kind = "memory"
"""
FEED = """<rss version="2.0"><channel><title>Paper</title><item><guid>1</guid><title>One</title>
<link>https://paper.example/1</link></item></channel></rss>"""
ACCOUNT = "memory:wall"


class Flaky:
    """A store whose next durable transactions fail: before they begin, or after they were committed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.before = self.after = 0
        self.then: Callable[[sa.Connection], Any] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[sa.Connection]:
        if durable and self.before:
            self.before -= 1
            self._crash()
        with self.store.write(durable=durable) as connection:
            yield connection
        if durable and self.after:
            self.after -= 1
            self._crash()

    def _crash(self) -> None:
        then, self.then = self.then, None
        if then is not None:
            with self.store.write() as connection:
                then(connection)
        raise StoreError("the server closed the connection")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amends, "PAUSE", 0.0)


@pytest.fixture
def app(tmp_path: Path) -> App:
    app = make_app(SETTINGS, tmp_path, clock=Clock())
    app.store = Flaky(app.store)  # type: ignore[assignment]
    return app


def flaky(app: App) -> Flaky:
    assert isinstance(app.store, Flaky)
    return app.store


def posts(app: App) -> int:
    channel = app.stations["wall"].channel
    assert isinstance(channel, Memory)
    return len(channel.posts)


def test_a_claim_whose_commit_got_no_answer_is_given_back_and_sent_once(app: App) -> None:
    ingest(app, entry())
    flaky(app).after = 1
    with pytest.raises(StoreError):
        deliver.drain(app, ACCOUNT)
    assert (states(app), posts(app)) == ([State.PENDING], 0)
    deliver.drain(app, ACCOUNT)
    assert (states(app), posts(app)) == ([State.SENT], 1)


def test_a_claim_that_was_never_made_changes_nothing(app: App) -> None:
    ingest(app, entry())
    flaky(app).before = 1
    with pytest.raises(StoreError):
        deliver.drain(app, ACCOUNT)
    assert states(app) == [State.PENDING]
    deliver.drain(app, ACCOUNT)
    assert (states(app), posts(app)) == ([State.SENT], 1)


def test_an_outcome_that_a_crash_took_back_is_written_down_again(app: App) -> None:
    ingest(app, entry(1), entry(2))
    store = flaky(app)

    def forget(connection: sa.Connection) -> None:
        """What a crash of PostgreSQL does to a commit that was not flushed."""
        sending = {"state": "sending", "settled_at": None, "receipt": None, "lease_owner": owners.current()}
        connection.execute(sa.update(t.delivery).where(t.delivery.c.state == "sent").values(sending))

    def second_claim_fails(delivery: object, settlement: object) -> None:
        store.before, store.then = 1, forget

    with pytest.raises(StoreError):
        deliver.drain(app, ACCOUNT, on_settled=second_claim_fails)
    assert sorted(states(app)) == [State.PENDING, State.SENT]
    deliver.drain(app, ACCOUNT)
    assert (states(app), posts(app)) == ([State.SENT, State.SENT], 2)


def test_the_slot_is_given_back_when_the_database_is(app: App) -> None:
    ingest(app, entry())
    flaky(app).before = 3
    with pytest.raises(StoreError):
        deliver.drain(app, ACCOUNT)
    assert not deliver.drain(app, ACCOUNT).busy
    assert states(app) == [State.SENT]


def test_a_drain_ends_when_another_has_its_slot(app: App) -> None:
    ingest(app, entry())

    def stolen(connection: sa.Connection) -> None:
        connection.execute(sa.update(t.slot).values(owner="somebody/else"))

    real = deliver.prepare

    def thief(*given: Any) -> Any:
        with app.store.write() as connection:
            stolen(connection)
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliver, "prepare", thief)
        drained = deliver.drain(app, ACCOUNT)
    assert (drained.more, drained.settled, posts(app)) == (True, {}, 0)
    with app.store.read() as connection:
        assert accounts.slot_owners(connection) == {"somebody/else"}


def test_it_gives_up_after_its_patience(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amends, "PATIENCE", amends.PATIENCE * 0)
    flaky(app).before = 2
    with pytest.raises(StoreError):
        amends.insist(app, lambda connection: None, what="test", durable=True)


def test_a_source_that_a_dead_process_polled_is_due_at_once(app: App) -> None:
    web = app.fetcher
    assert isinstance(web, Web)
    web.put("https://paper.example/feed", FEED, content_type="application/rss+xml")
    now = app.clock()
    collect.register(app, now)
    dead = owners.current().replace(f"/{owners.process().split('/')[3]}/", "/999999999/")
    with app.store.write() as connection:
        due = sources.due(connection, ["paper"], now)
        assert sources.lease(connection, due, collect.LEASE, now, owner=dead)
        assert sources.due(connection, ["paper"], now) == []
    assert len(collect.collect(app).new) == 1
    with app.store.read() as connection:
        assert sources.pollers(connection) == set()


def test_a_source_that_a_living_process_polls_is_left_to_it(app: App) -> None:
    now = app.clock()
    collect.register(app, now)
    with app.store.write() as connection:
        due = sources.due(connection, ["paper"], now)
        sources.lease(connection, due, collect.LEASE, now, owner=owners.current())
    assert collect.collect(app).new == []
    with app.store.read() as connection:
        assert sources.pollers(connection) == {owners.current()}


def test_news_that_met_a_failed_database_is_fetched_again_soon(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    web, clock = app.fetcher, app.clock
    assert isinstance(web, Web)
    assert isinstance(clock, Clock)
    web.put("https://paper.example/feed", FEED, content_type="application/rss+xml")

    def fails(*_: object) -> None:
        raise StoreError("the server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(collect.publish, "ingest", fails)
        with pytest.raises(StoreError):
            collect.collect(app)
    clock.forward(seconds=collect.AGAIN.total_seconds())
    assert len(collect.collect(app).new) == 1
