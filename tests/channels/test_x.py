"""X against a twin that verifies every signature and judges every request by the published description."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from distributor.channels import Edits, Picture
from distributor.channels.x import X
from distributor.errors import ChannelPaused, Rejected, RetryLater, Uncertain, Unreachable
from distributor.model import Media, Receipt
from tests.contracts.channel import NETWORK_FAULTS, ChannelContract, Rig, make_setup
from tests.twins.x import XTwin

OPTIONS = {
    "api_key": "CANARY-api-key-1",
    "api_secret": "CANARY-api-secret-2",
    "access_token": "2244994945-CANARY-access-token-3",
    "access_secret": "CANARY-access-secret-4",
}
SECRETS = (OPTIONS["api_secret"], OPTIONS["access_secret"])
MESSAGE = ChannelContract.message
PICTURES = tuple(Media(f"https://news.example/{n}.jpg", alt=f"Picture {n}") for n in range(5))


@pytest.fixture
def twin() -> Iterator[XTwin]:
    with XTwin(secrets=SECRETS) as twin:
        yield twin
        assert twin.violations == []


@pytest.fixture
def make(twin: XTwin, tmp_path: Path) -> Iterator[Any]:
    made: list[X] = []

    def build(picture: Any = None, **options: Any) -> X:
        given = {**OPTIONS, "base_url": twin.url, **options}
        made.append(X.build(make_setup(tmp_path, given, **({"picture": picture} if picture else {}))))
        made[-1].timeout = 0.5
        return made[-1]

    yield build
    for channel in made:
        channel.close()


def jpeg(url: str) -> Picture:
    return Picture(b"\xff\xd8\xff " + url.encode(), "image/jpeg")


@pytest.mark.network
class TestX(ChannelContract):
    channel_class = X
    good_options = OPTIONS
    required = ("api_key", "api_secret", "access_token", "access_secret")
    secrets = tuple(OPTIONS.values())
    heavy = ("tweepy", "requests", "urllib3", "oauthlib", "httpx2")
    faults: ClassVar[Any] = {
        **NETWORK_FAULTS,
        "drip": (Uncertain,),
        "unavailable": (Uncertain,),
        "strange-error": (Uncertain,),
        "strange-refusal": (RetryLater,),
        "gate": (RetryLater,),
        "moved": (RetryLater,),
        "rate-limit": (ChannelPaused,),
        "rate-limit-day": (ChannelPaused,),
        "rate-limit-app": (ChannelPaused,),
        "rate-limit-bare": (ChannelPaused,),
        "usage-cap": (ChannelPaused,),
        "credits": (ChannelPaused,),
        "daily-limit": (ChannelPaused,),
        "old-unauthorized": (ChannelPaused,),
        "no-rights": (ChannelPaused,),
        "suspended": (ChannelPaused,),
        "duplicate": (Rejected,),
        "too-long": (Rejected,),
        "too-large": (Rejected,),
    }

    @pytest.fixture
    def rig(self, twin: XTwin, make: Any) -> Rig:
        return Rig(make(), break_with=twin.fail, effects=lambda: len(twin.posts), deadline=3)


@pytest.mark.network
class TestWhatIsPosted:
    def test_a_post_has_a_link(self, make: Any) -> None:
        receipt = make().send(MESSAGE, "k")
        assert receipt.url == f"https://x.com/i/web/status/{receipt.remote_id}"

    def test_what_is_posted_is_the_text_as_it_is(self, make: Any, twin: XTwin) -> None:
        text = "Ünïcode 😀 & <b>no markup</b>\n\nhttps://news.example/a?b=1&c=2 #Tag"
        make().send(replace(MESSAGE, text=text), "k")
        assert [post["text"] for post in twin.posts.values()] == [text]

    def test_at_most_four_pictures_go_along_each_with_its_alt_text(self, make: Any, twin: XTwin) -> None:
        receipt = make(jpeg).send(replace(MESSAGE, media=PICTURES), "k")
        media = [twin.media[number] for number in twin.posts[receipt.remote_id]["media"]]
        assert [entry["alt"] for entry in media] == ["Picture 0", "Picture 1", "Picture 2", "Picture 3"]
        assert media[2]["content"] == jpeg(PICTURES[2].url).content
        assert receipt.data == {"media": 4}

    def test_a_large_picture_goes_up_in_pieces(self, make: Any, twin: XTwin) -> None:
        content = b"\xff\xd8" + bytes(2_500_000)
        receipt = make(lambda _: Picture(content, "image/jpeg")).send(replace(MESSAGE, media=PICTURES[:1]), "k")
        [number] = twin.posts[receipt.remote_id]["media"]
        assert (twin.media[number]["content"], twin.media[number]["pieces"]) == (content, 3)

    def test_a_gif_is_waited_for_and_goes_alone(self, make: Any, twin: XTwin) -> None:
        twin.processing = ["pending", "in_progress", "succeeded"]
        channel = make(lambda url: Picture(b"GIF89a", "image/gif") if "/0." in url else jpeg(url))
        channel.deadline = 60
        receipt = channel.send(replace(MESSAGE, media=PICTURES[:2]), "k")
        [number] = twin.posts[receipt.remote_id]["media"]
        assert twin.media[number]["category"] == "tweet_gif"

    def test_a_gif_that_x_cannot_work_on_is_left_out(self, make: Any, twin: XTwin) -> None:
        twin.processing = ["failed"]
        receipt = make(lambda _: Picture(b"GIF89a", "image/gif")).send(replace(MESSAGE, media=PICTURES[:1]), "k")
        assert twin.posts[receipt.remote_id]["media"] == []

    def test_a_gif_among_pictures_is_left_out(self, make: Any, twin: XTwin) -> None:
        channel = make(lambda url: Picture(b"GIF89a", "image/gif") if "/1." in url else jpeg(url))
        receipt = channel.send(replace(MESSAGE, media=PICTURES[:3]), "k")
        assert len(twin.posts[receipt.remote_id]["media"]) == 2

    @pytest.mark.parametrize(
        "found",
        [Picture(b"", "image/png"), Picture(b"x" * 5_000_001, "image/png"), Picture(b"<svg/>", "image/svg+xml")],
    )
    def test_a_picture_that_x_would_not_take_is_left_out(self, make: Any, twin: XTwin, found: Picture) -> None:
        receipt = make(lambda _: found).send(replace(MESSAGE, media=PICTURES[:1]), "k")
        assert twin.posts[receipt.remote_id]["media"] == []

    def test_a_picture_that_cannot_be_fetched_is_left_out(self, make: Any, twin: XTwin) -> None:
        def gone(url: str) -> Picture:
            raise Unreachable(f"{url}: 404")

        receipt = make(gone).send(replace(MESSAGE, media=PICTURES[:1]), "k")
        assert twin.posts[receipt.remote_id]["media"] == []

    def test_a_picture_that_x_refuses_does_not_hold_back_the_words(self, make: Any, twin: XTwin) -> None:
        twin.fail("bad-media", times=1)
        receipt = make(jpeg).send(replace(MESSAGE, media=PICTURES[:2]), "k")
        assert len(twin.posts[receipt.remote_id]["media"]) == 1

    @pytest.mark.parametrize("fault", ["hang", "reset", "garbage", "server-error", "unavailable"])
    def test_an_upload_of_unknown_outcome_posted_nothing_and_is_tried_again(
        self, make: Any, twin: XTwin, fault: str
    ) -> None:
        twin.fail(fault)
        with pytest.raises(RetryLater) as caught:
            make(jpeg).send(replace(MESSAGE, media=PICTURES[:1]), "k")
        assert caught.value.outage
        assert twin.posts == {}

    def test_pictures_can_be_turned_off(self, make: Any, twin: XTwin) -> None:
        make(jpeg, photo=False).send(replace(MESSAGE, media=PICTURES), "k")
        assert twin.media == {}

    def test_x_has_no_edit(self, make: Any) -> None:
        assert not isinstance(make(), Edits)


@pytest.mark.network
class TestWhenTheOutcomeIsUnknown:
    @pytest.mark.parametrize("fault", ["hang", "reset", "server-error", "garbage", "drip"])
    def test_the_same_text_again_is_a_duplicate_if_it_was_posted(self, make: Any, twin: XTwin, fault: str) -> None:
        twin.remembers = 900
        channel = make()
        twin.fail(fault, times=1)
        with pytest.raises(Uncertain):
            channel.send(MESSAGE, "k")
        with pytest.raises(Rejected) as caught:
            channel.send(MESSAGE, "k")
        assert caught.value.reason == "duplicate"
        assert len(twin.posts) == 1

    def test_one_repeat_within_fifteen_minutes_is_safe(self) -> None:
        assert X.doubt.repeats == 1
        assert X.doubt.repeat_until == timedelta(minutes=15)

    def test_a_deletion_may_be_done_twice(self, make: Any, twin: XTwin) -> None:
        channel = make()
        receipt = channel.send(MESSAGE, "k")
        twin.fail("reset", times=1)
        with pytest.raises(RetryLater):
            channel.delete(receipt)
        channel.delete(receipt)
        assert twin.posts == {}


@pytest.mark.network
class TestCheck:
    def test_it_names_the_account(self, make: Any) -> None:
        assert make().check() == ["the account is @news_example", "its keys may read-write"]

    def test_keys_that_may_only_read_are_found_before_the_first_post(self, make: Any, twin: XTwin) -> None:
        twin.access_level = "read"
        with pytest.raises(ChannelPaused) as caught:
            make().check()
        assert "Read and write" in caught.value.hint


@pytest.mark.network
def test_a_receipt_given_by_hand_is_enough_to_delete(make: Any, twin: XTwin) -> None:
    channel = make()
    link = channel.send(MESSAGE, "k").url
    channel.delete(Receipt(remote_id="", url=link))
    assert twin.posts == {}
    with pytest.raises(Rejected):
        channel.delete(Receipt(remote_id="", url="https://x.com/news_example"))


@pytest.mark.network
def test_nothing_secret_is_logged_even_when_somebody_turns_the_libraries_up(
    make: Any, twin: XTwin, caplog: pytest.LogCaptureFixture
) -> None:
    channel = make(jpeg)
    channel.send(MESSAGE, "k")
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("tweepy", "oauthlib", "requests", "urllib3")):
            caplog.set_level(logging.DEBUG, logger=name)
    channel.send(replace(MESSAGE, media=PICTURES[:1]), "k")
    assert "CANARY" not in caplog.text
    assert "oauth_signature" not in caplog.text


@pytest.mark.network
class TestMeasuring:
    def test_the_public_metrics_of_a_hundred_posts_are_one_request(self, make: Any, twin: XTwin) -> None:
        channel = make()
        receipts = [channel.send(replace(MESSAGE, text=f"{MESSAGE.text} {n}"), f"k{n}") for n in range(3)]
        number = receipts[1].remote_id
        twin.fared[number] = {"like_count": 5, "repost_count": 2, "impression_count": 900}
        before = len(twin.requests)
        told = channel.measure(receipts)
        assert len(twin.requests) == before + 1
        assert told[number] == {"likes": 5, "reposts": 2, "replies": 0, "quotes": 0, "views": 900}
        assert not twin.violations

    def test_with_no_post_left_the_answer_is_empty(self, make: Any, twin: XTwin) -> None:
        channel = make()
        receipt = channel.send(MESSAGE, "k")
        channel.delete(receipt)
        assert channel.measure([receipt]) == {}
        assert channel.read_cost == 0.005
