"""Postmark's webhooks: who may tell, and what is told."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.hooks import HookRefused
from distributor.mail.hooks.postmark import read
from distributor.mail.hooks.secrets import check

BOUNCE: dict[str, Any] = {
    "RecordType": "Bounce",
    "MessageStream": "broadcast",
    "ID": 4323372036854775807,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
    "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
    "Email": "john@example.com",
    "From": "news@paper.example",
    "BouncedAt": "2019-11-05T16:33:54.9070259Z",
    "DumpAvailable": True,
    "Inactive": True,
    "CanActivate": True,
    "Subject": "Test subject",
    "ServerID": 23,
    "Metadata": {"delivery": "1", "message-id": "<d1.abc@paper.example>"},
}
CHANGE: dict[str, Any] = {
    "RecordType": "SubscriptionChange",
    "MessageID": None,
    "ServerID": 123456,
    "MessageStream": "broadcast",
    "ChangedAt": "2020-02-01T10:53:34.416071Z",
    "Recipient": "reader@example.org",
    "Origin": "Recipient",
    "SuppressSending": True,
    "SuppressionReason": "ManualSuppression",
    "Metadata": {},
}


def told(**changed: Any) -> list[Any]:
    return read(json.dumps({**BOUNCE, **changed}).encode())


def test_a_hard_bounce_becomes_an_event() -> None:
    [event] = told()
    assert (event.kind, event.hard, event.recipient, event.reason) == (
        "bounce",
        True,
        "john@example.com",
        "userunknown",
    )
    assert event.remote_id == "883953f4-6105-42a2-a16a-77a8eac79483"
    assert event.message_id == "<d1.abc@paper.example>"
    assert event.at == datetime(2019, 11, 5, 16, 33, 54, 907025, tzinfo=UTC)
    assert event.diagnostic.startswith("smtp;550 5.1.1 The email account")


@pytest.mark.parametrize(
    ("sort", "inactive", "details", "hard", "reason", "block"),
    [
        ("HardBounce", True, "", True, "userunknown", False),
        ("BadEmailAddress", True, "", True, "userunknown", False),
        ("SoftBounce", False, "", False, "undefined", False),
        ("SoftBounce", False, "smtp;452 4.2.2 mailbox full", False, "mailboxfull", False),
        ("DnsError", False, "", False, "hostunknown", False),
        ("SpamNotification", False, "smtp;550 blocked", False, "spamdetected", True),
        ("Blocked", True, "", False, "blocked", True),
        ("DMARCPolicy", False, "", False, "authfailure", True),
        ("ManuallyDeactivated", True, "", True, "suppressed", False),
    ],
)
def test_hard_soft_and_content_are_told_apart(
    sort: str, inactive: bool, details: str, hard: bool, reason: str, block: bool
) -> None:
    [event] = told(Type=sort, Inactive=inactive, Details=details, Description="")
    assert (event.kind, event.hard, event.reason, event.content_block) == ("bounce", hard, reason, block)


@pytest.mark.parametrize(
    "sort", ["Transient", "AutoResponder", "AddressChange", "OpenRelayTest", "ChallengeVerification", "Subscribe",
             "SMTPApiError", "InboundError", "TemplateRenderingFailed", "Novel", "", None, 7, {"a": 1}],
)  # fmt: skip
def test_a_delay_a_reply_and_our_own_faults_are_no_events(sort: Any) -> None:
    assert told(Type=sort) == []


def test_complaints_and_leaving_are_told_in_all_their_forms() -> None:
    assert [event.kind for event in told(RecordType="SpamComplaint", Type="SpamComplaint")] == ["complaint"]
    assert [event.kind for event in told(Type="SpamComplaint")] == ["complaint"]
    assert [event.kind for event in told(Type="Unsubscribe")] == ["unsubscribe"]

    def change(**changed: Any) -> list[tuple[str, bool]]:
        return [(event.kind, event.hard) for event in read(json.dumps({**CHANGE, **changed}).encode())]

    assert change() == [("unsubscribe", False)]
    assert change(SuppressionReason="SpamComplaint") == [("complaint", False)]
    assert change(SuppressionReason="HardBounce") == [("bounce", True)]
    assert change(SuppressSending=False, SuppressionReason=None) == []
    assert change(SuppressSending="true") == []


def test_a_delivery_is_told_and_opens_are_not() -> None:
    body = {
        "RecordType": "Delivery",
        "Recipient": "a@example.org",
        "DeliveredAt": "2026-03-02T07:00:00Z",
        "Details": "250",
    }
    [event] = read(json.dumps(body).encode())
    assert (event.kind, event.recipient, event.at) == ("delivery", "a@example.org", datetime(2026, 3, 2, 7, tzinfo=UTC))
    assert told(RecordType="Open") == told(RecordType="Inbound") == told(RecordType=["Bounce"]) == []


@pytest.mark.parametrize(
    "address",
    ["", "x", "a@x.example\nb@y.example", "a" * 300 + "@x.example", None, 5, ["a@x.example"], "\ud800@x.example"],
)
def test_an_address_that_is_none_is_no_event(address: Any) -> None:
    assert told(Email=address) == []


JSON = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.lists(st.text(max_size=4))
    | st.dictionaries(st.text(max_size=5), st.text(max_size=5))
)


@given(st.dictionaries(st.sampled_from([*BOUNCE, *CHANGE]), JSON), st.sampled_from([BOUNCE, CHANGE]))
def test_whatever_a_hook_holds_its_events_are_well_formed(changed: dict[str, Any], base: dict[str, Any]) -> None:
    for event in read(json.dumps({**base, **changed}).encode()):
        assert "@" in event.recipient
        assert event.diagnostic.isprintable()
        assert len(event.diagnostic) <= 500


@given(st.binary(max_size=100))
def test_no_body_raises_anything_else(body: bytes) -> None:
    try:
        read(body)
    except HookRefused as error:
        assert error.status in (400, 413)  # noqa: PT017


SECRET = "a-long-secret-of-ours"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "given"),
    [
        ({"Authorization": basic("postmark", SECRET)}, ""),
        ({"authorization": f"Bearer {SECRET}"}, ""),
        ({"X-Webhook-Secret": SECRET}, ""),
        ({}, SECRET),
    ],
)
def test_who_shows_the_secret_is_let_in(headers: dict[str, str], given: str) -> None:
    check(headers, SECRET, given=given)


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Authorization": basic(SECRET, "")}, {"Authorization": basic("x", SECRET + "x")},
        {"Authorization": "Basic ?"},
        {"Authorization": "Basic /w=="}, {"Authorization": SECRET}, {"X-Webhook-Secret": ""}, {"X-Webhook-Secret": "ü"},
    ],
)  # fmt: skip
def test_all_others_are_not(headers: dict[str, str]) -> None:
    with pytest.raises(HookRefused) as caught:
        check(headers, SECRET)
    assert caught.value.status == 401
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_secret_that_is_not_set_lets_nobody_in(secret: str) -> None:
    with pytest.raises(HookRefused):
        check({"X-Webhook-Secret": secret}, secret, given=secret)
