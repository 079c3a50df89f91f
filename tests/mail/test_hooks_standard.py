"""Standard Webhooks, coming in: signed, fresh, and read with care."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.channels.webhook import sign
from distributor.mail.hooks import HookRefused
from distributor.mail.hooks.standard import key_of, read

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
SECRET, OLD = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"k", b"o"))
DATA = {
    "recipient": "Reader@Example.org",
    "hard": True,
    "reason": "User Unknown!",
    "diagnostic": "550 5.1.1\r\n\x1b[31mno such user",
    "message_id": "<d1@paper.example>",
    "remote_id": "r-1",
    "at": "2026-03-02T08:00:00+02:00",
}


def signed(
    data: Any, *, at: datetime = NOW, secret: str = SECRET, kind: Any = "bounce"
) -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"type": kind, "data": data}).encode()
    return body, sign(key_of(secret), "msg_1", at, body)


def test_a_signed_event_is_read() -> None:
    body, headers = signed(DATA)
    told = read(body, {name.title(): value for name, value in headers.items()}, secrets=[OLD, SECRET], now=NOW)
    assert told.id == "msg_1"
    [event] = told.events
    assert (event.kind, event.hard, event.reason) == ("bounce", True, "userunknown")
    assert event.diagnostic == "550 5.1.1 [31mno such user"
    assert event.at == datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def test_the_standards_own_example_is_verified() -> None:
    """The test vector of the specification: id, time, body, secret and signature as published."""
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(1614265330, UTC)
    told = read(body, headers, secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], now=now)
    assert (told.id, told.events) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", ())


def test_several_events_come_at_once() -> None:
    rows = [DATA, {**DATA, "type": "email.complaint"}, {**DATA, "type": "opened"}, {"recipient": "no"}, None, 7]
    body, headers = signed(rows, kind="email.bounce")
    events = read(body, headers, secrets=[SECRET], now=NOW).events
    assert [(event.kind, event.hard) for event in events] == [("bounce", True), ("complaint", False)]


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_five_minutes_are_all_that_clocks_may_differ(seconds: int, good: bool) -> None:
    body, headers = signed(DATA)
    now = NOW + timedelta(seconds=seconds)
    if good:
        assert read(body, headers, secrets=[SECRET], now=now)
    else:
        with pytest.raises(HookRefused):
            read(body, headers, secrets=[SECRET], now=now)


def test_one_good_signature_among_several_is_enough() -> None:
    body, headers = signed(DATA)
    more = f"v1,AAAA v1a,xx {headers['webhook-signature']} v1,?"
    assert read(body, {**headers, "webhook-signature": more}, secrets=[SECRET], now=NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"}, {"webhook-id": ""}, {"webhook-id": "a b"}, {"webhook-id": "x" * 256},
        {"webhook-timestamp": "1"}, {"webhook-timestamp": "x"}, {"webhook-timestamp": "-1"}, {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 13}, {"webhook-signature": ""}, {"webhook-signature": "v1,"},
        {"webhook-signature": "v2,AAAA"}, {"webhook-signature": "v1," + "A" * 43 + "="},
    ],
)  # fmt: skip
def test_a_changed_head_is_refused(changed: dict[str, str]) -> None:
    body, headers = signed(DATA)
    with pytest.raises(HookRefused) as caught:
        read(body, {**headers, **changed}, secrets=[SECRET], now=NOW)
    assert caught.value.status == 401


def test_a_changed_body_another_secret_and_no_secret_are_refused() -> None:
    body, headers = signed(DATA)
    for given_body, secrets in ((body + b" ", [SECRET]), (body, [OLD]), (body, [])):
        with pytest.raises(HookRefused):
            read(given_body, headers, secrets=secrets, now=NOW)
    with pytest.raises(HookRefused, match="base64"):
        read(body, headers, secrets=["whsec_short"], now=NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(list(DATA)) | st.text(max_size=5), inner)
    ),
    max_leaves=15,
)


@given(
    data=JSON
    | st.fixed_dictionaries({"recipient": st.just("a@b.example") | JSON}, optional=dict.fromkeys([*DATA][1:], JSON)),
    kind=JSON | st.just("bounce"),
)
def test_whatever_is_signed_its_events_are_well_formed(data: Any, kind: Any) -> None:
    body, headers = signed(data, kind=kind)
    for event in read(body, headers, secrets=[SECRET], now=NOW).events:
        assert "@" in event.recipient
        assert event.diagnostic.isprintable()
        assert len(event.diagnostic) <= 500


@given(
    st.binary(max_size=100),
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=40)),
)
def test_nothing_unsigned_is_read(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(HookRefused):
        read(body, headers, secrets=[SECRET], now=NOW)
