"""What the store must keep of accounts on every database: their slots, their state, what was switched off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from distributor.store import Store, accounts
from tests.contracts.database import HOUR, MINUTE, NOW, SECOND, DatabaseContract, at_once


class AccountsContract(DatabaseContract):
    # -- slots

    def take(self, store: Store, owner: str, *, slots: int = 1, at: datetime = NOW, dead: tuple[str, ...] = ()) -> Any:
        with store.write() as connection:
            return accounts.take_slot(connection, "x:@desk", slots, owner=owner, now=at, until=at + MINUTE, dead=dead)

    def keep(self, store: Store, owner: str, until: datetime = NOW + HOUR) -> bool:
        with store.write() as connection:
            return accounts.keep_slot(connection, "x:@desk", 0, owner=owner, until=until)

    def test_a_slot_has_one_holder(self, store: Store) -> None:
        assert self.take(store, "a") == 0
        assert self.take(store, "b") is None
        assert self.take(store, "b", slots=2) == 1

    def test_of_many_that_want_a_slot_one_gets_it(self, store: Store) -> None:
        got = at_once(8, lambda number: self.take(store, f"worker {number}"))
        assert sorted(number is None for number in got) == [False] + [True] * 7

    def test_a_slot_is_free_after_its_lease_or_when_it_is_given_back(self, store: Store) -> None:
        self.take(store, "a")
        assert self.take(store, "b", at=NOW + MINUTE - SECOND) is None
        assert self.take(store, "b", at=NOW + MINUTE) == 0
        with store.write() as connection:
            accounts.leave_slot(connection, "x:@desk", 0, owner="a")
        assert self.take(store, "c", at=NOW + MINUTE) is None, "it was not a's to give back"
        with store.write() as connection:
            accounts.leave_slot(connection, "x:@desk", 0, owner="b")
        assert self.take(store, "c", at=NOW + MINUTE) == 0

    def test_a_dead_owners_slot_is_taken_over_at_once(self, store: Store) -> None:
        self.take(store, "a")
        assert self.take(store, "b", dead=("a",)) == 0
        assert not self.keep(store, "a")
        assert self.keep(store, "b")

    def test_a_lease_that_nobody_took_over_is_renewed(self, store: Store) -> None:
        self.take(store, "a")
        assert self.keep(store, "a")
        assert self.take(store, "b", at=NOW + HOUR - SECOND) is None

    def test_the_slots_of_the_dead_are_freed(self, store: Store) -> None:
        self.take(store, "a")
        with store.write() as connection:
            accounts.free_slots(connection, [])
            assert accounts.slot_owners(connection) == {"a"}
            accounts.free_slots(connection, ["a"])
            assert accounts.slot_owners(connection) == set()

    # -- accounts and switches

    def test_an_account_remembers_what_it_went_through_until_a_person_acts(self, store: Store) -> None:
        with store.write() as connection:
            assert accounts.state(connection, "x:@desk").epoch == 0
            accounts.report(connection, "x:@desk", outages=5, paused_until=NOW + MINUTE, why="down")
            accounts.stop(connection, "x:@desk", "401", NOW)
            state = accounts.state(connection, "x:@desk")
            assert (state.stopped, state.outages, state.paused_until) == ("401", 5, NOW + MINUTE)
            accounts.reopen(connection, "x:@desk")
            state = accounts.state(connection, "x:@desk")
        assert (state.stopped, state.outages, state.paused_until, state.epoch) == ("", 0, None, 1)

    def test_a_switch_stays_off_until_it_is_switched_on(self, store: Store) -> None:
        with store.write() as connection:
            accounts.pause(connection, "x", "ann", NOW)
            accounts.pause(connection, "x", "bob", NOW + HOUR)
            assert accounts.paused(connection) == {"x": (NOW, "ann")}
            assert accounts.resume(connection, "x")
            assert not accounts.resume(connection, "x")
