"""The network in memory, and what tests may ask of it."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from distributor.channels.memory import After, Memory
from distributor.errors import ChannelError, ChannelPaused, Rejected, RetryLater, Uncertain
from distributor.model import Message
from tests.contracts.channel import NOW, ChannelContract, Rig, make_setup

OUTCOMES: dict[str, ChannelError | After] = {
    "refuse": RetryLater("down", outage=True),
    "hang": After(Uncertain("silence")),
    "unauthorized": ChannelPaused("401", hint="sign in"),
    "rate-limit": RetryLater("busy", after=timedelta(seconds=5)),
    "bad-request": Rejected("no"),
}


class TestMemory(ChannelContract):
    channel_class = Memory
    good_options: ClassVar[dict[str, Any]] = {"network": "x"}
    faults: ClassVar[dict[str, Any]] = {
        name: (type(told.error if isinstance(told, After) else told),) for name, told in OUTCOMES.items()
    }

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Rig:
        channel = Memory.build(make_setup(tmp_path, {"network": "x"}))
        count = lambda: sum(not post.deleted for post in channel.posts)  # noqa: E731
        return Rig(channel, break_with=lambda fault: channel.script(OUTCOMES[fault], OUTCOMES[fault]), effects=count)

    def test_a_check_of_bad_credentials_says_what_to_fix(self, rig: Rig) -> None:
        pytest.skip("it has no credentials")


@pytest.fixture
def channel(tmp_path: Path) -> Memory:
    return Memory.build(make_setup(tmp_path, {}))


def test_what_was_taken_and_badly_told_is_kept_and_found(channel: Memory) -> None:
    channel.script(After(Uncertain("lost")), RetryLater("busy"))
    with pytest.raises(Uncertain):
        channel.send(Message(text="a"), "key-1")
    with pytest.raises(RetryLater):
        channel.send(Message(text="b"), "key-2")
    assert [post.key for post in channel.posts] == ["key-1"]
    assert channel.find(Message(text="a"), "key-1", NOW) is not None
    assert channel.find(Message(text="b"), "key-2", NOW) is None


def test_a_second_post_with_the_same_key_is_seen(channel: Memory) -> None:
    channel.send(Message(text="a"), "key-1")
    channel.send(Message(text="a"), "key-1")
    assert len(channel.posts) == 2


def test_an_edit_changes_what_readers_see_and_a_deleted_post_cannot_be_edited(channel: Memory) -> None:
    receipt = channel.send(Message(text="a"), "key-1")
    channel.edit(receipt, Message(text="b"), "key-1:2")
    channel.delete(receipt)
    (post,) = channel.posts
    assert (post.message.text, post.edits, post.deleted) == ("b", 1, True)
    with pytest.raises(Rejected):
        channel.edit(receipt, Message(text="c"), "key-1:3")


def test_many_threads_lose_nothing(channel: Memory) -> None:
    def work(name: int) -> None:
        for number in range(50):
            channel.send(Message(text="a"), f"{name}-{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    posts = channel.posts
    assert len({post.key for post in posts}) == len({post.receipt.remote_id for post in posts}) == 200
