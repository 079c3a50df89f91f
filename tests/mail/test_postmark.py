"""Postmark: our message as its fields, and what each answer means for a letter."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import ChannelPaused, RetryLater
from distributor.mail import Letter, Scope, Verdict
from distributor.mail.postmark import Postmark
from tests.mail.letters import Notes, letter, sent
from tests.twins.postmark import TOKEN, PostmarkTwin

pytestmark = pytest.mark.network


@pytest.fixture
def twin() -> Iterator[PostmarkTwin]:
    with PostmarkTwin() as twin:
        yield twin


def postmark(twin: PostmarkTwin, token: str = TOKEN, timeout: float = 2) -> Postmark:
    return Postmark(token, base_url=twin.url, timeout=timeout)


def test_a_letter_is_taken_field_by_field(twin: PostmarkTwin) -> None:
    notes = Notes()
    [told] = sent(postmark(twin).connect(), [letter()], notes)
    assert (told.verdict, told.code, told.text) == (Verdict.TAKEN, 200, "OK")
    assert twin.violations == []
    mail = twin.posts[told.remote_id]
    assert mail["From"] == '"The Paper, daily" <news@paper.example>'
    assert mail["To"] == "reader@example.org"
    assert mail["ReplyTo"] == "desk@paper.example"
    assert mail["Subject"].startswith("Grüße aus dem Hafen: zwölf Fähren und ein sehr langer Betreff, der gefaltet")
    assert mail["TextBody"].replace("\r\n", "\n").startswith("Guten Tag\n.\nEin Punkt")
    assert mail["HtmlBody"].strip() == "<p>Guten Tag, Größe</p>"
    assert (mail["MessageStream"], mail["TrackOpens"], mail["TrackLinks"]) == ("broadcast", False, "None")
    headers = {header["Name"]: header["Value"] for header in mail["Headers"]}
    assert headers == {
        "Message-ID": "<d1.abc@paper.example>",
        "List-Unsubscribe": "<https://go.paper.example/u/1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-PM-KeepID": "true",
    }
    assert mail["Metadata"] == {"delivery": "1", "message-id": "<d1.abc@paper.example>"}
    assert notes.lines == [("started", 1), ("ended", 1)]


def test_only_the_envelope_says_who_gets_it(twin: PostmarkTwin) -> None:
    one = letter()
    copied = one.content.replace(
        b"To: reader@example.org", b"To: other@example.org\r\nCc: c@x.example\r\nBcc: d@x.example"
    )
    [told] = sent(postmark(twin).connect(), [replace(one, content=copied)])
    mail = twin.posts[told.remote_id]
    assert mail["To"] == "reader@example.org"
    assert not {"Cc", "Bcc"} & set(mail)
    assert not {"to", "cc", "bcc"} & {header["Name"].lower() for header in mail["Headers"]}


def test_a_picture_goes_along_as_an_attachment(twin: PostmarkTwin) -> None:
    message = cast(EmailMessage, message_from_bytes(letter().content, policy=policy.SMTP))
    html = message.get_payload(1)
    html.add_related(b"\x89PNG", "image", "png", cid="<logo@paper>", filename="logo.png")  # type: ignore[union-attr]
    [told] = sent(postmark(twin).connect(), [replace(letter(), content=message.as_bytes())])
    assert twin.violations == []
    [part] = twin.posts[told.remote_id]["Attachments"]
    assert part == {
        "Name": "logo.png",
        "Content": base64.b64encode(b"\x89PNG").decode(),
        "ContentType": "image/png",
        "ContentID": "cid:logo@paper",
    }


@pytest.mark.parametrize(
    ("fault", "verdict", "scope", "status"),
    [
        ("inactive", Verdict.REFUSED, Scope.RECIPIENT, "5.1.1"),
        ("inactive-ok", Verdict.REFUSED, Scope.RECIPIENT, "5.1.1"),
        ("bad-to", Verdict.REFUSED, Scope.RECIPIENT, "5.1.3"),
        ("bad-to-2", Verdict.REFUSED, Scope.RECIPIENT, "5.1.3"),
        ("bad-request", Verdict.REFUSED, Scope.MESSAGE, "5.6.0"),
        ("bad-json", Verdict.REFUSED, Scope.MESSAGE, "5.6.0"),
        ("too-large", Verdict.REFUSED, Scope.MESSAGE, "5.3.4"),
        ("novel", Verdict.REFUSED, Scope.MESSAGE, "5.6.0"),
        ("bad-token", Verdict.REFUSED, Scope.ACCOUNT, "5.7.8"),
        ("bad-from", Verdict.REFUSED, Scope.ACCOUNT, "5.1.7"),
        ("no-signature", Verdict.REFUSED, Scope.ACCOUNT, "5.7.1"),
        ("unconfirmed", Verdict.REFUSED, Scope.ACCOUNT, "5.7.1"),
        ("no-credits", Verdict.REFUSED, Scope.ACCOUNT, "5.7.1"),
        ("pending", Verdict.REFUSED, Scope.ACCOUNT, "5.7.1"),
        ("may-not-send", Verdict.REFUSED, Scope.ACCOUNT, "5.7.1"),
        ("no-stream", Verdict.REFUSED, Scope.ACCOUNT, "5.3.5"),
        ("moved", Verdict.REFUSED, Scope.ACCOUNT, "5.7.8"),
        ("not-found", Verdict.REFUSED, Scope.ACCOUNT, "5.3.5"),
        ("maintenance", Verdict.LATER, Scope.ACCOUNT, "4.3.2"),
        ("rate-limit", Verdict.LATER, Scope.ACCOUNT, "4.7.28"),
        ("rate-limit-bare", Verdict.LATER, Scope.ACCOUNT, "4.7.28"),
        ("server-error", Verdict.UNKNOWN, Scope.RECIPIENT, ""),
        ("bad-gateway", Verdict.UNKNOWN, Scope.RECIPIENT, ""),
        ("unavailable", Verdict.UNKNOWN, Scope.RECIPIENT, ""),
        ("hang", Verdict.UNKNOWN, Scope.RECIPIENT, ""),
        ("reset", Verdict.UNKNOWN, Scope.RECIPIENT, ""),
        ("garbage", Verdict.UNKNOWN, Scope.RECIPIENT, ""),
        ("drip", Verdict.UNKNOWN, Scope.RECIPIENT, ""),
    ],
)
def test_each_answer_has_one_meaning(
    twin: PostmarkTwin, fault: str, verdict: Verdict, scope: Scope, status: str
) -> None:
    twin.fail(fault, times=1)
    session = postmark(twin, timeout=0.5).connect()
    [told] = sent(session, [letter()])
    assert (told.verdict, told.scope, told.status) == (verdict, scope, status)
    assert told.text
    assert told.text.isprintable()
    assert session.alive is (scope is not Scope.ACCOUNT and verdict is not Verdict.UNKNOWN)


def test_every_refusal_of_the_twin_is_mapped(twin: PostmarkTwin) -> None:
    table = test_each_answer_has_one_meaning.pytestmark[0].args[1]
    assert set(twin.refusals()) <= {fault for fault, *_ in table}


def test_nobody_listening_means_later_for_the_whole_account(twin: PostmarkTwin) -> None:
    twin.fail("refuse")
    [told] = sent(postmark(twin).connect(), [letter(), letter(2)])
    assert (told.verdict, told.scope) == (Verdict.LATER, Scope.ACCOUNT)


@pytest.mark.parametrize(
    "content", [b"", b"no headers", b"From: a@x.example\r\n\r\n\xff\xfe", b"Subject: x\r\n\r\nno From\r\n"]
)
def test_what_is_no_message_is_refused_before_it_leaves(twin: PostmarkTwin, content: bytes) -> None:
    [told] = sent(postmark(twin).connect(), [replace(letter(), content=content)])
    assert told.verdict in (Verdict.REFUSED, Verdict.TAKEN)
    if told.verdict is Verdict.REFUSED:
        assert (told.scope, twin.requests) == (Scope.MESSAGE, [])


@given(st.binary(max_size=300), st.text(max_size=30))
def test_no_letter_makes_the_preparing_raise(content: bytes, recipient: str) -> None:
    prepared = Postmark(TOKEN)._prepare(Letter(1, 1, "x@y.example", recipient, content))
    assert prepared


def test_check_names_the_stream_and_what_is_odd(twin: PostmarkTwin) -> None:
    assert postmark(twin).check() == ["the token is good; the stream broadcast is of the type Broadcasts"]
    twin.stream["SubscriptionManagementConfiguration"] = {"UnsubscribeHandlingType": "Postmark"}
    twin.server["DeliveryType"] = "Sandbox"
    assert [line[0] for line in postmark(twin).check()] == ["t", "!", "!"]
    twin.stream["ArchivedAt"] = "2026-01-01T00:00:00Z"
    with pytest.raises(ChannelPaused, match="archived"):
        postmark(twin).check()


def test_check_tells_a_wrong_token_and_a_wrong_stream(twin: PostmarkTwin) -> None:
    with pytest.raises(ChannelPaused) as caught:
        postmark(twin, token="another-secret-token").check()
    assert "another-secret" not in str(caught.value)
    with pytest.raises(ChannelPaused, match="could not be found"):
        Postmark(TOKEN, stream="other", base_url=twin.url).check()
    twin.fail("refuse")
    with pytest.raises(RetryLater):
        postmark(twin).check()
