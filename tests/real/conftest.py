"""Real counterparts are installed and started only when somebody asks for them: `pytest -m real`."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "real" in config.option.markexpr:
        return
    skip = pytest.mark.skip(reason="needs a real counterpart: make test-real")
    for item in items:
        if item.get_closest_marker("real"):
            item.add_marker(skip)
