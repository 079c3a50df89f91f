"""A renderer of posts, with a folder of the operator's own templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distributor.model import Article, Message
from distributor.rendering import Renderer
from tests.rendering.posting import LIMITS, OURS, SITE, UTM


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    (tmp_path / "post").mkdir()
    return tmp_path


@pytest.fixture
def post(theirs: Path) -> Callable[..., Message]:
    renderer = Renderer(folders=[theirs, OURS], site=SITE)

    def made(given_article: Article, kind: str = "x", **how: Any) -> Message:
        how = {"channel": "mine", "limits": LIMITS.get(kind), "settings": UTM} | how
        return renderer.post(given_article, kind=kind, **how)

    return made
