"""`distributor measure`: bytes in, counts out, nothing translated."""

from __future__ import annotations

import pytest

from .conftest import Desk


def test_a_text_that_fits_ends_with_0(desk: Desk) -> None:
    said = desk("measure", "x", input="hello https://paper.com/a/very/long/path/that/counts/23\n")
    assert (said.code, said.out) == (0, "29/280 fits\n")


def test_json_names_every_count(desk: Desk) -> None:
    said = desk("measure", "x", "--json", input="café")
    assert said.json == {
        "network": "x", "length": 4, "limit": 280, "fits": True, "valid": True, "permillage": 14,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "length"),
    [(b"a", 1), (b"a\n", 1), (b"a\n\n", 2), (b"a\r\n", 2), (b"\n", 0), (b"", 0), (b"\xef\xbb\xbfa", 2), (b"a\rb", 3)],
)
def test_exactly_one_final_newline_is_dropped(desk: Desk, content: bytes, length: int) -> None:
    assert desk("measure", "linkedin", "--json", input=content).json["length"] == length


def test_a_text_too_long_ends_with_1(desk: Desk) -> None:
    said = desk("measure", "mastodon", input="a" * 501)
    assert (said.code, said.out) == (1, "501/500 1 too long\n")
    assert desk("measure", "mastodon", "--limit", "501", input="a" * 501).code == 0


def test_an_empty_text_is_not_valid(desk: Desk) -> None:
    said = desk("measure", "x", "--json", input=b"\n")
    assert said.code == 1
    assert said.json["fits"] is True
    assert said.json["valid"] is False


def test_what_is_no_utf8_is_one_clear_line(desk: Desk) -> None:
    said = desk("measure", "x", input=b"ok\n\xff\xfe")
    assert said.code == 2
    assert said.err.startswith("error: standard input is not UTF-8: byte 3 (line 2) is 0xff\n")


def test_an_unknown_network_names_the_nearest(desk: Desk) -> None:
    said = desk("measure", "twiter", input="a")
    assert said.code == 2
    assert "did you mean" in said.err
