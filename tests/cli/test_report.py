"""`distributor report`: figures in a terminal, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from distributor.cli.report import sparkline
from distributor.store import Store, signals

from .conftest import Desk


@pytest.fixture
def reported(desk: Desk) -> Desk:
    desk.article(1, title="=1+1 is two")
    store = Store(f"sqlite:///{desk.folder}/data/distributor.db").open()
    with store.write() as connection:
        signals.add(connection, 1, "memory", "clicks", datetime.now(UTC), 9, 4)
    store.close()
    return desk


def test_an_article_is_told_in_every_form(reported: Desk, tmp_path: Path) -> None:
    assert "4 of 9" in reported("report", "article", "1").out
    told = reported("report", "article", "1", "--json").json
    assert told["total"]["clicks"] == {"raw": 9, "counted": 4}
    rows = list(csv.DictReader(io.StringIO(reported("report", "article", "1", "--csv", "-").out)))
    assert [(row["channel"], row["clicks_raw"], row["clicks"]) for row in rows][-1] == ("total", "9", "4")
    file = tmp_path / "figures.csv"
    assert reported("report", "channels", "--since", "30d", "--csv", str(file)).code == 0
    assert file.read_text().startswith("channel,kind,posts,")


def test_channels_and_digests_without_anything_to_tell(desk: Desk) -> None:
    assert "memory" in desk("report", "channels").out
    assert "no digest has gone out yet" in desk("report", "digests").out
    assert desk("report", "digests", "--json").json == {"slots": [], "articles": []}


@pytest.mark.parametrize(
    "words",
    [
        ("article", "7"),
        ("digests", "nope"),
        ("channels", "--since", "yesterday"),
        ("channels", "--since", "0s"),
        ("channels", "--json", "--csv", "-"),
        ("channels", "--csv", "/nowhere/at/all.csv"),
    ],
)
def test_what_cannot_be_told_is_said_in_a_line(desk: Desk, words: tuple[str, ...]) -> None:
    said = desk("report", *words)
    assert said.code != 0
    assert said.err


def test_a_line_is_as_high_as_its_parts() -> None:
    assert sparkline([0, 1, 0, 7], width=4) in (" ▂ █", "")
    assert sparkline([0, 0]) == ""
    assert len(sparkline([1] * 168)) in (24, 0)
