"""What the queue must do on every database: what goes next, what is given up, what was spent."""

from __future__ import annotations

from datetime import datetime

import pytest

from distributor.model import Kind, Lane, Ranking, State
from distributor.states import Settlement
from distributor.store import Store, accounts, ledger, queue, snapshot
from distributor.store.queue import Gate
from tests.contracts.database import DAY, HOUR, MINUTE, NOW, SECOND, DatabaseContract
from tests.contracts.posts import (
    TAKEN,
    add,
    claimed,
    doubtful,
    get,
    one,
    peek,
    post,
    settle,
)


class QueueContract(DatabaseContract):
    # -- the queue

    def test_breaking_goes_before_rank_before_due_before_id(self, store: Store) -> None:
        rows = add(
            store,
            post(1),
            post(2),
            post(3, due_at=NOW - HOUR),
            post(4),
            post(5, lane=Lane.BREAKING),
        )
        with store.write() as connection:
            snapshot.add(connection, [Ranking(4, 2.0, {"boost": 2.0})], NOW)
        order = []
        while found := peek(store):
            order.append(found)
            with store.write() as connection:
                ledger.skip(connection, [found], "seen", NOW)
        assert order == [rows[place].id for place in (4, 3, 2, 0, 1)]

    def test_nothing_goes_before_its_time_or_after_it(self, store: Store) -> None:
        row = one(store, due_at=NOW + HOUR, expires_at=NOW + 2 * HOUR)
        assert [peek(store, at=NOW + at) for at in (HOUR - SECOND, HOUR, 2 * HOUR - SECOND, 2 * HOUR)] == [
            0,
            row.id,
            row.id,
            0,
        ]

    def test_only_an_open_gate_lets_out_and_a_half_open_one_only_what_is_urgent(self, store: Store) -> None:
        plain = one(store)
        half, shut = [Gate("x", ordinary=False, urgent=True)], [Gate("x", ordinary=False, urgent=False)]
        assert (peek(store, half), peek(store, shut), peek(store, [])) == (0, 0, plain.id)
        hand = one(store, by_hand=True)
        assert peek(store, half) == hand.id
        news = one(store, lane=Lane.BREAKING)
        assert peek(store, half) == news.id
        assert peek(store, [Gate("masto", ordinary=True, urgent=True)]) == 0
        assert peek(store, only=(plain.id,)) == plain.id

    def test_a_follow_up_waits_until_its_post_stands(self, store: Store) -> None:
        row = one(store)
        edit = one(store, article_id=row.article_id, kind=Kind.EDIT, revision=2, lane=Lane.BREAKING)
        assert peek(store) == row.id
        first = claimed(store, row)
        assert peek(store) == 0
        settle(store, first, Settlement(state=State.UNCERTAIN, doubt_since=NOW))
        assert peek(store) == 0
        settle(store, first, Settlement(state=State.SENT, receipt=TAKEN))
        assert peek(store) == edit.id

    def test_a_follow_up_of_a_post_that_never_went_out_is_given_up(self, store: Store) -> None:
        row = one(store)
        edit = one(store, article_id=row.article_id, kind=Kind.EDIT, revision=2)
        elsewhere = one(store, article_id=row.article_id, kind=Kind.EDIT, revision=2, channel="masto")
        settle(store, claimed(store, row), Settlement(state=State.FAILED))
        with store.write() as connection:
            assert queue.has_expired(connection, NOW)
            assert [gone.id for gone in queue.expire(connection, NOW)] == [edit.id]
        assert (get(store, edit).state, get(store, edit).reason) == (State.SKIPPED, "no-post")
        assert get(store, elsewhere).state is State.PENDING

    def test_what_waited_too_long_is_given_up_and_what_a_person_holds_is_not(self, store: Store) -> None:
        late, held, timeless = one(store), one(store, state=State.HELD), one(store, expires_at=None)
        with store.write() as connection:
            assert not queue.has_expired(connection, NOW + 12 * HOUR - SECOND)
            assert queue.has_expired(connection, NOW + 12 * HOUR)
            gone = queue.expire(connection, NOW + 12 * HOUR)
            assert not queue.has_expired(connection, NOW + 12 * HOUR)
        assert [row.id for row in gone] == [late.id]
        assert (get(store, late).state, get(store, late).reason) == (State.SKIPPED, "too-old")
        assert get(store, held).state is State.HELD
        assert get(store, timeless).state is State.PENDING

    def test_expiry_never_drops_a_doubt(self, store: Store) -> None:
        repeat = doubtful(store, one(store))
        lost = claimed(store, one(store))
        settle(store, lost, Settlement(state=State.UNCERTAIN, doubt_since=NOW, resolve_at=NOW + MINUTE))
        with store.write() as connection:
            assert queue.expire(connection, NOW + DAY) == []
        row = get(store, repeat)
        assert (row.state, row.reason, row.resolve_at, row.doubts) == (State.UNCERTAIN, "repeat-given-up", None, 1)
        assert get(store, lost).resolve_at == NOW + MINUTE

    def test_skipping_and_holding_leave_a_doubt_to_a_person(self, store: Store) -> None:
        skipped, held = doubtful(store, one(store)), doubtful(store, one(store))
        with store.write() as connection:
            assert ledger.skip(connection, [skipped.id], "withdrawn", NOW) == 0
            assert ledger.hold(connection, [held.id], "by-hand") == 0
        assert get(store, skipped).state is State.UNCERTAIN
        assert get(store, held).state is State.PENDING

    def test_the_doubtful_are_found_when_their_next_step_is_due(self, store: Store) -> None:
        rows = [claimed(store, one(store)) for _ in range(3)]
        for row, at in zip(rows, (NOW + MINUTE, NOW, None), strict=True):
            settle(store, row, Settlement(state=State.UNCERTAIN, doubt_since=NOW, resolve_at=at))
        with store.read() as connection:
            assert [row.id for row in queue.doubtful(connection, ["x"], NOW)] == [rows[1].id]
            later = queue.doubtful(connection, ["x"], NOW + MINUTE)
            assert [row.id for row in later] == [rows[1].id, rows[0].id]
            assert queue.doubtful(connection, ["masto"], NOW + MINUTE) == []

    def test_an_attempt_is_overrun_when_its_lease_ended_or_its_owner_died(self, store: Store) -> None:
        row = claimed(store, one(store), owner="host/1")
        with store.read() as connection:
            assert queue.overrun(connection, NOW + MINUTE - SECOND, []) == []
            assert [one.id for one in queue.overrun(connection, NOW + MINUTE, [])] == [row.id]
            assert [one.id for one in queue.overrun(connection, NOW, ["host/1"])] == [row.id]
            assert accounts.slot_owners(connection) == {"host/1"}

    # -- paces and costs

    def test_attempts_are_counted_by_account_and_by_channel(self, store: Store) -> None:
        for minute in range(3):
            claimed(store, one(store), at=NOW + minute * MINUTE)
        claimed(store, one(store, channel="masto"), at=NOW + HOUR)
        with store.read() as connection:
            last = [queue.nth_last_attempt(connection, nth, account="x:@desk") for nth in (1, 2, 4, 5)]
            assert last == [NOW + HOUR, NOW + 2 * MINUTE, NOW, None]
            assert queue.nth_last_attempt(connection, 1, channel="x") == NOW + 2 * MINUTE
            assert queue.nth_last_attempt(connection, 1, channel="other") is None

    def test_the_publishers_pace_counts_what_is_or_may_be_out(self, store: Store) -> None:
        def last() -> datetime | None:
            with store.read() as connection:
                return queue.nth_last_attempt(connection, 1, channel="x", posts_only=True)

        settle(store, claimed(store, one(store)), Settlement(state=State.FAILED, reason="length"))
        settle(store, claimed(store, one(store)), Settlement(state=State.PENDING, reason="retry", due_at=NOW + DAY))
        claimed(store, one(store, kind=Kind.EDIT))
        assert last() is None
        lost = claimed(store, one(store), at=NOW + MINUTE)
        assert last() == NOW + MINUTE, "under way"
        for reason in ("timeout", "connection-lost", "server-error", "garbage", "channel-fault"):
            settle(store, get(store, lost), Settlement(state=State.UNCERTAIN, reason=reason, doubt_since=NOW))
            assert last() == NOW + MINUTE, reason
        doubtful(store, one(store), at=NOW + HOUR)
        assert last() == NOW + HOUR, "a repeat waits"
        row = claimed(store, one(store), at=NOW + 2 * HOUR)
        settle(store, row, Settlement(state=State.SENT, reason="duplicate", doubts=1))
        assert last() == NOW + 2 * HOUR

    def test_what_was_spent_counts_every_doubt(self, store: Store) -> None:
        def cost(settlement: Settlement | None, at: datetime = NOW) -> None:
            row = claimed(store, one(store), at=at, cost=0.1)
            if settlement:
                settle(store, row, settlement)

        cost(None)
        cost(Settlement(state=State.SENT))
        cost(Settlement(state=State.UNCERTAIN, doubt_since=NOW))
        cost(Settlement(state=State.PENDING, reason="repeat", due_at=NOW, doubts=1, doubt_since=NOW))
        cost(Settlement(state=State.FAILED))
        cost(Settlement(state=State.PENDING, due_at=NOW))
        cost(Settlement(state=State.SENT), at=NOW - DAY)
        with store.read() as connection:
            assert queue.spent(connection, "x", NOW - HOUR) == pytest.approx(0.4)
            assert queue.spent(connection, "x", NOW - 2 * DAY) == pytest.approx(0.5)
            assert queue.spent(connection, "masto", NOW - HOUR) == 0.0

    def test_the_lowest_ranks_are_the_first_to_go_without_budget(self, store: Store) -> None:
        rows = add(store, post(1), post(2), post(3, lane=Lane.BREAKING), post(4, due_at=NOW + HOUR))
        with store.write() as connection:
            snapshot.add(connection, [Ranking(2, 1.0, {})], NOW)
            assert queue.waiting_by_rank(connection, "x", NOW) == [rows[place].id for place in (2, 1, 0)]
