"""What an HTTP answer means to the ledger."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.channels.http import Answer, asked_patience, harmless, is_loopback, refuse
from distributor.errors import ChannelPaused, Rejected, RetryLater, Uncertain

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "120"}, 120),
        ({"retry-after": "Sun, 01 Mar 2026 12:05:00 GMT"}, 300),
        ({"ratelimit-reset": str(EPOCH + 90)}, 90),
        ({"RateLimit-Reset": "90"}, 90),
        ({"X-RateLimit-Reset": "2026-03-01T12:05:00.123456Z"}, 300.123456),
        ({"X-RateLimit-Reset": "2026-03-01T13:05:00+01:00"}, 300),
        ({"x-rate-limit-reset": str(EPOCH + 900)}, 900),
        ({"Retry-After": "7", "RateLimit-Reset": "90"}, 7),
        ({"Retry-After": "soon", "RateLimit-Reset": "90"}, 90),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "Sun, 01 Mar 2020 12:05:00 GMT"}, 1),
        ({"Retry-After": "99999999"}, 86_400),
        ({"Retry-After": "nan"}, 60),
        ({"Retry-After": "-5"}, 60),
        ({}, 60),
    ],
)
def test_the_networks_own_patience_is_kept(headers: dict[str, str], wait: float) -> None:
    assert asked_patience(headers, NOW) == timedelta(seconds=wait)


@given(st.text(max_size=30) | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(str))
def test_no_header_makes_it_wait_for_ever_or_fail(value: str) -> None:
    assert timedelta(seconds=1) <= asked_patience({"Retry-After": value}, NOW) <= timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, ChannelPaused),
        (400, Rejected),
        (401, ChannelPaused),
        (403, ChannelPaused),
        (404, Rejected),
        (408, RetryLater),
        (422, Rejected),
        (425, RetryLater),
        (429, ChannelPaused),
        (500, Uncertain),
        (502, Uncertain),
        (503, Uncertain),
        (504, Uncertain),
        (599, Uncertain),
    ],
)
def test_each_status_has_one_meaning(status: int, kind: type[Exception]) -> None:
    assert type(refuse(Answer(status, {}, b""), "network: post", NOW)) is kind


def test_only_a_rate_limit_ends_by_itself() -> None:
    limited, refused = (refuse(Answer(status, {}, b""), "post", NOW) for status in (429, 401))
    assert isinstance(limited, ChannelPaused)
    assert isinstance(refused, ChannelPaused)
    assert limited.until == NOW + timedelta(minutes=1)
    assert refused.until is None
    assert refused.hint


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[1]", b'{"error": 7}', b'{"error":' * 10_000, b'{"error": "a\\nb\\u0000"}']
)
def test_whatever_a_network_says_is_one_line(body: bytes) -> None:
    told = str(refuse(Answer(400, {}, body), "post", NOW))
    assert "\n" not in told
    assert len(told) < 400


def test_what_the_network_says_is_told() -> None:
    body = json.dumps({"error": "InvalidRequest", "message": "text too long"}).encode()
    assert (
        str(refuse(Answer(400, {}, body), "bluesky: post", NOW)) == "bluesky: post: 400 InvalidRequest: text too long"
    )


def test_a_harmless_deed_in_doubt_is_done_again() -> None:
    with pytest.raises(RetryLater) as caught, harmless():
        raise Uncertain("silence")
    assert caught.value.outage


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost", True),
        ("http://[::1]:8", True),
        ("https://127.example", False),
    ],
)
def test_loopback_is_reached_without_a_proxy(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback
