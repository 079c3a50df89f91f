"""`pin`, `bury` and `unpin` on the command line."""

from __future__ import annotations

import pytest

from .conftest import Desk


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pin", "1"), "comes first"),
        (("pin", "https://paper.example/articles/1", "--for", "6h"), "comes first until"),
        (("bury", "1", "--until", "+2h"), "comes last until"),
        (("unpin", "1"), "stands where its ranking puts it"),
    ],
)
def test_an_editors_word_is_taken_and_said_back(desk: Desk, words: tuple[str, ...], said: str) -> None:
    desk.article()
    done = desk(*words)
    assert done.code == 0, done.err
    assert said in done.out
    told = desk(*words, "--json").json
    assert (told["act"], told["article"]) == (words[0], 1)


def test_why_shows_who_pinned_and_what_it_is_worth(desk: Desk) -> None:
    desk.article()
    desk("pin", "1")
    shown = desk("why", "1").out
    assert "pin article:1" in shown
    assert "pinned" in shown


@pytest.mark.parametrize("options", [("--for", "soon"), ("--for", "0"), ("--for", "6h", "--until", "+2h")])
def test_a_time_that_is_none_is_refused(desk: Desk, options: tuple[str, ...]) -> None:
    desk.article()
    assert desk("pin", "1", *options).code == 2


def test_an_article_that_is_not_there_cannot_be_pinned(desk: Desk) -> None:
    assert desk("pin", "77").code != 0
