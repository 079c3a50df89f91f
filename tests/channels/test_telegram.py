"""Telegram against a twin that judges every request by the published description."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from distributor.channels import Picture
from distributor.channels.telegram import Telegram
from distributor.errors import (
    ChannelPaused,
    Rejected,
    RetryLater,
    Uncertain,
    Unreachable,
)
from distributor.model import Media, Receipt
from tests.contracts.channel import NETWORK_FAULTS, NOW, ChannelContract, Rig, make_setup
from tests.twins.telegram import TelegramTwin, administrator

TOKEN = "123456789:CANARY-telegram-token-AAAAAAAAAAAAAA"
OPTIONS = {"token": TOKEN, "chat": "@news_example"}
PICTURE = Media("https://news.example/lake.jpg", alt="A lake")
MESSAGE = ChannelContract.message


@pytest.fixture
def twin() -> Iterator[TelegramTwin]:
    with TelegramTwin() as twin:
        yield twin
        assert twin.violations == []


@pytest.fixture
def make(twin: TelegramTwin, tmp_path: Path) -> Iterator[Any]:
    made: list[Telegram] = []

    def build(picture: Any = None, **options: Any) -> Telegram:
        given = {**OPTIONS, "base_url": twin.url, **options}
        setup = make_setup(tmp_path, given, **({"picture": picture} if picture else {}))
        made.append(Telegram.build(setup))
        made[-1].timeout = 0.4
        return made[-1]

    yield build
    for channel in made:
        channel.close()


@pytest.mark.network
class TestTelegram(ChannelContract):
    channel_class = Telegram
    good_options = OPTIONS
    required = ("token", "chat")
    secrets = (TOKEN, "CANARY-telegram")
    heavy = ("telegram", "httpx", "anyio")
    faults: ClassVar[Any] = {
        **NETWORK_FAULTS,
        "drip": (Uncertain,),
        "no-such-token": (ChannelPaused,),
        "not-a-member": (ChannelPaused,),
        "no-rights": (ChannelPaused,),
        "no-chat": (ChannelPaused,),
        "no-topic": (ChannelPaused,),
        "bad-markup": (Rejected,),
        "migrated": (Rejected,),
        "rate-limit": (ChannelPaused,),
        "rate-limit-bare": (ChannelPaused,),
        "too-large": (Rejected,),
        "conflict": (Rejected,),
        "moved": (RetryLater,),
        "middlebox": (RetryLater,),
        "bad-gateway": (Uncertain,),
    }

    @pytest.fixture
    def rig(self, twin: TelegramTwin, make: Any) -> Rig:
        return Rig(make(), break_with=twin.fail, effects=lambda: len(twin.posts), deadline=3)


def picture(url: str) -> Picture:
    assert url == PICTURE.url
    return Picture(b"\xff\xd8\xff picture", "image/jpeg")


def sent(twin: TelegramTwin) -> list[str]:
    return [request.path.rpartition("/")[2] for request in twin.requests]


@pytest.mark.network
class TestWhatIsPosted:
    def test_a_public_post_has_a_public_link(self, make: Any) -> None:
        assert make().send(MESSAGE, "k").url == "https://t.me/news_example/1"

    def test_a_private_channels_post_has_its_members_link(self, make: Any) -> None:
        assert make(chat=-1001234567890).send(MESSAGE, "k").url == "https://t.me/c/1234567890/1"

    def test_all_settings_reach_the_network(self, make: Any, twin: TelegramTwin) -> None:
        channel = make(chat="-1001234567890", topic=7, silent=True, button="Read on", link_preview="large")
        channel.send(MESSAGE, "k")
        body = twin.requests[-1].body.decode()
        for expected in ("message_thread_id=7", "disable_notification=true", "Read+on", "prefer_large_media", "HTML"):
            assert expected in body

    def test_a_button_opens_the_article(self, make: Any, twin: TelegramTwin) -> None:
        make(button="Read on").send(MESSAGE, "k")
        [post] = twin.posts.values()
        assert post["markup"] == {"inline_keyboard": [[{"text": "Read on", "url": MESSAGE.url}]]}

    @pytest.mark.parametrize("button", [False, "false", ""])
    def test_no_button_when_none_is_wanted(self, make: Any, twin: TelegramTwin, button: Any) -> None:
        make(button=button).send(MESSAGE, "k")
        [post] = twin.posts.values()
        assert post["markup"] is None

    def test_a_link_preview_can_be_turned_off(self, make: Any, twin: TelegramTwin) -> None:
        make(link_preview=False).send(MESSAGE, "k")
        assert b"is_disabled" in twin.requests[-1].body

    def test_a_picture_goes_out_with_the_text_as_its_caption(self, make: Any, twin: TelegramTwin) -> None:
        receipt = make(picture).send(replace(MESSAGE, media=(PICTURE,)), "k")
        assert sent(twin) == ["sendPhoto"]
        assert receipt.data["photo"] is True
        assert b"\xff\xd8\xff picture" in twin.requests[-1].body

    def test_a_text_too_long_for_a_caption_goes_out_without_the_picture(self, make: Any, twin: TelegramTwin) -> None:
        make(picture).send(replace(MESSAGE, text="x" * 1025, media=(PICTURE,)), "k")
        assert sent(twin) == ["sendMessage"]

    def test_a_caption_is_counted_without_its_markup(self, make: Any, twin: TelegramTwin) -> None:
        text = '<a href="https://news.example/a?b=1&amp;c=2">' + "x" * 1023 + "</a>&amp;"
        make(picture).send(replace(MESSAGE, text=text, media=(PICTURE,)), "k")
        assert sent(twin) == ["sendPhoto"]

    def test_pictures_can_be_turned_off(self, make: Any, twin: TelegramTwin) -> None:
        make(picture, photo=False).send(replace(MESSAGE, media=(PICTURE,)), "k")
        assert sent(twin) == ["sendMessage"]

    @pytest.mark.parametrize(
        "found",
        [Picture(b"", "image/jpeg"), Picture(b"x" * 10_000_001, "image/png"), Picture(b"<svg/>", "image/svg+xml")],
    )
    def test_a_picture_that_telegram_would_not_take_is_left_out(
        self, make: Any, twin: TelegramTwin, found: Picture
    ) -> None:
        make(lambda _: found).send(replace(MESSAGE, media=(PICTURE,)), "k")
        assert sent(twin) == ["sendMessage"]

    def test_a_picture_that_cannot_be_fetched_is_left_out(self, make: Any, twin: TelegramTwin) -> None:
        def gone(url: str) -> Picture:
            raise Unreachable(f"{url}: 404")

        make(gone).send(replace(MESSAGE, media=(PICTURE,)), "k")
        assert sent(twin) == ["sendMessage"]

    def test_a_picture_that_is_refused_does_not_hold_back_the_words(self, make: Any, twin: TelegramTwin) -> None:
        twin.fail("bad-photo", times=1)
        make(picture).send(replace(MESSAGE, media=(PICTURE,)), "k")
        assert sent(twin) == ["sendPhoto", "sendMessage"]

    def test_a_picture_whose_fate_is_unknown_is_not_followed_by_the_words(self, make: Any, twin: TelegramTwin) -> None:
        twin.fail("hang")
        with pytest.raises(Uncertain):
            make(picture).send(replace(MESSAGE, media=(PICTURE,)), "k")
        assert sent(twin) == ["sendPhoto"]


@pytest.mark.network
class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("text", "reason"), [("x" * 4097, "too-long"), ("<b>half", "markup"), ("<h1>no</h1>", "markup"), (" ", "empty")]
    )
    def test_the_reason_is_one_word(self, make: Any, text: str, reason: str) -> None:
        with pytest.raises(Rejected) as caught:
            make().send(replace(MESSAGE, text=text), "k")
        assert caught.value.reason == reason

    def test_a_flood_limit_pauses_the_account_for_as_long_as_telegram_says(self, make: Any, twin: TelegramTwin) -> None:
        twin.fail("rate-limit")
        with pytest.raises(ChannelPaused) as caught:
            make().send(MESSAGE, "k")
        assert caught.value.until == NOW + timedelta(seconds=17)

    def test_a_flood_limit_without_a_time_still_ends(self, make: Any, twin: TelegramTwin) -> None:
        twin.fail("rate-limit-bare")
        with pytest.raises(ChannelPaused) as caught:
            make().send(MESSAGE, "k")
        assert caught.value.until == NOW + timedelta(minutes=1)

    @pytest.mark.parametrize("fault", ["unauthorized", "forbidden", "no-rights", "no-chat", "no-topic"])
    def test_what_a_person_must_mend_waits_for_one_and_says_how(
        self, make: Any, twin: TelegramTwin, fault: str
    ) -> None:
        twin.fail(fault)
        with pytest.raises(ChannelPaused) as caught:
            make().send(MESSAGE, "k")
        assert caught.value.until is None
        assert caught.value.hint
        assert caught.value.channel_only == (fault != "unauthorized"), "one chat's trouble is not the bot's"

    def test_a_group_that_became_a_supergroup_gives_its_new_number(self, make: Any, twin: TelegramTwin) -> None:
        twin.fail("migrated")
        with pytest.raises(Rejected) as caught:
            make().send(MESSAGE, "k")
        assert caught.value.reason == "chat-migrated"
        assert "-1009876543210" in caught.value.hint

    def test_no_connection_is_an_outage(self, make: Any, twin: TelegramTwin) -> None:
        twin.fail("refuse")
        with pytest.raises(RetryLater) as caught:
            make().send(MESSAGE, "k")
        assert caught.value.outage

    def test_a_bot_that_was_away_is_back_without_a_restart(self, make: Any, twin: TelegramTwin) -> None:
        channel = make()
        channel.send(MESSAGE, "k")
        twin.fail("refuse")
        with pytest.raises(RetryLater):
            channel.send(MESSAGE, "k")
        twin.fail("")
        assert channel.send(MESSAGE, "k").remote_id == "2"


@pytest.mark.network
class TestEditsAndDeletions:
    def test_a_captions_words_are_replaced(self, make: Any, twin: TelegramTwin) -> None:
        channel = make(picture)
        receipt = channel.send(replace(MESSAGE, media=(PICTURE,)), "k")
        channel.edit(receipt, replace(MESSAGE, text="New words"), "k:2")
        [post] = twin.posts.values()
        assert post["text"] == "New words"

    def test_a_receipt_given_by_hand_is_enough(self, make: Any, twin: TelegramTwin) -> None:
        channel = make(picture)
        link = channel.send(replace(MESSAGE, media=(PICTURE,)), "k").url
        channel.edit(Receipt(remote_id="", url=link), replace(MESSAGE, text="New words"), "k:2")
        assert sent(twin)[1:] == ["editMessageText", "editMessageCaption"]
        channel.delete(Receipt(remote_id="", url=link))
        assert twin.posts == {}

    def test_a_receipt_without_a_number_is_refused(self, make: Any) -> None:
        with pytest.raises(Rejected):
            make().delete(Receipt(remote_id="", url="https://t.me/news_example"))

    def test_an_edit_that_outgrew_its_caption_is_refused(self, make: Any) -> None:
        channel = make(picture)
        receipt = channel.send(replace(MESSAGE, media=(PICTURE,)), "k")
        with pytest.raises(Rejected) as caught:
            channel.edit(receipt, replace(MESSAGE, text="x" * 1025), "k:2")
        assert caught.value.reason == "too-long"

    def test_an_edit_of_a_post_that_is_gone_is_refused(self, make: Any, twin: TelegramTwin) -> None:
        channel = make()
        receipt = channel.send(MESSAGE, "k")
        twin.posts.clear()
        with pytest.raises(Rejected) as caught:
            channel.edit(receipt, replace(MESSAGE, text="New words"), "k:2")
        assert caught.value.reason == "gone"

    def test_a_deletion_that_comes_too_late_says_what_right_is_missing(self, make: Any, twin: TelegramTwin) -> None:
        channel = make()
        receipt = channel.send(MESSAGE, "k")
        twin.fail("too-old")
        with pytest.raises(Rejected) as caught:
            channel.delete(receipt)
        assert caught.value.reason == "too-old"
        assert "right" in caught.value.hint

    @pytest.mark.parametrize("fault", ["hang", "reset", "server-error"])
    def test_what_may_be_done_twice_is_tried_again(self, make: Any, twin: TelegramTwin, fault: str) -> None:
        channel = make()
        receipt = channel.send(MESSAGE, "k")
        twin.fail(fault)
        for act in (lambda: channel.edit(receipt, replace(MESSAGE, text="New"), "k"), lambda: channel.delete(receipt)):
            with pytest.raises(RetryLater) as caught:
                act()
            assert caught.value.outage
        twin.fail("")
        channel.delete(receipt)


@pytest.mark.network
class TestCheck:
    def test_it_names_bot_and_chat(self, make: Any) -> None:
        lines = make().check()
        assert "@newsroom_bot" in lines[0]
        assert "@news_example" in lines[1]

    @pytest.mark.parametrize(
        "member",
        [administrator(can_post_messages=False), {"status": "left"}, {"status": "kicked", "until_date": 0}],
        ids=["no right", "left", "kicked"],
    )
    def test_a_bot_that_may_not_post_is_told_what_it_lacks(
        self, make: Any, twin: TelegramTwin, member: dict[str, Any]
    ) -> None:
        twin.member = member
        with pytest.raises(ChannelPaused) as caught:
            make().check()
        assert "administrator" in caught.value.hint

    def test_a_right_that_is_only_handy_is_a_remark(self, make: Any, twin: TelegramTwin) -> None:
        twin.member = administrator(can_delete_messages=False)
        assert "48 hours" in make().check()[2]

    def test_a_topic_needs_a_chat_with_topics(self, make: Any, twin: TelegramTwin) -> None:
        with pytest.raises(ChannelPaused, match="topics"):
            make(chat=-1001, topic=5).check()
        twin.forum = True
        assert make(chat=-1001, topic=5).check()


@pytest.mark.network
def test_the_token_stays_unlogged_even_when_somebody_turns_the_libraries_up(
    make: Any, twin: TelegramTwin, caplog: pytest.LogCaptureFixture
) -> None:
    channel = make()
    channel.send(MESSAGE, "k")
    for name in ("httpx", "httpcore", "httpcore.http11", "telegram", "telegram.Bot"):
        caplog.set_level(logging.DEBUG, logger=name)
    channel.send(MESSAGE, "k")
    channel.close()
    channel.send(MESSAGE, "k")
    assert "CANARY" not in caplog.text


@pytest.mark.network
def test_a_forgotten_channel_closes_its_connections(twin: TelegramTwin, tmp_path: Path) -> None:
    import gc
    import time

    channel = Telegram.build(make_setup(tmp_path, {**OPTIONS, "base_url": twin.url}))
    channel.send(MESSAGE, "k")
    assert twin._connections
    del channel
    gc.collect()
    waited = time.monotonic() + 5
    while twin._connections and time.monotonic() < waited:
        time.sleep(0.01)
    assert not twin._connections


@pytest.mark.network
def test_threads_may_send_at_once(make: Any, twin: TelegramTwin) -> None:
    from concurrent.futures import ThreadPoolExecutor

    channels = [make(chat=f"@chat_{n}") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda channel: [channel.send(MESSAGE, "k") for _ in range(5)], channels))
    assert len(twin.posts) == 20


@pytest.mark.network
def test_a_forked_worker_makes_its_own_connection(make: Any, twin: TelegramTwin) -> None:
    import os
    import warnings

    channel = make()
    channel.send(MESSAGE, "k")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # forking a process with threads: the very thing under test
        child = os.fork()
    if child == 0:
        try:
            channel.timeout = 5
            channel.send(MESSAGE, "k")
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    channel.send(MESSAGE, "k")
    assert len(twin.posts) == 3
