"""The same story from another source."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

from distributor.text import fingerprint, may_be_near, near

TITLE, LEAD = (
    "Storm hits coast of Florida, thousands evacuated",
    "A powerful storm hit the coast of Florida on Monday, forcing thousands from their homes, officials said.",
)


def same(title: str, lead: str, a_title: str = TITLE, a_lead: str = LEAD) -> bool:
    told = near(a_title, a_lead, title, lead)
    assert told == near(title, lead, a_title, a_lead)
    assert not told or may_be_near(fingerprint(a_title, a_lead), fingerprint(title, lead))
    return told


def test_the_same_story_with_small_changes_is_near() -> None:
    assert same(TITLE.upper(), LEAD)
    assert same("Storm hits Florida coast; thousands evacuated", LEAD[:90] + "…")
    assert same(TITLE + " - The Paper", "MIAMI — " + LEAD)
    ours = ("岸田首相が訪米、日米同盟強化で合意へ", "岸田首相は九日、ワシントンで大統領と会談した。")
    assert same("岸田首相が訪米 日米同盟強化で合意", ours[1] + "両氏は", *ours)


def test_another_story_is_not_near() -> None:
    assert not same(TITLE, "The council voted on Tuesday to build a new library beside the river after ten years.")
    assert not same("Council votes for library", LEAD)
    assert not same("", "")


def test_numbers_must_agree() -> None:
    assert not same("3 dead as storm hits coast", LEAD, "5 dead as storm hits coast")
    assert not same("Week 6: all the results", LEAD, "Week 5: all the results")


def test_without_a_lead_only_the_same_long_title_is_near() -> None:
    assert same(TITLE, "")
    assert not same("Morning briefing", "", "Morning briefing", "")


def test_a_fingerprint_fits_a_signed_column_and_never_changes() -> None:
    assert 0 <= fingerprint(TITLE, LEAD) < 2**63
    assert fingerprint(TITLE, LEAD) == fingerprint(TITLE.upper(), LEAD + "  ")
    assert fingerprint("", "") == 0


def test_few_unrelated_articles_look_alike(shared: Path) -> None:
    articles = json.loads((shared / "data" / "extraction" / "ground-truth.json").read_text("utf-8")).values()
    bodies = [article["articleBody"] for article in articles]
    prints = [fingerprint(body[:80], body[80:400]) for body in bodies]
    pairs = list(combinations(prints, 2))
    assert sum(may_be_near(one, other) for one, other in pairs) / len(pairs) < 0.03
