"""The code of a link: the same for the same, provable, and no other."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from distributor.codes import LENGTH, code_of, is_ours

KEY, OTHER = b"a key of the site, for tests only", b"another key, for tests only too.."
ABOUT = st.tuples(st.integers(1, 2**48), st.text("abcxyz-_09", min_size=1, max_size=20), st.integers(0, 2**48))


@given(ABOUT)
def test_a_code_is_letters_and_digits_always_the_same_and_ours(about: tuple[int, str, int]) -> None:
    code = code_of(KEY, *about)
    assert re.fullmatch(rf"[A-Za-z0-9]{{{LENGTH}}}", code)
    assert code == code_of(KEY, *about)
    assert is_ours([KEY], code)


@given(ABOUT, ABOUT)
def test_two_links_have_two_codes(one: tuple[int, str, int], other: tuple[int, str, int]) -> None:
    assert (code_of(KEY, *one) == code_of(KEY, *other)) == (one == other)


@given(ABOUT)
def test_another_key_makes_another_code_that_is_not_ours(about: tuple[int, str, int]) -> None:
    code = code_of(OTHER, *about)
    assert code != code_of(KEY, *about)
    assert not is_ours([KEY], code)
    assert is_ours([KEY, OTHER], code)


@given(ABOUT, st.integers(0, LENGTH - 1), st.sampled_from("ABab01"))
def test_a_code_with_one_letter_changed_is_forged(about: tuple[int, str, int], place: int, letter: str) -> None:
    code = code_of(KEY, *about)
    forged = code[:place] + letter + code[place + 1 :]
    assert is_ours([KEY], forged) == (forged == code)


@given(st.text(max_size=40))
def test_whatever_is_asked_for_is_no_code(word: str) -> None:
    assert not is_ours([KEY], word)


def test_the_channel_and_the_edition_cannot_run_into_each_other() -> None:
    assert code_of(KEY, 1, "a:2", 3) != code_of(KEY, 1, "a", 23)
