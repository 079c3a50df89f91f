"""What the publisher does about readers."""

from __future__ import annotations

import pytest

from distributor import enlisting, passes, subscribe
from distributor.context import App
from distributor.model import State
from distributor.store import bounces, subscribers
from tests.desk import Clock
from tests.readers.conftest import JANE, acts, find, join, letters, wish
from tests.readers.test_subscribe import plan_digest, state


def test_an_added_reader_is_active_without_a_letter(app: App) -> None:
    reader = enlisting.add(app, wish(), who="desk", consent="paper form of 2 May")
    assert reader.status == "active"
    assert find(app) == reader
    assert letters(app) == []
    with app.store.read() as connection:
        (proof,) = subscribers.consents(connection, reader.id)
    assert (proof.act, proof.source) == ("added", "paper form of 2 May")
    with pytest.raises(ValueError, match="is a reader already"):
        enlisting.add(app, wish(), who="desk", consent="again")


def test_nobody_is_added_without_a_source_of_consent_or_against_their_will(app: App) -> None:
    with pytest.raises(ValueError, match="consent"):
        enlisting.add(app, wish(), who="desk", consent=" ")
    subscribe.leave(app, join(app).id, how="page")
    with pytest.raises(ValueError, match="left"):
        enlisting.add(app, wish(), who="desk", consent="an old list")


def test_suppressing_ends_a_reader_and_what_waits(app: App) -> None:
    reader = join(app)
    waiting = plan_digest(app, reader.id)
    assert subscribe.suppress(app, JANE.upper(), "by-hand", "desk")
    assert not subscribe.suppress(app, JANE, "by-hand", "desk")
    found = find(app)
    assert found is not None
    assert found.status == "suppressed"
    assert state(app, waiting) == (State.SKIPPED, "suppressed")
    assert acts(app, reader)[-1] == "suppressed"


def test_a_bounce_lifted_by_the_publisher_makes_a_reader_again_from_now_on(app: App, clock: Clock) -> None:
    reader = join(app)
    with app.store.write() as connection:
        bounces.keep_points(connection, reader.id, 3.5, clock.now)
    enlisting.suppress(app, JANE, "bounces", "desk")
    clock.forward(days=9)
    assert subscribe.unsuppress(app, JANE, "desk")
    found = find(app)
    assert found is not None
    assert (found.status, found.watermark) == ("active", clock.now)
    with app.store.read() as connection:
        again = bounces.reader(connection, reader.id)
    assert again is not None
    assert again.points == 0
    assert not subscribe.unsuppress(app, JANE, "desk")


def test_a_complaint_lifted_by_the_publisher_lets_the_reader_ask_anew(app: App, clock: Clock) -> None:
    join(app)
    enlisting.suppress(app, JANE, "complaint", "desk")
    subscribe.unsuppress(app, JANE, "desk")
    found = find(app)
    assert found is not None
    assert found.status == "left"
    clock.forward(days=2)
    assert join(app).status == "active"


def test_a_milder_reason_does_not_replace_a_harder_one(app: App, clock: Clock) -> None:
    known = passes.hashes(app, JANE)
    with app.store.write() as connection:
        for reason in ("left", "complaint", "erased"):
            subscribers.suppress(connection, known[0], reason, clock.now)
        assert subscribers.suppression(connection, known) == "complaint"


def test_opt_outs_of_an_old_tool_may_return_by_themselves(app: App, clock: Clock) -> None:
    with app.store.write() as connection:
        subscribers.suppress_many(connection, passes.hashes(app, JANE), "imported", clock.now)
    with pytest.raises(ValueError, match="imported"):
        enlisting.add(app, wish(), who="desk", consent="list")
    assert join(app).status == "active"
