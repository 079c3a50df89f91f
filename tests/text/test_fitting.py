"""The longest cut that fits."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from distributor.errors import ConfigError
from distributor.text import NETWORKS, fit, measure, plain

FAMILY = "👨‍👩‍👧‍👦"
STORY = (
    "Prime Minister Jane Doe said on Tuesday that the U.S. and Japan will strengthen ties. The deal, worth 3.5 billion "
    "dollars, was signed at 5 p.m. in Tokyo after weeks of talks between officials on both sides. Critics say it goes "
    "too far, while supporters point to jobs."
)
TAIL = "\n\nhttps://example.com/a/b?c=d #WorldNews"

words = st.sampled_from(
    [
        "a",
        "news",
        "extraordinarily",
        "U.S.",
        "said",
        "naïve",
        "e\u0301te\u0301",
        FAMILY,
        "👍🏽",
        "🇫🇷",
        "and",
        "5",
        "p.m.",
        "https://example.com/path?q=1",
        "example.com",
        "#WorldNews",
        "@alice@example.social",
        "قطر",
        "Здравствуй",
        "(so)",
    ]
)
ends = st.sampled_from([" ", " ", " ", ", ", ". ", "! ", "… ", "\n", ": "])
bodies = st.lists(st.tuples(words, ends), max_size=60).map(lambda parts: "".join(word + end for word, end in parts))
unfinished = st.lists(st.tuples(words, st.sampled_from([" ", " ", ", ", ": "])), min_size=25, max_size=40).map(
    lambda parts: "".join(word + end for word, end in parts)
)
cjk = st.text(alphabet="日本語の漢字かなカナ。、「」ー！12ab 🇯🇵é", max_size=200)
networks = st.sampled_from(NETWORKS)


def frame(cut: str) -> str:
    return cut + TAIL


@settings(deadline=None, max_examples=150)
@given(networks, st.one_of(bodies, cjk, st.text(max_size=150)), st.integers(45, 140))
@example("x", "foo.com-" + "b" * 200, 70)
@example("mastodon", "https://example.com/" + "あ" * 200, 60)
def test_it_always_fits_and_keeps_what_surrounds_it(network: str, body: str, limit: int) -> None:
    assume(measure(network, TAIL, limit=limit).fits)
    text = fit(network, body, frame=frame, limit=limit)
    assert measure(network, text, limit=limit).fits
    assert text.endswith(TAIL)
    cut = text.removesuffix(TAIL)
    assert cut == body or body.startswith(cut.removesuffix("…").rstrip(" ")) or body.startswith(cut)


@settings(deadline=None, max_examples=200)
@given(networks, unfinished, st.integers(30, 60))
def test_no_longer_word_cut_would_fit(network: str, body: str, limit: int) -> None:
    text = fit(network, body, limit=limit)
    assume(text != body and text.endswith("…"))
    cut = text.removesuffix("…").rstrip(" ")
    assert body.startswith(cut)
    for match in re.finditer(r"\S+", body):
        longer = body[: match.end()].rstrip(" ,:\n")
        if len(longer) > len(cut) and not longer.endswith(("(", "@", "#")):
            assert not measure(network, longer + " …", limit=limit).fits


@settings(deadline=None, max_examples=200)
@given(networks, st.lists(st.integers(3, 60), min_size=2, max_size=8), st.integers(30, 200))
def test_no_longer_sentence_cut_would_fit(network: str, sizes: list[int], limit: int) -> None:
    said = ["A" + " b" * (size // 2) + "." for size in sizes]
    text = fit(network, " ".join(said), limit=limit)
    assume(not text.endswith("…") and text != " ".join(said))
    count = text.count(".")
    assert text == " ".join(said[:count])
    assert not measure(network, " ".join(said[: count + 1]), limit=limit).fits
    assert len(text) >= 0.6 * limit


@settings(deadline=None, max_examples=100)
@given(bodies, st.integers(24, 200))
def test_links_emoji_and_mentions_are_never_cut(body: str, limit: int) -> None:
    cut = fit("x", body, limit=limit).removesuffix("…").rstrip(" ")
    for whole in ("https://example.com/path?q=1", "@alice@example.social", FAMILY, "👍🏽", "🇫🇷", "e\u0301te\u0301"):
        for match in re.finditer(re.escape(whole), body):
            assert not match.start() < len(cut) < match.end() or body[: len(cut)] != cut


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(words, st.sampled_from(["b", "i", "code", "a"]), ends), max_size=30), st.integers(5, 120))
def test_html_stays_balanced(parts: list[tuple[str, str, str]], limit: int) -> None:
    opened = {"a": '<a href="https://example.com/?a=1&amp;b=2">'}
    body = "".join(f"{opened.get(tag, f'<{tag}>')}{word} &amp; so</{tag}>{end}" for word, tag, end in parts)
    text = fit("telegram", f"<b>{body}</b>", limit=limit, markup="html")
    measured = measure("telegram", text, limit=limit, markup="html")
    assert measured.fits
    assert measured.valid or not plain(text).strip()
    assert text.count("<a ") == text.count(" &amp; so</a>")


def test_what_fits_is_left_alone() -> None:
    assert fit("x", " as  it is ", frame=frame) == " as  it is " + TAIL


def test_it_cuts_at_a_sentence_that_fills_most_of_the_room() -> None:
    assert fit("x", STORY, limit=100) == STORY[: STORY.index(" The deal")]


def test_it_cuts_at_a_word_where_the_sentence_is_too_short() -> None:
    words = STORY[: STORY.index(" in Tokyo")]
    assert fit("x", STORY, limit=len(words) + 2) == words + "…"


def test_a_comma_does_not_stand_before_the_mark() -> None:
    assert fit("x", "One two, three four five six", limit=12) == "One two…"


def test_an_abbreviation_is_marked_like_any_other_word() -> None:
    assert fit("x", "They all met in the U.S. senate building", limit=26) == "They all met in the U.S.…"


def test_a_link_at_the_cut_is_parted_from_the_mark() -> None:
    text = fit("mastodon", "Read https://example.com/a then rest a while", limit=32)
    assert text == "Read https://example.com/a …"


def test_a_first_word_that_is_too_long_is_cut_between_characters() -> None:
    assert fit("bluesky", "e\u0301" * 50, limit=10) == "e\u0301" * 9 + "…"
    assert fit("bluesky", FAMILY * 400).removesuffix("…") == FAMILY * 119


def test_scripts_without_spaces_are_cut_between_characters_but_not_before_a_stop() -> None:
    assert fit("discord", "吾輩は猫である名前はまだ無い", limit=8) == "吾輩は猫である…"
    assert fit("discord", "吾輩は猫である、名前はまだ無い", limit=8) == "吾輩は猫である…"
    assert fit("discord", "吾輩は猫である。名前はまだ無いどこで生れたか", limit=10) == "吾輩は猫である。"
    thai = fit("discord", "ผู้เริ่มการเมืองรายละเอียดนักท่องเที่ยว", limit=12)
    assert thai.endswith("…")
    assert thai[-2] not in "เแโใไ"


def test_a_link_that_is_too_long_is_left_out_rather_than_broken() -> None:
    assert fit("discord", "https://example.com/" + "a" * 100, frame=lambda cut: cut + " end", limit=50) == " end"


def test_tags_are_closed_and_a_telegram_link_is_whole_or_not_there() -> None:
    body = '<b>Hello &amp; good bye <i>to you all</i></b> <a href="http://x.y/z">the link</a> and more'
    assert fit("telegram", body, limit=24, markup="html") == "<b>Hello &amp; good bye <i>to you…</i></b>"
    assert fit("telegram", body, limit=36, markup="html") == "<b>Hello &amp; good bye <i>to you all…</i></b>"
    assert fit("telegram", body, limit=38, markup="html").endswith('<a href="http://x.y/z">the link</a> …')


def test_a_frame_that_does_not_fit_by_itself_is_an_error() -> None:
    with pytest.raises(ValueError, match="x: what surrounds the text takes 290 of 280"):
        fit("x", "text", frame=lambda cut: cut + "a" * 290)


def test_an_unknown_network_is_an_error() -> None:
    with pytest.raises(ConfigError):
        fit("myspace", "text")


@pytest.mark.parametrize(
    "text", [" " * 10**6, ", " * 400_000, "a." * 400_000, "http://a.com/x " * 60_000, "あ" * 10**6]
)
def test_a_hostile_megabyte_is_cut_in_bounded_time(text: str) -> None:
    started = time.perf_counter()
    assert measure("x", fit("x", text)).fits
    assert time.perf_counter() - started < 10
