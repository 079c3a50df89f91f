"""What is printed cannot steer a terminal, and JSON is always one valid document."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.cli.faults import Code, worst
from distributor.cli.output import block, clean, document, table
from distributor.model import Lane, State


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    steering = {chr(code) for code in [*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x2028]}
    assert not steering & set(clean(text))
    assert not (steering - {"\n"}) & set(block(text))
    clean(text).encode()


def test_an_escape_sequence_in_a_title_loses_its_escape() -> None:
    assert clean("\x1b[2JGone\x9b31m\r\nnext") == " [2JGone 31m next"


def test_emoji_keep_their_joiners() -> None:
    assert clean("family 👩‍👩‍👧 ok") == "family 👩‍👩‍👧 ok"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values)
def test_any_data_is_one_line_of_valid_json_without_control_characters(data: Any) -> None:
    text = document(data)
    json.loads(text)
    assert (
        clean(text) == text.rstrip()
        or "\u202e" in text
        or any(c in text for c in "\u200e\u200f\u061c\u202a\u202b")
        or any("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" for c in text)
    )
    text.encode()


def test_values_of_the_model_become_json() -> None:
    told = json.loads(
        document(
            {"state": State.SENT, "lane": Lane.BREAKING, "at": datetime(2026, 1, 1, tzinfo=UTC), "for": timedelta(1)}
        )
    )
    assert told == {"state": "sent", "lane": "breaking", "at": "2026-01-01T00:00:00Z", "for": 86400.0}


def test_columns_are_aligned_by_what_a_terminal_shows(capsys: pytest.CaptureFixture[str]) -> None:
    table(("NAME", "N"), [("日本", 1), ("paper", 22)], right=("N",))
    assert capsys.readouterr().out == "NAME    N\n日本    1\npaper  22\n"


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([State.SENT], Code.FINE),
        ([State.SENT, State.PENDING], Code.WAITING),
        ([State.HELD, State.SENT], Code.WAITING),
        ([State.UNCERTAIN, State.PENDING], Code.UNCERTAIN),
        ([State.SENT, State.UNCERTAIN, State.FAILED], Code.FAILED),
        ([], Code.FAILED),
    ],
)
def test_the_exit_code_is_the_worst_outcome(states: list[State], code: Code) -> None:
    assert worst(states) is code


def test_a_terminal_gets_long_cells_cut_but_links_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    link = "https://paper.example/" + "a" * 200
    table(("NAME", "LINK"), [("日" * 40, link)])
    heading, line = click.unstyle(capsys.readouterr().out).splitlines()
    assert heading.startswith("NAME ")
    assert line == "日" * 15 + " …  " + link
