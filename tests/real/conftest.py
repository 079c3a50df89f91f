"""Real counterparts are installed and started only when somebody asks for them: `pytest -m real`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.real.mail_html import Missing, install
from tests.web.test_browser import ARGUMENTS


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "real" in config.option.markexpr:
        return
    skip = pytest.mark.skip(reason="needs a real counterpart: make test-real")
    for item in items:
        if item.get_closest_marker("real"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def modules() -> Path:
    """Where html-validate, caniemail and axe are."""
    try:
        return install()
    except Missing as error:
        pytest.fail(str(error))


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """A page of Chromium that lets axe in."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=servers.program("chromium"), args=ARGUMENTS, bypass_csp=True
        )
        try:
            yield context.pages[0] if context.pages else context.new_page()
        finally:
            context.close()


@pytest.fixture
def violations(browser: Any, modules: Path) -> Callable[[str], list[tuple[str, str]]]:
    """What axe finds at an address: its rule and the first place."""
    axe = (modules / "node_modules/axe-core/axe.min.js").read_text()

    def look(address: str) -> list[tuple[str, str]]:
        browser.goto(address)
        browser.evaluate(axe)
        found = browser.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        return [(one["id"], one["nodes"][0]["html"]) for one in found]

    return look
