"""Answers that are none, too few, too many, in pieces, or in several lines."""

from __future__ import annotations

import time

import pytest

from tests.contracts.transports import Notes, letter
from tests.mail.relays import Act, Relay
from tests.mail.test_faults import (
    LATER,
    MODES,
    QUICK,
    REFUSED,
    TAKEN,
    UNKNOWN,
    UNTRIED,
    assert_true,
    once,
    talk,
    verdicts,
)

pytestmark = pytest.mark.network


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("MAIL", Act(b"hello\r\n")),
        ("MAIL", Act(b"25\r\n")),
        ("MAIL", Act(b"\r\n")),
        ("MAIL", Act(b"\xff\xfe\x00\r\n")),
        ("MAIL", Act(b"999 what\r\n")),
        ("RCPT", Act(b"250-never ends\r\n" * 5000)),
        ("RCPT", Act(b"250 " + b"x" * 50_000)),
        ("RCPT", Act(b"x" * 50_000)),
        ("DATA", Act(b"250 yes?\r\n")),
        ("DATA", Act(b"334 go\r\n")),
        ("MAIL", Act(b"354 go\r\n")),
        ("DATA", Act(b"354 go\r\n250 and more\r\n")),
        ("DATA", Act(b"354 go\r\n450 4.3.0 or rather not\r\n")),
    ],
)
def test_garbage_before_the_dot_means_not_taken(mode: str, verb: str, said: Act) -> None:
    with Relay({verb: once(said)}, MODES[mode]) as relay:
        outcomes, session, notes = talk(relay)
        assert verdicts(outcomes)[:2] == [TAKEN, TAKEN]
        assert verdicts(outcomes)[2] in {LATER, UNTRIED}
        assert set(verdicts(outcomes)[3:]) <= {UNTRIED}
        assert all(told.text.isprintable() and len(told.text) <= 300 for told in outcomes)
        assert not session.alive
        assert_true(outcomes, relay, notes)


@pytest.mark.parametrize("said", [b"hello\r\n", b"354 more\r\n", b"250-never ends\r\n" * 5000, b"\x00" * 9000])
def test_garbage_after_the_dot_means_nobody_knows(said: bytes) -> None:
    with Relay({"DOT": once(Act(said))}) as relay:
        outcomes, session, notes = talk(relay)
        assert verdicts(outcomes)[:3] == [TAKEN, TAKEN, UNKNOWN]
        assert set(verdicts(outcomes)[3:]) <= {UNTRIED}
        assert not session.alive
        assert_true(outcomes, relay, notes)


def test_an_answer_too_few_is_noticed_before_it_can_shift_the_next_ones() -> None:
    with Relay({"RCPT": once(Act(code=250))}) as relay:
        outcomes, session, _ = talk(relay, timeouts=QUICK)
        assert verdicts(outcomes)[:3] == [TAKEN, TAKEN, LATER]
        assert not session.alive


def test_an_answer_too_many_is_noticed_before_a_body_leaves() -> None:
    with Relay({"RCPT": once(Act(b"250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n"))}) as relay:
        outcomes, session, _ = talk(relay)
        assert verdicts(outcomes)[:3] == [TAKEN, TAKEN, LATER]
        assert not session.alive


def test_a_server_that_hung_up_between_two_calls_has_tried_nothing() -> None:
    quits = {"DOT": once(Act(b"250 2.0.0 Ok: queued as 1\r\n421 4.4.2 idle\r\n", "close"), 1)}
    with Relay(quits) as relay:
        outcomes, session, _ = talk(relay, [letter(1)])
        assert verdicts(outcomes) == [TAKEN]
        time.sleep(0.05)
        assert verdicts(list(session.send([letter(2), letter(3)], Notes()))) == [UNTRIED, UNTRIED]
        assert not session.alive


def test_words_of_the_server_are_cleaned_and_cut() -> None:
    said = "550 5.1.1 no\x1b[31m such\x07 \u202euser " + "x" * 900
    with Relay({"RCPT": said}) as relay:
        outcomes, session, _ = talk(relay, [letter(1)])
        assert outcomes[0].text.isprintable()
        assert len(outcomes[0].text) <= 300
        assert outcomes[0].text.endswith("xx…")
        assert outcomes[0].status == "5.1.1"
        session.close()


def test_an_answer_in_several_lines_is_one() -> None:
    said = "550-5.1.1 The email account\r\n550-5.1.1 does not exist.\r\n550 5.1.1 Try again"
    with Relay({"RCPT": said}) as relay:
        outcomes, session, _ = talk(relay, [letter(1)])
        assert outcomes[0].text == "The email account does not exist. Try again"
        session.close()


@pytest.mark.parametrize("dribble", [1, 2, 3, 7])
def test_answers_in_small_pieces_are_answers(dribble: int) -> None:
    with Relay({"RCPT": once("550-5.1.1 a\r\n550 5.1.1 b")}, dribble=dribble) as relay:
        outcomes, session, notes = talk(relay)
        assert verdicts(outcomes) == [TAKEN, TAKEN, REFUSED, TAKEN, TAKEN, TAKEN]
        assert_true(outcomes, relay, notes)
        session.close()


def test_a_server_that_sends_small_packets_late_does_not_slow_us_down() -> None:
    """Nagle there and delayed acknowledgements here make 40 ms a letter, unless we acknowledge at once."""
    with Relay(prompt=False) as relay:
        before = time.monotonic()
        outcomes, session, _ = talk(relay, [letter(number) for number in range(1, 101)])
        assert verdicts(outcomes) == [TAKEN] * 100
        assert time.monotonic() - before < 2
        session.close()
