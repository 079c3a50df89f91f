"""Which reports of other outlets are of one story: judged on pairs, precision first."""

from __future__ import annotations

import random
import time
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.text.outlets import Index, report
from tests.text.outlets import STORIES

REPORTS = [(story, report(*told)) for story, outlets in enumerate(STORIES) for told in outlets]


@pytest.fixture(scope="module")
def index() -> Index:
    made = Index()
    made.weigh(one for _, one in REPORTS)
    return made


def test_of_the_judged_pairs_nearly_all_that_match_are_right_and_half_of_the_right_ones_match(index: Index) -> None:
    right = wrong = missed = 0
    for (story, one), (other_story, other) in combinations(REPORTS, 2):
        same, like = story == other_story, index.is_like(one, other)
        right, wrong, missed = right + (same and like), wrong + (like and not same), missed + (same and not like)
    assert right / (right + wrong) >= 0.9, f"{right} right, {wrong} wrong, {missed} missed"
    assert right / (right + missed) >= 0.5, f"{right} right, {wrong} wrong, {missed} missed"


def test_the_first_teller_of_each_story_is_found_by_the_others_and_hardly_ever_a_wrong_one(index: Index) -> None:
    found = Index()
    found.weigh(one for _, one in REPORTS)
    for number, told in enumerate(STORIES, 1):
        found.add(number, report(*told[0]))
    answers = [(story + 1, found.best(report(*told))) for story, outlets in enumerate(STORIES) for told in outlets[1:]]
    matched = [(right, got) for right, got in answers if got]
    assert sum(right == got for right, got in matched) >= 0.94 * len(matched)
    assert len(matched) >= 0.55 * len(answers)


def test_formulas_of_headlines_make_no_story_without_a_name(index: Index) -> None:
    for one, other in [
        ("Police appeal for witnesses after crash", "Police appeal for witnesses after stabbing"),
        ("What we know about the budget vote so far", "What we know about the airport strike so far"),
        ("Man arrested after stabbing in town centre", "Man arrested after robbery in town centre"),
        ("Ten recipes for a rainy weekend", "Five recipes for a sunny weekend"),
    ]:
        assert not index.is_like(report(one, ""), report(other, ""))


def test_headlines_with_a_capital_for_every_word_have_no_names() -> None:
    assert not report("Police Appeal For Witnesses After Crash Near School", "").names
    assert not report("POLICE APPEAL FOR WITNESSES AFTER CRASH", "").names
    assert report("Police in Leeds appeal for witnesses", "").names == {"leeds"}


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_likeness_is_the_same_both_ways(a: str, b: str, c: str, d: str) -> None:
    index, one, other = Index(), report(a, b), report(c, d)
    index.weigh([one, other])
    assert index.likeness(one, other) == pytest.approx(index.likeness(other, one))
    assert index.likeness(one, other) >= 0


def test_thousands_of_reports_find_theirs_among_a_thousand_articles_in_seconds() -> None:
    choose = random.Random(4)
    made = ["".join(choose.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(4_000)]
    words = [word.title() if n % 3 == 0 else word for n, word in enumerate(made)]

    def told() -> str:
        return "so " + " ".join(choose.choices(words, weights=[1 / (n + 10) for n in range(len(words))], k=9))

    reports = [report(told(), told()) for _ in range(4_000)]
    index = Index()
    index.weigh(reports)
    for number, one in enumerate(reports[:1_000], 1):
        index.add(number, one)
    started = time.process_time()
    found = [index.best(one) for one in reports[:1_000]]
    assert sum(number == place for place, number in enumerate(found, 1)) > 950, "but those without a name"
    for one in reports[1_000:]:
        index.best(one)
    assert time.process_time() - started < 8
