"""Amazon SES: what a request holds, and what each answer means for a letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from distributor.errors import ChannelPaused, RetryLater
from distributor.mail import Scope, Verdict
from distributor.mail.rewriting import without_signature
from distributor.mail.ses import Ses
from distributor.mail.sigv4 import Credentials
from tests.mail.letters import Notes, letter, sent
from tests.twins.ses import ACCESS_KEY, REGION, SECRET, SesTwin

pytestmark = pytest.mark.network
GOOD = Credentials(ACCESS_KEY, SECRET)


@pytest.fixture
def twin() -> Iterator[SesTwin]:
    with SesTwin() as twin:
        yield twin


def ses(twin: SesTwin, **given: object) -> Ses:
    return Ses(REGION, given.pop("credentials", GOOD), base_url=twin.url, **{"timeout": 2, **given})  # type: ignore[arg-type]


def test_a_letter_is_taken_and_its_id_is_kept(twin: SesTwin) -> None:
    notes = Notes()
    [told] = sent(ses(twin, configuration_set="news").connect(), [letter()], notes)
    assert (told.verdict, told.code) == (Verdict.TAKEN, 200)
    assert twin.violations == []
    mail = twin.posts[told.remote_id]
    assert (mail["to"], mail["set"]) == ("reader@example.org", "news")
    assert mail["raw"] == without_signature(letter().content)
    assert notes.lines == [("started", 1), ("ended", 1)]


def test_our_own_signature_is_left_out_and_nothing_else() -> None:
    ours = letter().content
    assert ours.startswith(b"DKIM-Signature:")
    bare = without_signature(ours)
    assert not message_from_bytes(bare, policy=policy.SMTP)["DKIM-Signature"]
    assert ours.endswith(bare)
    twice = (
        b"From: a@x\r\nDKIM-Signature: a\r\n\tb\r\nTo: b@x\r\ndkim-signature: c\r\n\r\nDKIM-Signature: in the body\r\n"
    )
    assert without_signature(twice) == b"From: a@x\r\nTo: b@x\r\n\r\nDKIM-Signature: in the body\r\n"
    assert without_signature(bare) == bare


def test_a_name_beyond_ascii_goes_as_its_ascii_domain(twin: SesTwin) -> None:
    [told] = sent(ses(twin).connect(), [letter(recipient="leser@bücher.example")])
    assert twin.posts[told.remote_id]["to"] == "leser@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("recipient", "status"), [("jürgen@example.org", "5.6.7"), ("no address", "5.1.3"), ("a\n@x.org", "5.1.3")]
)
def test_what_ses_cannot_write_to_never_leaves(twin: SesTwin, recipient: str, status: str) -> None:
    notes = Notes()
    [told] = sent(ses(twin).connect(), [replace(letter(), recipient=recipient)], notes)
    assert (told.verdict, told.status, told.scope) == (Verdict.REFUSED, status, Scope.RECIPIENT)
    assert twin.requests == []
    assert notes.lines == []


@pytest.mark.parametrize(
    ("fault", "verdict", "scope"),
    [
        ("throttled", Verdict.LATER, Scope.ACCOUNT),
        ("daily-quota", Verdict.LATER, Scope.ACCOUNT),
        ("throttling", Verdict.LATER, Scope.ACCOUNT),
        ("paused", Verdict.LATER, Scope.ACCOUNT),
        ("limit", Verdict.LATER, Scope.ACCOUNT),
        ("unavailable", Verdict.LATER, Scope.ACCOUNT),
        ("bare-429", Verdict.LATER, Scope.ACCOUNT),
        ("suspended", Verdict.REFUSED, Scope.ACCOUNT),
        ("mail-from", Verdict.REFUSED, Scope.ACCOUNT),
        ("unverified", Verdict.REFUSED, Scope.ACCOUNT),
        ("no-set", Verdict.REFUSED, Scope.ACCOUNT),
        ("bad-signature", Verdict.REFUSED, Scope.ACCOUNT),
        ("bad-token", Verdict.REFUSED, Scope.ACCOUNT),
        ("expired-token", Verdict.REFUSED, Scope.ACCOUNT),
        ("denied", Verdict.REFUSED, Scope.ACCOUNT),
        ("moved", Verdict.REFUSED, Scope.ACCOUNT),
        ("virus", Verdict.REFUSED, Scope.MESSAGE),
        ("bad-request", Verdict.REFUSED, Scope.MESSAGE),
        ("bare-400", Verdict.REFUSED, Scope.MESSAGE),
        ("too-large", Verdict.REFUSED, Scope.MESSAGE),
        ("teapot", Verdict.REFUSED, Scope.MESSAGE),
        ("bad-address", Verdict.REFUSED, Scope.RECIPIENT),
        ("bad-address-2", Verdict.REFUSED, Scope.RECIPIENT),
        ("server-error", Verdict.UNKNOWN, Scope.RECIPIENT),
        ("bad-gateway", Verdict.UNKNOWN, Scope.RECIPIENT),
        ("bare-503", Verdict.UNKNOWN, Scope.RECIPIENT),
        ("hang", Verdict.UNKNOWN, Scope.RECIPIENT),
        ("reset", Verdict.UNKNOWN, Scope.RECIPIENT),
        ("garbage", Verdict.UNKNOWN, Scope.RECIPIENT),
        ("drip", Verdict.UNKNOWN, Scope.RECIPIENT),
    ],
)
def test_each_answer_has_one_meaning(twin: SesTwin, fault: str, verdict: Verdict, scope: Scope) -> None:
    twin.fail(fault, times=1)
    session = ses(twin, timeout=0.5).connect()
    [told] = sent(session, [letter()])
    assert (told.verdict, told.scope) == (verdict, scope)
    assert told.text
    assert session.alive is (scope is not Scope.ACCOUNT and verdict is not Verdict.UNKNOWN)
    if verdict in (Verdict.LATER, Verdict.REFUSED):
        assert told.status[0] == {Verdict.LATER: "4", Verdict.REFUSED: "5"}[verdict]
        assert twin.posts == {}


def test_every_refusal_of_the_twin_is_mapped(twin: SesTwin) -> None:
    """A fault that is not in the table above would be a hole in it."""
    table = test_each_answer_has_one_meaning.pytestmark[0].args[1]
    assert set(twin.refusals()) <= {fault for fault, *_ in table}


def test_nobody_listening_means_later_for_the_whole_account(twin: SesTwin) -> None:
    session = ses(twin).connect()
    twin.fail("refuse")
    [told] = sent(session, [letter(), letter(2)])
    assert (told.verdict, told.scope, told.status) == (Verdict.LATER, Scope.ACCOUNT, "4.4.1")


def test_a_session_makes_one_letter_uncertain_at_most(twin: SesTwin) -> None:
    twin.fail("server-error")
    letters = iter([letter(1), letter(2)])
    session = ses(twin).connect()
    assert [one.verdict for one in sent(session, letters)] == [Verdict.UNKNOWN]
    assert not session.alive
    assert next(letters).number == 2


def test_a_wrong_secret_is_refused_and_not_repeated_in_words(twin: SesTwin) -> None:
    wrong = Credentials(ACCESS_KEY, "another+secret/of+forty+characters/AAAAA")
    [told] = sent(ses(twin, credentials=wrong).connect(), [letter()])
    assert (told.verdict, told.scope) == (Verdict.REFUSED, Scope.ACCOUNT)
    assert "another" not in told.text
    with pytest.raises(ChannelPaused, match="InvalidSignature"):
        ses(twin, credentials=wrong).check()


def test_check_tells_the_limits(twin: SesTwin) -> None:
    assert "14 letters a second" in "\n".join(ses(twin).check())
    twin.account["ProductionAccessEnabled"] = False
    assert "sandbox" in "\n".join(ses(twin).check())
    twin.account["SendingEnabled"] = False
    with pytest.raises(ChannelPaused, match="turned off"):
        ses(twin).check()
    twin.fail("denied", times=1)
    assert "the key is good" in ses(twin).check()[0]
    twin.fail("server-error", times=1)
    with pytest.raises(RetryLater):
        ses(twin).check()
    twin.fail("refuse")
    with pytest.raises(RetryLater):
        ses(twin).check()


def test_a_clock_that_is_wrong_is_told_by_check(twin: SesTwin) -> None:
    late = ses(twin, clock=lambda: datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(ChannelPaused, match="expired") as caught:
        late.check()
    assert "clock" in caught.value.hint


def test_connections_are_kept_open(twin: SesTwin) -> None:
    sent(ses(twin, sessions=1).connect(), [letter(number) for number in range(5)])
    assert len(twin.posts) == 5
    assert len(twin._connections) <= 1
