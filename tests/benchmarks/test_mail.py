"""The mail benchmark's arithmetic, a tiny run of it, and the mail campaign's verdict."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import mail_campaign
from benchmarks.mail import __main__ as bench
from benchmarks.mail import readership, rounds
from benchmarks.mail_campaign import Orders, Row, Verdict, judge, read_log
from tests import servers


def database(speed: int, growth: float, first: float) -> dict[str, Any]:
    return {"msgs_per_s": speed, "rss_growth_mb": growth, "plan": {"first_mail_s": first}}


def test_the_worse_database_counts() -> None:
    found = {
        "sqlite": database(4000, 3.0, 2.5),
        "postgresql": database(3000, 1.0, 4.5),
        "smtp_source_10_per_s": 6000,
        "django_newsletter_per_s": 150.0,
    }
    told = bench.summary(found, ("sqlite", "postgresql"))
    assert told == {
        "msgs_per_s": 3000,
        "of_smtp_source": 0.5,
        "of_peer": 20.0,
        "rss_growth_mb": 3.0,
        "plan_1m_s": 4.5,
    }


def test_what_could_not_be_measured_is_none() -> None:
    told = bench.summary({"sqlite": {"missing": "no"}, "peer": "could not be installed"}, ("sqlite",))
    assert set(told.values()) == {None}


def test_two_hundred_sets_of_categories_all_differ() -> None:
    made = readership.choices()
    assert len({one.categories for one in made}) == len(made) == 200
    assert {len(one.categories) for one in made} == {4, 5, 6, 7, 8}


READERS = {"a@x.example", "b@x.example", "bad@x.example"}
LOG = ["T a@x.example <1>", "T b@x.example <2>", "F bad@x.example 550"]
ROWS = [Row("a@x.example", "sent", ""), Row("b@x.example", "sent", ""), Row("bad@x.example", "failed", "550")]


def verdict(log: list[str] = LOG, rows: list[Row] = ROWS, **more: int) -> Verdict:
    given = {"planned": 3, "kills": 0, "relay_kills": 0, "sessions": 2, **more}
    return judge(READERS, rows, read_log(log), **given)


def test_all_sent_or_refused_for_good_is_well() -> None:
    told = verdict()
    assert told.good
    assert (told.sent, told.failed, told.lost, told.doubled) == (2, 1, 0, 0)


def test_a_mail_that_came_twice_is_doubled() -> None:
    assert verdict([*LOG, "T a@x.example <1>"]).doubled == 1


def test_a_mail_that_failed_without_a_refusal_is_lost() -> None:
    told = verdict([LOG[0], LOG[2]], [ROWS[0], Row("b@x.example", "failed", "gave up"), ROWS[2]])
    assert told.lost == 1
    assert not told.good


def test_sent_in_the_ledger_only_breaks_the_law() -> None:
    assert "never came" in verdict([LOG[0], LOG[2]]).broken[0]


def test_a_doubt_must_have_a_killed_session_or_a_silent_dot_behind_it() -> None:
    doubt = Row("b@x.example", "uncertain", mail_campaign.STOPPED)
    assert verdict(LOG, [ROWS[0], doubt, ROWS[2]], kills=1).good
    assert "killed sessions" in verdict(LOG, [ROWS[0], doubt, ROWS[2]]).broken[0]
    silent = Row("b@x.example", "uncertain", "the server did not answer in time")
    assert verdict([*LOG, "U b@x.example <2>"], [ROWS[0], silent, ROWS[2]]).good
    assert "without an answer" in verdict(LOG, [ROWS[0], silent, ROWS[2]]).broken[0]


def test_planned_is_recounted_from_editions_and_readers() -> None:
    assert "3 readers, 4 in the editions, 3 rows" in verdict(planned=4).broken[0]


@pytest.mark.server("postfix")
def test_a_tiny_run_counts_the_same_in_the_ledger_and_at_the_sink() -> None:
    servers.program("smtp-sink")
    with rounds.office("sqlite", sets=2) as place:
        alone = rounds.engine_alone(place, 40)
        told = rounds.drained(place, 60).to_json()
    assert alone.per_s > 0
    assert 20_000 < alone.bytes < 50_000
    assert told["sent"] == told["at_the_sink"] == 60
    assert sum(told["by_process"]) == 60


@pytest.mark.network
def test_a_small_campaign_loses_and_doubles_nothing() -> None:
    orders = Orders(mails=200, kills=2, restarts=1, rate=0.003, limit=60, seed=2, database="sqlite")
    found, good = mail_campaign.run(orders)
    assert good, found
    assert found["planned"] == 200
    assert found["kills"] == 2
