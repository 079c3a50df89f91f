"""Counting by indexes gives what counting row by row gives."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.model import State
from distributor.store import Store, census
from distributor.store import tables as t
from tests.desk import START

DAY = timedelta(days=1)
UNCLAIMED = {State.HELD, State.SKIPPED, State.PENDING}
LOST = {State.FAILED, State.SKIPPED}
OPEN = {State.PENDING, State.SENDING, State.HELD, State.UNCERTAIN}

hours = st.integers(0, 48)
mails = st.builds(
    dict,
    kind=st.sampled_from(["post", "edit", "delete", "digest", "alert", "letter"]),
    channel=st.sampled_from(["wall", "daily", "alerts"]),
    state=st.sampled_from(State),
    claimed=st.none() | hours,
    settled=hours,
)


def row(number: int, one: dict[str, Any]) -> dict[str, Any]:
    state, kind = one["state"], one["kind"]
    claimed = one["claimed"]
    one["channel"] = "letters" if kind == "letter" else one["channel"]
    if state not in UNCLAIMED and claimed is None:
        claimed = 1
    settled = None if state in {State.PENDING, State.SENDING} else START - timedelta(hours=one["settled"])
    return {
        "key": str(number), "kind": kind, "channel": one["channel"], "state": state.value,
        "article_id": 1 if kind in {"post", "edit", "delete", "alert"} else 0,
        "edition_id": 1 if kind == "digest" else 0,
        "recipient_id": number + 1 if kind in {"digest", "alert", "letter"} else 0,
        "planned_at": START, "due_at": START, "settled_at": settled,
        "claimed_at": None if claimed is None else START - timedelta(hours=claimed),
    }  # fmt: skip


@settings(max_examples=60)
@given(st.lists(mails, max_size=25))
def test_counts_are_those_of_every_row(made: list[dict[str, Any]]) -> None:
    rows = [row(number, one) for number, one in enumerate(made)]
    kinds = Counter(one["kind"] for one in rows)
    store = Store("sqlite://").open()
    try:
        with store.write() as connection:
            moments = {"published_at": START, "seen_at": START}
            connection.execute(
                sa.insert(t.article).values(source="p", planned=kinds["post"] + kinds["alert"], **moments)
            )
            slot = {"slot": START, "since": START, "until": START, "made_at": START}
            connection.execute(
                sa.insert(t.edition).values(key="e", digest="daily", choice_id=1, readers=kinds["digest"], **slot)
            )
            census.remember(connection, census.LETTERS_PLANNED, kinds["letter"], START)
            if rows:
                connection.execute(sa.insert(t.delivery), rows)
        with store.read() as connection:
            by_state = {state: sum(one["state"] == state.value for one in rows) for state in State}
            assert census.law(connection) == (len(rows), by_state)
            assert census.counts(connection) == by_state
            of_day = dict.fromkeys(State, 0) | Counter(State(one["state"]) for one in rows)
            assert census.law(connection, START - DAY) == (len(rows), of_day)
            assert census.law(connection, START + DAY) == (0, dict.fromkeys(State, 0))
            expected: dict[str, Counter[State]] = {}
            for one in rows:
                state = State(one["state"])
                lately = one["settled_at" if state in LOST else "claimed_at"]
                if state in OPEN or (lately is not None and lately >= START - DAY):
                    expected.setdefault(one["channel"], Counter())[state] += 1
            found = census.by_channel(connection, START - DAY)
            assert {name: dict(count.states) for name, count in found.items()} == expected
    finally:
        store.close()
