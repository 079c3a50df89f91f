"""Which article an entry is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.matching import (
    Candidate,
    Holder,
    claims_of,
    digest,
    guid_key,
    keys,
    once,
    own_keys,
    resolve,
    tells,
    url_key,
)
from distributor.model import Entry, Image

SITE = "https://example.org"


def one(guid: str, path: str, page: str = "") -> Candidate:
    url = f"{SITE}/{path}" if path else ""
    return Candidate(Entry(guid=guid, url=url, title="T"), url, f"{SITE}/{page}" if page else "")


def known(*articles: tuple[int, str, str, str]) -> dict[str, Holder]:
    """(id, source, guid, path) -> what the store would say."""
    found: dict[str, Holder] = {}
    for number, source, guid, path in articles:
        found[guid_key(source, guid)] = Holder(number, source)
        if path:
            found[url_key(f"{SITE}/{path}")] = Holder(number, source)
    return found


def test_nothing_known_is_all_new() -> None:
    assert resolve("desk", [one("a", "1"), one("b", "2")], {}) == [0, 0]


def test_the_guid_counts_first() -> None:
    assert resolve("desk", [one("a", "2")], known((1, "desk", "a", "1"), (2, "desk", "b", "2"))) == [1]


def test_a_slug_edit_that_keeps_the_guid_is_the_same_article() -> None:
    assert resolve("desk", [one("a", "a-better-slug")], known((1, "desk", "a", "slug"))) == [1]


def test_a_new_guid_at_the_same_address_is_the_same_article() -> None:
    assert resolve("desk", [one("new", "1")], known((1, "desk", "old", "1"))) == [1]


def test_a_guid_of_another_source_means_nothing() -> None:
    assert resolve("desk", [one("a", "9")], known((1, "wire", "a", "1"))) == [0]


def test_two_entries_with_one_address_are_two_articles() -> None:
    candidates = [one("a", "live"), one("b", "live")]
    assert resolve("desk", candidates, known((1, "desk", "old", "live"))) == [0, 0]
    claims = claims_of(candidates)
    assert own_keys("desk", candidates[0], claims) == [guid_key("desk", "a")]


def test_an_address_whose_article_is_in_the_feed_by_its_guid_makes_no_second_one() -> None:
    candidates = [one("a", "moved"), one("b", "1")]
    assert resolve("desk", candidates, known((1, "desk", "a", "1"))) == [1, 0]


def test_two_entries_at_two_addresses_of_one_article_are_not_merged() -> None:
    twice_known = known((1, "desk", "old", "1")) | {url_key(f"{SITE}/2"): Holder(1, "desk")}
    assert resolve("desk", [one("a", "1"), one("b", "2")], twice_known) == [1, 0]


@pytest.mark.parametrize("url", ["", SITE, f"{SITE}/", f"{SITE}//"])
def test_a_front_page_tells_nothing(url: str) -> None:
    assert not tells(url)
    candidate = Candidate(Entry(guid="a", url=url, title="T"), url)
    assert resolve("desk", [candidate], {url_key(url): Holder(1, "desk")}) == [0]
    assert own_keys("desk", candidate, claims_of([candidate])) == [guid_key("desk", "a")]


def test_a_query_is_enough_to_tell() -> None:
    assert tells(f"{SITE}/?p=17")


def test_the_same_address_in_two_sources_is_one_article() -> None:
    assert resolve("desk", [one("x", "1")], known((1, "wire", "a", "1"))) == [1]


def test_what_a_page_calls_canonical_counts_for_another_sources_article() -> None:
    assert resolve("desk", [one("x", "copy", page="1")], known((1, "wire", "a", "1"))) == [1]


def test_what_a_page_calls_canonical_never_merges_two_entries_of_one_source() -> None:
    assert resolve("desk", [one("x", "copy", page="1")], known((1, "desk", "a", "1"))) == [0]


@pytest.mark.parametrize("order", [1, -1])
def test_an_entrys_own_address_counts_before_a_page_that_claims_it(order: int) -> None:
    own, copy = one("b", "1", page="elsewhere"), one("x", "copy", page="1")
    found = dict(
        zip(
            ["own", "copy"][::order],
            resolve("desk", [own, copy][::order], known((1, "wire", "a", "1"))),
            strict=True,
        )
    )
    assert found == {"own": 1, "copy": 0}
    claims = claims_of([own, copy])
    assert url_key(f"{SITE}/1") in own_keys("desk", own, claims)
    assert url_key(f"{SITE}/1") not in own_keys("desk", copy, claims)


def test_two_pages_that_claim_one_address_both_lose_it() -> None:
    candidates = [one("a", "1", page="all"), one("b", "2", page="all")]
    assert resolve("desk", candidates, known((1, "wire", "w", "all"))) == [0, 0]


ids = st.sampled_from(["a", "b", "c", "d"])
paths = st.sampled_from(["", "1", "2", "3", "4"])


@given(
    feed=st.lists(st.builds(one, ids, paths, paths), max_size=5, unique_by=lambda candidate: candidate.entry.guid),
    store=st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["desk", "wire"]), ids, paths),
        max_size=5,
        unique_by=lambda a: a[0],
    ),
)
def test_entries_that_are_not_known_by_their_guid_never_share_an_article(
    feed: list[Candidate], store: list[tuple[int, str, str, str]]
) -> None:
    by_key = known(*store)
    found = resolve("desk", feed, by_key)
    for candidate, number in zip(feed, found, strict=True):
        holder = by_key.get(guid_key("desk", candidate.entry.guid))
        if holder:
            assert number == holder.article_id
        elif number:
            assert found.count(number) == 1
            assert any(by_key.get(key, Holder(0, "")).article_id == number for key in keys("desk", candidate))


def test_an_entry_twice_in_a_feed_counts_once() -> None:
    first, second = Entry(guid="a", url="", title="1"), Entry(guid="a", url="", title="2")
    assert once([first, second]) == [first]


def test_long_keys_stay_short_and_different() -> None:
    long = [url_key(f"{SITE}/{'x' * 5000}{end}") for end in "ab"]
    assert len(set(long)) == 2
    assert all(len(key) <= 400 for key in long)


ENTRY = Entry(
    guid="a",
    url=f"{SITE}/1",
    title="A title",
    summary="Some words.",
    body="<p>Some <b>words</b> and&nbsp;more.</p>",
    image=Image(f"{SITE}/photo-1024x683.jpg?w=1", width=1024),
)


@pytest.mark.parametrize(
    "same",
    [
        replace(ENTRY, title=" A  title\n"),
        replace(ENTRY, url=f"{SITE}/1?utm_source=rss"),
        replace(ENTRY, body="<div>Some words and more.</div>"),
        replace(ENTRY, image=Image(f"{SITE}/photo-150x150.jpg?w=2", width=150)),
        replace(ENTRY, guid="b", comments=5),
    ],
)
def test_what_readers_do_not_see_is_no_change(same: Entry) -> None:
    assert digest(same) == digest(ENTRY)


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTRY, title="Another title"),
        replace(ENTRY, summary="Other words."),
        replace(ENTRY, social="For the networks"),
        replace(ENTRY, body="<p>Some words and less.</p>"),
        replace(ENTRY, image=Image(f"{SITE}/another.jpg")),
        replace(ENTRY, image=None),
    ],
)
def test_what_readers_see_is_a_change(other: Entry) -> None:
    assert digest(other) != digest(ENTRY)


def test_words_that_move_from_title_to_summary_are_a_change() -> None:
    assert digest(Entry(guid="a", url="", title="A B")) != digest(Entry(guid="a", url="", title="A", summary="B"))


def test_half_a_surrogate_pair_has_a_digest() -> None:
    assert len(digest(Entry(guid="a", url="", title="\ud83d"))) == 32
