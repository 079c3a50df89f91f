"""Tokens of links: who made them, for what, for whom, until when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail import MARKER
from distributor.mail.tokens import Fresh, mint, mint_fresh, read, read_fresh

KEY, OLD, OTHER = b"k" * 32, b"o" * 32, b"x" * 32
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NUMBERS = st.integers(0, 2**48 - 1)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(NUMBERS)
def test_a_readers_token_is_as_long_as_the_marker_and_says_whose_it_is(number: int) -> None:
    token = mint(KEY, "reader", number)
    assert re.fullmatch(rf"[A-Za-z0-9_-]{{{len(MARKER)}}}", token)
    assert token == mint(KEY, "reader", number)
    assert read([KEY], "reader", token) == number


def test_old_keys_are_read_and_strangers_are_not() -> None:
    token = mint(OLD, "reader", 7)
    assert read([KEY, OLD], "reader", token) == 7
    assert read([KEY], "reader", token) is None
    assert read([], "reader", token) is None


def test_a_token_for_one_purpose_is_none_for_another() -> None:
    assert read([KEY], "unsubscribe", mint(KEY, "reader", 7)) is None
    assert mint(KEY, "reader", 7) != mint(KEY, "unsubscribe", 7)


@given(NUMBERS, st.integers(0, len(MARKER) - 1), st.sampled_from(ALPHABET))
def test_a_token_with_one_other_letter_is_none(number: int, place: int, char: str) -> None:
    token = mint(KEY, "reader", number)
    changed = token[:place] + char + token[place + 1 :]
    assert (read([KEY], "reader", changed) == number) == (changed == token)


@given(st.text(max_size=60) | st.text(ALPHABET, min_size=26, max_size=30))
def test_whatever_comes_in_is_no_token(text: str) -> None:
    assert read([KEY], "reader", text) is None
    assert read_fresh([KEY], "reader", text, NOW) is None


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OverflowError):
        mint(KEY, "reader", 2**48)


def test_a_secret_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        mint(b"short", "reader", 1)


@given(NUMBERS, st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_a_fresh_token_carries_what_it_was_given_until_its_time_runs_out(number: int, payload: str) -> None:
    until = NOW + timedelta(hours=1)
    token = mint_fresh(KEY, "switch", number, until, payload)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert read_fresh([OLD, KEY], "switch", token, NOW) == Fresh(number, until, payload)
    assert read_fresh([KEY], "switch", token, until - timedelta(seconds=1))
    assert read_fresh([KEY], "switch", token, until) is None
    assert read_fresh([OLD], "switch", token, NOW) is None
    assert read_fresh([KEY], "forget", token, NOW) is None


@given(st.data())
def test_a_fresh_token_that_was_changed_is_none(data: st.DataObject) -> None:
    token = mint_fresh(KEY, "switch", 7, NOW + timedelta(hours=1), "a@b.example")
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.sampled_from(ALPHABET)) + token[place + 1 :]
    assert (read_fresh([KEY], "switch", changed, NOW) is not None) == (changed == token)
    assert read_fresh([KEY], "switch", token[:place], NOW) is None
    assert read_fresh([KEY], "switch", token + "A", NOW) is None


def test_the_two_kinds_are_not_taken_for_each_other() -> None:
    assert read_fresh([KEY], "reader", mint(KEY, "reader", 7), NOW) is None
    assert read([KEY], "reader", mint_fresh(KEY, "reader", 7, NOW + timedelta(days=1))) is None


def test_a_payload_too_long_for_a_link_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        mint_fresh(KEY, "reader", 7, NOW, "x" * 2000)
