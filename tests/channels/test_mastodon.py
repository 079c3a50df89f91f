"""The Mastodon channel against its twin."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from distributor.channels import Picture
from distributor.channels.http import Answer
from distributor.channels.mastodon import Mastodon
from distributor.channels.mastodon_api import meaning
from distributor.errors import ChannelPaused, ConfigError, Rejected, RetryLater, Uncertain, Unreachable
from distributor.model import Media, Message, Receipt
from tests.contracts.channel import NETWORK_FAULTS, NOW, ChannelContract, Rig, make_setup
from tests.twins.mastodon import MastodonTwin

TOKEN = "canary-token-8Zq1"
PICTURE = Media("https://paper.example/lake.jpg", "image/jpeg", "A lake at dawn")


@pytest.fixture
def twin() -> Iterator[MastodonTwin]:
    with MastodonTwin() as running:
        yield running


def make(folder: Path, twin: MastodonTwin, picture: Any = None, **options: Any) -> Mastodon:
    given = {"instance": "twin.test", "token": TOKEN, "base_url": twin.url, "timeout": 0.4, **options}
    extra = {"picture": picture} if picture else {}
    return Mastodon.build(make_setup(folder, given, clock=lambda: datetime.now(UTC), **extra))


def found(url: str) -> Picture:
    return Picture(b"\xff\xd8picture of " + url.encode(), "image/jpeg")


@pytest.mark.network
class TestMastodon(ChannelContract):
    channel_class = Mastodon
    good_options: ClassVar[dict[str, Any]] = {"instance": "twin.test", "token": TOKEN}
    required = ("instance", "token")
    secrets = (TOKEN,)
    heavy = ("mastodon", "requests", "urllib3", "PIL")
    faults: ClassVar[dict[str, Any]] = {**NETWORK_FAULTS, "drip": (Uncertain,)}  # passes every time-out on one read

    @pytest.fixture
    def rig(self, tmp_path: Path, twin: MastodonTwin) -> Rig:
        return Rig(make(tmp_path, twin), break_with=twin.fail, effects=lambda: len(twin.statuses), deadline=5)


@pytest.mark.network
class TestPosting:
    message = Message(
        text="Lake reopens https://news.example/a?x=1&y=2", url="https://news.example/a?x=1&y=2", language="pt-BR"
    )

    def test_the_key_goes_with_the_post_and_a_repeat_makes_no_second_one(
        self, tmp_path: Path, twin: MastodonTwin
    ) -> None:
        channel = make(tmp_path, twin)
        first, again = channel.send(self.message, "key-1"), channel.send(self.message, "key-1")
        assert first == again
        assert [effect["key"] for effect in twin.effects] == ["key-1"]

    def test_language_visibility_and_warning_are_told(self, tmp_path: Path, twin: MastodonTwin) -> None:
        channel = make(tmp_path, twin, visibility="unlisted", content_warning="Floods")
        channel.send(self.message, "key-1")
        (status,) = twin.statuses.values()
        assert (status["language"], status["visibility"]) == ("pt", "unlisted")
        assert (status["spoiler_text"], status["sensitive"]) == ("Floods", True)

    def test_a_message_may_choose_its_own_visibility_but_no_nonsense(self, tmp_path: Path, twin: MastodonTwin) -> None:
        channel = make(tmp_path, twin)
        channel.send(replace(self.message, options={"visibility": "private"}), "key-1")
        channel.send(replace(self.message, options={"visibility": "everyone!"}), "key-2")
        assert [status["visibility"] for status in twin.statuses.values()] == ["private", "public"]

    def test_pictures_go_with_their_alt_text_once_they_are_processed(
        self, tmp_path: Path, twin: MastodonTwin, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(Mastodon, "_pause", lambda self: 0.01)
        twin.processing = 2
        channel = make(tmp_path, twin, found)
        channel.send(replace(self.message, media=(PICTURE,)), "key-1")
        (status,) = twin.statuses.values()
        assert [shown["description"] for shown in status["media_attachments"]] == ["A lake at dawn"]
        assert [kept["bytes"] for kept in twin.media.values()] == [found(PICTURE.url).content]

    def test_a_picture_that_cannot_be_fetched_or_is_refused_is_left_out(
        self, tmp_path: Path, twin: MastodonTwin
    ) -> None:
        def lost(url: str) -> Picture:
            raise Unreachable("404")

        make(tmp_path, twin, lost).send(replace(self.message, media=(PICTURE,)), "key-1")
        twin.media_status = 422
        make(tmp_path, twin, found).send(replace(self.message, media=(PICTURE,)), "key-2")
        twin.media_status = 429
        make(tmp_path, twin, found).send(replace(self.message, media=(PICTURE,)), "key-3")
        assert [status["media_attachments"] for status in twin.statuses.values()] == [[], [], []]

    def test_a_server_that_fails_to_take_pictures_delays_the_post_once(
        self, tmp_path: Path, twin: MastodonTwin
    ) -> None:
        twin.media_status = 500
        channel = make(tmp_path, twin, found)
        message = replace(self.message, media=(PICTURE,))
        with pytest.raises(RetryLater):
            channel.send(message, "key-1")
        assert channel.send(message, "key-1").remote_id in twin.statuses

    def test_an_edit_keeps_the_pictures_that_stay(self, tmp_path: Path, twin: MastodonTwin) -> None:
        channel = make(tmp_path, twin, found)
        receipt = channel.send(replace(self.message, media=(PICTURE,)), "key-1")
        edited = channel.edit(receipt, replace(self.message, text="New", media=(PICTURE,)), "key-1:2")
        (status,) = twin.statuses.values()
        assert len(status["media_attachments"]) == 1
        assert len([request for request in twin.requests if request.path == "/api/v2/media"]) == 1
        channel.edit(edited, replace(self.message, text="Newer"), "key-1:3")
        assert status["media_attachments"] == []

    def test_limits_are_the_servers_and_a_warning_takes_its_part(self, tmp_path: Path, twin: MastodonTwin) -> None:
        twin.length = 1200
        channel = make(tmp_path, twin, content_warning="Floods")
        assert channel.limits.length == 1194
        assert channel.limits.media_types == ("image/jpeg", "image/png")
        asked = len(twin.requests)
        assert channel.limits.length == 1194
        assert len(twin.requests) == asked

    def test_limits_are_mastodons_own_where_the_server_does_not_answer(
        self, tmp_path: Path, twin: MastodonTwin
    ) -> None:
        twin.fail("server-error")
        assert make(tmp_path, twin).limits.length == 500

    def test_an_edit_of_a_deleted_status_is_refused_as_gone(self, tmp_path: Path, twin: MastodonTwin) -> None:
        channel = make(tmp_path, twin)
        receipt = channel.send(self.message, "key-1")
        twin.statuses.clear()
        with pytest.raises(Rejected) as caught:
            channel.edit(receipt, self.message, "key-1:2")
        assert caught.value.reason == "gone"

    def test_a_rate_limit_tells_until_when(self, tmp_path: Path, twin: MastodonTwin) -> None:
        channel = make(tmp_path, twin)
        receipt = channel.send(self.message, "key-0")
        twin.fail("rate-limit")
        with pytest.raises(ChannelPaused) as caught:
            channel.send(self.message, "key-1")
        until = caught.value.until
        assert until is not None
        assert timedelta(minutes=4) < until - datetime.now(UTC) <= timedelta(minutes=5)
        with pytest.raises(RetryLater) as slow:
            channel.delete(receipt)
        assert not isinstance(slow.value, ChannelPaused), "deletions have a limit of their own"
        assert slow.value.after

    def test_a_token_without_the_right_to_write_is_told(self, tmp_path: Path, twin: MastodonTwin) -> None:
        twin.scopes = ["read"]
        with pytest.raises(ChannelPaused) as caught:
            make(tmp_path, twin).check()
        assert "write:statuses" in caught.value.hint

    def test_a_wrong_instance_pauses_the_account_and_rejects_no_post(self, tmp_path: Path, twin: MastodonTwin) -> None:
        channel = make(tmp_path, twin, base_url=f"{twin.url}/elsewhere")
        with pytest.raises(ChannelPaused) as caught:
            channel.send(self.message, "key-1")
        assert caught.value.until is None
        assert "instance" in caught.value.hint


@pytest.mark.network
class TestWhenNobodyKnows:
    message = Message(text="Lake reopens https://news.example/a?x=1&y=2", url="https://news.example/a?x=1&y=2")

    @pytest.mark.parametrize("fault", ["hang", "reset", "garbage", "server-error"])
    def test_a_post_that_was_taken_and_badly_told_is_uncertain_and_its_repeat_is_the_same_post(
        self, tmp_path: Path, twin: MastodonTwin, fault: str
    ) -> None:
        twin.fail(fault, times=1)
        channel = make(tmp_path, twin)
        with pytest.raises(Uncertain):
            channel.send(self.message, "key-1")
        assert channel.send(self.message, "key-1").remote_id in twin.statuses
        assert len(twin.effects) == 1

    def test_a_repeat_that_answers_500_is_uncertain_and_the_post_is_found(
        self, tmp_path: Path, twin: MastodonTwin
    ) -> None:
        channel = make(tmp_path, twin)
        sent = channel.send(self.message, "key-1")
        twin.repeats_fail = True
        with pytest.raises(Uncertain):
            channel.send(self.message, "key-1")
        assert channel.find(self.message, "key-1", datetime.now(UTC)) == sent

    def test_only_a_status_with_our_link_since_the_attempt_is_found(self, tmp_path: Path, twin: MastodonTwin) -> None:
        channel = make(tmp_path, twin)
        channel.send(replace(self.message, text="Other https://news.example/b", url="https://news.example/b"), "key-0")
        now = datetime.now(UTC)
        assert channel.find(self.message, "key-1", now) is None
        channel.send(self.message, "key-1")
        assert channel.find(self.message, "key-1", now) is not None
        assert channel.find(self.message, "key-1", now + timedelta(minutes=6)) is None

    def test_a_post_behind_many_newer_ones_is_found(self, tmp_path: Path, twin: MastodonTwin) -> None:
        channel = make(tmp_path, twin)
        sent = channel.send(self.message, "key-1")
        for number in range(45):
            channel.send(replace(self.message, text=f"{number}", url=""), f"other-{number}")
        assert channel.find(self.message, "key-1", datetime.now(UTC)) == sent

    def test_a_post_without_a_link_is_found_by_its_words(self, tmp_path: Path, twin: MastodonTwin) -> None:
        channel = make(tmp_path, twin)
        sent = channel.send(Message(text="Tom & <Jerry>"), "key-1")
        assert channel.find(Message(text="Tom & <Jerry>"), "key-1", datetime.now(UTC)) == sent

    def test_what_it_does_in_doubt_fits_the_networks_rule(self) -> None:
        doubt = Mastodon.doubt
        assert doubt.repeat_from == timedelta(seconds=60)
        assert doubt.repeat_until == timedelta(minutes=55)
        assert not doubt.absence_is_proof


class TestMeaning:
    def test_every_error_of_the_library_is_mapped(self) -> None:
        from mastodon import errors

        seen = 0
        for name, kind in inspect.getmembers(errors, inspect.isclass):
            if issubclass(kind, errors.MastodonError):
                for answer in (
                    None,
                    *(Answer(status, {}, b"") for status in (200, 301, 400, 401, 403, 404, 422, 429, 500, 503)),
                ):
                    told = meaning(kind("boom"), answer, "post", NOW)
                    assert isinstance(told, RetryLater | Rejected | Uncertain), name
                    seen += 1
        assert seen > 100

    def test_a_refused_connection_is_sure_and_a_lost_answer_is_not(self) -> None:
        from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, ProtocolError, ReadTimeoutError

        sure = (NameResolutionError("h", None, OSError()), ConnectTimeoutError())  # type: ignore[arg-type]
        unsure = (ProtocolError("x"), ReadTimeoutError(None, "/", "x"))  # type: ignore[arg-type]
        for cause in (*sure, *unsure):
            error = OSError("Could not complete request")
            error.__context__ = cause
            told = meaning(error, None, "post", NOW)
            assert isinstance(told, RetryLater if cause in sure else Uncertain)

    def test_a_maintenance_page_is_sure_and_mastodons_own_503_is_not(self) -> None:
        assert isinstance(meaning(OSError(), Answer(503, {}, b"<html>"), "post", NOW), RetryLater)
        assert isinstance(meaning(OSError(), Answer(503, {}, b'{"error": "try again"}'), "post", NOW), Uncertain)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"instance": "https://user:pw@x.org"}, "instance"),
        ({"instance": "not a host"}, "instance"),
        ({"visibility": "publick"}, "visibility"),
        ({"token": "two\nlines"}, "token"),
        ({"sensitive": "yes"}, "sensitive"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Mastodon.build(make_setup(tmp_path, {"instance": "x.org", "token": "t", **options}))
    assert named in caught.value.key


@pytest.mark.network
class TestMeasuring:
    def test_counts_have_our_names_and_what_is_no_count_is_left_out(self, twin: MastodonTwin, tmp_path: Path) -> None:
        channel = make(tmp_path, twin)
        receipt = channel.send(Message(text="a https://news.example/a", url="https://news.example/a"), "k")
        told = {"favourites_count": 3, "reblogs_count": 2, "replies_count": "many", "quotes_count": 1}
        twin.statuses[receipt.remote_id] |= told
        assert channel.measure([receipt]) == {receipt.remote_id: {"likes": 3, "reposts": 2, "quotes": 1}}
        by_link = Receipt(remote_id="", url=receipt.url)
        assert channel.measure([by_link]) == {receipt.url: {"likes": 3, "reposts": 2, "quotes": 1}}
