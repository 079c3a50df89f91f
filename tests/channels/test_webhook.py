"""The webhook channel against a receiver that checks signatures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from distributor.channels.webhook import Webhook, sign
from distributor.errors import ChannelPaused, ConfigError, RetryLater, Uncertain
from distributor.model import Card, Media, Message
from tests.contracts.channel import NETWORK_FAULTS, ChannelContract, Rig, make_setup
from tests.twins.webhook import SECRET, WebhookTwin


@pytest.fixture
def twin() -> Iterator[WebhookTwin]:
    with WebhookTwin() as running:
        yield running


def make(folder: Path, twin: WebhookTwin, **options: Any) -> Webhook:
    given = {"url": twin.url, "secret": SECRET, "timeout": 0.4, **options}
    return Webhook.build(make_setup(folder, given, clock=lambda: datetime.now(UTC)))


@pytest.mark.network
class TestWebhook(ChannelContract):
    channel_class = Webhook
    good_options: ClassVar[dict[str, Any]] = {"url": "https://intranet.example/hook", "secret": SECRET}
    required = ("url", "secret")
    secrets = (SECRET, SECRET.removeprefix("whsec_"))
    heavy = ("httpx2",)
    links_name_posts = False
    faults: ClassVar[dict[str, Any]] = {
        **{name: told for name, told in NETWORK_FAULTS.items() if name != "garbage"},  # any answer 2xx means taken
        "server-error": (RetryLater,),  # the standard: not taken, and sent again under the same id
        "drip": (Uncertain,),
        "gone": (ChannelPaused,),
    }

    @pytest.fixture
    def rig(self, tmp_path: Path, twin: WebhookTwin) -> Rig:
        return Rig(make(tmp_path, twin), break_with=twin.fail, effects=lambda: len(twin.posts), deadline=5)


@pytest.mark.network
class TestEvents:
    message = Message(text="Lake 🏞️", url="https://news.example/a", title="Lake", language="en")

    def test_an_event_tells_the_whole_post(self, tmp_path: Path, twin: WebhookTwin) -> None:
        message = replace(
            self.message,
            card=Card("https://news.example/a", "Lake", "Open", "https://news.example/a.jpg"),
            media=(Media("https://news.example/a.jpg", "image/jpeg", "A lake"),),
        )
        receipt = make(tmp_path, twin).send(message, "post:webhook:1")
        event = json.loads(twin.requests[-1].body)
        assert event["type"] == "article.published"
        assert event["data"] == {
            "id": "post:webhook:1",
            "url": "https://news.example/a",
            "title": "Lake",
            "text": "Lake 🏞️",
            "language": "en",
            "media": [{"url": "https://news.example/a.jpg", "type": "image/jpeg", "alt": "A lake"}],
            "card": {
                "url": "https://news.example/a",
                "title": "Lake",
                "description": "Open",
                "image": "https://news.example/a.jpg",
            },
        }
        assert receipt.url == "https://intranet.example/1"

    def test_a_repeat_has_the_same_id_and_is_dropped_by_the_receiver(self, tmp_path: Path, twin: WebhookTwin) -> None:
        channel = make(tmp_path, twin)
        twin.fail("reset", times=1)
        with pytest.raises(Uncertain):
            channel.send(self.message, "key-1")
        channel.send(self.message, "key-1")
        assert [effect["key"] for effect in twin.effects] == ["key-1"]

    def test_edits_and_deletions_are_events_of_the_same_post(self, tmp_path: Path, twin: WebhookTwin) -> None:
        channel = make(tmp_path, twin)
        receipt = channel.send(self.message, "key-1")
        receipt = channel.edit(receipt, replace(self.message, text="New"), "key-1:2")
        channel.delete(receipt)
        assert [(effect["effect"], effect["id"]) for effect in twin.effects] == [
            ("post", "key-1"),
            ("edit", "key-1"),
            ("delete", "key-1"),
        ]

    def test_a_receiver_with_another_secret_pauses_the_account(self, tmp_path: Path, twin: WebhookTwin) -> None:
        other = "whsec_" + "QUFB" * 11
        with pytest.raises(ChannelPaused) as caught:
            make(tmp_path, twin, secret=other).send(self.message, "key-1")
        assert "secret" in caught.value.hint

    def test_a_receiver_that_is_busy_says_for_how_long(self, tmp_path: Path, twin: WebhookTwin) -> None:
        twin.fail("rate-limit")
        with pytest.raises(ChannelPaused) as caught:
            make(tmp_path, twin).send(self.message, "key-1")
        assert caught.value.until is not None
        assert timedelta(seconds=118) < caught.value.until - datetime.now(UTC) <= timedelta(seconds=120)

    def test_the_address_may_be_a_secret_and_is_not_told(self, tmp_path: Path, twin: WebhookTwin, caplog: Any) -> None:
        caplog.set_level("DEBUG")
        channel = make(tmp_path, twin, url=f"{twin.url}?token=hush-hush")
        channel.send(self.message, "key-1")
        twin.fail("hang")
        with pytest.raises(Uncertain) as caught:
            channel.send(self.message, "key-2")
        assert "hush-hush" not in f"{caplog.text} {caught.value} {channel!r} {channel.account.name}"


def test_a_signature_is_as_the_standard_says() -> None:
    """The example of the specification's reference libraries."""
    key = __import__("base64").b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signed = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), body)
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("key", ["a.b", "a b", "a\r\nx: y", "é", "k" * 300, ""])
def test_a_key_that_cannot_be_an_id_becomes_one(key: str) -> None:
    first = sign(b"s" * 24, key, datetime.now(UTC), b"")["webhook-id"]
    assert first == sign(b"s" * 24, key, datetime.now(UTC), b"x")["webhook-id"]
    assert first.startswith("msg_")
    assert first.isascii()
    assert "." not in first


@pytest.mark.parametrize("secret", ["hush", "whsec_", "whsec_????", "whsec_QUFB", "whsec_" + "QUFB" * 30])
def test_a_weak_or_broken_secret_is_refused_and_not_shown(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Webhook.build(make_setup(tmp_path, {"url": "https://x.example", "secret": secret}))
    assert "secret" in caught.value.key
    assert len(secret) < 7 or secret not in f"{caught.value} {caught.value.hint}"


def test_a_timestamp_is_now_and_not_when_the_post_was_planned(tmp_path: Path) -> None:
    assert abs(int(sign(b"s" * 24, "k", datetime.now(UTC), b"")["webhook-timestamp"]) - time.time()) < 2
