"""The Bluesky channel against its twin; tests/real holds the same against the network's own server."""

from __future__ import annotations

import inspect
import io
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from distributor.channels import Picture
from distributor.channels.atproto import record_key
from distributor.channels.bluesky import Bluesky
from distributor.errors import ChannelPaused, Rejected, RetryLater, Uncertain, Unreachable
from distributor.model import Card, Media, Message, Receipt
from tests.contracts.channel import NETWORK_FAULTS, NOW, ChannelContract, Rig, make_setup
from tests.twins.bluesky import BlueskyTwin

PASSWORD = "canary-app-password"
PLANNED = datetime(2026, 3, 1, 11, 59, tzinfo=UTC)
LINK = "https://news.example/a"


@pytest.fixture
def twin() -> Iterator[BlueskyTwin]:
    with BlueskyTwin() as running:
        yield running


def make(folder: Path, twin: BlueskyTwin, picture: Any = None, **options: Any) -> Bluesky:
    given = {"handle": "@Paper.test", "app_password": PASSWORD, "base_url": twin.url, "timeout": 0.4, **options}
    return Bluesky.build(
        make_setup(folder, given, clock=lambda: datetime.now(UTC), **({"picture": picture} if picture else {}))
    )


def photo(url: str, side: int = 900) -> Picture:
    from PIL import Image

    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(1).randbytes(side * side * 3)).save(out, "PNG")
    return Picture(out.getvalue(), "image/png")


@pytest.mark.network
class TestBluesky(ChannelContract):
    channel_class = Bluesky
    good_options: ClassVar[dict[str, Any]] = {"handle": "paper.test", "app_password": PASSWORD}
    required = ("handle", "app_password")
    secrets = (PASSWORD, "canary-access", "canary-refresh")
    heavy = ("httpx2", "PIL")
    faults: ClassVar[dict[str, Any]] = {**NETWORK_FAULTS, "drip": (Uncertain,)}

    @pytest.fixture
    def rig(self, tmp_path: Path, twin: BlueskyTwin) -> Rig:
        channel = make(tmp_path, twin)
        channel.check()  # signed in, so that a fault meets the post and not the sign-in
        twin.effects.clear()
        return Rig(channel, break_with=twin.fail, effects=lambda: len(twin.posts), deadline=6)


@pytest.mark.network
class TestPosting:
    message = Message(
        text=f"Lake 🏞️ reopens {LINK}", url=LINK, language="fr", options={"planned_at": PLANNED.isoformat()}
    )

    def record(self, twin: BlueskyTwin) -> dict[str, Any]:
        (post,) = twin.posts.values()
        return dict(post["value"])

    def test_the_record_says_when_it_was_planned_and_in_which_language(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        receipt = make(tmp_path, twin, langs=["en"]).send(self.message, "key-1")
        record = self.record(twin)
        assert (record["createdAt"], record["langs"]) == ("2026-03-01T11:59:00.000Z", ["fr"])
        rkey = record_key("key-1", PLANNED)
        assert receipt.remote_id.endswith(f"/app.bsky.feed.post/{rkey}")
        assert receipt.url == f"https://bsky.app/profile/paper.test/post/{rkey}"

    def test_a_card_carries_a_thumbnail_under_the_limit(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        message = replace(self.message, card=Card(LINK, "Lake", "Open", "https://news.example/big.png"))
        make(tmp_path, twin, photo).send(message, "key-1")
        external = self.record(twin)["embed"]["external"]
        assert (external["uri"], external["title"], external["description"]) == (LINK, "Lake", "Open")
        assert external["thumb"]["size"] <= 976_560

    def test_pictures_without_a_card_carry_alt_text_and_shape(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        pictures = tuple(Media(f"https://news.example/{n}.png", alt=f"Picture {n}") for n in range(6))
        make(tmp_path, twin, lambda url: photo(url, 40)).send(replace(self.message, media=pictures), "key-1")
        images = self.record(twin)["embed"]["images"]
        assert [image["alt"] for image in images] == ["Picture 0", "Picture 1", "Picture 2", "Picture 3"]
        assert images[0]["aspectRatio"] == {"width": 40, "height": 40}

    def test_a_picture_that_cannot_be_had_or_read_is_left_out(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        def lost(url: str) -> Picture:
            raise Unreachable("404")

        message = replace(self.message, card=Card(LINK, "Lake", image="https://news.example/big.png"))
        make(tmp_path, twin, lost).send(message, "key-1")
        make(tmp_path, twin, lambda url: Picture(b"<svg/>", "image/png")).send(message, "key-2")
        assert ["thumb" in post["value"]["embed"]["external"] for post in twin.posts.values()] == [False, False]

    def test_a_server_that_fails_to_take_pictures_delays_the_post_once(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        twin.blob_status = 500
        channel = make(tmp_path, twin, lambda url: photo(url, 40))
        message = replace(self.message, card=Card(LINK, "Lake", image="https://news.example/big.png"))
        with pytest.raises(RetryLater):
            channel.send(message, "key-1")
        channel.send(message, "key-1")
        assert len(twin.posts) == 1

    @pytest.mark.parametrize("fault", ["hang", "reset", "garbage", "server-error"])
    def test_a_post_that_was_taken_and_badly_told_is_found_and_its_repeat_is_the_same_post(
        self, tmp_path: Path, twin: BlueskyTwin, fault: str
    ) -> None:
        channel = make(tmp_path, twin)
        channel.check()
        twin.fail(fault, times=1)
        try:
            channel.send(self.message, "key-1")
        except Uncertain:
            pass
        else:
            assert fault == "server-error", "an answer 500 is looked into at once"
        found = channel.find(self.message, "key-1", NOW)
        assert found is not None
        assert channel.send(self.message, "key-1") == found
        assert len(twin.effects) == 1

    def test_another_post_under_our_key_is_never_taken_for_ours(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        channel = make(tmp_path, twin)
        channel.send(self.message, "key-1")
        with pytest.raises(Rejected) as caught:
            channel.send(replace(self.message, text="Something else"), "key-1")
        assert caught.value.reason == "collision"

    def test_a_message_without_a_planned_time_still_has_one_key(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        channel, message = make(tmp_path, twin), replace(self.message, options={})
        assert channel.send(message, "key-1") == channel.send(message, "key-1")
        assert len(twin.posts) == 1

    def test_a_rate_limit_tells_until_when(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        channel = make(tmp_path, twin)
        channel.check()
        twin.fail("rate-limit")
        with pytest.raises(ChannelPaused) as caught:
            channel.send(self.message, "key-1")
        assert caught.value.until is not None
        assert 890 < caught.value.until.timestamp() - datetime.now(UTC).timestamp() <= 901


@pytest.mark.network
class TestSession:
    def test_one_sign_in_serves_many_posts_and_the_next_process(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        for number in range(3):
            make(tmp_path, twin).send(Message(text=f"{number}"), f"key-{number}")
        assert twin.sessions == 1
        (file,) = tmp_path.glob("*.session")
        assert file.stat().st_mode & 0o777 == 0o600

    def test_a_session_that_ran_out_is_renewed_not_made_again(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        channel = make(tmp_path, twin)
        channel.send(Message(text="one"), "key-1")
        twin.expire()
        channel.send(Message(text="two"), "key-2")
        assert (twin.sessions, twin.renewals) == (1, 1)

    def test_a_session_that_another_process_renewed_is_taken_over(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        first, second = make(tmp_path, twin), make(tmp_path, twin)
        first.check()
        second.check()
        twin.expire()
        first.check()
        second.check()
        assert (twin.sessions, twin.renewals) == (1, 1)

    def test_a_revoked_session_is_made_again(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        channel = make(tmp_path, twin)
        channel.check()
        twin.revoke()
        channel.check()
        assert twin.sessions == 2

    def test_another_password_is_another_session(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        make(tmp_path, twin).check()
        with pytest.raises(ChannelPaused) as caught:
            make(tmp_path, twin, app_password="wrong").check()
        assert (caught.value.until, "app password" in caught.value.hint) == (None, True)

    @pytest.mark.parametrize("spoilt", ["", "[]", "{}", '{"did": 1, "accessJwt": "a", "refreshJwt": "b"}', "\x00"])
    def test_a_spoilt_file_costs_a_sign_in_only(self, tmp_path: Path, twin: BlueskyTwin, spoilt: str) -> None:
        make(tmp_path, twin).check()
        (file,) = tmp_path.glob("*.session")
        file.write_text(spoilt)
        make(tmp_path, twin).check()
        assert json.loads(file.read_text())["did"]

    def test_a_folder_that_cannot_be_written_costs_no_post(self, tmp_path: Path, twin: BlueskyTwin) -> None:
        (tmp_path / "file").write_text("")
        make(tmp_path / "file" / "below", twin).send(Message(text="one"), "key-1")
        assert len(twin.posts) == 1


def test_every_error_of_the_library_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    from distributor.channels.http import Deadline, call

    client = httpx2.Client(base_url="https://pds.example")
    sure = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
    seen = 0
    for name, kind in inspect.getmembers(httpx2, inspect.isclass):
        if not issubclass(kind, Exception) or name == "HTTPStatusError":
            continue
        try:
            error = kind("boom")
        except TypeError:
            error = kind()

        def fail(*_: Any, _error: Exception = error, **__: Any) -> None:
            raise _error

        monkeypatch.setattr(client, "stream", fail)
        with pytest.raises(RetryLater if kind in sure else (Uncertain, Rejected)):
            call(client, "POST", "/xrpc/x", deadline=Deadline(1))
        seen += 1
    assert seen > 20
    client.close()


@pytest.mark.network
class TestMeasuring:
    def test_counts_have_our_names_also_by_a_link_alone(self, twin: BlueskyTwin, tmp_path: Path) -> None:
        channel = make(tmp_path, twin)
        receipt = channel.send(Message(text="a", url=LINK), "k")
        (key,) = twin.posts
        twin.fared[key] = {"likeCount": 4, "repostCount": 3, "replyCount": 2, "quoteCount": 1}
        counts = {"likes": 4, "reposts": 3, "replies": 2, "quotes": 1}
        assert channel.measure([receipt]) == {receipt.remote_id: counts}
        assert channel.measure([Receipt(remote_id="", url=receipt.url)]) == {receipt.url: counts}
