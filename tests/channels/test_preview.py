"""Previews have the limits and skills of the network they stand in for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from distributor.channels import Deletes, Edits
from distributor.channels.preview import Preview
from distributor.channels.registry import resolve
from distributor.errors import ConfigError
from distributor.model import Message
from tests.contracts.channel import ChannelContract, Rig, make_setup

REAL: dict[str, dict[str, Any]] = {
    "bluesky": {"handle": "paper.test", "app_password": "p"},
    "telegram": {"token": "123456:" + "A" * 35, "chat": "@paper"},
}


class TestPreview(ChannelContract):
    channel_class = Preview
    good_options: ClassVar[dict[str, Any]] = {"network": "mastodon"}
    required = ("network",)
    heavy = ("httpx2", "mastodon", "tweepy", "telegram", "distributor.channels.telegram")
    faults: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Rig:
        return Rig(Preview.build(make_setup(tmp_path, self.good_options)))


@pytest.mark.parametrize("network", sorted(REAL))
def test_a_preview_says_the_networks_own_limits(tmp_path: Path, network: str) -> None:
    real = resolve(network).build(make_setup(tmp_path, REAL[network]))
    assert Preview.build(make_setup(tmp_path, {"network": network})).limits == real.limits


def test_the_limits_that_a_server_or_credentials_decide_are_the_defaults(tmp_path: Path) -> None:
    from distributor.channels import mastodon, x

    assert Preview.build(make_setup(tmp_path, {"network": "mastodon"})).limits == mastodon.LIMITS
    assert Preview.build(make_setup(tmp_path, {"network": "x"})).limits == x.LIMITS


@pytest.mark.parametrize(
    ("network", "edits"), [("x", False), ("bluesky", False), ("telegram", True), ("mastodon", True)]
)
def test_a_preview_can_edit_where_the_network_can(tmp_path: Path, network: str, edits: bool) -> None:
    channel = Preview.build(make_setup(tmp_path, {"network": network}))
    assert isinstance(channel, Edits) is edits is isinstance(resolve(network), Edits)
    assert isinstance(channel, Deletes)


def test_a_repeat_is_the_same_post(tmp_path: Path) -> None:
    channel = Preview.build(make_setup(tmp_path, {"network": "x"}))
    assert channel.send(Message(text="a"), "key-1") == channel.send(Message(text="a"), "key-1")


def test_an_unknown_network_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Preview.build(make_setup(tmp_path, {"network": "mastodn"}))
    assert "mastodon" in caught.value.hint
