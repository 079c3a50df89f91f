"""Asking, confirming, choosing, pausing, leaving."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import choosing, enlisting, passes, subscribe
from distributor.context import App
from distributor.errors import ConfigError
from distributor.mail import tokens
from distributor.model import Delivery, Kind, Message, State
from distributor.retention import retention
from distributor.store import census, ledger, subscribers, tables
from tests.desk import Clock, make_app, rows
from tests.readers.conftest import JANE, SETTINGS, acts, ask, find, join, letters, token, wish

DAY = timedelta(days=1)


def plan_digest(app: App, reader_id: int, number: int = 1) -> Delivery:
    """A digest that waits for this reader."""
    now = app.clock()
    waiting = Delivery(
        key=f"digest:daily:{reader_id}:s{number}:g0", kind=Kind.DIGEST, channel="daily", edition_id=number,
        recipient_id=reader_id, planned_at=now, due_at=now,
    )  # fmt: skip
    with app.store.write() as connection:
        return ledger.add(connection, [waiting])[0]


def state(app: App, delivery: Delivery) -> tuple[State, str]:
    (row,) = [row for row in rows(app) if row.id == delivery.id]
    return row.state, row.reason


# -- asking


def test_a_request_is_one_letter_and_nothing_more(app: App) -> None:
    ask(app)
    reader = find(app)
    assert reader is not None
    assert reader.status == "pending"
    assert reader.confirmed_at is None
    (message,) = letters(app)
    assert message.subject == "Please confirm: The Paper by mail"
    assert JANE in message.text
    assert app.waker.woken == ["mail"]  # type: ignore[attr-defined]


def test_an_address_is_asked_once_a_day_and_three_times_in_all(app: App, clock: Clock) -> None:
    for hours in (0, 1, 22):
        clock.forward(hours=hours)
        ask(app, JANE.upper())
    assert len(letters(app)) == 1
    for _ in range(5):
        clock.forward(hours=24)
        ask(app)
        retention(app)
    assert len(letters(app)) == 3


def test_a_confirmed_reader_may_come_back_as_often_as_wanted(app: App, clock: Clock) -> None:
    for _ in range(5):
        reader = join(app)
        subscribe.leave(app, reader.id, how="page")
        clock.forward(hours=25)
    assert find(app) is not None


def test_asking_again_with_other_choices_changes_the_request(app: App) -> None:
    ask(app)
    ask(app, categories=("Sports",))
    reader = find(app)
    assert reader is not None
    assert reader.categories == ("Sports",)
    assert len(letters(app)) == 1


def test_a_stranger_cannot_change_what_a_reader_chose(app: App, clock: Clock) -> None:
    reader = join(app)
    clock.forward(days=2)
    ask(app, categories=("Sports",), frequency="weekly")
    assert find(app) == reader
    assert letters(app)[-1].subject == "Your link to The Paper"
    assert subscribe.fresh(app, token(letters(app)[-1])) is not None


def test_known_and_unknown_addresses_make_the_same_work(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(app)
    clock.forward(days=2)
    made: list[str] = []
    real = app.renderer.letter

    def noted(name: str, **values: Any) -> Message:
        made.append(name)
        return real(name, **values)

    monkeypatch.setattr(app.renderer, "letter", noted)
    for address in (JANE, "nobody@reader.example"):
        subscribe.request_link(app, address, ip="192.0.2.1")
        ask(app, address)
    assert len(made) == 4
    assert [row.recipient_id for row in rows(app, "letters")][1:] == [1, 1, 2]


@pytest.mark.parametrize("reason", ["bounces", "complaint", "by-hand", "whatever a person wrote"])
def test_who_bounced_or_complained_is_not_written_to_whoever_asks(app: App, clock: Clock, reason: str) -> None:
    enlisting.suppress(app, JANE, reason, "desk")
    ask(app)
    subscribe.request_link(app, JANE, ip="")
    assert letters(app) == []
    assert find(app) is None
    for _ in range(4):
        clock.forward(days=2)
        ask(app)
    enlisting.unsuppress(app, JANE, "desk")
    assert join(app).status == "active"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"categories": ("Gardening",)}, "no category 'Gardening'"),
        ({"frequency": "hourly"}, "no digest 'hourly'"),
        ({"hour": 24}, "hour"),
        ({"weekdays": (7,)}, "weekday"),
        ({"address": "jane@"}, "jane@"),
        ({"address": "jane@reader.example\r\nBcc: all@reader.example"}, "U+000D"),
    ],
)
def test_what_is_not_offered_is_one_clear_line(app: App, changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        ask(app, **changes)
    assert word in str(told.value)
    assert "\n" not in str(told.value)
    assert rows(app) == []


def test_without_a_way_for_mail_the_key_is_named(make: Callable[[str], App]) -> None:
    with pytest.raises(ConfigError, match=r"mail"):
        ask(make(SETTINGS.replace('[mail]\nfrom = "The Paper <news@paper.example>"', "")))
    with pytest.raises(ConfigError, match=r"site\.public_url"):
        ask(make(SETTINGS.replace('public_url = "https://paper.example"', "")))


def test_all_categories_by_name_are_all_and_a_foreign_language_or_zone_is_the_sites(app: App) -> None:
    everything = wish(categories=("business", "SPORTS", "World News"), language="de", timezone="Mars/Base")
    checked = choosing.checked(app, everything)
    assert (checked.categories, checked.language, checked.timezone) == ((), "en", "Europe/Paris")
    assert choosing.checked(app, wish(language="fr_CA", timezone="America/Montreal")).language == "fr"


# -- confirming


def test_a_confirmation_starts_the_window_at_the_last_slot_and_names_the_next(app: App) -> None:
    ask(app)
    done = subscribe.confirm(app, token(letters(app)[0]), ip="192.0.2.9")
    assert done is not None
    assert done.subscriber.status == "active"
    # It is 11:00 in Paris: the last slot was at seven today, the next one is tomorrow.
    assert done.subscriber.watermark == datetime(2026, 5, 4, 5, 0, tzinfo=UTC)
    assert done.first_at == datetime(2026, 5, 5, 5, 0, tzinfo=UTC)
    with app.store.read() as connection:
        asked, confirmed = subscribers.consents(connection, done.subscriber.id)
    assert asked.source == "https://paper.example/subscribe"
    assert asked.ip == "192.0.2.7"
    assert (confirmed.act, confirmed.ip) == ("confirmed", "192.0.2.9")
    assert "I want The Paper" in asked.wording
    assert len(asked.version) == 16


def test_confirming_twice_shows_the_same(app: App, clock: Clock) -> None:
    ask(app)
    link = token(letters(app)[0])
    first = subscribe.confirm(app, link, ip="")
    clock.forward(hours=1)
    assert subscribe.confirm(app, link, ip="") == first
    assert first is not None
    assert acts(app, first.subscriber) == ["asked", "confirmed"]


def test_looking_at_a_link_changes_nothing(app: App) -> None:
    ask(app)
    link = token(letters(app)[0])
    for _ in range(3):
        awaited = subscribe.awaited(app, link)
        assert awaited is not None
        assert awaited.status == "pending"
        assert acts(app, awaited) == ["asked"]


def test_a_confirmation_that_is_forged_late_or_for_something_else_is_none(app: App, clock: Clock) -> None:
    ask(app)
    link = token(letters(app)[0])
    other = tokens.mint_fresh(passes.keys(app)[0], passes.LINK, 1, clock.now + DAY, "0.x")
    for wrong in ("", "x", link[:-1], link + "A", "B" + link[1:], other):
        assert subscribe.confirm(app, wrong, ip="") is None
    clock.forward(hours=48)
    assert subscribe.confirm(app, link, ip="") is None


def test_an_old_confirmation_does_not_undo_leaving(app: App, clock: Clock) -> None:
    reader = join(app)
    link = token(letters(app)[0])
    clock.forward(minutes=1)
    subscribe.leave(app, reader.id, how="page")
    assert subscribe.awaited(app, link) is None
    assert subscribe.confirm(app, link, ip="") is None
    clock.forward(days=1)
    assert join(app).status == "active"


def test_who_comes_back_gets_nothing_twice(app: App, clock: Clock) -> None:
    subscribe.leave(app, join(app).id, how="page")
    clock.forward(hours=25)
    assert join(app).watermark == clock.now


def test_links_outlive_a_rotation_of_the_key(app: App, make: Callable[[str], App], tmp_path: Path) -> None:
    reader = join(app)
    mark = tokens.mint(passes.keys(app)[0], "reader", reader.id)
    subscribe.leave(app, reader.id, how="page")
    turned = make_app(SETTINGS.replace("0123456789abcdef0", "fedcba98765432100"), tmp_path, store=app.store)
    assert subscribe.reader(turned, mark) is None
    turned.settings.site.data.mkdir(exist_ok=True)
    (turned.settings.site.data / "secret_key.old").write_bytes(passes.keys(app)[0] + b"\n")
    assert subscribe.reader(turned, mark) == find(app)
    with app.store.read() as connection:
        assert subscribers.suppression(connection, passes.hashes(turned, JANE)) == "left"


# -- lapsing


def test_what_nobody_confirmed_lapses_with_all_that_was_known(app: App, clock: Clock) -> None:
    ask(app)
    join(app, "other@reader.example")
    clock.forward(hours=47)
    assert retention(app).requests == 0
    clock.forward(hours=2)
    assert retention(app).requests == 1
    assert find(app) is None
    assert find(app, "other@reader.example") is not None
    assert all(JANE not in message.text + message.html for message in letters(app))
    assert state(app, rows(app)[0]) == (State.SKIPPED, "gone")


def test_the_number_of_who_is_gone_is_nobodys_again(app: App, clock: Clock) -> None:
    ask(app)
    link = token(letters(app)[0])
    clock.forward(hours=49)
    retention(app)
    ask(app, "other@reader.example")
    other = find(app, "other@reader.example")
    assert other is not None
    assert other.id == 2
    assert subscribe.confirm(app, link, ip="") is None


# -- links


def test_a_fresh_link_works_for_a_day_and_for_its_reader(app: App, clock: Clock) -> None:
    reader = join(app)
    subscribe.request_link(app, JANE.upper(), ip="")
    link = token(letters(app)[-1])
    found = subscribe.fresh(app, link)
    assert found is not None
    assert found.subscriber == reader
    assert found.expires_at == clock.now + DAY
    assert subscribe.fresh(app, tokens.mint(passes.keys(app)[0], "reader", reader.id)) is None
    clock.forward(days=1)
    assert subscribe.fresh(app, link) is None


def test_links_are_three_a_day_and_none_for_who_did_not_confirm(app: App, clock: Clock) -> None:
    ask(app, "pending@reader.example")
    join(app)
    before = len(letters(app))
    for _ in range(6):
        subscribe.request_link(app, JANE, ip="")
        subscribe.request_link(app, "pending@reader.example", ip="")
        subscribe.request_link(app, "unknown@reader.example", ip="")
    assert len(letters(app)) == before + 3


def test_letters_keep_the_law(app: App, clock: Clock) -> None:
    join(app)
    subscribe.request_link(app, JANE, ip="")
    with app.store.read() as connection:
        counted = census.fact(connection, census.LETTERS_PLANNED)
        planned, found = census.law(connection)
        today, of_today = census.law(connection, clock() - timedelta(days=1))
        later, _ = census.law(connection, clock() + timedelta(days=1))
    assert counted is not None
    assert counted[0] == 2 == len(rows(app, "letters"))
    assert planned == sum(found.values())
    assert (today, later) == (2, 0)
    assert sum(of_today.values()) == 2


def test_a_suppressed_reader_is_not_confirmed_by_an_old_link(app: App) -> None:
    ask(app)
    link = token(letters(app)[0])
    with app.store.write() as connection:
        subscribers.suppress(connection, passes.hashes(app, JANE)[0], "complaint", app.clock())
    assert subscribe.confirm(app, link, ip="") is None


def test_no_address_stands_where_it_need_not(app: App) -> None:
    """Only the reader's row and the letters have it: not the audit, the counts or the suppression list."""
    reader = join(app)
    subscribe.leave(app, reader.id, how="page")
    enlisting.suppress(app, JANE, "by-hand", "desk")
    with app.store.read() as connection:
        for table in (tables.audit, tables.asked, tables.suppression, tables.consent, tables.fact):
            assert "jane" not in str(connection.execute(sa.select(table)).all())


def test_the_time_of_an_answer_tells_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is a reader, who is not, who was written to already: each takes one whole step."""
    join(app)
    monkeypatch.setattr(subscribe, "EVEN", 0.3)
    took = []
    for address in (JANE, "nobody@reader.example", "nobody@reader.example"):
        for act in (partial(ask, app, address), partial(subscribe.request_link, app, address, ip="")):
            began = time.monotonic()
            act()
            took.append(time.monotonic() - began)
    assert all(0.29 < seconds < 0.59 for seconds in took), took
