"""A channel's settings are read key by key; a mistake names the key and never shows the value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distributor.channels.options import Options
from distributor.errors import ConfigError
from tests.contracts.channel import make_setup


def options(tmp_path: Path, **given: Any) -> Options:
    return Options(make_setup(tmp_path, given, name="news"))


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (7, lambda found: found.text("key")),
        ("", lambda found: found.text("key")),
        (None, lambda found: found.text("key")),
        ("hush\nhush", lambda found: found.text("key")),
        ("hush\x00", lambda found: found.text("key", "")),
        ("hush", lambda found: found.choice("key", ("one", "two"))),
        ("hush", lambda found: found.flag("key", False)),
        (1, lambda found: found.flag("key", False)),
        ("hush", lambda found: found.number("key", 1, low=0, high=2)),
        (True, lambda found: found.number("key", 1, low=0, high=2)),
        (3, lambda found: found.number("key", 1, low=0, high=2)),
        (float("nan"), lambda found: found.number("key", 1, low=0, high=2)),
        ([1], lambda found: found.texts("key")),
        ({"hush": 1}, lambda found: found.texts("key")),
        ("ftp://hush.example", lambda found: found.address("key")),
        ("https://", lambda found: found.address("key")),
        ("https://hush:hush@x.example", lambda found: found.address("key")),
        ("https://x.example:99999", lambda found: found.address("key")),
        ("https://[x", lambda found: found.address("key")),
        ("hush", lambda found: found.address("key")),
    ],
)
def test_a_wrong_value_names_its_key_and_is_not_shown(
    tmp_path: Path, value: Any, read: Callable[[Options], object]
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(options(tmp_path, key=value))
    assert caught.value.key == "channels.news.key"
    assert "hush" not in f"{caught.value} {caught.value.hint}"


def test_good_values_are_read(tmp_path: Path) -> None:
    found = options(tmp_path, a=" x ", b="two", c=["de", "fr"], d=True, e=2, f="https://x.example/api/", g="en, fr")
    assert found.text("a") == "x"
    assert found.choice("b", ("one", "two")) == "two"
    assert found.texts("c") == ("de", "fr")
    assert found.texts("g") == ("en", "fr")
    assert found.flag("d", False) is True
    assert found.number("e", 1, low=0, high=9) == 2.0
    assert found.address("f") == "https://x.example/api"
    assert found.address("f", slash=True) == "https://x.example/api/"
    assert found.text("missing", "default") == "default"
    found.done()


def test_a_mistyped_key_names_the_nearest_and_a_strange_one_all(tmp_path: Path) -> None:
    for given, told in (("tokn", "token"), ("zzz", "silent, token")):
        found = options(tmp_path, **{given: "hush"})
        found.text("token", "")
        found.flag("silent", False)
        with pytest.raises(ConfigError) as caught:
            found.done()
        assert caught.value.key == f"channels.news.{given}"
        assert told in caught.value.hint
