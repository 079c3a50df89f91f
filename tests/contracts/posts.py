"""Posts in the ledger, as the tests of the store want them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime
from typing import Any

from distributor.model import Article, Delivery, Kind, Receipt, State
from distributor.states import Settlement
from distributor.store import Store, ledger, queue
from distributor.store.queue import Gate
from tests.contracts.database import HOUR, MINUTE, NOW

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
