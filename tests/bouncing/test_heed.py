"""Reports and events: who is believed, what counts, and when a reader is written to no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import bouncing, mailkeys
from distributor.mail import Outcome, Scope, Verdict
from distributor.mail.bounces import Original, Report
from distributor.mail.bounces.verp import return_path
from distributor.mail.hooks import Event
from distributor.mail.tokens import mint
from distributor.model import Message
from distributor.store import Store, ledger, subscribers
from distributor.store import tables as t
from tests import servers
from tests.desk import START
from tests.mailing.office import SETTINGS, Office
from tests.store.test_postgresql import database

HARD = {"hard": True, "status": "5.1.1", "reason": "userunknown", "diagnostic": "550 5.1.1 no such user"}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, settings=SETTINGS + "[subscribers]\nbounce_threshold = 1.5\n")


def path(office: Office, delivery: int) -> str:
    room = office.app.mailroom
    assert room is not None
    return return_path("bounces", room.bounce_domain, delivery, room.verp_key)


def report(office: Office, delivery: int, kind: Any = "bounce", **said: Any) -> Report:
    original = Original(addressed=(path(office, delivery),))
    return Report("somebody@else.example", kind, **said, original=original)


def heed(office: Office, told: Event | Report, *, proven: bool = False) -> str:
    return bouncing.heed(office.app, told, proven=proven)


def reader(office: Office, number: int = 1) -> Any:
    with office.app.store.read() as connection:
        return connection.execute(sa.select(t.subscriber).where(t.subscriber.c.id == number)).one()


def many(office: Office, table: sa.Table) -> list[Any]:
    with office.app.store.read() as connection:
        return list(connection.execute(sa.select(table)))


def is_suppressed(office: Office, address: str) -> bool:
    room = office.app.mailroom
    assert room is not None
    with office.app.store.read() as connection:
        return subscribers.is_suppressed(connection, mailkeys.suppression_key(room.key, address))


def test_a_hard_bounce_counts_one_and_is_written_down(office: Office) -> None:
    (delivery,) = office.readers(1)
    assert heed(office, report(office, delivery, **HARD)) == "scored"
    assert (reader(office).points, reader(office).points_at) == (1.0, START)
    (row,) = many(office, t.bounce)
    assert (row.subscriber_id, row.delivery_id, row.kind, row.hard) == (1, delivery, "bounce", True)
    assert (row.status, row.reason, row.diagnostic) == ("5.1.1", "userunknown", "550 5.1.1 no such user")


def test_the_same_report_again_counts_once_also_a_day_later(office: Office) -> None:
    (delivery,) = office.readers(1)
    heed(office, report(office, delivery, **HARD))
    assert heed(office, report(office, delivery, **HARD)) == "known"
    office.clock.forward(days=2)
    assert heed(office, report(office, delivery, **HARD)) == "known"
    assert reader(office).points == 1.0
    assert len(many(office, t.bounce)) == 1


def test_two_mails_that_bounce_on_one_day_count_once_and_the_heavier_counts(office: Office) -> None:
    first, second = mails(office, 2)
    assert heed(office, report(office, first, reason="mailboxfull")) == "scored"
    assert reader(office).points == 0.5
    assert heed(office, report(office, second, **HARD)) == "scored"
    assert reader(office).points == 1.0
    third = mails(office, 1)[0]
    assert heed(office, report(office, third, **HARD)) == "noted"
    assert reader(office).points == 1.0


def mails(office: Office, count: int) -> list[int]:
    """So many mails to reader 1."""
    with office.app.store.read() as connection:
        there = connection.execute(sa.select(sa.func.count()).select_from(t.subscriber)).scalar_one()
    ids = [] if there else office.readers(1)
    now = office.clock()
    with office.app.store.write() as connection:
        while len(ids) < count:
            top = connection.execute(sa.select(sa.func.max(t.delivery.c.id))).scalar_one()
            values = {"key": f"digest:daily:1:s{top}:g0", "kind": "digest", "channel": "daily", "recipient_id": 1}
            values |= {"state": "sent", "planned_at": now, "due_at": now, "settled_at": now, "edition_id": 1}
            row = connection.execute(sa.insert(t.delivery).values(values).returning(t.delivery.c.id))
            ids.append(row.scalar_one())
    return ids


def test_over_the_threshold_the_reader_is_suppressed_and_what_waits_is_skipped(office: Office) -> None:
    waiting, first, second = mails(office, 3)
    assert heed(office, report(office, first, **HARD)) == "scored"
    office.clock.forward(days=1)
    assert heed(office, report(office, second, **HARD)) == "suppressed"
    assert reader(office).status == "suppressed"
    assert is_suppressed(office, "r1@reader.example")
    row = office.row(waiting)
    assert (row.state.value, row.reason) == ("skipped", "suppressed")
    (proof,) = many(office, t.consent)
    assert (proof.act, proof.source, proof.detail) == ("suppressed", "bounce", {"reason": "bounced"})


def test_a_complaint_suppresses_at_once(office: Office) -> None:
    first, second = office.readers(2)
    assert heed(office, report(office, first, "complaint", reason="feedback")) == "suppressed"
    assert is_suppressed(office, "r1@reader.example")
    assert office.row(first).reason == "suppressed"
    assert office.row(second).state.value == "pending"
    assert heed(office, report(office, first, "complaint", reason="feedback")) == "known"


def test_what_was_refused_for_its_content_never_counts(office: Office) -> None:
    (delivery,) = office.readers(1)
    said = {"hard": True, "status": "5.7.1", "reason": "spamdetected", "content_block": True}
    assert heed(office, report(office, delivery, **said)) == "noted"
    assert (reader(office).points, reader(office).points_at) == (0.0, None)
    (row,) = many(office, t.bounce)
    assert (row.kind, row.hard) == ("block", False)


@pytest.mark.parametrize("kind", ["delay", "delivered", "reply", "challenge"])
def test_what_is_no_bounce_changes_nothing(office: Office, kind: str) -> None:
    (delivery,) = office.readers(1)
    assert heed(office, report(office, delivery, kind)) == "noted"
    assert many(office, t.bounce) == []


def test_a_reader_who_leaves_by_mail_has_left(office: Office) -> None:
    (delivery,) = office.readers(1)
    assert heed(office, report(office, delivery, "unsubscribe")) == "left"
    assert reader(office).status == "left"
    assert office.row(delivery).reason == "unsubscribed"
    assert many(office, t.consent)[0].source == "mail"
    assert heed(office, report(office, delivery, "unsubscribe")) == "known"
    assert is_suppressed(office, "r1@reader.example"), "an old list must not bring them back"


@pytest.mark.parametrize("kind", ["bounce", "complaint", "unsubscribe"])
def test_a_report_without_our_own_return_path_is_not_believed(office: Office, kind: Any) -> None:
    (delivery,) = office.readers(1)
    good = path(office, delivery)
    forged = [good.replace("+1-", "+2-"), good.replace(good.split("-")[1][:16], "a" * 16), "bounces@paper.example", ""]
    for address in forged:
        told = Report("r1@reader.example", kind, True, original=Original(return_path=address, to="r1@reader.example"))
        assert heed(office, told) == "unproven"
    assert reader(office).status == "active"
    assert many(office, t.bounce) == []


def test_a_mail_that_is_kept_no_longer_or_was_no_mail_concerns_nobody(office: Office) -> None:
    office.readers(1)
    assert heed(office, report(office, 812, **HARD)) == "unknown"
    assert heed(office, Event("bounce", "nobody@reader.example", hard=True), proven=True) == "unknown"


def test_an_event_that_was_proven_is_believed_by_its_address(office: Office) -> None:
    office.readers(1)
    assert heed(office, Event("bounce", "R1@Reader.example", hard=True, reason="userunknown"), proven=True) == "scored"
    assert heed(office, Event("complaint", "r1@reader.example"), proven=False) == "unproven"
    assert heed(office, Event("delivery", "r1@reader.example"), proven=True) == "noted"
    assert heed(office, Event("unsubscribe", "r1@reader.example"), proven=True) == "left"
    assert heed(office, Event("bounce", "no address", hard=True), proven=True) == "unknown"


def test_an_event_names_its_mail_by_our_message_id_whoever_it_was_forwarded_to(office: Office) -> None:
    (delivery,) = office.readers(1)
    room = office.app.mailroom
    assert room is not None
    proof = mint(room.key, "reader", 1)[8:20]
    event = Event("bounce", "elsewhere@else.example", hard=True, message_id=f"<{delivery}.{proof}@paper.example>")
    assert heed(office, event, proven=True) == "scored"
    forged = replace(event, message_id=f"<{delivery}.{'A' * 12}@paper.example>")
    assert heed(office, forged, proven=True) == "unknown"


def test_reports_of_mails_from_before_a_new_key_are_believed_while_the_old_one_is_kept(office: Office) -> None:
    first, second = office.readers(2)
    room = office.app.mailroom
    assert room is not None
    old = replace(room, key=b"the key of before, long enough")
    bounced = return_path("bounces", room.bounce_domain, first, old.verp_key)
    told = Report("r1@reader.example", "bounce", **HARD, original=Original(addressed=(bounced,)))  # type: ignore[arg-type]
    proof = mint(old.key, "reader", 2)[8:20]
    event = Event("bounce", "elsewhere@else.example", hard=True, message_id=f"<{second}.{proof}@paper.example>")
    assert heed(office, told) == "unproven"
    assert heed(office, event, proven=True) == "unknown"
    (office.app.settings.site.data / "secret_key.old").write_bytes(old.key + b"\n")
    assert heed(office, told) == "scored"
    assert heed(office, event, proven=True) == "scored"


def test_a_complaint_of_somebody_we_know_no_more_still_ends_all_mail(office: Office) -> None:
    assert heed(office, Event("complaint", "Gone@reader.example"), proven=True) == "suppressed"
    assert is_suppressed(office, "gone@reader.example")


def test_a_letter_to_another_address_says_nothing_about_the_reader(office: Office) -> None:
    (delivery,) = office.readers(1)
    with office.app.store.write() as connection:
        other = ledger.freeze(connection, Message(text="x", options={"to": "new@reader.example"}), "f", START)
        changed = {"kind": "letter", "channel": "letters", "message_id": other}
        connection.execute(sa.update(t.delivery).where(t.delivery.c.id == delivery).values(changed))
    assert heed(office, report(office, delivery, **HARD)) == "noted"
    assert heed(office, report(office, delivery, "complaint")) == "suppressed"
    assert reader(office).status == "active"
    assert is_suppressed(office, "new@reader.example")


def test_points_are_forgotten_after_two_quiet_months(office: Office) -> None:
    first, second = mails(office, 2)
    heed(office, report(office, first, **HARD))
    office.clock.forward(days=61)
    assert heed(office, report(office, second, **HARD)) == "scored"
    assert reader(office).points == 1.0


def test_mails_that_arrived_since_take_points_away(office: Office) -> None:
    first = mails(office, 1)[0]
    heed(office, report(office, first, **HARD))
    office.clock.forward(days=2)
    mails(office, 1)
    office.clock.forward(days=10)
    assert heed(office, report(office, mails(office, 1)[0], **HARD)) == "scored"
    assert reader(office).points == 1.5


def outcome(status: str, text: str, **changes: Any) -> Outcome:
    code = int(status[0]) * 100 + 50
    plain = Outcome(1, 1, Verdict.REFUSED if status[0] == "5" else Verdict.LATER, code, status, text)
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("said", "points", "kind"),
    [
        (outcome("5.1.1", "user unknown"), 1.0, "bounce"),
        (outcome("5.1.2", "bad destination system address"), 1.0, "bounce"),
        (outcome("5.2.2", "mailbox full"), 0.5, "bounce"),
        (outcome("4.2.2", "mailbox full"), 0.5, "bounce"),
        (outcome("4.4.1", "no answer from host", scope=Scope.DOMAIN), 0.5, "bounce"),
        (outcome("5.7.1", "message rejected as spam"), 0.0, "block"),
        (outcome("5.7.26", "unauthenticated mail"), 0.0, "block"),
        (outcome("5.6.0", "bad content", scope=Scope.MESSAGE), 0.0, "block"),
        (outcome("5.3.4", "too big", scope=Scope.MESSAGE), 0.0, "block"),
    ],
)
def test_a_refusal_while_sending_counts_by_what_it_is_about(
    office: Office, said: Outcome, points: float, kind: str
) -> None:
    (delivery,) = office.readers(1)
    with office.app.store.write() as connection:
        bouncing.refused(office.app, connection, 1, delivery, said, START)
    assert reader(office).points == points
    assert [row.kind for row in many(office, t.bounce)] == [kind]


def test_what_the_relay_or_nobody_said_counts_nothing(office: Office) -> None:
    (delivery,) = office.readers(1)
    with office.app.store.write() as connection:
        for said in (
            outcome("5.7.0", "authentication required", scope=Scope.ACCOUNT),
            outcome("5.1.1", "", verdict=Verdict.UNKNOWN),
            outcome("5.1.1", "", verdict=Verdict.TAKEN),
        ):
            assert bouncing.refused(office.app, connection, 1, delivery, said, START) == "noted"
    assert many(office, t.bounce) == []


@pytest.mark.server("postgresql")
def test_on_postgresql_a_reader_is_suppressed_alike(tmp_path: Path, postgresql_server: servers.Server) -> None:
    with database(postgresql_server) as url:
        office = Office(tmp_path, settings=SETTINGS + "[subscribers]\nbounce_threshold = 0.5\n", store=Store(url))
        waiting, other = office.readers(2)
        assert heed(office, report(office, waiting, **HARD)) == "suppressed"
        assert office.row(waiting).reason == "suppressed"
        assert heed(office, report(office, other, "unsubscribe")) == "left"
        assert heed(office, Event("complaint", "gone@reader.example"), proven=True) == "suppressed"
        assert is_suppressed(office, "r1@reader.example")
        office.app.store.close()
