"""Nobody fetches past the guard: the lint forbids other clients, and no module of the package imports one."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import distributor

PACKAGE = Path(distributor.__file__).parent
ROOT = PACKAGE.parent
CLIENTS = {"aiohttp", "httpx", "httpx2", "requests", "urllib3", "urllib.request", "http.client", "pycurl"}
# Networks' APIs, whose addresses the operator wrote: httpx2 ours, the others those of the networks' libraries.
FOR_APIS = {"httpx2", "httpx", "requests", "urllib3"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_no_module_imports_another_client() -> None:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE)
        allowed = {"fetching": {"aiohttp"}, "channels": FOR_APIS}.get(inside.parts[0], set())
        if inside == Path("mail/providers.py"):
            allowed = {"httpx2"}
        if bad := {name for name in imported(path) if {name, name.partition(".")[0]} & (CLIENTS - allowed)}:
            found[str(path)] = bad
    assert not found


@pytest.mark.parametrize(
    "line", ["import requests", "from requests import get", "import urllib.request", "from urllib import request"]
)
def test_the_lint_forbids_it(line: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--no-cache",
            "--select",
            "TID251",
            "--stdin-filename",
            "distributor/sources/feed.py",
            "-",
        ],
        cwd=ROOT,
        input=f"{line}\n",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "distributor.fetching" in done.stdout
