from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from distributor import text
from distributor.stories import Stories

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
WORD = st.sampled_from(["harbour", "council", "storm", "closes", "opens", "three", "days", "after", "vote", "3", "5"])
TITLE = st.lists(WORD, min_size=1, max_size=10).map(" ".join)


@given(st.lists(TITLE, min_size=1, max_size=12), TITLE, st.lists(WORD, max_size=12).map(" ".join))
def test_the_index_proposes_every_title_that_is_near(titles: list[str], title: str, lead: str) -> None:
    stories = Stories()
    for number, told in enumerate(titles, start=1):
        stories.add(number, "other", told, text.fingerprint(told, lead))
    story = text.fingerprint(title, lead)
    near = [
        number
        for number, told in enumerate(titles, start=1)
        if text.may_be_near(story, text.fingerprint(told, lead)) and text.near(title, lead, told, lead)
    ]
    assert set(near) <= set(stories.alike("paper", title, story))


def test_a_source_does_not_repeat_another_by_repeating_itself() -> None:
    stories = Stories()
    stories.add(1, "paper", "The harbour closes after the storm", 7)
    assert stories.alike("paper", "The harbour closes after the storm", 7) == []
    assert stories.alike("other", "The harbour closes after the storm", 7) == [1]


def test_what_was_rolled_back_is_read_again_and_old_titles_leave() -> None:
    stories = Stories()
    assert stories.since(NOW) == 0
    stories.add(4, "paper", "The harbour closes", 7)
    stories.remember(5, "paper", "The council votes", 9)
    assert stories.since(NOW) == 4
    assert stories.since(NOW + timedelta(hours=2)) == 0
    assert stories.alike("other", "The harbour closes", 7) == []
