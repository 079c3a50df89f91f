"""A campaign's verdict says what happened, also when it is bad."""

from __future__ import annotations

import json

import pytest

from benchmarks.campaign.newspaper import Newspaper, planned, write
from benchmarks.campaign.verdict import Effect, Lost, Row, judge, read_effects, recoveries

A, B = ("x", "N000001"), ("telegram", "N000001")


def effect(key: tuple[str, str], at: float = 0.0) -> Effect:
    return Effect(*key, at)


def row(key: tuple[str, str], state: str = "sent") -> Row:
    return Row(*key, state, "")


def test_everything_sent_once_is_good() -> None:
    verdict = judge({A, B}, [effect(A), effect(B)], [row(A), row(B)], [], [], counted=2)
    assert verdict.good
    assert (verdict.planned, verdict.sent, verdict.lost, verdict.doubled) == (2, 2, (), ())


def test_what_no_reader_sees_is_lost_even_if_the_ledger_says_sent() -> None:
    verdict = judge({A, B}, [effect(A)], [row(A), row(B)], [], [], counted=2)
    assert verdict.lost == (B,)
    assert not verdict.good


def test_what_is_uncertain_is_not_lost() -> None:
    lost = [Lost(7, "host/7", "telegram:1")]
    verdict = judge({A, B}, [effect(A)], [row(A), row(B, "uncertain")], lost, [7], counted=2)
    assert verdict.good
    assert (verdict.lost, verdict.uncertain, verdict.killed_slots) == ((), (B,), 1)


def test_a_post_seen_twice_is_doubled() -> None:
    verdict = judge({A}, [effect(A), effect(A)], [row(A)], [], [], counted=1)
    assert verdict.doubled == (A,)
    assert not verdict.good


def test_a_post_that_nobody_called_for_is_strange() -> None:
    assert not judge({A}, [effect(A), effect(B)], [row(A)], [], [], counted=1).good


def test_two_doubts_on_one_slot_of_a_killed_worker_break_the_bound() -> None:
    lost = [Lost(7, "host/7", "telegram:1")] * 2
    rows = [row(A, "uncertain"), row(B, "uncertain")]
    assert judge({A, B}, [], rows, lost, [7], counted=2).broken_bounds


def test_a_doubt_of_a_living_worker_needs_a_crashed_database() -> None:
    lost = [Lost(8, "host/8", "telegram:1")]
    rows = [row(A), row(B, "uncertain")]
    assert not judge({A, B}, [effect(A)], rows, lost, [7], counted=2).good
    assert judge({A, B}, [effect(A)], rows, lost, [7], counted=2, crash_slots=4).good


def test_the_ledgers_law_is_checked_against_the_newspaper() -> None:
    assert not judge({A, B}, [effect(A), effect(B)], [row(A), row(B)], [], [], counted=1).good


def test_effects_are_traced_by_the_token_in_the_post() -> None:
    line = {"effect": "post", "network": "x", "text": "<b>N000001 Harbour</b> opens", "at": 1.0}
    assert read_effects([json.dumps(line), json.dumps({"effect": "delete"})]) == [Effect("x", "N000001", 1.0)]
    with pytest.raises(ValueError, match="no article"):
        read_effects([json.dumps({**line, "text": "something else"})])


def test_recovery_is_the_wait_of_the_slowest_network() -> None:
    effects = [effect(A, 1.0), effect(A, 5.0), effect(B, 1.5), effect(B, 9.0)]
    assert recoveries([2.0], effects) == (7.0, 7.0)
    assert recoveries([10.0], effects) == (0.0, 0.0)


@pytest.mark.network
def test_the_newspaper_calls_for_four_posts_an_article_and_shows_only_what_is_published() -> None:
    with Newspaper(10, feeds=2, seed=1) as paper:
        assert len(planned(paper.articles)) == 40
        paper.publish(3)
        assert paper.feed(0).count(b"<item>") == 2
        assert paper.feed(1).count(b"<item>") == 1
        assert paper.articles[2].token.encode() in paper.feed(0)


def test_the_same_seed_writes_the_same_article() -> None:
    import random

    assert write(5, random.Random(3)) == write(5, random.Random(3))
