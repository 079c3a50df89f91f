"""docs/configuration.md names every key, and its examples load."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from distributor.config.environment import PREFIX, SHORT
from distributor.config.settings import tables_of
from distributor.config.values import duration

from .conftest import Newsroom

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
SECTIONS = [name for name in tables_of("") if name != "secret_key"]


def rows(table: str) -> dict[str, str]:
    """Key -> default, as the page gives them for one table."""
    if table in {"database", "broker", "ranking", "workers"}:
        found = re.findall(rf"^\| {table} \| `(\w+)` \| (.*?) \|", PAGE, re.MULTILINE)
        return dict(found)
    heading = f"## [{table}" if table else "## Top level"
    section = PAGE[PAGE.index(heading) :].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))


@pytest.mark.parametrize("table", SECTIONS)
def test_every_key_is_documented_and_none_that_is_not(table: str) -> None:
    assert set(rows(table)) == set(tables_of(table))


@pytest.mark.parametrize("table", SECTIONS)
def test_the_defaults_in_the_page_are_the_real_ones(table: str) -> None:
    for key, default in rows(table).items():
        written = re.fullmatch(r'`"?([^`"]*)"?`', default)
        real = tables_of(table)[key].default
        if not written or real is None:
            continue
        if isinstance(real, timedelta):
            assert duration(written[1]) == real, key
        elif isinstance(real, (str, bool, int)):
            assert written[1] == str(real).lower().replace("none", "") or written[1] == str(real), key


def test_the_top_level_key_and_every_variable_are_documented() -> None:
    assert set(rows("")) == {"secret_key"}
    for name in [*SHORT, "CONFIG"]:
        assert f"| `{PREFIX}{name}` |" in PAGE


def test_the_examples_of_the_page_load(newsroom: Newsroom) -> None:
    for name in ("x", "telegram"):
        newsroom.secret(f"secrets/{name}", "secret")
    examples = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        newsroom.load(example)
