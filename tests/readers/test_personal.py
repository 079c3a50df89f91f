"""A reader's own data: downloaded, moved, deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor import enlisting, passes, subscribe
from distributor.context import App
from distributor.errors import NotFound
from distributor.model import State, Subscriber
from distributor.retention import retention
from distributor.store import bounces, census, ledger, subscribers, tables
from tests.desk import Clock, rows
from tests.readers.conftest import JANE, acts, ask, find, join, letters, token, wish
from tests.readers.test_subscribe import plan_digest, state

NEW = "jane@moved.example"
DAY = timedelta(days=1)


def bounce(app: App, reader_id: int) -> None:
    with app.store.write() as connection:
        bounces.add(
            connection, at=app.clock(), subscriber_id=reader_id, delivery_id=7, kind="bounce", hard=True,
            status="5.1.1", reason="no-mailbox", diagnostic=f"550 {JANE} unknown",
        )  # fmt: skip


def everything(app: App) -> str:
    """All that the database holds, as text."""
    with app.store.read() as connection:
        return str([connection.execute(sa.select(table)).all() for table in tables.metadata.sorted_tables])


# -- export


def test_an_export_is_one_json_of_all_that_is_kept(app: App) -> None:
    reader = join(app)
    plan_digest(app, reader.id)
    bounce(app, reader.id)
    told = json.loads(json.dumps(subscribe.export(app, reader.id)))
    assert told["subscriber"]["address"] == JANE
    assert told["subscriber"]["categories"] == ["Business"]
    assert [one["act"] for one in told["consents"]] == ["asked", "confirmed"]
    assert told["consents"][0]["ip"] == "192.0.2.7"
    assert [one["kind"] for one in told["deliveries"]] == ["letter", "digest"]
    assert told["deliveries"][0]["subject"].startswith("Please confirm")
    assert told["bounces"][0]["diagnostic"] == f"550 {JANE} unknown"
    assert told["subscriber"]["next_digest_at"] == "2026-05-05T05:00:00+00:00"


def test_an_export_of_nobody_is_said(app: App) -> None:
    with pytest.raises(NotFound):
        subscribe.export(app, 7)


# -- being forgotten


def test_who_is_forgotten_leaves_a_hash_and_bare_numbers(app: App) -> None:
    reader = join(app)
    waiting = plan_digest(app, reader.id)
    sent = plan_digest(app, reader.id, 2)
    bounce(app, reader.id)
    with app.store.write() as connection:
        connection.execute(
            sa.update(tables.delivery)
            .where(tables.delivery.c.id == sent.id)
            .values(state="failed", error=f"550 <{JANE}>: no such user")
        )
    subscribe.ask_switch(app, reader.id, NEW, ip="192.0.2.44")
    before = len(rows(app))
    assert subscribe.forget(app, reader.id, who="reader", ip="192.0.2.44")
    assert not subscribe.forget(app, reader.id, who="reader")
    kept = everything(app)
    for word in (JANE, NEW, "jane", "reader.example", "192.0.2."):
        assert word not in kept
    assert len(rows(app)) == before
    assert state(app, waiting) == (State.SKIPPED, "erased")
    with app.store.read() as connection:
        assert subscribers.suppression(connection, passes.hashes(app, JANE)) == "erased"
        planned, found = census.law(connection)
    assert planned == sum(found.values()) - 2  # the two that this test made without an edition


def test_no_list_brings_back_who_was_forgotten_but_they_may_come_back(app: App, clock: Clock) -> None:
    reader = join(app)
    subscribe.forget(app, reader.id, who="reader")
    with pytest.raises(ValueError, match="erased"):
        enlisting.add(app, replace_ask(), who="desk", consent="an old list")
    clock.forward(days=2)
    back = join(app)
    assert back.status == "active"
    assert back.id != reader.id
    with app.store.read() as connection:
        assert not subscribers.is_suppressed(connection, passes.hashes(app, JANE)[0])


def replace_ask() -> subscribe.Ask:
    return subscribe.Ask(address=JANE)


def test_the_links_of_who_was_forgotten_are_nobodys(app: App) -> None:
    reader = join(app)
    subscribe.request_link(app, JANE, ip="")
    link = token(letters(app)[-1])
    subscribe.forget(app, reader.id, who="reader")
    assert subscribe.fresh(app, link) is None
    join(app, "other@reader.example")
    assert subscribe.fresh(app, link) is None


# -- moving to another address


def switch(app: App, reader_id: int, new: str = NEW) -> tuple[str, str]:
    before = len(letters(app))
    subscribe.ask_switch(app, reader_id, new, ip="192.0.2.5")
    old, fresh = letters(app)[before:]
    assert "to" not in old.options
    assert fresh.options["to"] == new
    assert JANE in old.text
    assert new in old.text
    return token(old), token(fresh)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_move_needs_both_and_happens_once(app: App, order: tuple[int, int]) -> None:
    reader = join(app)
    links = switch(app, reader.id)
    first, second = links[order[0]], links[order[1]]
    assert subscribe.awaited_switch(app, first) == (JANE, NEW)
    for _ in range(2):
        assert subscribe.confirm_switch(app, first, ip="") == "waiting"
    assert find(app) == reader
    assert subscribe.confirm_switch(app, second, ip="") == "done"
    for link in links:
        assert subscribe.confirm_switch(app, link, ip="") == "done"
    moved = find(app, NEW)
    assert moved == replace(reader, address=NEW)
    assert find(app) is None
    assert acts(app, reader).count("switched") == 1


def test_confirmations_of_two_moves_are_not_mixed(app: App, clock: Clock) -> None:
    reader = join(app)
    old, _ = switch(app, reader.id)
    _, fresh = switch(app, reader.id, "other@moved.example")
    assert subscribe.confirm_switch(app, old, ip="") == "waiting"
    assert subscribe.confirm_switch(app, fresh, ip="") == "waiting"
    assert find(app) == reader


def test_a_move_lapses_after_a_day(app: App, clock: Clock) -> None:
    reader = join(app)
    old, fresh = switch(app, reader.id)
    assert subscribe.confirm_switch(app, old, ip="") == "waiting"
    clock.forward(days=1)
    assert subscribe.confirm_switch(app, fresh, ip="") is None
    assert find(app) == reader


def test_a_move_to_a_readers_address_merges_the_two(app: App, clock: Clock) -> None:
    there = join(app, NEW)
    reader = join(app)
    clock.forward(days=2)
    old, fresh = switch(app, reader.id)
    waiting = plan_digest(app, reader.id)
    subscribe.confirm_switch(app, old, ip="")
    assert subscribe.confirm_switch(app, fresh, ip="") == "done"
    gone = find(app)
    assert find(app, NEW) == there
    assert gone is not None
    assert gone.status == "left"
    assert state(app, waiting) == (State.SKIPPED, "unsubscribed")


def test_a_move_takes_the_place_of_a_request_at_the_new_address(app: App, clock: Clock) -> None:
    ask(app, NEW)
    reader = join(app)
    clock.forward(days=1)
    old, fresh = switch(app, reader.id)
    subscribe.confirm_switch(app, old, ip="")
    assert subscribe.confirm_switch(app, fresh, ip="") == "done"
    moved = find(app, NEW)
    assert moved is not None
    assert moved.id == reader.id


def test_the_new_address_is_asked_no_more_than_any_other(app: App) -> None:
    ask(app, NEW)
    reader = join(app)
    before = len(letters(app))
    for _ in range(4):
        subscribe.ask_switch(app, reader.id, NEW, ip="")
    assert all("to" not in message.options for message in letters(app)[before:])
    assert len(letters(app)) == before + 2


@pytest.mark.parametrize("address", [JANE, JANE.upper(), "nobody", f"{NEW}\r\nBcc: x@y.example"])
def test_a_move_to_no_address_or_the_same_is_refused(app: App, address: str) -> None:
    reader = join(app)
    with pytest.raises(ValueError, match=r"."):
        subscribe.ask_switch(app, reader.id, address, ip="")


def test_the_link_to_the_old_mailbox_ends_with_the_move(app: App) -> None:
    reader = join(app)
    subscribe.request_link(app, JANE, ip="")
    link = token(letters(app)[-1])
    for one in switch(app, reader.id):
        subscribe.confirm_switch(app, one, ip="")
    assert subscribe.fresh(app, link) is None


def test_lapsing_takes_many_in_pieces(app: App, clock: Clock) -> None:
    with app.store.write() as connection:
        for number in range(7):
            reader = Subscriber(address=f"r{number}@x.example", watermark=clock.now, created_at=clock.now)
            subscribers.save(connection, reader, schedule=None, next_at=None)
    clock.forward(days=3)
    assert retention(app).requests == 7
    assert retention(app).requests == 0


def test_a_message_is_blanked_only_for_letters(app: App) -> None:
    reader = join(app)
    digest = plan_digest(app, reader.id)
    with app.store.write() as connection:
        number = ledger.freeze(connection, replace(letters(app)[0], text="news for all"), "", app.clock())
        ledger.reword(connection, digest, number, State.PENDING, "")
    subscribe.forget(app, reader.id, who="reader")
    with app.store.read() as connection:
        found = ledger.message(connection, number)
    assert found is not None
    assert found[0].text == "news for all"


def test_an_old_list_does_not_bring_back_the_address_of_before_a_move(app: App) -> None:
    reader = join(app)
    for one in switch(app, reader.id):
        subscribe.confirm_switch(app, one, ip="")
    with pytest.raises(ValueError, match="must not be mailed"):
        enlisting.add(app, wish(JANE), who="desk", consent="an old list")
    assert join(app).address == JANE  # the mailbox's owner may
