"""Who is no reader: by one request, and by many."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor import robots
from distributor.robots import Event, Rules, is_private, judge, marks, network_mark

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RULES = Rules()
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "en-GB,en;q=0.9"}

AGENTS = Path(__file__).parent / "agents"


def agents(name: str) -> list[str]:
    return (AGENTS / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("agent", agents("readers.txt"))
def test_a_readers_browser_is_none(agent: str) -> None:
    assert marks("GET", {**PAGE, "user-agent": agent}) == 0


@pytest.mark.parametrize("agent", ["", *agents("robots.txt")])
def test_a_known_robot_is_one(agent: str) -> None:
    assert marks("GET", {**PAGE, "user-agent": agent}) & robots.AGENT


def test_the_settings_add_names_of_robots() -> None:
    headers = {**PAGE, "user-agent": CHROME + " AcmeReader"}
    assert marks("GET", headers) == 0
    assert marks("GET", headers, ["acmereader"]) == robots.AGENT


@pytest.mark.parametrize(
    "header",
    [
        {"purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"x-moz": "prefetch"},
        {"x-purpose": "preview"},
    ],
)
def test_what_is_fetched_before_anybody_looks_is_marked(header: dict[str, str]) -> None:
    assert marks("GET", {**PAGE, "user-agent": CHROME, **header}) == robots.PREFETCH


def test_a_browser_that_sends_not_what_browsers_send_is_bare() -> None:
    agent = {"user-agent": CHROME}
    assert marks("GET", {**agent, "accept": "*/*", "accept-language": "en"}) == robots.BARE
    assert marks("GET", {**agent, "accept": PAGE["accept"]}) == robots.BARE
    assert marks("GET", agent) == robots.BARE


def test_a_beacon_and_a_pixel_are_not_bare() -> None:
    beacon = {"user-agent": CHROME, "accept": "*/*", "accept-language": "en"}
    assert marks("POST", beacon) == 0
    assert marks("GET", beacon | {"accept": "image/avif,image/webp,*/*;q=0.8"}) == 0


def test_head_and_what_a_page_embeds_are_marked() -> None:
    headers = {**PAGE, "user-agent": CHROME}
    assert marks("HEAD", headers) == robots.HEAD
    embedded = headers | {"sec-fetch-dest": "image", "sec-fetch-mode": "no-cors", "accept": "image/webp,*/*"}
    assert marks("GET", embedded) == robots.EMBEDDED
    assert marks("GET", headers | {"sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}) == 0


@pytest.mark.parametrize(
    ("headers", "private"),
    [({"dnt": "1"}, True), ({"sec-gpc": "1"}, True), ({"dnt": "0"}, False), ({"sec-gpc": "?1"}, False), ({}, False)],
)
def test_who_asks_not_to_be_counted_is_heard(headers: dict[str, str], private: bool) -> None:
    assert is_private(headers) is private


def test_an_address_of_a_data_centre_is_marked() -> None:
    networks = ("192.0.2.0/24", "2001:db8::/32")
    for address in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1%eth0"):
        assert network_mark(address, networks) == robots.NETWORK
    for address in ("198.51.100.1", "no address", ""):
        assert network_mark(address, networks) == 0


@given(st.text(max_size=300), st.dictionaries(st.sampled_from(["accept", "purpose", "sec-fetch-dest"]), st.text()))
def test_no_header_breaks_it(agent: str, headers: dict[str, str]) -> None:
    assert marks("GET", {**headers, "user-agent": agent}) >= 0


def test_a_name_of_a_megabyte_costs_nothing_to_speak_of() -> None:
    assert marks("GET", {**PAGE, "user-agent": "Mozilla/5.0 " + "a" * 1_000_000}) == 0


def event(number: int, *, after: float = 0, kind: str = "clicks", article: int = 1, **rest: Any) -> Event:
    given = {"visitor": 100 + number, "channel": "x"} | rest
    return Event(number, NOW + timedelta(seconds=after), kind, article, **given)


def good(*new: Event, recent: tuple[Event, ...] = (), rules: Rules = RULES) -> list[int]:
    return sorted(number for number, verdict in judge(new, recent, rules).items() if verdict)


def test_one_reader_counts_once_within_the_time_across_channels() -> None:
    same = {"visitor": 5}
    first, again, later = event(1, **same), event(2, after=600, channel="digest", **same), event(3, after=1800, **same)
    assert good(first, again, later) == [1, 3]


def test_another_article_and_another_act_are_no_repeat() -> None:
    assert good(event(1, visitor=5), event(2, visitor=5, article=2), event(3, visitor=5, kind="views")) == [1, 2, 3]


def test_a_repeat_is_known_from_what_was_judged_before() -> None:
    before = event(1, visitor=5, judged=1)
    assert good(event(2, after=60, visitor=5), recent=(before,)) == []
    assert good(event(2, after=60, visitor=5), recent=(replace(before, judged=2),)) == [2]


def test_a_reader_of_a_mail_counts_once_on_two_devices() -> None:
    assert good(event(1, mail=9, delay=100), event(2, after=60, mail=9, delay=160)) == [1]


def test_a_click_within_seconds_of_delivery_is_a_scanners() -> None:
    assert good(event(1, mail=9, delay=9)) == []
    assert good(event(1, mail=9, delay=10)) == [1]
    assert good(event(1, mail=9, delay=-1)) == [1], "nobody knows when it was delivered"


def test_all_links_of_a_mail_at_once_are_a_scanners_from_whatever_addresses() -> None:
    burst = [event(n, after=n, article=n, mail=9, delay=300) for n in range(1, 4)]
    assert good(*burst) == []
    assert good(*burst[:2]) == [1, 2]


def test_whoever_scanned_a_mail_opens_no_other_link_of_it() -> None:
    soon = event(1, article=1, visitor=5, mail=9, delay=2)
    late = event(2, after=100, article=2, visitor=5, mail=9, delay=102)
    reader = event(3, after=100, article=3, visitor=6, mail=9, delay=102)
    assert good(soon, late, reader) == [3]


def test_a_click_from_a_data_centre_counts_only_when_the_page_is_seen() -> None:
    click = event(1, visitor=5, marks=robots.NETWORK)
    view = event(2, after=3, visitor=5, kind="views", channel="site")
    assert good(click) == []
    assert good(click, view) == [1, 2]
    assert good(click, recent=(view,)) == [1]
    assert good(click, replace(view, at=NOW - timedelta(seconds=3))) == [2], "seen before, not behind the link"
    assert good(click, replace(view, marks=robots.BARE)) == []
    assert good(replace(click, marks=robots.BARE), view) == [1, 2]


@pytest.mark.parametrize("mark", [robots.AGENT, robots.PREFETCH, robots.HEAD, robots.TOO_MANY, robots.EMBEDDED])
def test_what_is_marked_as_a_robots_never_counts(mark: int) -> None:
    view = event(2, after=3, visitor=101, kind="views", channel="site")
    assert 1 not in good(event(1, visitor=101, marks=mark), view)


def test_who_opens_more_than_a_reader_can_is_none_for_that_time() -> None:
    crawl = [event(n, after=n * 5, article=n, visitor=5) for n in range(1, 13)]
    assert good(*crawl) == []
    assert len(good(*crawl[:10])) == 10
    assert good(*crawl, event(99, after=900, article=99, visitor=5)) == [99]


def test_a_slow_crawler_is_found_as_well() -> None:
    crawl = [event(n, after=n * 15, article=n, visitor=5) for n in range(1, 120)]
    assert len(good(*crawl)) == 0


def test_hammering_one_link_counts_for_nothing() -> None:
    assert good(*[event(n, after=n / 10, visitor=5) for n in range(1, 60)]) == []


def test_following_one_link_again_and_again_counts_for_nothing_but_a_page_may_load_anew() -> None:
    again = [event(n, after=n * 120, visitor=5) for n in range(1, 12)]
    assert good(*again) == []
    assert good(*(replace(one, kind="views") for one in again)) == [1]


def test_what_a_visitor_did_before_being_found_out_is_taken_back() -> None:
    before = event(1, visitor=5, judged=1)
    again = [event(n, after=n * 20, visitor=5) for n in range(2, 12)]
    assert judge(again, [before], RULES) == dict.fromkeys(range(1, 12), False)
    assert 1 not in judge(again[:3], [before], RULES)


EVENTS = st.lists(
    st.builds(
        lambda after, kind, article, visitor, mail, delay, bits: (after, kind, article, visitor, mail, delay, bits),
        st.integers(0, 4000),
        st.sampled_from(["clicks", "views", "shares"]),
        st.integers(1, 12),
        st.integers(0, 4),
        st.sampled_from([0, 0, 7, 8]),
        st.sampled_from([-1, 3, 60]),
        st.sampled_from([0, 0, 0, robots.BARE, robots.AGENT, robots.NETWORK]),
    ),
    max_size=60,
)


@given(EVENTS, st.integers())
def test_the_order_of_the_events_makes_no_difference(found: list[Any], seed: int) -> None:
    events = [
        event(n, after=after, kind=kind, article=article, visitor=visitor, mail=mail, delay=delay, marks=bits)
        for n, (after, kind, article, visitor, mail, delay, bits) in enumerate(found, 1)
    ]
    new, recent = events[::2], events[1::2]
    dice = random.Random(seed)
    verdicts = judge(new, recent, RULES)
    assert judge(dice.sample(new, len(new)), dice.sample(recent, len(recent)), RULES) == verdicts
    assert set(verdicts) == {one.id for one in new}


@given(EVENTS)
def test_a_visitor_never_counts_twice_within_the_time(found: list[Any]) -> None:
    events = [
        event(n, after=after, kind=kind, article=article, visitor=visitor)
        for n, (after, kind, article, visitor, *_) in enumerate(found, 1)
    ]
    verdicts = judge(events, [], RULES)
    counted = [one for one in events if verdicts[one.id]]
    for one in counted:
        for other in counted:
            same = (one.visitor, one.kind, one.article_id) == (other.visitor, other.kind, other.article_id)
            assert one.id == other.id or not same or abs(one.at - other.at) >= RULES.repeat_within
