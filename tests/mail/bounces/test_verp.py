from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import ConfigError
from distributor.mail.bounces.verp import read_verp, return_path

KEY, OLD = b"k" * 32, b"o" * 32
NUMBERS = st.integers(0, 10**18)


@given(NUMBERS, st.binary(min_size=1, max_size=64))
def test_a_return_path_gives_its_number_back(number: int, key: bytes) -> None:
    path = return_path("bounces", "news.example", number, key)
    assert read_verp(path, key) == number
    assert len(path.partition("@")[0]) <= 64


@given(NUMBERS)
def test_case_and_brackets_do_not_matter(number: int) -> None:
    path = return_path("bounces", "news.example", number, KEY)
    assert read_verp(f" <{path.upper()}> ", KEY) == number


@given(NUMBERS, NUMBERS)
def test_the_mac_of_one_number_is_worth_nothing_for_another(one: int, other: int) -> None:
    mac = return_path("b", "d.example", one, KEY).partition("-")[2]
    assert read_verp(f"b+{other}-{mac}", KEY) == (one if one == other else None)


def test_a_path_of_an_old_key_is_read_while_that_key_is_listed() -> None:
    path = return_path("bounces", "news.example", 7, OLD)
    assert read_verp(path, (KEY, OLD)) == 7
    assert read_verp(path, (KEY,)) is None
    assert read_verp(path, ()) is None


def test_a_signed_return_path_survives_batv() -> None:
    path = return_path("bounces", "news.example", 7, KEY)
    assert read_verp(f"prvs=1234abcd={path}", KEY) == 7


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "bounces@news.example",
        "bounces+7@news.example",
        "bounces+7-aaaaaaaaaaaaaaaa@news.example",
        "7",
        "a" * 9999,
    ],
)
def test_anything_else_is_no_return_path_of_ours(address: str) -> None:
    assert read_verp(address, KEY) is None


def test_leading_zeros_do_not_make_a_second_name() -> None:
    mac = return_path("b", "d.example", 7, KEY).partition("-")[2]
    assert read_verp(f"b+07-{mac}", KEY) is None


def test_a_name_that_gets_too_long_is_refused_in_the_settings_words() -> None:
    with pytest.raises(ConfigError, match="too long"):
        return_path("b" * 40, "news.example", 10**18, KEY)
    with pytest.raises(ConfigError, match="key is empty"):
        return_path("b", "news.example", 1, b"")


@given(st.text(max_size=200))
def test_reading_never_raises(address: str) -> None:
    read_verp(address, KEY)
