"""What every database must do with what readers did: events, verdicts, counts, and what is forgotten of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.robots import Event
from distributor.store import Store, forgetting, signals, tables
from tests.contracts.database import DAY, HOUR, MINUTE, NOW, SECOND, DatabaseContract, at_once

Key = tuple[int, datetime, str, str]


def seen(at: datetime = NOW, **changes: Any) -> dict[str, Any]:
    plain = {"kind": "clicks", "article_id": 1, "channel": "x", "link_id": 0, "visitor": 5, "mail": 0, "delay": -1}
    return {"at": at, "marks": 0} | plain | changes


def counts(store: Store) -> dict[Key, tuple[int, int]]:
    with store.read() as connection:
        rows = connection.execute(sa.select(tables.signal)).all()
    return {(row.article_id, row.bucket, row.channel, row.kind): (row.raw, row.counted) for row in rows}


def events(store: Store) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(sa.select(tables.event).order_by(tables.event.c.id)))


class SignalsContract(DatabaseContract):
    def test_a_bucket_is_twenty_minutes_from_the_full_hour(self) -> None:
        assert signals.bucket_of(NOW + timedelta(minutes=39, seconds=59)) == NOW + timedelta(minutes=20)
        assert signals.bucket_of(NOW + timedelta(minutes=40)) == NOW + timedelta(minutes=40)

    def test_all_processes_share_the_salt_of_a_day_and_no_other(self, store: Store) -> None:
        def salt(_number: int) -> bytes:
            with store.write() as connection:
                return signals.salt(connection, NOW)

        (today,) = set(at_once(4, salt))
        with store.write() as connection:
            tomorrow = signals.salt(connection, NOW + DAY)
        assert len(today) == len(tomorrow) == 32
        assert today != tomorrow

    def test_the_salt_of_a_day_is_gone_soon_after_it(self, store: Store) -> None:
        midnight = NOW.replace(hour=0) + DAY
        with store.write() as connection:
            before = signals.salt(connection, NOW)
            forgetting.salts(connection, midnight + 59 * MINUTE)
            assert signals.salt(connection, NOW) == before
            forgetting.salts(connection, midnight + 61 * MINUTE)
            assert signals.salt(connection, NOW) != before

    def test_events_wait_to_be_judged_until_they_are_old_enough(self, store: Store) -> None:
        with store.write() as connection:
            signals.add_events(connection, [seen(), seen(NOW + MINUTE), seen(NOW - MINUTE)])
            found = signals.unjudged(connection, NOW, 10)
        assert [event.at for event in found] == [NOW, NOW - MINUTE]
        assert found[0] == Event(found[0].id, NOW, "clicks", 1, "x", visitor=5)

    def test_what_was_judged_is_counted_raw_and_if_it_was_a_reader_counted(self, store: Store) -> None:
        with store.write() as connection:
            given = [seen(), seen(visitor=6), seen(kind="views", channel="site"), seen(NOW + 20 * MINUTE)]
            signals.add_events(connection, given)
            found = signals.unjudged(connection, NOW + HOUR, 10)
            signals.settle(connection, found, {event.id: event.visitor == 5 for event in found})
            assert signals.unjudged(connection, NOW + HOUR, 10) == []
        assert counts(store) == {
            (1, NOW, "x", "clicks"): (2, 1),
            (1, NOW, "site", "views"): (1, 1),
            (1, NOW + 20 * MINUTE, "x", "clicks"): (1, 1),
        }
        assert [row.judged for row in events(store)] == [1, 2, 1, 1]

    def test_what_was_counted_and_is_a_robots_after_all_is_taken_back(self, store: Store) -> None:
        with store.write() as connection:
            signals.add_events(connection, [seen(), seen(visitor=6)])
            found = signals.unjudged(connection, NOW, 10)
            signals.settle(connection, found, dict.fromkeys([event.id for event in found], True))
            (known,) = signals.around(connection, [replace(found[0], id=0)], HOUR)
            signals.settle(connection, [known], {known.id: False})
        assert counts(store) == {(1, NOW, "x", "clicks"): (2, 1)}
        assert [row.judged for row in events(store)] == [2, 1]

    def test_the_clicks_of_a_link_are_counted_beside_it(self, store: Store) -> None:
        values = {"code": "abc", "article_id": 1, "channel": "x", "url": "https://paper.example/1", "made_at": NOW}
        with store.write() as connection:
            number = connection.execute(sa.insert(tables.link).values(values).returning(tables.link.c.id)).scalar_one()
            signals.add_events(connection, [seen(link_id=number), seen(link_id=number, visitor=6)])
            found = signals.unjudged(connection, NOW, 10)
            signals.settle(connection, found, {event.id: event.visitor == 5 for event in found})
            signals.add_raw(connection, {(1, "x", "clicks", number): 7, (2, "x", "clicks", number): 1}, NOW)
            row = connection.execute(sa.select(tables.link)).one()
        assert (row.raw, row.counted) == (9, 1)
        assert counts(store) == {(1, NOW, "x", "clicks"): (9, 1), (2, NOW, "x", "clicks"): (1, 0)}

    def test_what_else_the_same_visitors_and_mails_did_is_found(self, store: Store) -> None:
        with store.write() as connection:
            others = [
                seen(NOW - HOUR),
                seen(NOW - 2 * HOUR),
                seen(NOW + HOUR, visitor=7, mail=9),
                seen(visitor=8),
                seen(NOW + SECOND, kind="views"),
            ]
            signals.add_events(connection, [seen(mail=9), *others])
            (new, *rest) = signals.unjudged(connection, NOW + DAY, 10)
            found = signals.around(connection, [new], HOUR)
        assert {event.id for event in found} == {rest[0].id, rest[2].id, rest[4].id}

    def test_what_else_the_same_visitors_did_and_waits_is_judged_with_it(self, store: Store) -> None:
        with store.write() as connection:
            others = [seen(NOW + SECOND), seen(NOW + MINUTE), seen(NOW + SECOND, visitor=6), seen(NOW, visitor=0)]
            signals.add_events(connection, [seen(), *others, seen(kind="views"), seen(kind="shares")])
            (new, *rest) = signals.unjudged(connection, NOW + DAY, 10)
            signals.settle(connection, [rest[4]], {rest[4].id: True})
            found = signals.theirs(connection, [new], NOW + SECOND, 10)
            assert [event.id for event in found] == [rest[0].id, rest[5].id]
            assert signals.theirs(connection, [new], NOW + SECOND, 1) == found[:1]

    def test_a_flood_is_found_without_being_read(self, store: Store) -> None:
        with store.write() as connection:
            of_mail = [seen(visitor=visitor, mail=9) for visitor in (6, 7, 8)]
            signals.add_events(connection, [*(seen() for _ in range(5)), *of_mail, seen(visitor=9)])
            found = signals.unjudged(connection, NOW, 10)
            ids = [event.id for event in found]
            assert signals.floods(connection, found, HOUR, 2) == set(ids[:8]), "one visitor, and one mail"
            assert signals.floods(connection, found, HOUR, 4) == set(ids[:5])
            assert signals.floods(connection, found, HOUR, 5) == set()

    def test_there_are_never_more_events_than_so_many(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(signals, "MOST_EVENTS", 3)
        with store.write() as connection:
            signals.add_events(connection, [seen(), seen()])
            signals.add_events(connection, [seen() for _ in range(10)])
        assert len(events(store)) == 3
        assert counts(store) == {(1, NOW, "x", "clicks"): (9, 0)}

    def test_ten_thousand_events_above_that_are_few_statements(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(signals, "MOST_EVENTS", 0)
        with store.write() as connection:
            told: list[str] = []
            listen = sa.event.listens_for(connection, "before_cursor_execute")
            listen(lambda *given: told.append(given[2]))
            signals.add_events(connection, [seen(NOW + n * SECOND / 10, link_id=n % 5) for n in range(10_000)])
        assert len(told) <= 6
        assert counts(store) == {(1, NOW, "x", "clicks"): (10_000, 0)}

    def test_an_import_read_twice_counts_once(self, store: Store) -> None:
        given = {(1, NOW, "site", "views"): 40, (1, NOW + MINUTE, "site", "views"): 2, (2, NOW, "site", "views"): 1}
        for _ in range(2):
            with store.write() as connection:
                signals.put(connection, given)
        assert counts(store) == {(1, NOW, "site", "views"): (42, 42), (2, NOW, "site", "views"): (1, 1)}

    def test_a_total_becomes_what_it_grew_by(self, store: Store) -> None:
        grown = []
        for place, total in enumerate([5, 5, 9, 3, 8, 12]):
            with store.write() as connection:
                at = NOW + place * HOUR
                grown.append(signals.total_moved(connection, 1, "masto", "likes", "d7", total, at))
        assert grown == [5, 0, 4, 0, 0, 3], "a like taken back and given again adds nothing"
        assert counts(store) == {
            (1, NOW, "masto", "likes"): (5, 5),
            (1, NOW + 2 * HOUR, "masto", "likes"): (4, 4),
            (1, NOW + 5 * HOUR, "masto", "likes"): (3, 3),
        }

    def test_the_first_look_at_an_old_total_is_no_burst(self, store: Store) -> None:
        with store.write() as connection:
            signals.total_moved(connection, 1, "x", "likes", "d7", 6, NOW + HOUR, since=NOW)
        assert counts(store) == {
            (1, NOW + minutes * MINUTE, "x", "likes"): (number, number)
            for minutes, number in ((0, 1), (20, 2), (40, 1), (60, 2))
        }
        with store.write() as connection:
            signals.total_moved(connection, 1, "x", "likes", "d7", 6, NOW + 2 * HOUR, since=NOW)
            signals.total_moved(connection, 1, "x", "likes", "d7", 4, NOW + 2 * HOUR, since=NOW)
            signals.total_moved(connection, 1, "x", "likes", "d7", 9, NOW + 2 * HOUR + 19 * MINUTE, since=NOW)
        found = counts(store)
        assert found[1, NOW + 2 * HOUR, "x", "likes"] == (3, 3), "since the last look, not the last like"
        assert sum(raw for raw, _ in found.values()) == 9

    @pytest.mark.parametrize("days", [0.3, 2, 40, 4_000, -1])
    def test_nothing_of_a_total_is_lost_however_long_it_took(self, store: Store, days: float) -> None:
        with store.write() as connection:
            grown = signals.total_moved(connection, 1, "x", "likes", "d7", 5_000, NOW, since=NOW - days * DAY)
        found = counts(store)
        assert grown == 5_000 == sum(raw for raw, _ in found.values())
        assert len(found) <= 170, "an old total is no thousand rows"
        assert all(key[1] <= NOW for key in found)

    def test_totals_of_two_origins_are_added_up(self, store: Store) -> None:
        with store.write() as connection:
            signals.total_moved(connection, 1, "masto", "likes", "d7", 5, NOW)
            signals.total_moved(connection, 1, "masto", "likes", "d8", 2, NOW)
        assert counts(store) == {(1, NOW, "masto", "likes"): (7, 7)}

    def test_a_series_is_in_the_order_of_time_and_holds_what_counts(self, store: Store) -> None:
        later = NOW + 20 * MINUTE
        with store.write() as connection:
            signals.add(connection, 1, "x", "clicks", later, 5, 3)
            signals.add(connection, 1, "x", "clicks", NOW, 2, 2)
            signals.add(connection, 1, "site", "views", NOW, 9, 0)
            signals.add(connection, 2, "site", "views", NOW, 1, 1)
            first = {("x", "clicks"): [(NOW, 2), (later, 3)]}
            assert signals.series(connection) == {1: first, 2: {("site", "views"): [(NOW, 1)]}}
            assert signals.series(connection, [1, 3]) == {1: first}
            assert signals.series(connection, since=later) == {1: {("x", "clicks"): [(later, 3)]}}

    def test_judged_events_go_when_no_repeat_of_them_matters_and_all_after_a_day(self, store: Store) -> None:
        with store.write() as connection:
            signals.add_events(connection, [seen(NOW - HOUR), seen(NOW - HOUR), seen(NOW), seen(NOW - 2 * DAY)])
            first, *_ = found = signals.unjudged(connection, NOW, 10)
            signals.settle(connection, [first, found[2]], dict.fromkeys((first.id, found[2].id), True))
            assert not forgetting.events(connection, NOW - 30 * MINUTE, NOW)
        assert [row.at for row in events(store)] == [NOW - HOUR, NOW]

    def test_the_oldest_of_too_many_go(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        with store.write() as connection:
            signals.add_events(connection, [seen(NOW + n * SECOND) for n in range(5)])
            monkeypatch.setattr(forgetting, "MOST_EVENTS", 3)
            forgetting.events(connection, NOW - HOUR, NOW)
        assert [row.at for row in events(store)] == [NOW + n * SECOND for n in (2, 3, 4)]

    def test_among_many_the_oldest_judged_make_room(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(forgetting, "MOST_EVENTS", 5)
        with store.write() as connection:
            signals.add_events(connection, [seen(NOW + n * SECOND) for n in range(5)])
            found = signals.unjudged(connection, NOW + MINUTE, 10)
            signals.settle(connection, found[1:], {event.id: True for event in found[1:]})
            forgetting.events(connection, NOW - HOUR, NOW + MINUTE)
        assert len(events(store)) == 5, "what is not judged yet stays"
        with store.write() as connection:
            signals.settle(connection, found[:1], {found[0].id: True})
            forgetting.events(connection, NOW - HOUR, NOW + MINUTE)
        assert [row.at for row in events(store)] == [NOW + n * SECOND for n in (1, 2, 3, 4)]

    def test_what_a_wrong_clock_dated_into_the_future_goes_with_its_salt(self, store: Store) -> None:
        later = NOW + 400 * DAY
        with store.write() as connection:
            of_today, wrong = signals.salt(connection, NOW), signals.salt(connection, later)
            signals.add_events(connection, [seen(later), seen()])
            forgetting.events(connection, NOW - HOUR, NOW)
            forgetting.salts(connection, NOW)
            assert signals.salt(connection, NOW) == of_today
            assert signals.salt(connection, later) != wrong
        assert [row.at for row in events(store)] == [NOW]

    def test_after_two_weeks_the_counts_of_a_day_are_one(self, store: Store) -> None:
        old, midnight = NOW - 20 * DAY, NOW.replace(hour=0)
        with store.write() as connection:
            for at, raw, counted in ((old, 3, 2), (old + HOUR, 4, 1), (old - DAY, 1, 1), (NOW - 14 * DAY, 8, 8)):
                signals.add(connection, 1, "x", "clicks", at, raw, counted)
            signals.add(connection, 1, "x", "clicks", midnight - 20 * DAY, 10, 10)
            assert forgetting.roll_up(connection, NOW)
            assert forgetting.roll_up(connection, NOW)
            assert not forgetting.roll_up(connection, NOW)
        assert counts(store) == {
            (1, midnight - 21 * DAY, "x", "clicks"): (1, 1),
            (1, midnight - 20 * DAY, "x", "clicks"): (17, 13),
            (1, NOW - 14 * DAY, "x", "clicks"): (8, 8),
        }

    def test_counts_older_than_they_are_kept_go(self, store: Store) -> None:
        with store.write() as connection:
            signals.add(connection, 1, "x", "clicks", NOW - 2 * DAY, 1, 1)
            signals.add(connection, 1, "x", "clicks", NOW, 1, 1)
            forgetting.counts(connection, NOW - DAY)
        assert counts(store) == {(1, NOW, "x", "clicks"): (1, 1)}

    def test_writers_at_the_same_time_lose_no_count(self, store: Store) -> None:
        def write(_number: int) -> None:
            for _ in range(5):
                with store.write() as connection:
                    signals.add_raw(connection, {(n, "x", "clicks", 0): 1 for n in (3, 1, 2)}, NOW)

        at_once(4, write)
        assert counts(store) == {(n, NOW, "x", "clicks"): (20, 0) for n in (1, 2, 3)}
