"""Finding a channel by its kind."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from distributor.channels import registry
from distributor.channels.memory import Memory
from distributor.channels.registry import known, resolve
from distributor.errors import ConfigError

STRANGER = """
from typing import ClassVar
from distributor.model import Account, Doubt, Limits, Receipt

class Intranet:
    kind: ClassVar[str] = "intranet"
    deadline: ClassVar[float] = 5.0
    doubt: ClassVar[Doubt] = Doubt()
    limits = Limits(network="discord", length=1000)

    def __init__(self, setup):
        self.name, self.account = setup.name, Account("intranet", setup.name)

    @classmethod
    def build(cls, setup):
        return cls(setup)

    def send(self, message, key):
        return Receipt(remote_id=key)

class Half:
    kind = "half"
    def send(self, message, key): ...

number = 7
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "strangers_channels.py").write_text(STRANGER)
    (tmp_path / "strangers_broken.py").write_text("import a_library_that_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "strangers_channels"


@pytest.mark.parametrize("kind", ["x", "telegram", "mastodon", "bluesky", "webhook", "preview", "memory"])
def test_each_shipped_channel_is_found_by_its_modules_name(kind: str) -> None:
    assert resolve(kind).kind == kind
    assert kind in known()


def test_helpers_beside_the_channels_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not {"http", "options", "registry", "pictures", "atproto"} & set(known())
    with pytest.raises(ConfigError):
        resolve("http")


def test_a_strangers_class_is_found_by_its_path(stranger: str) -> None:
    assert resolve(f"{stranger}:Intranet").kind == "intranet"


def test_a_strangers_class_is_found_by_its_entry_point(stranger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("intranet", f"{stranger}:Intranet", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    assert resolve("intranet").kind == "intranet"
    assert "intranet" in known()


def test_an_entry_point_never_takes_the_place_of_a_shipped_channel(
    stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [EntryPoint("memory", f"{stranger}:Half", group)])
    assert resolve("memory") is Memory


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("telegrm", "telegram"),
        ("Bluesky", "bluesky"),
        ("carrier-pigeon", "package.module:Channel"),
        ("", "package.module:Channel"),
        ("../x", "x"),
        ("__init__", "package.module:Channel"),
        ("a:b:c", "package.module:Channel"),
        (":", "package.module:Channel"),
    ],
)
def test_an_unknown_kind_is_one_clear_error(kind: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(kind)
    assert told in caught.value.hint


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("strangers_channels:Half", "lacks build, deadline, doubt"),
        ("strangers_channels:number", "is not a class"),
        ("strangers_channels:Missing", "cannot be imported"),
        ("strangers_broken:Any", "a_library_that_nobody_has"),
        ("no_such_module_anywhere:Any", "cannot be imported"),
    ],
)
def test_a_strangers_mistake_is_one_clear_error(stranger: str, path: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(path)
    assert told in str(caught.value)
    assert caught.value.hint


def test_resolving_one_channel_imports_no_other_and_no_sdk() -> None:
    script = (
        "import sys; from distributor.channels.registry import resolve; resolve('memory');"
        "sys.exit(', '.join(m for m in ('tweepy', 'telegram', 'mastodon', 'httpx2', 'PIL',"
        " 'distributor.channels.x', 'distributor.channels.telegram') if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
