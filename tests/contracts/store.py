"""What the store must do on every database. A test class inherits StoreContract and says where its database is.

class TestFile(StoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory):
        return f"sqlite:///{tmp_path_factory.mktemp('store') / 'ledger.db'}"
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import matching
from distributor.errors import StoreError
from distributor.model import (
    Article,
    Card,
    Delivery,
    Image,
    Kind,
    Lane,
    Media,
    Message,
    Ranking,
    Receipt,
    State,
)
from distributor.states import MOVES, Settlement
from distributor.store import Store, accounts, articles, census, ledger, queue, sources, tables
from distributor.store.queue import Gate

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPEN = [Gate("x", ordinary=True, urgent=True), Gate("masto", ordinary=True, urgent=True)]
TAKEN = Receipt("42", "https://example.org/42", {"cid": "bafy"})
numbers = itertools.count(1)


def article(**changes: Any) -> Article:
    number = next(numbers)
    first = Article(
        source="desk",
        guid=f"g{number}",
        url=f"https://example.org/{number}",
        title="Ein Titel — 标题 🗞️",
        published_at=NOW,
        seen_at=NOW,
    )
    return replace(first, **changes)


def post(article_id: int, channel: str = "x", **changes: Any) -> Delivery:
    kind = changes.get("kind", Kind.POST)
    first = Delivery(
        key=f"{kind.value}:{channel}:0:a{article_id}:g0:{changes.get('revision', 1) if kind is Kind.EDIT else ''}",
        kind=Kind.POST,
        channel=channel,
        article_id=article_id,
        planned_at=NOW,
        due_at=NOW,
        expires_at=NOW + 12 * HOUR,
    )
    return replace(first, **changes)


def add(store: Store, *planned: Delivery) -> list[Delivery]:
    with store.write() as connection:
        return ledger.add(connection, planned)


def one(store: Store, **changes: Any) -> Delivery:
    number = changes.pop("article_id", 0) or next(numbers)
    (row,) = add(store, post(number, **changes))
    return row


def get(store: Store, delivery: Delivery) -> Delivery:
    with store.read() as connection:
        found = ledger.get(connection, delivery.id)
    assert found is not None
    return found


def claim(store: Store, delivery: Delivery, owner: str = "me", at: datetime = NOW, **changes: Any) -> Delivery | None:
    values = {"message_id": delivery.message_id, "revision": delivery.revision, "cost": 0.0, "account": "x:@desk"}
    with store.write(durable=True) as connection:
        return ledger.claim(connection, delivery, owner=owner, now=at, until=at + MINUTE, **(values | changes))


def claimed(store: Store, delivery: Delivery, **changes: Any) -> Delivery:
    found = claim(store, delivery, **changes)
    assert found is not None
    return found


def settle(store: Store, delivery: Delivery, settlement: Settlement, at: datetime = NOW) -> bool:
    with store.write() as connection:
        return ledger.settle(connection, delivery, settlement, at)


def sent(store: Store, delivery: Delivery, receipt: Receipt = TAKEN, **changes: Any) -> Delivery:
    assert settle(store, claimed(store, delivery, **changes), Settlement(state=State.SENT, receipt=receipt))
    return get(store, delivery)


def doubtful(store: Store, delivery: Delivery, at: datetime = NOW) -> Delivery:
    """A pending repeat: its first attempt may be out."""
    settlement = Settlement(state=State.UNCERTAIN, reason="timeout", doubt_since=at, resolve_at=at)
    assert settle(store, claimed(store, delivery, at=at), settlement, at)
    repeat = Settlement(state=State.PENDING, reason="repeat", due_at=at, doubts=1, doubt_since=at)
    assert settle(store, get(store, delivery), repeat, at)
    return get(store, delivery)


def peek(store: Store, gates: list[Gate] | None = None, at: datetime = NOW, only: tuple[int, ...] = ()) -> int:
    with store.read() as connection:
        found = queue.peek(connection, gates or OPEN, at, only=only)
    return found.id if found else 0


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """The act by so many threads that start together."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait(10)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


class StoreContract:
    """Everything here must hold on memory, a file, and PostgreSQL alike."""

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> str:
        return "sqlite://"

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, url: str) -> Iterator[Store]:
        store = Store(url).open()
        yield store
        store.close()

    @pytest.fixture
    def store(self, opened: Store) -> Store:
        with opened.write() as connection:
            for table in tables.metadata.sorted_tables:
                connection.execute(sa.delete(table))
        return opened

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
            articles.save_ranking(connection, [Ranking(4, 2.0, {"boost": 2.0})], NOW)
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
            articles.save_ranking(connection, [Ranking(2, 1.0, {})], NOW)
            assert queue.waiting_by_rank(connection, "x", NOW) == [rows[place].id for place in (2, 1, 0)]

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
