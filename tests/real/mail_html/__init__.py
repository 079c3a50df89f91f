"""Installs html-validate, caniemail and axe with the ordinary npm client, into the user's cache folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["Missing", "check", "install"]

HERE = Path(__file__).parent


class Missing(Exception):
    """There is no Node, or the packages cannot be had; one line that says which."""


def install() -> Path:
    """The folder that holds `node_modules`, filled at the first call. `DISTRIBUTOR_TEST_CACHE` moves it."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        raise Missing("node and npm are not installed")
    cache = Path(os.environ.get("DISTRIBUTOR_TEST_CACHE") or Path.home() / ".cache" / "distributor-tests")
    folder = cache / "mail-html"
    wanted = (HERE / "package.json").read_text()
    if (folder / "complete").exists() and (folder / "complete").read_text() == wanted:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(wanted)
    done = subprocess.run(
        [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise Missing(f"npm install failed: {done.stderr.strip()[-300:]}")
    (folder / "complete").write_text(wanted)
    return folder


def check(modules: Path, folder: Path) -> dict[str, Any]:
    """For each document of the folder: `invalid`, lines of html-validate, and `unsupported`, features and programs."""
    command = ["node", str(HERE / "check.mjs"), str(modules), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise Missing(f"the check did not run: {done.stderr.strip()[-500:]}")
    return dict(json.loads(done.stdout))
