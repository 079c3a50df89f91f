"""The memory transport that wakes its consumer instead of being polled."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection, Consumer, Exchange, Producer, Queue

from distributor.bells import Transport

TASKS = Queue("bells-test", Exchange("bells-test"), routing_key="bells-test")


@pytest.fixture
def connection() -> Iterator[Connection]:
    with Connection(transport=Transport) as opened:
        yield opened
        opened.transport.Channel.queues.clear()


def test_a_message_wakes_the_consumer_well_before_it_would_look(connection: Connection) -> None:
    took: list[float] = []
    ready, done = threading.Event(), threading.Event()

    def consume() -> None:
        def heard(body: dict[str, float], message: Any) -> None:
            took.append(time.monotonic() - body["at"])
            message.ack()

        with Connection(transport=Transport) as own, Consumer(own, [TASKS], callbacks=[heard]):
            ready.set()
            while len(took) < 20:
                own.drain_events(timeout=5)
        done.set()

    thread = threading.Thread(target=consume)
    thread.start()
    assert ready.wait(5)
    producer = Producer(connection)
    for _ in range(20):
        time.sleep(0.01)
        producer.publish({"at": time.monotonic()}, routing_key="bells-test", exchange=TASKS.exchange, declare=[TASKS])
    assert done.wait(10)
    thread.join()
    # kombu's own memory transport looks once a second; this one's net below the bell is 100 ms.
    assert statistics.median(took) < 0.03
    assert max(took) < 0.5


def test_silence_ends_with_the_time_out(connection: Connection) -> None:
    with Consumer(connection, [TASKS], callbacks=[lambda body, message: None]):
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.25)
        assert 0.2 < time.monotonic() - started < 10


def test_messages_come_once_and_in_order(connection: Connection) -> None:
    heard: list[int] = []
    producer = Producer(connection)
    for number in range(50):
        producer.publish(number, routing_key="bells-test", exchange=TASKS.exchange, declare=[TASKS])
    with Consumer(connection, [TASKS], callbacks=[lambda body, message: (heard.append(body), message.ack())]):
        while len(heard) < 50:
            connection.drain_events(timeout=2)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.05)
    assert heard == list(range(50))


def test_a_consumer_at_its_limit_is_served_again_after_its_ack(connection: Connection) -> None:
    waiting: list[Any] = []
    producer = Producer(connection)
    for number in range(3):
        producer.publish(number, routing_key="bells-test", exchange=TASKS.exchange, declare=[TASKS])
    with Consumer(connection, [TASKS], callbacks=[lambda body, message: waiting.append(message)], prefetch_count=1):
        connection.drain_events(timeout=1)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.15)
        for expected in (2, 3):
            waiting[-1].ack()
            connection.drain_events(timeout=1)
            assert len(waiting) == expected
        waiting[-1].ack()


def test_installed_it_is_what_memory_means() -> None:
    code = (
        "from kombu import Connection; from distributor import bells; bells.install();"
        "print(type(Connection('memory://').transport).__module__)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "distributor.bells"
