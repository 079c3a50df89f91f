"""What a template held is let go by a command that status names: posts by channel, letters, one by its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor import acts, mailing, reporting, subscribe
from distributor.context import App
from distributor.errors import DistributorError, NotFound
from distributor.model import State
from distributor.store import census, ledger
from tests.desk import Clock, entry, ingest, make_app, rows
from tests.usecases.test_reports import MAIL


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(MAIL, tmp_path, clock=clock)


def hold(app: App, channel: str, reason: str) -> int:
    (row,) = rows(app, channel)
    with app.store.write() as connection:
        ledger.hold(connection, [row.id], reason, error="story.html.j2:2")
    return row.id


def ask(app: App) -> None:
    subscribe.ask(app, subscribe.Ask(address="anna@x.example"), ip="192.0.2.1", source="form")


def problem(app: App, subject: str) -> tuple[str, str]:
    return next((one.text, one.command) for one in reporting.status(app).problems if one.subject == subject)


def test_a_letter_that_a_template_held_goes_out_by_the_command_that_status_names(app: App, clock: Clock) -> None:
    ask(app)
    hold(app, "letters", "template")
    clock.forward(hours=100)
    told = problem(app, "letters")
    assert told == ("1 mail held: their template failed", "distributor deliveries release --channel letters")
    assert acts.release_unmade(app, "ann", "letters") == 1
    (row,) = rows(app, "letters")
    assert (row.state, row.reason, row.error) == (State.PENDING, "", "")
    assert row.expires_at
    assert row.expires_at > clock()
    mailing.drain_mail(app, "mail")
    assert rows(app, "letters")[0].state is not State.HELD
    with app.store.read() as connection:
        (act,) = census.audited(connection, subject="channel:letters")
    assert (act.who, act.what, act.detail["deliveries"]) == ("ann", "release", 1)
    assert acts.release_unmade(app, "ann", "letters") == 0


def test_posts_that_could_not_be_made_are_released_by_channel_and_others_stay(app: App) -> None:
    ingest(app, entry(1))
    hold(app, "x", "unfit")
    hold(app, "telegram", "by-hand")
    assert problem(app, "x") == ("1 post held: they do not fit", "distributor deliveries release --channel x")
    app.waker.woken.clear()  # type: ignore[attr-defined]
    assert acts.release_unmade(app, "ann", "telegram") == 0
    assert acts.release_unmade(app, "ann", "x") == 1
    assert (rows(app, "x")[0].state, rows(app, "telegram")[0].state) == (State.PENDING, State.HELD)
    assert app.waker.woken == [app.stations["x"].account]  # type: ignore[attr-defined]


def test_one_is_released_by_its_number_but_neither_approved_nor_torn_from_its_digest(app: App) -> None:
    ingest(app, entry(1))
    number = hold(app, "x", "by-hand")
    assert acts.release_one(app, "ann", number).state is State.PENDING
    with pytest.raises(DistributorError, match="is pending, not held"):
        acts.release_one(app, "ann", number)
    waits = hold(app, "telegram", "approval")
    with pytest.raises(DistributorError) as caught:
        acts.release_one(app, "ann", waits)
    assert caught.value.hint == "distributor approve 1"
    with pytest.raises(NotFound):
        acts.release_one(app, "ann", 999)


def test_a_channel_that_nobody_knows_and_a_digest_are_told(app: App) -> None:
    with pytest.raises(NotFound):
        acts.release_unmade(app, "ann", "nope")
    with pytest.raises(DistributorError) as caught:
        acts.release_unmade(app, "ann", "daily")
    assert caught.value.hint == "distributor digests release daily"
