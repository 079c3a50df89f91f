"""What a mail drain does with the ledger, whatever the relay answers."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from pathlib import Path

import pytest

from distributor.errors import ChannelPaused, RetryLater
from distributor.mail.memory import DROPS, SILENT
from distributor.mailing import BATCH, drain_mail, mail_is_due
from distributor.store import accounts
from tests.mailing.office import SETTINGS, Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_every_reader_gets_one_letter_of_their_own(office: Office) -> None:
    office.readers(3)
    done = drain_mail(office.app, "mail")
    assert (done.sent, done.more, office.states()) == (3, False, {"sent": 3})
    assert [letter.recipient for letter in office.relay.letters] == [f"r{n}@reader.example" for n in (1, 2, 3)]
    mails = [email.message_from_bytes(one.content, policy=email.policy.default) for one in office.relay.letters]
    assert len({mail["Message-ID"] for mail in mails}) == 3
    assert len({mail["List-Unsubscribe"] for mail in mails}) == 3
    assert all(mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" for mail in mails)
    assert all(one.sender.startswith("bounces+") for one in office.relay.letters)
    assert "READERREADER" not in mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_second_drain_sends_nothing_again(office: Office) -> None:
    office.readers(2)
    drain_mail(office.app, "mail")
    assert drain_mail(office.app, "mail").sent == 0
    assert len(office.relay.letters) == 2


def test_more_than_a_batch_goes_out_in_one_conversation(office: Office) -> None:
    office.readers(BATCH + 30)
    assert drain_mail(office.app, "mail").sent == BATCH + 30
    assert office.relay.connects == 1
    assert not list((office.app.settings.site.data / "journals").glob("*.journal"))


@pytest.mark.parametrize(
    ("status", "reason"), [("left", "unsubscribed"), ("suppressed", "suppressed"), ("pending", "unsubscribed")]
)
def test_who_left_before_the_claim_gets_nothing(office: Office, status: str, reason: str) -> None:
    first, second = office.readers(2)
    office.set_reader(1, status=status)
    drain_mail(office.app, "mail")
    assert [letter.recipient for letter in office.relay.letters] == ["r2@reader.example"]
    assert (office.row(first).state.value, office.row(first).reason) == ("skipped", reason)
    assert office.row(second).state.value == "sent"


def test_a_refused_address_fails_and_the_others_go(office: Office) -> None:
    office.readers(3)
    office.relay.answers["r2@reader.example"] = "550 5.1.1 no such user"
    drain_mail(office.app, "mail")
    assert office.states() == {"sent": 2, "failed": 1}
    assert "no such user" in office.row(2).error


def test_a_server_that_does_not_answer_leaves_one_letter_uncertain(office: Office) -> None:
    office.readers(5)
    office.relay.script += [None, SILENT]
    drain_mail(office.app, "mail")
    assert office.states() == {"sent": 4, "uncertain": 1}
    assert office.row(2).reason == "no-answer"


def test_by_policy_it_is_sent_again(tmp_path: Path) -> None:
    office = Office(tmp_path, settings=SETTINGS.replace("[mail]", '[mail]\nunknown = "resend"'))
    office.readers(1)
    office.relay.script += [SILENT]
    drain_mail(office.app, "mail")
    assert office.states() == {"pending": 1}
    office.clock.forward(minutes=11)
    drain_mail(office.app, "mail")
    assert office.states() == {"sent": 1}
    first, again = office.relay.letters
    assert first.content == again.content


def test_a_connection_that_drops_costs_no_letter(office: Office) -> None:
    office.readers(6)
    office.relay.script += [None, None, DROPS]
    while mail_is_due(office.app, "mail") or office.states().get("pending"):
        drain_mail(office.app, "mail")
        office.clock.forward(minutes=5)
    assert office.states() == {"sent": 6}
    assert len({letter.number for letter in office.relay.letters}) == 6


def test_a_domain_that_asks_for_patience_is_left_alone_while_others_go(office: Office) -> None:
    slow = office.readers(30, domain="slow.example")
    fast = office.readers(5)
    office.relay.answers |= {f"r{n}@slow.example": "450 4.7.1 slow down" for n in range(1, 31)}
    drain_mail(office.app, "mail")
    assert all(office.row(number).state.value == "sent" for number in fast)
    assert {office.row(number).state.value for number in slow} == {"pending"}
    assert min(office.row(number).due_at for number in slow) > office.clock()
    office.relay.answers.clear()
    for _ in range(40):
        office.clock.forward(minutes=2)
        drain_mail(office.app, "mail")
    assert office.states() == {"sent": 35}


def test_a_relay_that_refuses_everyone_is_stopped_before_readers_are_lost(office: Office) -> None:
    office.readers(400)
    office.relay.answers |= {f"r{n}@reader.example": "550 5.7.1 not today" for n in range(1, 401)}
    drain_mail(office.app, "mail")
    assert office.states() == {"pending": 400}
    with office.app.store.read() as connection:
        assert "25 letters in a row were refused" in accounts.state(connection, "mail").stopped
    assert not mail_is_due(office.app, "mail")
    office.relay.answers.clear()
    with office.app.store.write() as connection:
        accounts.reopen(connection, "mail")
    office.clock.forward(hours=1)
    drain_mail(office.app, "mail")
    assert office.states() == {"sent": 400}


def test_a_login_that_is_refused_stops_the_account(office: Office) -> None:
    office.readers(2)
    office.relay.fails = ChannelPaused("the relay refuses the login")
    drain_mail(office.app, "mail")
    with office.app.store.read() as connection:
        assert accounts.state(connection, "mail").stopped == "the relay refuses the login"
    assert office.states() == {"pending": 2}


def test_a_relay_that_is_down_is_tried_again_later(office: Office) -> None:
    office.readers(2)
    office.relay.fails = RetryLater("nobody answers", outage=True)
    drain_mail(office.app, "mail")
    assert not mail_is_due(office.app, "mail")
    office.clock.forward(minutes=1)
    drain_mail(office.app, "mail")
    assert office.states() == {"sent": 2}


def test_what_cannot_be_delivered_for_days_is_given_up(office: Office) -> None:
    office.readers(1)
    office.relay.answers["r1@reader.example"] = "452 4.2.2 mailbox full"
    for _ in range(40):
        drain_mail(office.app, "mail")
        office.clock.now = max(office.clock.now, office.row(1).due_at) + timedelta(hours=1)
    assert (office.row(1).state.value, office.row(1).reason) == ("failed", "gave-up")


def test_without_a_postal_address_nothing_leaves(tmp_path: Path) -> None:
    office = Office(tmp_path, settings=SETTINGS.replace('postal_address = "1 rue Haute, Paris"', ""))
    office.readers(1)
    drain_mail(office.app, "mail")
    assert office.states() == {"pending": 1}
    assert "postal_address" in office.app.mailroom.unready  # type: ignore[union-attr]


def test_alerts_leave_before_digests(office: Office) -> None:
    office.readers(2)
    office.readers(1, kind="alert", channel="alerts", lane=0, edition_id=0, article_id=7)
    drain_mail(office.app, "mail")
    assert office.relay.letters[0].recipient == "r3@reader.example"


def test_a_switched_off_digest_waits(office: Office) -> None:
    office.readers(1)
    with office.app.store.write() as connection:
        accounts.pause(connection, "daily", "me", office.clock())
    drain_mail(office.app, "mail")
    assert office.states() == {"pending": 1}
