"""Canary secrets in the settings, everything run at DEBUG: they are found nowhere but where they were written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from distributor.sample import Newsroom
from distributor.sample.server import serve
from tests.desk import START
from tests.twins.bluesky import BlueskyTwin
from tests.twins.loopback import Twin
from tests.twins.mastodon import MastodonTwin
from tests.twins.telegram import TelegramTwin
from tests.twins.webhook import SECRET, WebhookTwin
from tests.twins.x import XTwin

CANARIES = {
    "telegram": "123456789:canary-telegram-AAAAAAAAAAAAAAAAAAAA",
    "mastodon": "canary-mastodon-token-0001",
    "bluesky": "canary-bluesky-password-0002",
    "x1": "canary-x-api-key-0003",
    "x2": "canary-x-api-secret-0004",
    "x3": "canary-x-access-token-0005",
    "x4": "canary-x-access-secret-0006",
    "webhook": SECRET,
    "metrics": "canary-metrics-token-0007",
    "userinfo": "canary-feed-password-0008",
}


@dataclass
class Newsdesk:
    folder: Path
    twins: dict[str, Twin]

    def run(self, *words: str) -> str:
        """The command at DEBUG; all that it said."""
        done = subprocess.run(
            [sys.executable, "-m", "distributor", "-vv", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={key: word for key, word in os.environ.items() if not key.startswith("DISTRIBUTOR_")}
            | {"HOME": str(self.folder)},
        )
        return f"$ {' '.join(words)}\n{done.stdout}{done.stderr}"


@pytest.fixture
def newsdesk(tmp_path: Path) -> Iterator[Newsdesk]:
    with ExitStack() as stack:
        newsroom = stack.enter_context(serve(Newsroom(started=START)))
        twins: dict[str, Twin] = {
            "telegram": TelegramTwin(),
            "mastodon": MastodonTwin(),
            "bluesky": BlueskyTwin(),
            "x": XTwin(),
            "webhook": WebhookTwin(),
        }
        for twin in twins.values():
            stack.enter_context(twin)
        address = newsroom.url.removeprefix("http://")
        (tmp_path / "secrets").mkdir(mode=0o700)
        (tmp_path / "secrets" / "telegram").write_text(CANARIES["telegram"] + "\n")
        (tmp_path / "distributor.toml").write_text(
            f"""
[site]
public_url = "https://go.paper.example"
[sources.paper]
url = "http://editor:{CANARIES["userinfo"]}@{address}/atom.xml"
backfill = 2
[network]
allow_hosts = ["{address}"]
[web]
metrics_token = "{CANARIES["metrics"]}"
[channels.telegram]
token_file = "secrets/telegram"
chat = "@thepaper"
base_url = "{twins["telegram"].url}"
[channels.mastodon]
instance = "twin.test"
base_url = "{twins["mastodon"].url}"
token = "{CANARIES["mastodon"]}"
[channels.bluesky]
handle = "paper.test"
app_password = "{CANARIES["bluesky"]}"
base_url = "{twins["bluesky"].url}"
[channels.x]
api_key = "{CANARIES["x1"]}"
api_secret = "{CANARIES["x2"]}"
access_token = "{CANARIES["x3"]}"
access_secret = "{CANARIES["x4"]}"
base_url = "{twins["x"].url}"
[channels.hook]
kind = "webhook"
url = "{twins["webhook"].url}"
secret = "{SECRET}"
"""
        )
        for path in (tmp_path / "distributor.toml", tmp_path / "secrets" / "telegram"):
            path.chmod(0o600)
        yield Newsdesk(tmp_path, twins)


@pytest.mark.network
def test_no_secret_is_said_logged_or_stored(newsdesk: Newsdesk) -> None:
    said = [newsdesk.run("run", "--once")]
    assert all(len(twin.posts) == 2 for twin in newsdesk.twins.values()), said[0][-3000:]
    newsdesk.twins["telegram"].fail("unauthorized")
    newsdesk.twins["mastodon"].fail("server-error")
    newsdesk.twins["x"].fail("garbage")
    newsdesk.twins["bluesky"].fail("refuse")
    said += [
        newsdesk.run("send", "1", "--again"),
        newsdesk.run("status"),
        newsdesk.run("status", "--json"),
        newsdesk.run("channels", "check"),
        newsdesk.run("channels", "list", "--json"),
        newsdesk.run("sources", "list"),
        newsdesk.run("sources", "check", "paper"),
        newsdesk.run("doctor"),
        newsdesk.run("why", "1"),
        newsdesk.run("deliveries", "list", "--json"),
    ]
    written = {"distributor.toml", "telegram"}
    for canary in CANARIES.values():
        for text in said:
            assert canary not in text, text
        for path in newsdesk.folder.rglob("*"):
            if path.is_file() and path.name not in written:
                assert canary.encode() not in path.read_bytes(), path
