"""Facets and record keys, as laws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.channels.atproto import ALPHABET, facets, languages, planned_time, post_record, record_key
from distributor.model import Message

PLANNED = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def marked(text: str, url: str = "") -> list[tuple[str, str]]:
    raw = text.encode()
    spans = [
        (facet["index"]["byteStart"], facet["index"]["byteEnd"], facet["features"][0]) for facet in facets(text, url)
    ]
    return [(raw[start:end].decode(), str(feature.get("uri") or feature.get("tag"))) for start, end, feature in spans]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://a.example/b.", ["https://a.example/b"]),
        ("🏞️👩‍👩‍👧 (https://a.example/b_(c))!", ["https://a.example/b_(c)"]),
        ("日本https://a.example/語。次", ["https://a.example/語"]),
        ("“https://a.example/?q=1&x=é#f”", ["https://a.example/?q=1&x=é#f"]),
        ("https://a.example/1,https://a.example/2", ["https://a.example/1,https://a.example/2"]),
        ("https:// http://x mailto:a@b.example", ["http://x"]),
        ("#World #news. #1 #1st (#tag) a#no ##x #été #科学!", ["#World", "#news", "#1st", "#tag", "#été", "#科学"]),
        ("https://a.example/#part #real", ["https://a.example/#part", "#real"]),
        ("# #! #", []),
        ("@paper.example is not looked up", []),
        ("", []),
    ],
)
def test_links_and_hashtags_are_marked_by_bytes(text: str, found: list[str]) -> None:
    assert [span for span, _ in marked(text)] == found


def test_the_known_link_is_marked_whole_whatever_it_ends_in() -> None:
    assert marked("Read https://a.example/who? now", "https://a.example/who?") == [("https://a.example/who?",) * 2]


def test_a_longer_link_is_not_cut_to_the_known_one() -> None:
    assert marked("https://a.example/b/c", "https://a.example/b") == [("https://a.example/b/c",) * 2]


@given(
    st.text(alphabet=st.sampled_from("ab é日🏞\u200d\ufe0f#@/:.?&()[]\"'\n \u3002") | st.characters(), max_size=60),
    st.booleans(),
)
def test_offsets_always_lie_on_characters_in_order_and_apart(noise: str, linked: bool) -> None:
    noise = noise.encode("utf-8", "ignore").decode()
    text = f"{noise} https://a.example/x {noise} #tag {noise}" if linked else noise
    raw, last = text.encode(), 0
    for facet in facets(text, "https://a.example/x"):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        assert last <= start < end <= len(raw)
        said = raw[start:end].decode()  # raises where a character is cut
        (feature,) = facet["features"]
        assert said in (feature.get("uri"), "#" + feature.get("tag", ""), "＃" + feature.get("tag", ""))
        last = end


@given(st.text(min_size=1, max_size=80), st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)))
def test_a_record_key_is_a_valid_tid_and_always_the_same(key: str, planned: datetime | None) -> None:
    key = key.encode("utf-8", "ignore").decode()
    moment = planned.replace(tzinfo=UTC) if planned else None
    tid = record_key(key, moment)
    assert len(tid) == 13
    assert set(tid) <= set(ALPHABET)
    assert tid[0] in "234567abcdefghij"
    assert tid == record_key(key, moment)


def test_ten_thousand_posts_planned_at_one_moment_have_ten_thousand_keys() -> None:
    assert len({record_key(f"post:bluesky:{number}", PLANNED) for number in range(10_000)}) == 10_000


def test_a_record_key_lies_in_the_minute_before_the_planned_time() -> None:
    keys = sorted(record_key(f"k{number}", PLANNED) for number in range(200))
    assert record_key("x", PLANNED - timedelta(minutes=2)) < keys[0]
    assert keys[-1] < record_key("x", PLANNED + timedelta(minutes=2))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T13:00:00+01:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("soon", None),
        (None, None),
        (7, None),
    ],
)
def test_a_planned_time_is_read_in_utc(said: object, meant: datetime | None) -> None:
    assert planned_time({"planned_at": said}) == meant


def test_at_most_three_good_languages_are_told() -> None:
    assert languages(["pt_BR", "pt-BR", "", "x!", "english", "en", "zh-Hant-TW", "de"]) == ["pt-BR", "en", "zh-Hant-TW"]


def test_a_plain_text_makes_a_record_without_empty_parts() -> None:
    record = post_record(Message(text="Hello"), PLANNED, (), None)
    assert record == {"$type": "app.bsky.feed.post", "text": "Hello", "createdAt": "2026-03-01T12:00:00.123Z"}
