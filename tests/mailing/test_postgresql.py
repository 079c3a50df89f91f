"""The same on PostgreSQL, where several drains claim at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.mailing import drain_mail
from distributor.store import Store
from tests import servers
from tests.mailing.office import Office
from tests.mailing.test_recovering import killed_at
from tests.store.test_postgresql import database

pytestmark = pytest.mark.server("postgresql")


@pytest.fixture
def office(tmp_path: Path, postgresql_server: servers.Server) -> Iterator[Office]:
    with database(postgresql_server) as url:
        store = Store(url)
        yield Office(tmp_path, store=store)
        store.close()


def test_drains_at_once_send_each_letter_once(office: Office) -> None:
    office.readers(2_000)
    threads = [threading.Thread(target=drain_mail, args=(office.app, "mail")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert office.states() == {"sent": 2_000}
    assert set(Counter(letter.number for letter in office.relay.letters).values()) == {1}


def test_what_was_refused_or_unwanted_is_settled_alike(office: Office) -> None:
    office.readers(4)
    office.relay.answers |= {"r2@reader.example": "550 5.1.1 no such user", "r3@reader.example": "450 4.7.1 slow down"}
    office.set_reader(4, status="left")
    drain_mail(office.app, "mail")
    assert office.states() == {"sent": 1, "failed": 1, "pending": 1, "skipped": 1}


def test_a_killed_worker_leaves_at_most_one_letter_uncertain(office: Office) -> None:
    from distributor.recovering import recover

    office.readers(10)
    office.app.store.database.engine.dispose()
    killed_at(office, 4, after_start=True)
    recover(office.app)
    assert office.states() == {"sent": 3, "uncertain": 1, "pending": 6}
