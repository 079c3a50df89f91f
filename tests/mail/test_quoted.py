"""Quoted-printable that nobody on the way needs to change."""

from __future__ import annotations

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail import CLICK, MARKER
from distributor.mail.dkim import relaxed_body
from distributor.mail.quoted import quoted_printable

PIECES = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60),
    st.sampled_from(
        [
            MARKER,
            CLICK,
            ".",
            "..",
            "From ",
            "=",
            "=3D",
            " ",
            "  ",
            "\t",
            "\n",
            "\r\n",
            "\r",
            "é",
            "日本",
            "🏴‍☠️",
            "x" * 71,
        ]
    ),
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)


def decoded(data: bytes) -> str:
    return quopri.decodestring(data).decode().replace("\r\n", "\n")


def with_one_end(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") or not text else text + "\n"


@given(TEXTS)
def test_what_was_encoded_comes_back(text: str) -> None:
    assert decoded(quoted_printable(text)) == with_one_end(text)


@given(TEXTS)
def test_every_line_is_short_ascii_and_needs_no_change_on_the_way(text: str) -> None:
    data = quoted_printable(text)
    assert data.isascii()
    assert not data or data.endswith(b"\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 76
        assert b"\r" not in line
        assert b"\n" not in line
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))


@given(TEXTS)
def test_the_bytes_are_their_own_canonical_form(text: str) -> None:
    data = quoted_printable(text).rstrip(b"\r\n") + b"\r\nend\r\n"
    assert relaxed_body(data) == data


@given(st.lists(PIECES, max_size=30))
def test_the_marker_is_never_broken(pieces: list[str]) -> None:
    text = "".join(pieces)
    for marker in (MARKER, CLICK):
        assert quoted_printable(text).count(marker.encode()) == text.count(marker)


@given(TEXTS, st.text("ABCabc019-_", min_size=len(MARKER), max_size=len(MARKER)))
def test_another_token_in_the_markers_place_changes_nothing_else(text: str, token: str) -> None:
    put = quoted_printable(text).replace(MARKER.encode(), token.encode())
    assert decoded(put) == with_one_end(text).replace(MARKER, token)
    assert all(len(line) <= 76 for line in put.split(b"\r\n"))


@pytest.mark.parametrize("before", range(40, 80))
@pytest.mark.parametrize("marker", [MARKER, CLICK])
def test_the_marker_moves_to_the_next_line_where_it_does_not_fit(before: int, marker: str) -> None:
    text = f"{'x' * before}{marker}{'y' * 60}"
    data = quoted_printable(text)
    assert marker.encode() in data
    assert decoded(data) == text + "\n"


def test_half_characters_become_question_marks() -> None:
    assert quoted_printable("half \ud83d") == b"half ?\r\n"


def test_empty_text_stays_empty() -> None:
    assert quoted_printable("") == b""
    assert quoted_printable("\n\n") == b"\r\n\r\n"
