"""What the store must do for readers, and their own acts, on every database alike. See store.py for how to use it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import subscribe
from distributor.errors import StoreError
from distributor.model import Choice, Edition, Schedule, Subscriber
from distributor.retention import retention
from distributor.store import Store, asking, census, circulation, editions, erasing, intake, slots, subscribers, tables
from distributor.store.subscribers import Consent
from tests.contracts.database import DAY, HOUR, MINUTE, NOW, DatabaseContract, at_once
from tests.desk import Clock, make_app
from tests.readers.conftest import JANE, SETTINGS, ask, find, join, letters, token, wish

MORNING = Schedule("daily", (0, 1, 2, 3, 4), 7, "Europe/Paris")


def person(number: int = 1, **changes: Any) -> Subscriber:
    plain = Subscriber(
        address=f"Reader{number}@München.example",
        categories=("Sports", "Business"),
        frequency="daily",
        weekdays=(0, 4),
        hour=18,
        timezone="Asia/Tokyo",
        language="fr",
        breaking=True,
        status="active",
        paused_until=NOW + DAY,
        watermark=NOW - HOUR,
        seen=(12, 57),
        created_at=NOW - 2 * DAY,
        confirmed_at=NOW - DAY,
    )
    return replace(plain, **changes)


def save(store: Store, reader: Subscriber, schedule: Schedule | None = MORNING, at: datetime = NOW) -> Subscriber:
    with store.write() as connection:
        return subscribers.save(connection, reader, schedule=schedule, next_at=at if schedule else None)


def rows(store: Store, table: sa.Table) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(sa.select(table).order_by(*table.primary_key)))


class ReadersContract(DatabaseContract):
    # -- rows

    def test_a_reader_comes_back_as_saved(self, store: Store) -> None:
        saved = save(store, person())
        with store.read() as connection:
            found = subscribers.get(connection, saved.id)
            named = subscribers.by_address(connection, "reader1@xn--mnchen-3ya.example")
            nobody = subscribers.by_address(connection, "other@xn--mnchen-3ya.example")
        assert found == named == replace(person(), id=saved.id, address="Reader1@münchen.example", categories=BOTH)
        assert nobody is None

    def test_a_change_is_of_that_reader_only(self, store: Store) -> None:
        one, other = save(store, person(1)), save(store, person(2))
        changed = replace(one, categories=(), hour=None, seen=(), language="en", paused_until=None)
        save(store, changed, None)
        with store.read() as connection:
            assert subscribers.get(connection, one.id) == replace(changed, address="Reader1@münchen.example")
            again = subscribers.get(connection, other.id)
        assert again is not None
        assert again.hour == 18
        assert [row.schedule_id > 0 for row in rows(store, tables.subscriber)] == [False, True]

    def test_an_address_has_one_reader_however_it_is_written(self, store: Store) -> None:
        save(store, person())
        with pytest.raises(StoreError):
            save(store, person(address="READER1@xn--mnchen-3ya.example"))

    def test_equal_choices_and_schedules_share_a_row(self, store: Store) -> None:
        save(store, person(1, categories=("Business", "Sports")))
        save(store, person(2, categories=("Sports", "Business", "Sports")), replace(MORNING, weekdays=(4, 3, 2, 1, 0)))
        save(store, person(3, trending=False))
        save(store, person(4), replace(MORNING, hour=8))
        first, second, third, fourth = rows(store, tables.subscriber)
        assert first.choice_id == second.choice_id == fourth.choice_id != third.choice_id
        assert first.schedule_id == second.schedule_id == third.schedule_id != fourth.schedule_id
        assert rows(store, tables.schedule)[0].weekdays == "01234"

    def test_a_schedule_is_never_later_than_its_first_reader_needs(self, store: Store) -> None:
        for number, at in enumerate((NOW, NOW + DAY, NOW - DAY, NOW)):
            save(store, person(number), at=at)
        assert [row.next_at for row in rows(store, tables.schedule)] == [NOW - DAY]

    def test_the_number_of_who_is_gone_is_given_to_nobody(self, store: Store) -> None:
        numbers = []
        for _ in range(3):
            numbers.append(save(store, person()).id)
            with store.write() as connection:
                erasing.erase(connection, numbers[-1], "erased", NOW)
        with store.write() as connection:
            numbers += intake.add_many(connection, [(person(7), 1, 1), (person(8), 1, 1)], Consent(at=NOW, act="x"))
        numbers.append(save(store, person(9)).id)
        assert numbers == sorted(set(numbers))

    def test_many_are_added_with_their_proof(self, store: Store) -> None:
        people = [(person(number), 1, 2) for number in range(1_500)]
        with store.write() as connection:
            ids = intake.add_many(connection, people, Consent(at=NOW, act="imported", source="the old tool"))
            assert intake.add_many(connection, [], Consent(at=NOW, act="imported")) == []
            known = subscribers.known(connection, [f"reader{n}@xn--mnchen-3ya.example" for n in range(1_400, 1_600)])
            (proof,) = subscribers.consents(connection, ids[700])
            reader = subscribers.get(connection, ids[700])
        assert len(set(ids)) == 1_500
        assert len(known) == 100
        assert (proof.act, proof.source, proof.at) == ("imported", "the old tool", NOW - DAY)
        assert reader is not None
        assert reader.address == "Reader700@münchen.example"

    # -- lists

    def test_segments_are_listed_page_by_page(self, store: Store) -> None:
        for number in range(6):
            even = number % 2 == 0
            save(store, person(number, categories=("Sports",) if even else (), language="fr" if even else "en"))
        save(store, person(9, status="left", frequency="weekly", categories=("Business",)))

        def numbers(**segment: Any) -> list[int]:
            with store.read() as connection:
                found = subscribers.listed(connection, **segment)
            return [int(one.address[6]) for one in found]

        assert numbers(category="Business") == [1, 3, 5, 9]
        assert numbers(category="Sports", limit=3) == [0, 1, 2]
        assert numbers(language="fr", status="active") == [0, 2, 4]
        assert numbers(frequency="weekly") == numbers(status="left") == [9]
        assert numbers(word="READER3@") == [3]
        assert numbers(word="%") == numbers(word="_") == []
        with store.read() as connection:
            second = subscribers.listed(connection, limit=2)[1]
            assert subscribers.counts(connection) == {"pending": 0, "active": 6, "left": 1, "suppressed": 0}
        assert numbers(after_id=second.id, limit=2) == [2, 3]

    def test_activity_is_a_segment(self, store: Store) -> None:
        one, other = save(store, person(1)), save(store, person(2))
        with store.write() as connection:
            subscribers.touch(connection, one.id, NOW)
            active = subscribers.listed(connection, active_since=NOW - HOUR)
            idle = subscribers.listed(connection, idle_since=NOW - HOUR)
        assert [found.id for found in active] == [one.id]
        assert [found.id for found in idle] == [other.id]

    # -- suppression, and how often an address is mailed

    def test_the_hardest_reason_holds(self, store: Store) -> None:
        with store.write() as connection:
            for reason in ("left", "bounces", "erased"):
                subscribers.suppress(connection, "k", reason, NOW)
            subscribers.suppress_many(connection, ["k", "l", "l2"], "imported", NOW)
            assert subscribers.suppression(connection, ["k"]) == "bounces"
            assert subscribers.suppression(connection, ["nobody", "l", "k"]) == "bounces"
            assert subscribers.suppressed(connection, ["k", "l", "m"]) == {"k", "l"}
            assert subscribers.unsuppress(connection, "k")
            assert not subscribers.unsuppress(connection, "k")

    def test_letters_are_counted_by_address_and_purpose(self, store: Store) -> None:
        def may(key: str = "k", purpose: str = "confirm", after: timedelta = timedelta(0)) -> bool:
            with store.write() as connection:
                return asking.may_mail(connection, key, purpose, NOW + after, a_day=1, ever=3)

        assert [may(after=hours * HOUR) for hours in (0, 1, 23, 24, 47, 48, 72, 900)] == [
            True, False, False, True, False, True, False, False,
        ]  # fmt: skip
        assert may(key="other")
        assert may(purpose="link")

    # -- slots

    def test_a_slot_is_told_from_what_is_not_sent(self, store: Store) -> None:
        def change(connection: sa.Connection, reader: int, **values: Any) -> None:
            rows = sa.update(tables.delivery).where(tables.delivery.c.recipient_id == reader)
            connection.execute(rows.where(tables.delivery.c.due_at == NOW).values(**values))

        with store.write() as connection:
            choice = subscribers.choice_id(connection, Choice())
            for slot in (NOW - DAY, NOW):
                moments = {"slot": slot, "since": slot - DAY, "until": slot, "made_at": slot}
                blank = Edition(digest="daily", choice=Choice(), **moments)
                edition = editions.make(connection, blank, choice=choice)
                circulation.add_digests(connection, edition, range(1, 7), due_at=slot, now=slot)
            for second, state in enumerate(("sent", "sent", "sent", "failed"), 1):
                at = NOW + second * timedelta(seconds=1)
                change(connection, second, state=state, claimed_at=at, settled_at=at + HOUR)
            change(connection, 5, state="skipped", settled_at=NOW)
            new, old = slots.latest(connection, NOW + MINUTE + 2 * timedelta(seconds=1))
        assert (new.slot, new.planned, new.sent, new.failed, new.skipped, new.waiting) == (NOW, 6, 3, 1, 1, 1)
        assert (new.recent, new.began, new.ended) == (2, NOW + timedelta(seconds=1), NOW + timedelta(seconds=4))
        assert (old.slot, old.planned, old.sent, old.waiting, old.recent, old.began) == (NOW - DAY, 6, 0, 6, 0, None)

    # -- acts of readers

    def test_a_readers_whole_way(self, store: Store, tmp_path: Path) -> None:
        clock = Clock()
        app = make_app(SETTINGS, tmp_path, clock=clock, store=store)
        reader = join(app)
        subscribe.change(app, reader.id, wish(frequency="weekly", weekdays=(2,)), ip="", source="")
        subscribe.pause(app, reader.id, clock.now + DAY)
        subscribe.ask_switch(app, reader.id, "jane@moved.example", ip="")
        assert [subscribe.confirm_switch(app, token(one), ip="") for one in letters(app)[-2:]] == ["waiting", "done"]
        assert len(subscribe.export(app, reader.id)["consents"]) == 8
        assert subscribe.leave(app, reader.id, how="page")
        assert subscribe.forget(app, reader.id, who="reader")
        ask(app)
        clock.forward(hours=49)
        assert retention(app).requests == 1
        with store.read() as connection:
            planned, found = census.law(connection)
            assert subscribers.counts(connection)["pending"] == 0
        assert planned == sum(found.values()) == 4

    def test_a_crowd_at_one_address_gets_one_letter(self, store: Store, tmp_path: Path) -> None:
        """Many requests at once, for a new address."""
        app = make_app(SETTINGS, tmp_path, store=store)
        at_once(6, lambda _: ask(app))
        assert len(letters(app)) == 1
        link = token(letters(app)[0])
        done = at_once(6, lambda _: subscribe.confirm(app, link, ip=""))
        assert len({one.subscriber.confirmed_at for one in done if one}) == 1
        with store.read() as connection:
            reader = find(app, JANE)
            assert reader is not None
            acts = [one.act for one in subscribers.consents(connection, reader.id)]
        assert acts == ["asked", "confirmed"]


BOTH = tuple(sorted(Choice(("Sports", "Business")).categories))
