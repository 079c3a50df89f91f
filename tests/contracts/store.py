"""What the store must do on every database. A test class inherits StoreContract and says where its database is.

class TestFile(StoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory):
        return f"sqlite:///{tmp_path_factory.mktemp('store') / 'ledger.db'}"
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from distributor import matching
from distributor.errors import StoreError
from distributor.model import Image, Lane, State
from distributor.store import Store, articles, census, ledger, sources
from tests.contracts.accounts import AccountsContract
from tests.contracts.database import MINUTE, NOW, at_once
from tests.contracts.ledger import LedgerContract
from tests.contracts.links import LinksContract
from tests.contracts.posts import (
    add,
    article,
    post,
)
from tests.contracts.queue import QueueContract


class StoreContract(LedgerContract, QueueContract, AccountsContract, LinksContract):
    # -- articles and sources

    def test_an_article_comes_back_as_it_was(self, store: Store) -> None:
        told = article(
            categories=("Élan", "Science"),
            unmapped=("w",),
            tags=("t",),
            image=Image("https://example.org/p.jpg", "alt", "image/jpeg", 4, 3),
            updated_at=NOW,
            lane=Lane.BREAKING,
            boost=1.5,
            comments=0,
            status="held",
            note="flood",
        )
        with store.write() as connection:
            kept = articles.add(connection, told, keys=["g:1", "u:1"], digest="d", story=2**62)
            assert articles.get(connection, kept.id) == kept
            assert replace(kept, id=0) == told
            assert {key: one.article.id for key, one in articles.known(connection, ["g:1", "u:1", "?"]).items()} == {
                "g:1": kept.id,
                "u:1": kept.id,
            }
            assert articles.held(connection, source="desk") == [kept]

    def test_a_name_stays_with_its_first_article(self, store: Store) -> None:
        with store.write() as connection:
            first = articles.add(connection, article(), keys=["k"], digest="", story=0)
            articles.add(connection, article(), keys=["k"], digest="", story=0)
            assert articles.known(connection, ["k"])["k"].article.id == first.id

    def test_an_address_of_any_length_finds_its_article(self, store: Store) -> None:
        url = "https://example.org/" + "a" * 3000
        with store.write() as connection:
            kept = articles.add(connection, article(url=url), keys=[matching.url_key(url)], digest="", story=0)
            found = articles.find(connection, url)
        assert found is not None
        assert found.id == kept.id

    def test_a_new_revision_keeps_what_a_person_set(self, store: Store) -> None:
        with store.write() as connection:
            kept = articles.add(connection, article(), keys=[], digest="", story=0)
            articles.set_boost(connection, kept.id, 3.0)
            articles.set_status(connection, kept.id, "withdrawn", "by-hand")
            articles.update(connection, replace(kept, title="New", revision=2, boost=0.0), digest="e")
            found = articles.get(connection, kept.id)
        assert found is not None
        assert (found.title, found.revision, found.boost, found.status) == ("New", 2, 3.0, "withdrawn")

    def test_a_source_is_leased_to_one_poller(self, store: Store) -> None:
        with store.write() as connection:
            sources.register(connection, {f"s{number}": "https://example.org" for number in range(6)}, NOW)
            due = sources.due(connection, [f"s{number}" for number in range(6)], NOW)

        def lease(_: int) -> list[str]:
            with store.write() as connection:
                return [one.name for one in sources.lease(connection, due, MINUTE, NOW)]

        assert sorted(name for names in at_once(4, lease) for name in names) == sorted(one.name for one in due)

    # -- moments

    @pytest.mark.parametrize(
        "moment",
        [
            NOW.replace(microsecond=1),
            NOW.replace(microsecond=999_999),
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ],
    )
    def test_a_moment_comes_back_to_the_microsecond(self, store: Store, moment: datetime) -> None:
        with store.write() as connection:
            census.remember(connection, "moment", None, moment)
            found = census.fact(connection, "moment")
        assert found is not None
        assert found[1] == moment
        assert found[1].tzinfo is UTC

    def test_a_moment_without_zone_is_refused(self, store: Store) -> None:
        with pytest.raises(StoreError), store.write() as connection:
            census.remember(connection, "moment", None, NOW.replace(tzinfo=None))

    # -- transactions

    def test_an_error_rolls_everything_back(self, store: Store) -> None:
        def fail() -> None:
            with store.write() as connection:
                ledger.add(connection, [post(1)])
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        with store.read() as connection:
            assert not any(census.counts(connection).values())
        add(store, post(1))

    def test_a_read_never_rolls_back_another_threads_write(self, store: Store) -> None:
        inside, goes_on = threading.Event(), threading.Event()

        def write() -> None:
            with store.write() as connection:
                ledger.add(connection, [post(1)])
                inside.set()
                goes_on.wait(0.2)
                ledger.add(connection, [post(2)])

        writer = threading.Thread(target=write)
        writer.start()
        assert inside.wait(5)
        with store.read() as connection:
            census.counts(connection)
        goes_on.set()
        writer.join()
        with store.read() as connection:
            assert census.counts(connection)[State.PENDING] == 2

    def test_a_read_inside_a_write_leaves_it_whole(self, store: Store) -> None:
        with store.write() as connection:
            ledger.add(connection, [post(1)])
            with store.read() as other:
                census.counts(other)
            ledger.add(connection, [post(2)])
        with store.read() as connection:
            assert census.counts(connection)[State.PENDING] == 2

    def test_a_foreign_error_is_a_store_error_with_a_line(self, store: Store) -> None:
        with pytest.raises(StoreError) as caught, store.read() as connection:
            connection.exec_driver_sql("SELECT * FROM nowhere")
        assert "nowhere" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert caught.value.hint == "run: distributor upgrade"
        with store.read() as connection:
            assert census.counts(connection)

    def test_opening_and_upgrading_again_is_harmless(self, store: Store, url: str) -> None:
        add(store, post(1))
        store.open()
        if not store.database.in_memory:
            store.upgrade()
        with store.read() as connection:
            assert census.counts(connection)[State.PENDING] == 1
