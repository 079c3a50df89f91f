"""Each benchmark runs, and its last line is one JSON object with the figures that it promises."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from benchmarks import stage
from tests import servers

pytestmark = pytest.mark.network


def quick(name: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=stage.ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, "with --json there is that line and nothing else"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("latency", ("p50_ms", "p99_ms")),
        ("polling", ("unchanged_per_s", "changed_per_s")),
        ("parsing", ("feeds_per_s", "agreement")),
        ("clicks", ("per_s", "p50_ms", "p99_ms", "most_per_s")),
        ("startup", ("help_ms", "idle_rss_mb", "idle_cpu_percent")),
    ],
)
def test_a_quick_run_gives_its_figures(name: str, keys: tuple[str, ...]) -> None:
    found = quick(name)
    assert all(found[key] > 0 for key in keys), found


@pytest.mark.server("postgresql")
def test_the_ledger_is_measured_on_both_databases() -> None:
    servers.program("postgres")
    found = quick("ledger")
    assert found["sqlite_per_s"] > 0
    assert found["postgresql_per_s"] > 0


def test_without_json_the_figures_stand_beside_their_goals(capsys: pytest.CaptureFixture[str]) -> None:
    stage.tell({"p50_ms": 7.5, "items": 3}, stage.Options(quick=True, json=False), goals={"p50_ms": "10"})
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [["p50_ms", "7.5", "goal", "10"], ["items", "3"]]
    assert json.loads(last)["items"] == 3


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert stage.percentile([*range(100, 0, -1)], share) == expected
