"""Amazon SNS: nothing is believed that its own certificate did not sign, for our own topic, lately."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.errors import Unreachable
from distributor.mail.hooks import HookRefused
from distributor.mail.hooks.certificates import Certificates
from distributor.mail.hooks.sns import Received, read

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-news"
URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem"
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
TESTS = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + TOPIC + "&Token=2336412f37"
ORDER = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}
BOUNCE = {
    "notificationType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {
                "emailAddress": "jane@example.com",
                "status": "5.1.1",
                "action": "failed",
                "diagnosticCode": "smtp; 550 5.1.1 <jane@example.com>... User unknown",
            }
        ],
        "timestamp": "2026-03-02T06:59:38.237Z",
        "feedbackId": "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa068a-000000",
    },
    "mail": {
        "timestamp": "2026-03-02T06:59:37.000Z",
        "source": "news@paper.example",
        "messageId": "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa0680-000000",
        "destination": ["jane@example.com"],
        "headersTruncated": False,
        "headers": [
            {"name": "From", "value": "news@paper.example"},
            {"name": "Message-ID", "value": "<d1.abc@paper.example>"},
        ],
    },
}


@cache
def key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def certificate(days: int = 30, curve: bool = False) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    signer: Any = ec.generate_private_key(ec.SECP256R1()) if curve else key()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(signer.public_key())
    made = made.serial_number(1).not_valid_before(NOW - timedelta(days=60))
    return (
        made.not_valid_after(NOW + timedelta(days=days))
        .sign(signer, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def pem(url: str) -> bytes:
    assert url == URL
    return certificate()


def message(inner: Any = BOUNCE, *, version: str = "2", **changed: Any) -> bytes:
    """A signed message; what is `changed` is changed before it is signed."""
    envelope: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": inner if isinstance(inner, str) else json.dumps(inner),
        "Timestamp": "2026-03-02T06:59:40.500Z",
        "SignatureVersion": version,
        "SigningCertURL": URL,
        **changed,
    }
    names = [name for name in ORDER[envelope["Type"]] if envelope.get(name) is not None]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names).encode()
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    envelope["Signature"] = base64.b64encode(key().sign(text, padding.PKCS1v15(), algorithm)).decode()
    return json.dumps(envelope).encode()


def changed(body: bytes, **values: Any) -> bytes:
    """The message with something changed after it was signed."""
    return json.dumps({**json.loads(body), **values}).encode()


def received(body: bytes, fetch: Callable[[str], bytes] = pem, now: datetime = NOW) -> Received:
    return read(body, topics={TOPIC}, certificate=fetch, now=now)


def refused(body: bytes, fetch: Callable[[str], bytes] = pem, now: datetime = NOW) -> HookRefused:
    with pytest.raises(HookRefused) as caught:
        received(body, fetch, now)
    return caught.value


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [None, "Amazon SES Email Event Notification"])
def test_a_bounce_becomes_an_event(version: str, subject: str | None) -> None:
    told = received(message(version=version, **({"Subject": subject} if subject else {})))
    assert told.id == "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"
    [event] = told.events
    assert (event.kind, event.hard, event.recipient, event.reason) == (
        "bounce",
        True,
        "jane@example.com",
        "userunknown",
    )
    assert event.diagnostic == "smtp; 550 5.1.1 <jane@example.com>... User unknown"
    assert event.remote_id == "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa0680-000000"
    assert event.message_id == "<d1.abc@paper.example>"
    assert event.at == datetime(2026, 3, 2, 6, 59, 38, 237000, tzinfo=UTC)
    assert not event.content_block


@pytest.mark.parametrize(
    ("sort", "subtype", "said", "hard", "reason", "block"),
    [
        ("Permanent", "NoEmail", "", True, "userunknown", False),
        ("Permanent", "OnAccountSuppressionList", "", True, "suppressed", False),
        ("Permanent", "General", "smtp; 550 5.7.1 message rejected as spam", False, "spamdetected", True),
        ("Transient", "MailboxFull", "", False, "mailboxfull", False),
        ("Transient", "General", "smtp; 450 4.2.2 mailbox is full", False, "mailboxfull", False),
        ("Transient", "ContentRejected", "", False, "contenterror", True),
        ("Transient", "MessageTooLarge", "", False, "mesgtoobig", True),
        ("Undetermined", "Undetermined", "", False, "undefined", False),
    ],
)
def test_hard_soft_and_content_are_told_apart(
    sort: str, subtype: str, said: str, hard: bool, reason: str, block: bool
) -> None:
    row = {"emailAddress": "Jane <jane@example.com>", **({"diagnosticCode": said} if said else {})}
    inner = {
        "eventType": "Bounce",
        "bounce": {"bounceType": sort, "bounceSubType": subtype, "bouncedRecipients": [row]},
    }
    [event] = received(message(inner)).events
    assert (event.recipient, event.hard, event.reason, event.content_block) == ("jane@example.com", hard, reason, block)


def test_a_complaint_and_a_delivery_become_events_and_no_spam_does_not() -> None:
    row = [{"emailAddress": "a@example.org"}, {"emailAddress": "not an address"}]
    inner: dict[str, Any] = {"notificationType": "Complaint", "complaint": {"complainedRecipients": row}, "mail": {}}
    [event] = received(message(inner)).events
    assert (event.kind, event.recipient, event.diagnostic) == ("complaint", "a@example.org", "abuse")
    inner["complaint"]["complaintFeedbackType"] = "not-spam"
    assert received(message(inner)).events == ()
    delivery = {"recipients": ["a@example.org"], "smtpResponse": "250 ok:  Message 1", "timestamp": "2026-03-02T07:00Z"}
    [event] = received(message({"eventType": "Delivery", "delivery": delivery})).events
    assert (event.kind, event.recipient, event.diagnostic) == ("delivery", "a@example.org", "250 ok: Message 1")


@pytest.mark.parametrize("inner", ["Successfully validated SNS topic for Amazon SES event publishing.", "[]", "null",
    {"eventType": "Open"}, {"notificationType": "Bounce"}, {"notificationType": "Bounce", "bounce": []},
    {"notificationType": {"a": 1}}, {"notificationType": "Bounce", "bounce": {"bouncedRecipients": [1, None, {}, "x"]}},
    "NaN", "{\"notificationType\": NaN}"])  # fmt: skip
def test_what_is_no_notice_is_no_event(inner: Any) -> None:
    assert received(message(inner)).events == ()


def test_a_change_after_the_signature_is_found() -> None:
    body = message(Subject="x")
    wrong = base64.b64encode(b"x" * 256).decode()
    for name, values in {
        "Message": ["{}"],
        "MessageId": ["x"],
        "Timestamp": ["2026-03-02T06:59:41.500Z"],
        "Subject": ["y", None],
        "Signature": [wrong, "?", None, 7],
        "SignatureVersion": ["1", "3", None, ["2"]],
    }.items():
        for value in values:
            assert refused(changed(body, **{name: value})).status == 401


def test_another_topic_is_refused_before_anything_is_fetched() -> None:
    def never(url: str) -> bytes:
        raise AssertionError(url)

    body = message(TopicArn="arn:aws:sns:eu-west-1:999999999999:ses-news")
    assert refused(body, never).status == 401
    for value in (None, 1, [TOPIC], {}, TOPIC + "x"):
        assert refused(changed(body, TopicArn=value), never).status == 401


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "https://sns.s3.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "https://sns.eu-west-1.amazonaws.com/x/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-../../x.pem",
        "https://sns-eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem?x",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem\n",
        "file:///etc/passwd",
        "",
        None,
        7,
    ],
)
def test_a_certificate_elsewhere_is_never_fetched(url: Any) -> None:
    def never(url: str) -> bytes:
        raise AssertionError(url)

    assert refused(changed(message(), SigningCertURL=url), never).status == 401


def test_a_certificate_that_is_none_expired_or_away_is_refused() -> None:
    def away(url: str) -> bytes:
        raise Unreachable("503")

    assert "cannot be had" in str(refused(message(), away))
    assert "cannot be read" in str(refused(message(), lambda _: b"<html>"))
    assert "today" in str(refused(message(), lambda _: certificate(-1)))
    assert "RSA" in str(refused(message(), lambda _: certificate(30, True)))


@pytest.mark.parametrize(
    ("hours", "good"), [(0, True), (1.5, True), (3, False), (-0.1, True), (-1, False), (30 * 24, False)]
)
def test_an_old_message_is_a_replay(hours: float, good: bool) -> None:
    now = datetime(2026, 3, 2, 7, 0, tzinfo=UTC) + timedelta(hours=hours)
    if good:
        assert received(message(), now=now).events
    else:
        assert refused(message(), now=now, fetch=lambda _: certificate(365)).status == 401


def test_only_our_own_topics_subscription_is_confirmed_and_only_at_amazon() -> None:
    given = {"Type": "SubscriptionConfirmation", "Token": "2336412f37", "SubscribeURL": TESTS}
    told = received(message("You have chosen to subscribe", **given))
    assert (told.confirm, told.events) == (TESTS, ())
    for url in (
        "https://evil.example/?Action=ConfirmSubscription&TopicArn=" + TOPIC,
        TESTS.replace("ConfirmSubscription", "DeleteTopic"),
        TESTS.replace("https:", "http:"),
        TESTS.replace("amazonaws.com/", "amazonaws.com:444/"),
        TESTS.replace("ses-news", "other"),
        TESTS.replace("eu-west-1.amazonaws", "us-east-1.amazonaws"),
        TESTS + "#x",
        "https://[",
    ):
        assert refused(message("x", **{**given, "SubscribeURL": url}))
    assert refused(changed(message("x", **given), SubscribeURL="https://evil.example/")).status == 401


def test_a_body_that_is_too_large_or_no_json_is_refused() -> None:
    assert refused(b"[" * 100_000).status == 400
    assert refused(b" " * 2_000_000).status == 413
    for body in (b"", b"\xff", b"[]", b"null", b"1" * 5000, b'{"TopicArn": "\\ud800"}'):
        assert refused(body)
    assert refused(changed(message(), Message="\ud800")).status == 400
    assert refused(changed(message(), Type=["Notification"])).status == 400
    assert refused(changed(message(), Type={})).status == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["bounceType", "bounceSubType", "bouncedRecipients", "timestamp", "complainedRecipients",
    "complaintFeedbackType", "recipients", "smtpResponse", "userAgent"])  # fmt: skip
PARTS = st.dictionaries(
    FIELDS, JSON | st.lists(st.dictionaries(st.sampled_from(["emailAddress", "status", "diagnosticCode"]), JSON))
)


@given(
    kind=st.sampled_from(["Bounce", "Complaint", "Delivery"]),
    part=PARTS,
    mail=JSON | st.fixed_dictionaries({"headers": JSON, "messageId": JSON}),
)
def test_whatever_a_notice_holds_events_are_well_formed(kind: str, part: dict[str, Any], mail: Any) -> None:
    from distributor.mail.hooks.notices import notice

    for event in notice(json.dumps({"eventType": kind, kind.lower(): part, "mail": mail})):
        assert event.recipient.count("@") >= 1
        assert event.diagnostic.isprintable()
        assert len(event.diagnostic) <= 500
        assert len(event.message_id) <= 300
        assert event.at is None or event.at.tzinfo is UTC


@settings(max_examples=60)
@given(
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(
        st.sampled_from(
            ["Type", "TopicArn", "Message", "MessageId", "SignatureVersion", "SigningCertURL", "Signature", "Timestamp"]
        ),
        st.sampled_from([TOPIC, URL, "Notification", "1", "2026-03-02T06:59:40Z"]) | JSON,
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_body_raises_anything_else(body: bytes) -> None:
    with pytest.raises(HookRefused):
        received(body, lambda _: certificate())


def test_certificates_are_kept_and_strangers_cannot_make_us_fetch_all_day() -> None:
    now = [NOW]
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if "bad" in url:
            raise Unreachable("404")
        return b"pem"

    kept = Certificates(fetch, lambda: now[0], most=3)
    assert [kept("good"), kept("good")] == [b"pem", b"pem"]
    assert asked == ["good"]
    for number in range(2):
        with pytest.raises(Unreachable):
            kept(f"bad{number}")
    with pytest.raises(HookRefused, match="too many"):
        kept("bad2")
    assert kept("good") == b"pem"
    now[0] += timedelta(hours=1)
    with pytest.raises(Unreachable):
        kept("bad2")
    assert len(asked) == 4
