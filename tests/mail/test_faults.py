"""A conversation with a server that does not behave: every letter gets the one outcome that is true of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from distributor.mail import Letter, Outcome, Scope, Verdict
from distributor.mail.session import SmtpSession, Timeouts
from distributor.mail.smtp import SmtpTransport
from tests.contracts.transports import Notes, letter
from tests.mail.certificates import Certificates
from tests.mail.relays import PIPELINING, Act, Answer, Relay

pytestmark = pytest.mark.network

QUICK = Timeouts(connect=2, greeting=0.4, command=0.4, data=0.4, block=0.4, dot=0.4)
PATIENT = Timeouts(connect=20, greeting=20, command=20, data=20, block=20, dot=20)
BAD = 3  # the letter that the server has something against
MODES = {"pipelined": PIPELINING, "lock-step": ()}
BIG = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 60_000  # 4 MB: no buffer holds it


def once(said: str | Act, number: int = BAD) -> Answer:
    """An answer to the command that names the letter's reader, or that is the letter's in their order."""
    seen = 0

    def answer(argument: str) -> str | Act | None:
        nonlocal seen
        seen += 1
        return said if seen == number else None

    return answer


def talk(
    relay: Relay, letters: list[Letter] | None = None, **options: object
) -> tuple[list[Outcome], SmtpSession, Notes]:
    notes = Notes()
    session = SmtpTransport(relay.url, **{"timeouts": PATIENT, **options}).connect()  # type: ignore[arg-type]
    outcomes = list(session.send(letters or [letter(number) for number in range(1, 7)], notes))
    return outcomes, session, notes


def verdicts(outcomes: list[Outcome]) -> list[str]:
    return [told.verdict.value for told in outcomes]


def assert_true(outcomes: list[Outcome], relay: Relay, notes: Notes) -> None:
    """What is said to be taken was taken, and the other way round, except for the unknown ones."""
    assert [told.number for told in outcomes] == list(range(1, len(outcomes) + 1))
    arrived = {recipient for _, recipient, _ in relay.letters}
    assert len(arrived) == len(relay.letters)
    for told in outcomes:
        reader = f"reader{told.number}@example.org"
        if told.verdict is not Verdict.UNKNOWN:
            assert (reader in arrived) == (told.verdict is Verdict.TAKEN), told
    started = [number for step, number in notes.steps if step == "started"]
    ended = [number for step, number in notes.steps if step == "ended"]
    assert started == ended
    assert {told.number for told in outcomes if told.verdict is Verdict.UNKNOWN} <= set(started)


TAKEN, LATER, REFUSED, UNKNOWN, UNTRIED = "taken", "later", "refused", "unknown", "untried"
# verb, what the server says to the third letter, verdict, scope, and whether the others still go
ANSWERS = [
    ("MAIL", "450 4.1.8 who", LATER, Scope.ACCOUNT, True),
    ("MAIL", "452 4.3.1 no space", LATER, Scope.ACCOUNT, True),
    ("MAIL", "550 5.7.1 not you", REFUSED, Scope.ACCOUNT, True),
    ("MAIL", "552 5.3.4 too big", REFUSED, Scope.MESSAGE, True),
    ("MAIL", "421 4.7.0 too fast", LATER, Scope.ACCOUNT, False),
    ("MAIL", "421 4.3.2 going down", UNTRIED, Scope.ACCOUNT, False),
    ("RCPT", "450 4.7.1 greylisted", LATER, Scope.DOMAIN, True),
    ("RCPT", "451 later", LATER, Scope.DOMAIN, True),
    ("RCPT", "452 4.2.2 mailbox full", LATER, Scope.RECIPIENT, True),
    ("RCPT", "452 4.3.1 no space", LATER, Scope.ACCOUNT, True),
    ("RCPT", "550 no such user", REFUSED, Scope.RECIPIENT, True),
    ("RCPT", "550-5.1.1 no such\r\n550 5.1.1 user", REFUSED, Scope.RECIPIENT, True),
    ("RCPT", "554 5.7.1 <x>: Relay access denied", REFUSED, Scope.ACCOUNT, True),
    ("RCPT", "530 5.7.0 Authentication required", REFUSED, Scope.ACCOUNT, True),
    ("RCPT", "421 4.7.0 too many to this domain", LATER, Scope.DOMAIN, False),
    ("RCPT", "421 bye", LATER, Scope.ACCOUNT, False),
    ("DATA", "451 4.3.0 queue", LATER, Scope.ACCOUNT, True),
    ("DATA", "554 5.5.1 no", REFUSED, Scope.MESSAGE, True),
    ("DATA", "421 4.3.2 bye", LATER, Scope.ACCOUNT, False),
    ("DOT", "451 4.7.1 try again", LATER, Scope.DOMAIN, True),
    ("DOT", "452 4.3.1 no space", LATER, Scope.ACCOUNT, True),
    ("DOT", "550 5.1.1 unknown after all", REFUSED, Scope.RECIPIENT, True),
    ("DOT", "552 5.2.2 over quota", REFUSED, Scope.RECIPIENT, True),
    ("DOT", "554 5.7.1 spam", REFUSED, Scope.MESSAGE, True),
    ("DOT", "421 4.3.2 bye", LATER, Scope.ACCOUNT, False),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("verb", "said", "verdict", "scope", "goes_on"), ANSWERS)
def test_each_bad_answer_at_each_verb(
    mode: str, verb: str, said: str, verdict: str, scope: Scope, goes_on: bool
) -> None:
    told_421 = Act(said.encode() + b"\r\n", "close") if said.startswith("421") else said
    with Relay({verb: once(told_421)}, MODES[mode]) as relay:
        outcomes, session, notes = talk(relay)
        bad = outcomes[BAD - 1]
        assert verdicts(outcomes)[:BAD] == [TAKEN, TAKEN, verdict]
        assert bad.scope is scope
        assert bad.code == int(said[:3])
        assert bad.status == (said[4:9] if said[5] == "." and said[7] == "." else "")
        assert session.alive == goes_on
        assert verdicts(outcomes)[BAD:] == ([TAKEN] * 3 if goes_on else [UNTRIED] * (len(outcomes) - BAD))
        assert_true(outcomes, relay, notes)
        session.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("then", ["close", "reset", "hang"])
@pytest.mark.parametrize(
    ("verb", "expected"),
    [("MAIL", {UNTRIED}), ("RCPT", {LATER}), ("DATA", {LATER}), ("DOT", {UNKNOWN}), ("LINE", {UNKNOWN})],
)
def test_a_connection_that_breaks(mode: str, then: str, verb: str, expected: set[str]) -> None:
    # Of a small letter the kernel has everything already: nobody can know how far the server read.
    broken = once(Act(then=then), 2 * letter(1).content.count(b"\n") + 4 if verb == "LINE" else BAD)
    with Relay({verb: broken}, MODES[mode]) as relay:
        outcomes, session, notes = talk(relay, timeouts=QUICK if then == "hang" else PATIENT)
        assert verdicts(outcomes)[:2] == [TAKEN, TAKEN]
        assert verdicts(outcomes)[2] in expected
        assert set(verdicts(outcomes)[3:]) <= {UNTRIED}
        assert outcomes[2].code == 0
        assert outcomes[2].text
        assert not session.alive
        assert_true(outcomes, relay, notes)


@pytest.mark.parametrize("then", ["close", "reset", "hang"])
def test_a_connection_that_breaks_before_anything_was_taken_is_no_reason_to_try_at_once_again(then: str) -> None:
    with Relay({"MAIL": Act(then=then)}) as relay:
        outcomes, _, _ = talk(relay, timeouts=QUICK if then == "hang" else PATIENT)
        assert verdicts(outcomes) == [LATER, UNTRIED]
        assert outcomes[0].scope is Scope.ACCOUNT


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("then", ["close", "reset", "hang"])
def test_a_big_letter_cut_in_its_middle_was_surely_not_taken(mode: str, then: str) -> None:
    with Relay({"LINE": once(Act(then=then), 20)}, MODES[mode], receive_buffer=4096) as relay:
        outcomes, session, notes = talk(
            relay, [replace(letter(1), content=BIG), letter(2)], timeouts=QUICK if then == "hang" else PATIENT
        )
        assert verdicts(outcomes) == [LATER, UNTRIED]
        assert not session.alive
        assert notes.steps == [("started", 1), ("ended", 1)]


def test_a_server_that_refuses_in_the_middle_of_a_letter_is_heard() -> None:
    refusal = Act(b"552 5.3.4 too big\r\n", "close")
    with Relay({"LINE": once(refusal, 20)}, receive_buffer=4096) as relay:
        outcomes, session, _ = talk(relay, [replace(letter(1), content=BIG), letter(2)])
        assert (outcomes[0].verdict, outcomes[0].code, outcomes[0].status) == (Verdict.REFUSED, 552, "5.3.4")
        assert verdicts(outcomes)[1:] == [UNTRIED]
        assert not session.alive


def test_a_server_that_never_reads_is_given_up_without_a_doubt() -> None:
    with Relay(deaf=True, receive_buffer=4096) as relay:
        outcomes, _, _ = talk(relay, [replace(letter(1), content=BIG), letter(2)], timeouts=QUICK)
        assert verdicts(outcomes) == [LATER, UNTRIED]
        assert "in time" in outcomes[0].text


def test_a_big_letter_arrives_through_small_buffers() -> None:
    with Relay(receive_buffer=4096, offers=("PIPELINING",)) as relay:
        big = BIG[: 70 * 72]
        outcomes, session, _ = talk(relay, [replace(letter(n), content=big * 20) for n in (1, 2)])
        assert verdicts(outcomes) == [TAKEN, TAKEN]
        assert [content for _, _, content in relay.letters] == [big * 20 + b"\r\n" * (not big.endswith(b"\r\n"))] * 2
        session.close()


def test_a_letter_refused_where_data_was_taken_all_the_same_is_ended_by_a_lone_dot() -> None:
    """RFC 2920 3.1: the client sends one dot, and what the server says to it is not the letter's verdict."""
    said = {"RCPT": once("550 5.1.1 no such user"), "DATA": lambda _: "354 go on"}
    with Relay(said) as relay:
        outcomes, session, notes = talk(relay)
        assert verdicts(outcomes) == [TAKEN, TAKEN, REFUSED, TAKEN, TAKEN, TAKEN]
        assert outcomes[2].code == 550
        assert relay.empty == [""]
        assert session.alive
        assert_true(outcomes, relay, notes)
        session.close()


def test_lmtp_ends_the_conversation_there_because_no_answer_would_come() -> None:
    said = {"RCPT": once("550 5.1.1 no such user"), "DATA": lambda _: "354 go on"}
    with Relay(said, lmtp=True) as relay:
        outcomes, session, _ = talk(relay)
        assert verdicts(outcomes)[:3] == [TAKEN, TAKEN, REFUSED]
        assert not session.alive


@pytest.mark.parametrize("mode", MODES)
def test_everybody_refused_costs_no_session(mode: str) -> None:
    with Relay({"RCPT": "550 5.1.1 no such user"}, MODES[mode]) as relay:
        outcomes, session, notes = talk(relay)
        assert verdicts(outcomes) == [REFUSED] * 6
        assert session.alive
        assert notes.steps == []
        assert relay.commands.count("RSET") == 6
        session.close()


def test_a_server_that_will_not_reset_is_left() -> None:
    with Relay({"RCPT": once("550 5.1.1 no such user"), "RSET": "500 what?"}) as relay:
        outcomes, session, notes = talk(relay)
        assert verdicts(outcomes) == [TAKEN, TAKEN, REFUSED, UNTRIED, UNTRIED]
        assert not session.alive
        assert_true(outcomes, relay, notes)


def test_letters_refused_here_keep_their_place() -> None:
    offers = ("PIPELINING", "SIZE 2000")
    letters = [letter(number) for number in range(1, 8)]
    letters[0] = replace(letters[0], recipient="no address")
    letters[2] = replace(letters[2], content=letters[2].content + b"x" * 2000)
    letters[3] = replace(letters[3], recipient="δοκιμή@example.org")
    letters[4] = replace(letters[4], content="Subject: é\r\n\r\nx\r\n".encode())
    letters[6] = replace(letters[6], content="Subject: e\r\n\r\né\r\n".encode())
    with Relay(offers=offers) as relay:
        outcomes, session, _ = talk(relay, letters)
        assert [(told.number, told.verdict.value, told.status) for told in outcomes] == [
            (1, REFUSED, "5.1.3"),
            (2, TAKEN, "2.0.0"),
            (3, REFUSED, "5.3.4"),
            (4, REFUSED, "5.6.7"),
            (5, REFUSED, "5.6.7"),
            (6, TAKEN, "2.0.0"),
            (7, REFUSED, "5.6.3"),
        ]
        assert len(relay.letters) == 2
        session.close()


def test_what_goes_beyond_ascii_goes_where_it_may() -> None:
    offers = (*PIPELINING, "SMTPUTF8")
    letters = [
        replace(letter(1), recipient="δοκιμή@bücher.example"),
        replace(letter(2), content="Subject: e\r\n\r\né\r\n".encode()),
        letter(3),
    ]
    with Relay(offers=offers) as relay:
        outcomes, session, _ = talk(relay, letters)
        assert verdicts(outcomes) == [TAKEN] * 3
        mails = [command for command in relay.commands if command.startswith("MAIL")]
        assert [("SMTPUTF8" in mail, "BODY=8BITMIME" in mail) for mail in mails] == [
            (True, False),
            (False, True),
            (False, False),
        ]
        assert relay.letters[0][1] == "δοκιμή@xn--bcher-kva.example"
        session.close()


@pytest.mark.parametrize(
    "recipient",
    ["a@b.example>\r\nRCPT TO:<c@d.example", "a@b.example\nDATA", "a@b.example> SIZE=1", "a\x00@b.example", ""],
)
def test_no_address_can_be_a_command(recipient: str) -> None:
    with Relay() as relay:
        outcomes, session, _ = talk(
            relay, [replace(letter(1), recipient=recipient), replace(letter(2), sender=recipient or "x")]
        )
        assert verdicts(outcomes) == [REFUSED, REFUSED]
        assert not any(command.startswith(("MAIL", "RCPT")) for command in relay.commands)
        session.close()


def test_a_bounce_has_an_empty_sender() -> None:
    with Relay() as relay:
        outcomes, session, _ = talk(relay, [replace(letter(1), sender="")])
        assert verdicts(outcomes) == [TAKEN]
        assert any(command.startswith("MAIL FROM:<> SIZE=") for command in relay.commands)
        session.close()


def test_a_maker_that_fails_loses_nothing_of_what_was_under_way() -> None:
    def made() -> Iterator[Letter]:
        yield from (letter(1), letter(2), letter(3))
        raise RuntimeError("the template")

    with Relay() as relay:
        session = SmtpTransport(relay.url, timeouts=PATIENT).connect()
        outcomes = []
        with pytest.raises(RuntimeError, match="the template"):
            outcomes.extend(session.send(made(), Notes()))
        assert len(relay.letters) == 3
        session.close()


def test_a_caller_that_goes_away_leaves_no_half_conversation() -> None:
    with Relay() as relay:
        session = SmtpTransport(relay.url, timeouts=PATIENT).connect()
        sending = session.send([letter(number) for number in range(1, 9)], Notes())
        assert next(iter(sending)).verdict is Verdict.TAKEN
        sending.close()  # type: ignore[attr-defined]
        assert not session.alive
        assert 1 <= len(relay.letters) <= 2


@pytest.mark.parametrize("then", ["close", "reset", "hang"])
def test_in_tls_a_letter_cut_in_its_middle_was_surely_not_taken_too(then: str, certificates: Certificates) -> None:
    with Relay({"LINE": once(Act(then=then), 20)}, tls=certificates.server(), receive_buffer=4096) as relay:
        letters = [replace(letter(1), content=BIG), letter(2)]
        outcomes, session, _ = talk(
            relay, letters, ca_file=certificates.ca_file, tls="required", timeouts=QUICK if then == "hang" else PATIENT
        )
        assert verdicts(outcomes) == [LATER, UNTRIED]
        assert not session.alive


def test_in_tls_big_letters_arrive_whole(certificates: Certificates) -> None:
    with Relay(tls=certificates.server(), offers=("PIPELINING",), receive_buffer=4096) as relay:
        letters = [replace(letter(number), content=BIG[: 16_384 * number + number]) for number in range(1, 5)]
        outcomes, session, _ = talk(relay, letters, ca_file=certificates.ca_file, tls="required")
        assert verdicts(outcomes) == [TAKEN] * 4
        for one, (_, _, content) in zip(letters, relay.letters, strict=True):
            assert content.rstrip(b"\r\n") == one.content.rstrip(b"\r\n")
        session.close()


def test_the_kernels_buffers_hold_no_deadlock() -> None:
    """A server that answers each line at once, and reads on only when its answers are read."""
    with Relay({"LINE": lambda _: Act(b"250 chatter\r\n" * 20)}, receive_buffer=4096) as relay:
        before = time.monotonic()
        outcomes, session, _ = talk(relay, [replace(letter(1), content=BIG)])
        assert verdicts(outcomes) == [LATER]
        assert not session.alive
        assert time.monotonic() - before < 5
