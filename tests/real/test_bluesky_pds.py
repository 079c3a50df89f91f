"""Our Bluesky channel against the network's own server (npm @atproto/pds), on loopback."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from distributor.channels import Picture
from distributor.channels.bluesky import Bluesky
from distributor.errors import ChannelPaused, Rejected
from distributor.model import Card, Media, Message
from tests.contracts.channel import NOW, make_setup
from tests.real.pds import Missing, install, running

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

LINK = "https://paper.example/über-uns?a=1"
TEXT = f"Zürich öffnet den See 🏞️👩‍👩‍👧‍👦 日本語 {LINK} #WorldNews #科学"
PLANNED = datetime(2026, 3, 1, 11, 59, 30, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    try:
        with running(install(), tmp_path_factory.mktemp("pds") / "data") as told:
            yield told
    except Missing as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A picture of noise: some 5 MB as PNG, so that it must be scaled."""
    noise = Image.frombytes("RGB", (1400, 1200), random.Random(1).randbytes(1400 * 1200 * 3))
    out = io.BytesIO()
    noise.save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def channel(server: dict[str, str], photo: bytes, tmp_path_factory: pytest.TempPathFactory) -> Bluesky:
    options = {"handle": server["handle"], "app_password": server["password"], "base_url": server["url"]}
    setup = make_setup(tmp_path_factory.mktemp("folder"), options, picture=lambda url: Picture(photo, "image/png"))
    return Bluesky.build(setup)


@pytest.fixture
def message() -> Message:
    return Message(
        text=TEXT,
        url=LINK,
        title="Der See",
        options={"planned_at": PLANNED.isoformat(), "langs": ["de", "ja", "en"]},
        card=Card(LINK, "Der See öffnet", "Nach zehn Jahren", "https://paper.example/lake.png"),
    )


def records(server: dict[str, str]) -> list[dict[str, Any]]:
    where = {"repo": server["handle"], "collection": "app.bsky.feed.post", "limit": "100"}
    answer = httpx2.get(f"{server['url']}/xrpc/com.atproto.repo.listRecords", params=where, trust_env=False)
    return list(answer.raise_for_status().json()["records"])


def test_a_post_is_taken_with_emoji_facets_card_and_three_languages(
    channel: Bluesky, server: dict[str, str], message: Message
) -> None:
    receipt = channel.send(message, "post:bluesky:1")
    record = next(record for record in records(server) if record["uri"] == receipt.remote_id)
    value = record["value"]
    assert record["cid"] == receipt.data["cid"]
    assert value["text"] == TEXT
    assert value["langs"] == ["de", "ja", "en"]
    assert value["createdAt"] == "2026-03-01T11:59:30.123Z"
    marked = [
        TEXT.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode() for facet in value["facets"]
    ]
    assert marked == [LINK, "#WorldNews", "#科学"]
    external = value["embed"]["external"]
    assert (external["uri"], external["title"]) == (LINK, "Der See öffnet")
    assert external["thumb"]["mimeType"] == "image/jpeg"
    assert 0 < external["thumb"]["size"] <= 976_560


def test_the_same_key_twice_is_one_post(channel: Bluesky, server: dict[str, str], message: Message) -> None:
    before = len(records(server))
    first = channel.send(message, "post:bluesky:2")
    again = channel.send(message, "post:bluesky:2")
    assert (again.remote_id, again.data["cid"]) == (first.remote_id, first.data["cid"])
    assert len(records(server)) == before + 1


def test_a_post_is_found_by_its_key_and_only_then(channel: Bluesky, message: Message) -> None:
    sent = channel.send(message, "post:bluesky:3")
    assert channel.find(message, "post:bluesky:3", NOW) == sent
    assert channel.find(message, "post:bluesky:never-sent", NOW) is None


def test_a_deleted_post_is_gone_and_deleting_it_again_is_no_error(
    channel: Bluesky, server: dict[str, str], message: Message
) -> None:
    receipt = channel.send(message, "post:bluesky:4")
    channel.delete(receipt)
    channel.delete(receipt)
    assert receipt.remote_id not in {record["uri"] for record in records(server)}
    assert channel.find(message, "post:bluesky:4", NOW) is None


def test_pictures_go_with_their_alt_text(channel: Bluesky, server: dict[str, str], message: Message) -> None:
    pictures = tuple(Media(f"https://paper.example/{n}.png", "image/png", f"Bild {n}") for n in range(4))
    receipt = channel.send(replace(message, card=None, media=pictures), "post:bluesky:5")
    embed = next(record["value"]["embed"] for record in records(server) if record["uri"] == receipt.remote_id)
    assert [image["alt"] for image in embed["images"]] == ["Bild 0", "Bild 1", "Bild 2", "Bild 3"]


def test_three_hundred_graphemes_are_taken_and_one_more_is_refused(channel: Bluesky, message: Message) -> None:
    family = "👩‍👩‍👧"  # 18 bytes: 3000 bytes hold 166 of them
    fits = "ä" * 150 + family * 140 + "x" * 10
    channel.send(replace(message, text=fits, card=None), "post:bluesky:6")
    with pytest.raises(Rejected):
        channel.send(replace(message, text=fits + "x", card=None), "post:bluesky:7")


def test_a_session_is_kept_in_a_private_file_and_used_by_the_next_process(
    channel: Bluesky, server: dict[str, str], message: Message, tmp_path: Path
) -> None:
    options = {"handle": server["handle"], "app_password": server["password"], "base_url": server["url"]}
    first = Bluesky.build(make_setup(tmp_path, options))
    assert first.check()
    (file,) = tmp_path.glob("*.session")
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    assert Bluesky.build(make_setup(tmp_path, options)).check()
    assert file.read_text() == before


def test_a_spoilt_session_is_made_anew(server: dict[str, str], tmp_path: Path) -> None:
    options = {"handle": server["handle"], "app_password": server["password"], "base_url": server["url"]}
    Bluesky.build(make_setup(tmp_path, options)).check()
    (file,) = tmp_path.glob("*.session")
    file.write_text('{"did": "did:plc:x", "accessJwt": "a.b.c", "refreshJwt": "d.e.f"}')
    assert Bluesky.build(make_setup(tmp_path, options)).check()


def test_a_wrong_password_pauses_the_account(server: dict[str, str], tmp_path: Path) -> None:
    options = {"handle": server["handle"], "app_password": "wrong", "base_url": server["url"]}
    with pytest.raises(ChannelPaused) as caught:
        Bluesky.build(make_setup(tmp_path, options)).check()
    assert caught.value.until is None
