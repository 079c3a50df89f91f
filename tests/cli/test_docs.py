"""docs/commands.md names every command, every option and every exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from distributor.cli.faults import Code
from distributor.cli.root import cli

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
SHARED = {"--json", "--help"}


def commands(group: click.Group = cli, before: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def section(name: str) -> str:
    found = re.search(rf"^### {re.escape(name)}(?: .*)?\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/commands.md has no heading for {name}"
    return found[0]


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda one: one if isinstance(one, str) else "")
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    text = section(name)
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden and not SHARED & set(param.opts):
            assert any(f"`{opt}" in text or f" {opt}" in text for opt in param.opts), param.opts


def test_no_command_is_documented_that_does_not_exist() -> None:
    headings = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)
    names = {name for name, _ in commands()}
    for heading in headings:
        assert any(heading == name or heading.startswith(f"{name} ") for name in names), heading


def test_no_option_is_documented_that_does_not_exist() -> None:
    known = {opt for _, command in commands() for param in command.params for opt in param.opts}
    known |= {opt for param in cli.params for opt in param.opts} | {"--help"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", PAGE)) <= known


def test_every_exit_code_is_documented() -> None:
    for code in Code:
        assert f"| {int(code)} |" in PAGE
