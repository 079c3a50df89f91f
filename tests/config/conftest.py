"""A newsroom's folder: write a settings file and its secrets, load them with an environment of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from distributor import config
from distributor.config import Settings
from distributor.errors import ConfigError


class Newsroom:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "distributor.toml"

    def secret(self, name: str, text: str, mode: int = 0o600) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def load(self, text: str, env: Mapping[str, str] | None = None) -> Settings:
        self.path.write_bytes(text.encode())
        self.path.chmod(0o600)
        return config.load(self.path, env or {})

    def error(self, text: str, env: Mapping[str, str] | None = None) -> ConfigError:
        with pytest.raises(ConfigError) as caught:
            self.load(text, env)
        assert "\n" not in str(caught.value)
        return caught.value


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path)
