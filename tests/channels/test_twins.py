"""The twins are evidence only if they refuse what the networks would refuse, and log what they took."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.twins.telegram import TelegramTwin
from tests.twins.x import XTwin

ROOT = Path(__file__).resolve().parents[2]
SIGNED = {
    "Authorization": 'OAuth oauth_consumer_key="a", oauth_token="b", oauth_signature="c", '
    'oauth_signature_method="HMAC-SHA1", oauth_timestamp="1", oauth_nonce="n"'
}


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False) as client:
        yield client


@pytest.mark.network
@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("sendMessage", {"chat_id": 1, "text": "x", "unknown": 1}),
        ("sendMessage", {"chat_id": 1}),
        ("sendMessage", {"chat_id": 1, "text": "x", "message_thread_id": "seven"}),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [{"text": "no row"}]}}),
        ("sendNothing", {"chat_id": 1}),
    ],
)
def test_telegrams_twin_refuses_what_is_not_described(
    shared: Path, client: httpx2.Client, method: str, given: dict[str, Any]
) -> None:
    with TelegramTwin() as twin:
        answer = client.post(f"{twin.url}123456:AAAAAAAAAA/{method}", json=given)
        assert answer.status_code == 400
        assert len(twin.violations) == 1
        assert twin.posts == {}


@pytest.mark.network
@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/2/tweets", {"text": "x"}, {}),
        ("/2/tweets", {"text": "x", "unknown": 1}, SIGNED),
        ("/2/tweets", {"text": 5}, SIGNED),
        ("/2/tweets", {"text": "x", "media": {"media_ids": ["1", "2", "3", "4", "5"]}}, SIGNED),
        ("/2/media/upload", {"media": "eA=="}, SIGNED),
        ("/1.1/statuses/update.json", {"status": "x"}, SIGNED),
    ],
)
def test_xs_twin_refuses_what_is_not_described(
    shared: Path, client: httpx2.Client, path: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    with XTwin() as twin:
        assert client.post(twin.url + path, json=body, headers=headers).status_code in (400, 401)
        assert len(twin.violations) == 1
        assert twin.posts == {}


@pytest.mark.network
def test_xs_twin_verifies_signatures_when_it_knows_the_secrets(client: httpx2.Client) -> None:
    with XTwin(secrets=("app", "account")) as twin:
        assert client.post(f"{twin.url}/2/tweets", json={"text": "x"}, headers=SIGNED).status_code == 401


@pytest.mark.network
@pytest.mark.parametrize(
    ("network", "path", "body"),
    [("telegram", "123456:AAAAAAAAAA/sendMessage", {"chat_id": 1, "text": "x"}), ("x", "/2/tweets", {"text": "x"})],
)
def test_a_twin_of_its_own_logs_a_line_for_each_effect_and_obeys(
    client: httpx2.Client, tmp_path: Path, network: str, path: str, body: dict[str, Any]
) -> None:
    log = tmp_path / "effects.jsonl"
    command = [sys.executable, "-m", f"tests.twins.{network}", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            root = url.removesuffix("/bot")
            assert client.post(url + path, json=body).is_success
            assert client.post(f"{root}/twin", json={"fail": "server-error", "times": 1}).is_success
            assert client.post(url + path, json={**body, "text": "y"}).status_code == 500
            assert client.post(f"{root}/twin", json={"fail": "rate-limit", "times": 1}).is_success
            assert client.post(url + path, json=body).status_code == 429
            assert client.post(f"{root}/twin", json={}).json()["posts"] == 2
        finally:
            process.terminate()
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [entry["effect"] for entry in entries] == ["post", "post"]
    assert [entry["text"] for entry in entries] == ["x", "y"]
