"""A worker outlives a Redis that dies again and again, also with bells in hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers

pytestmark = pytest.mark.network

# A worker's connection as Celery leaves it when Redis dies for the second time: the transport's client is gone, and a
# bell was taken that nobody acknowledged.
CLOSING = """
import sys
from kombu import Connection
from distributor import worker
from celery.signals import worker_init
if sys.argv[2] == "as-ours":
    worker_init.send(sender=type("W", (), {"options": {}})())
connection = Connection(sys.argv[1])
queue = connection.SimpleQueue("watch")
queue.put("bell")
queue.get(timeout=5)
channel = queue.channel
channel.connection.client = None
channel.close()
print("closed")
"""


def closing(url: str, how: str, folder: Path) -> str:
    (folder / "distributor.toml").write_text(f"[broker]\nurl = {json.dumps(url)}\n")
    command = [sys.executable, "-c", CLOSING, url, how]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, env=dict(os.environ))
    return done.stdout + done.stderr


def test_a_bell_in_hand_does_not_end_the_worker_when_redis_dies(tmp_path: Path) -> None:
    redis = servers.redis(tmp_path)
    try:
        assert "AttributeError" in closing(redis.url, "as-kombu", tmp_path)
        assert closing(redis.url, "as-ours", tmp_path).strip() == "closed"
    finally:
        redis.stop()
