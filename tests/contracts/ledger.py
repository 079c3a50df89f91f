"""What the ledger must do on every database: each post planned once, claimed once, settled once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import sqlalchemy as sa

from distributor.model import Card, Kind, Lane, Media, Message, Receipt, State
from distributor.states import MOVES, Settlement
from distributor.store import Store, census, ledger, queue, tables
from tests.contracts.database import DAY, HOUR, MINUTE, NOW, DatabaseContract, at_once
from tests.contracts.posts import (
    OPEN,
    TAKEN,
    add,
    claim,
    claimed,
    doubtful,
    get,
    one,
    peek,
    post,
    sent,
    settle,
)


class LedgerContract(DatabaseContract):
    # -- planning

    def test_planning_twice_inserts_nothing(self, store: Store) -> None:
        row = post(1)
        assert len(add(store, row, post(2))) == 2
        assert add(store, row, row, replace(row, revision=2, state=State.HELD)) == []
        with store.read() as connection:
            assert census.counts(connection)[State.PENDING] == 2

    def test_one_key_twice_in_one_plan_is_one_row(self, store: Store) -> None:
        assert len(add(store, post(1), post(1))) == 1

    def test_what_is_planned_at_the_same_time_is_planned_once(self, store: Store) -> None:
        planned = [post(number) for number in range(1, 9)]
        added = at_once(4, lambda _: add(store, *planned))
        assert sorted(row.key for rows in added for row in rows) == sorted(row.key for row in planned)

    def test_a_delivery_comes_back_as_it_was_planned(self, store: Store) -> None:
        planned = post(
            5,
            kind=Kind.EDIT,
            revision=3,
            generation=2,
            lane=Lane.BREAKING,
            by_hand=True,
            state=State.HELD,
            reason="unfit",
            error="zu lang — 长",
            expires_at=None,
        )
        (row,) = add(store, planned)
        assert replace(row, id=0) == planned
        assert get(store, row) == row

    # -- claiming and settling

    def test_a_claim_takes_a_row_once(self, store: Store) -> None:
        row = one(store)
        taken = claimed(store, row, cost=0.2, message_id=7, revision=4)
        assert (taken.state, taken.attempt, taken.lease_owner) == (State.SENDING, 1, "me")
        assert (taken.claimed_at, taken.lease_until) == (NOW, NOW + MINUTE)
        assert (taken.cost, taken.message_id, taken.revision) == (0.2, 7, 4)
        assert claim(store, row, owner="another") is None
        with store.read() as connection:
            assert len(ledger.attempts(connection, row.id)) == 1

    def test_a_row_that_was_attempted_meanwhile_is_not_claimed_from_an_old_look(self, store: Store) -> None:
        row = one(store)
        settle(store, claimed(store, row), Settlement(state=State.PENDING, due_at=NOW, failures=1))
        assert get(store, row).state is State.PENDING
        assert claim(store, row) is None
        assert claim(store, get(store, row)) is not None

    def test_a_row_that_was_given_other_words_meanwhile_is_not_claimed_from_an_old_look(self, store: Store) -> None:
        row = one(store)
        with store.write() as connection:
            assert ledger.reword(connection, row, 7, State.PENDING, "")
        assert claim(store, row, message_id=3) is None
        taken = claimed(store, get(store, row), message_id=7)
        assert taken == get(store, row)

    def test_eight_threads_claim_each_row_exactly_once(self, store: Store) -> None:
        rows = add(store, *(post(number) for number in range(1, 25)))

        def work(number: int) -> list[int]:
            mine = rows[number * 3 :] + rows[: number * 3]
            return [row.id for row in mine if claim(store, row, owner=f"worker {number}") is not None]

        taken = [number for mine in at_once(8, work) for number in mine]
        assert sorted(taken) == [row.id for row in rows]
        with store.read() as connection:
            made = connection.execute(sa.select(tables.attempt.c.delivery_id)).scalars()
            assert Counter(made) == Counter({row.id: 1 for row in rows})

    def test_peeking_and_claiming_together_sends_each_row_once_in_order(self, store: Store) -> None:
        add(store, *(post(number) for number in range(1, 17)))

        def work(number: int) -> list[int]:
            mine: list[int] = []
            while True:
                with store.read() as connection:
                    found = queue.peek(connection, OPEN, NOW)
                if found is None:
                    return mine
                taken = claim(store, found, owner=f"worker {number}")
                if taken is not None:
                    settle(store, taken, Settlement(state=State.SENT, receipt=TAKEN))
                    mine.append(taken.id)

        shares = at_once(4, work)
        assert len({number for mine in shares for number in mine}) == sum(map(len, shares)) == 16
        assert all(mine == sorted(mine) for mine in shares)

    def test_settling_keeps_the_receipt_and_gives_the_lease_back(self, store: Store) -> None:
        row = sent(store, one(store))
        assert (row.state, row.receipt, row.settled_at) == (State.SENT, TAKEN, NOW)
        assert (row.lease_owner, row.lease_until) == ("", None)
        with store.read() as connection:
            (attempt,) = ledger.attempts(connection, row.id)
        assert (attempt.outcome, attempt.ended_at) == ("sent", NOW)

    def test_a_worker_that_wakes_after_its_lease_cannot_overwrite(self, store: Store) -> None:
        first = claimed(store, one(store))
        assert settle(store, first, Settlement(state=State.UNCERTAIN, reason="worker-lost", doubt_since=NOW))
        assert not settle(store, first, Settlement(state=State.PENDING, due_at=NOW))
        assert not settle(store, first, Settlement(state=State.FAILED))
        assert not settle(store, first, Settlement(state=State.UNCERTAIN, reason="timeout"))
        assert get(store, first).reason == "worker-lost"

    def test_a_late_receipt_settles_an_uncertain_row(self, store: Store) -> None:
        first = claimed(store, one(store))
        settle(store, first, Settlement(state=State.UNCERTAIN, reason="worker-lost", doubt_since=NOW, doubts=1))
        assert settle(store, first, Settlement(state=State.SENT, receipt=TAKEN))
        assert (get(store, first).state, get(store, first).receipt) == (State.SENT, TAKEN)

    def test_a_late_receipt_also_stops_a_repeat_that_still_waits(self, store: Store) -> None:
        row = one(store)
        repeat = doubtful(store, row)
        assert settle(store, replace(repeat, state=State.SENDING), Settlement(state=State.SENT, receipt=TAKEN))
        assert claim(store, repeat) is None

    def test_a_receipt_of_an_older_attempt_changes_nothing(self, store: Store) -> None:
        row = one(store)
        first = claimed(store, row)
        settle(store, first, Settlement(state=State.PENDING, due_at=NOW, doubts=1, doubt_since=NOW))
        second = claimed(store, get(store, row))
        assert not settle(store, first, Settlement(state=State.SENT, receipt=Receipt("old")))
        assert settle(store, second, Settlement(state=State.SENT, receipt=TAKEN))

    def test_what_is_settled_for_good_is_never_moved(self, store: Store) -> None:
        for end in (State.SENT, State.FAILED):
            first = claimed(store, one(store))
            assert settle(store, first, Settlement(state=end))
            for state in State:
                assert not settle(store, first, Settlement(state=state, due_at=NOW)), (end, state)
            with store.write() as connection:
                assert ledger.hold(connection, [first.id], "by-hand") == 0
                assert ledger.skip(connection, [first.id], "withdrawn", NOW) == 0
                assert ledger.release(connection, [first.id], NOW) == 0
                queue.expire(connection, NOW + 9 * DAY)
            assert get(store, first).state is end

    def test_settling_from_a_look_moves_only_as_the_states_allow(self, store: Store) -> None:
        row = one(store)
        repeat = doubtful(store, row)
        late = Settlement(state=State.UNCERTAIN, reason="repeat-too-late", doubts=1, doubt_since=NOW)
        assert late.state in MOVES[repeat.state]
        assert settle(store, repeat, late)
        assert not settle(store, repeat, late), "it is not pending any more"

    def test_a_repeat_claimed_meanwhile_is_not_given_up(self, store: Store) -> None:
        repeat = doubtful(store, one(store))
        claimed(store, repeat)
        late = Settlement(state=State.UNCERTAIN, reason="repeat-too-late", doubts=1, doubt_since=NOW)
        assert not settle(store, repeat, late)

    def test_what_a_stranger_says_is_written_down_whatever_it_is(self, store: Store) -> None:
        row = claimed(store, one(store))
        hostile = "nul \0 and half \ud83d a pair"
        assert settle(store, row, Settlement(state=State.FAILED, reason="odd", error=hostile))
        assert get(store, row).error == "nul  and half ? a pair"

    # -- messages

    def test_a_message_is_kept_as_it_will_be_sent(self, store: Store) -> None:
        message = Message(
            text="Text 🗞️ \u202e",
            url="https://example.org/1",
            card=Card("https://example.org/1", "T"),
            media=(Media("https://example.org/p.jpg", "image/jpeg", "alt"),),
            headers={"a": "b"},
            options={"silent": True, "labels": ["x"]},
        )
        with store.write() as connection:
            number = ledger.freeze(connection, message, "print", NOW)
        with store.read() as connection:
            assert ledger.message(connection, number) == (message, "print")
            assert ledger.message(connection, number + 1) is None

    # -- people

    def test_what_is_held_waits_and_what_is_released_lives_anew(self, store: Store) -> None:
        row = one(store)
        with store.write() as connection:
            assert ledger.hold(connection, [row.id], "by-hand", error="why") == 1
            assert ledger.hold(connection, [row.id], "again") == 0
        assert peek(store) == 0
        assert (get(store, row).state, get(store, row).reason) == (State.HELD, "by-hand")
        later = NOW + 3 * DAY
        with store.write() as connection:
            assert ledger.release(connection, [row.id], later) == 1
            assert ledger.release(connection, [row.id], later) == 0
        free = get(store, row)
        assert (free.state, free.reason, free.error) == (State.PENDING, "", "")
        assert (free.due_at, free.expires_at) == (later, later + 12 * HOUR)
        assert peek(store, at=later) == row.id

    def test_a_release_keeps_the_hour_that_a_post_is_planned_for(self, store: Store) -> None:
        row = one(store, state=State.HELD, due_at=NOW + DAY, expires_at=NOW + DAY + 12 * HOUR)
        timeless = one(store, state=State.HELD, expires_at=None)
        with store.write() as connection:
            ledger.release(connection, [row.id, timeless.id], NOW + HOUR)
        free = get(store, row)
        assert free.due_at == NOW + DAY
        assert free.expires_at is not None
        assert free.expires_at >= NOW + DAY + 12 * HOUR
        assert get(store, timeless).expires_at is None

    def test_a_flood_of_any_size_is_released_and_skipped(self, store: Store) -> None:
        ids = list(range(1, 70_001))
        row = one(store, state=State.HELD)
        with store.write() as connection:
            assert ledger.release(connection, [*ids, row.id], NOW) == 1
            assert ledger.skip(connection, [row.id, *ids], "withdrawn", NOW) == 1

    def test_skipping_gives_up_what_waits_and_nothing_else(self, store: Store) -> None:
        waiting, held, sending = one(store), one(store, state=State.HELD), one(store)
        claimed(store, sending)
        with store.write() as connection:
            assert ledger.skip(connection, [waiting.id, held.id, sending.id], "withdrawn", NOW) == 2
        assert [get(store, row).state for row in (waiting, held, sending)] == [
            State.SKIPPED,
            State.SKIPPED,
            State.SENDING,
        ]

    # -- what stands on the network

    def test_a_follow_up_finds_its_post_as_the_last_edit_left_it(self, store: Store) -> None:
        row = one(store)
        edit = one(store, article_id=row.article_id, kind=Kind.EDIT, revision=3)
        with store.read() as connection:
            assert ledger.standing(connection, edit) is None
        with store.write() as connection:
            first, second = (ledger.freeze(connection, Message(text=text), text, NOW) for text in ("one", "two"))
        sent(store, row, message_id=first)
        with store.read() as connection:
            found = ledger.standing(connection, edit)
        assert found is not None
        assert (found[0].receipt, found[0].revision, found[1]) == (TAKEN, 1, "one")
        sent(store, edit, Receipt("43"), message_id=second, revision=3)
        with store.read() as connection:
            found = ledger.standing(connection, edit)
        assert found is not None
        assert (found[0].id, found[0].receipt, found[0].revision, found[1]) == (row.id, Receipt("43"), 3, "two")

    def test_nothing_stands_after_its_deletion(self, store: Store) -> None:
        row = one(store)
        sent(store, row)
        sent(store, one(store, article_id=row.article_id, kind=Kind.DELETE, expires_at=None))
        edit = one(store, article_id=row.article_id, kind=Kind.EDIT, revision=2)
        with store.read() as connection:
            assert ledger.standing(connection, edit) is None
