"""Whatever readers, strangers and the publisher do, in whatever order: the laws hold."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor import enlisting, subscribe
from distributor.context import App
from distributor.model import Kind, State
from distributor.retention import retention
from distributor.store import census, subscribers, tables
from tests.desk import Clock, make_app, rows
from tests.readers.conftest import JANE, SETTINGS, ask, find, letters, token
from tests.readers.test_subscribe import plan_digest

ACTS = ("ask", "confirm", "leave", "link", "forget", "lapse", "suppress", "unsuppress", "digest", "hour", "day")


@given(st.lists(st.sampled_from(ACTS), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_only_who_agreed_is_mailed_and_the_ledger_adds_up(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str]
) -> None:
    clock = Clock()
    app = make_app(SETTINGS, tmp_path_factory.getbasetemp(), clock=clock)
    digests = 0
    for act in acts:
        clock.forward(minutes=1)
        digests += step(app, clock, act, digests)
        check(app, digests)
    app.store.close()


def step(app: App, clock: Clock, act: str, digests: int) -> int:
    """Does it; how many digests were planned."""
    reader = find(app)
    if act == "ask":
        ask(app)
    elif act == "confirm":
        confirmations = [one for one in letters(app) if "/confirm/" in one.text]
        if confirmations:
            subscribe.confirm(app, token(confirmations[-1]), ip="")
    elif act == "leave" and reader:
        subscribe.leave(app, reader.id, how="page")
    elif act == "link":
        subscribe.request_link(app, JANE, ip="")
    elif act == "forget" and reader:
        subscribe.forget(app, reader.id, who="reader")
    elif act == "lapse":
        retention(app)
    elif act == "suppress":
        enlisting.suppress(app, JANE, "complaint", "desk")
    elif act == "unsuppress":
        enlisting.unsuppress(app, JANE, "desk")
    elif act == "digest" and reader and reader.status == "active":
        plan_digest(app, reader.id, digests + 1)
        return 1
    elif act in ("hour", "day"):
        clock.forward(hours=1 if act == "hour" else 24)
    return 0


def check(app: App, digests: int) -> None:
    reader = find(app)
    waiting = [row for row in rows(app) if row.kind is Kind.DIGEST and row.state is State.PENDING]
    assert all(reader and reader.status == "active" and row.recipient_id == reader.id for row in waiting)
    with app.store.read() as connection:
        planned, found = census.law(connection)
        proofs = [one.act for one in subscribers.consents(connection, reader.id)] if reader else []
        numbers = connection.execute(tables.subscriber.select()).all()
    assert planned + digests == sum(found.values())
    assert len(numbers) <= 1
    if reader and reader.status == "active":
        agreed = max(place for place, act in enumerate(proofs) if act == "confirmed")
        assert "left" not in proofs[agreed:]
    if reader and reader.status == "pending":
        assert proofs.count("asked") >= 1
        assert "confirmed" not in proofs
