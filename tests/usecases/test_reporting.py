"""`status`: each thing that is wrong is one line with the command that mends it; the law is counted and loud."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from distributor import acts, collect, deliver, reporting, upkeep
from distributor.context import App
from distributor.errors import ChannelPaused, Rejected
from distributor.model import State
from distributor.reporting import ChannelLine, Problem
from distributor.store import accounts, census
from distributor.store.census import Process
from tests.desk import Clock, Web, entry, ingest, make_app, rows
from tests.usecases.conftest import make_uncertain, memory

WHO = "ana"
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Paper</title><link>https://paper.example/</link>
<item><guid>a</guid><title>One about the harbour</title><link>https://paper.example/a</link></item></channel></rss>"""


@pytest.fixture(autouse=True)
def _running(app: App, clock: Clock) -> None:
    upkeep.present(app, "run", clock())


def drain(app: App, name: str = "wall") -> None:
    deliver.drain(app, app.stations[name].account)


def problems(app: App, subject: str) -> list[Problem]:
    status = reporting.status(app)
    json.dumps(status.to_json())
    return [one for one in status.problems if one.subject == subject]


def only(app: App, subject: str) -> Problem:
    (problem,) = problems(app, subject)
    return problem


def line(app: App, name: str = "wall") -> ChannelLine:
    return next(one for one in reporting.status(app).channels if one.name == name)


def test_when_nothing_is_wrong_nothing_is_said(app: App) -> None:
    ingest(app, entry())
    drain(app)
    acts.approve(app, 1, WHO)
    status = reporting.status(app)
    assert status.problems == []
    assert status.name == "The Paper"
    assert status.since == app.clock()
    assert status.law.holds
    assert status.law.planned == 3
    assert status.law.counts[State.SENT] == 1


def test_a_stopped_account_says_since_when_what_waits_and_the_command(app: App) -> None:
    ingest(app, entry())
    memory(app).script(ChannelPaused("401: revoked"))
    drain(app)
    problem = only(app, "wall")
    assert problem.mark == "!"
    assert problem.text == "401: revoked since 11:00; 1 wait, first expires 23:00"
    assert problem.command == "distributor channels check wall"
    assert (line(app).state, line(app).why, line(app).next_at) == ("stopped", "401: revoked", None)


def test_one_channel_of_an_account_may_be_stopped(app: App) -> None:
    with app.store.write() as connection:
        accounts.stop(connection, "channel:wall", "403: put out", app.clock())
    assert only(app, "wall").text.startswith("403: put out")
    assert line(app).state == "stopped"


def test_each_uncertain_delivery_is_listed(app: App) -> None:
    ingest(app, entry())
    row = make_uncertain(app)
    problem = only(app, "wall")
    assert str(row.id) in problem.text
    assert problem.command == f"distributor deliveries resolve {row.id} --sent URL | --not-sent"
    assert line(app).uncertain == 1


def test_a_flood_is_one_line_with_its_release(app: App) -> None:
    ingest(app, *(entry(number) for number in range(4)))
    problem = only(app, "paper")
    assert problem.text == "many new articles at once, 12 posts held"
    assert problem.command == "distributor release --source paper"
    acts.release(app, WHO, source="paper")
    assert problems(app, "paper") == []
    assert only(app, "desk").text == "4 posts wait for approval"


def test_posts_that_do_not_fit_are_told(newsroom: Callable[[str], App]) -> None:
    app = newsroom('[sources.paper]\nurl = "https://paper.example/f"\n[channels.tiny]\nkind = "memory"\nlength = 5\n')
    ingest(app, entry())
    assert only(app, "tiny").text == "1 post held: they do not fit"


def polled(app: App, clock: Clock) -> None:
    clock.forward(hours=5)
    upkeep.present(app, "run", clock())
    collect.collect(app)


def web(app: App) -> Web:
    assert isinstance(app.fetcher, Web)
    return app.fetcher


def source_line(app: App) -> reporting.SourceLine:
    (found,) = reporting.status(app).sources
    return found


def test_a_source_that_fails_again_and_again_is_told(app: App, clock: Clock) -> None:
    web(app).put("https://paper.example/feed", status=500)
    polled(app, clock)
    assert problems(app, "paper") == []
    polled(app, clock)
    polled(app, clock)
    problem = only(app, "paper")
    assert problem.text.startswith("failed 3 times")
    assert problem.command == "distributor sources check paper"
    assert (source_line(app).state, source_line(app).failures) == ("failing", 3)


def test_a_source_that_is_gone_is_told(app: App, clock: Clock) -> None:
    web(app).put("https://paper.example/feed", status=410)
    polled(app, clock)
    assert "410" in only(app, "paper").text
    assert source_line(app).state == "gone"


def test_a_source_that_moved_is_told_until_the_settings_say_so(app: App, clock: Clock) -> None:
    web(app).put("https://paper.example/feed", FEED, moved_to="https://paper.example/new.xml")
    polled(app, clock)
    assert only(app, "paper").text == "moved to https://paper.example/new.xml: put that into the settings"
    assert source_line(app).state == "moved"


def test_the_feed_that_a_page_names_is_no_move(newsroom: Callable[[str], App], clock: Clock) -> None:
    app = newsroom('[sources.paper]\nurl = "https://paper.example/"\n')
    page = '<html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head></html>'
    web(app).put("https://paper.example/", page, content_type="text/html")
    web(app).put("https://paper.example/rss.xml", FEED, content_type="application/rss+xml")
    polled(app, clock)
    assert (source_line(app).state, source_line(app).feed) == ("ok", "https://paper.example/rss.xml")
    polled(app, clock)
    assert problems(app, "paper") == []
    web(app).put("https://paper.example/rss.xml", FEED + " ", moved_to="https://paper.example/atom.xml")
    polled(app, clock)
    assert source_line(app).state == "moved"


def test_words_that_map_to_no_category_are_listed(app: App) -> None:
    ingest(app, entry(words=("gossip", "Business")))
    problem = only(app, "paper")
    assert problem.mark == "?"
    assert "gossip (1)" in problem.text


def test_that_nothing_runs_is_told(app: App, clock: Clock) -> None:
    clock.forward(minutes=5)
    found = problems(app, "worker")
    assert any(one.command == "distributor run" for one in found)
    assert any("did not say goodbye" in one.text for one in found)
    upkeep.leave(app)
    assert [one.command for one in problems(app, "worker")] == ["distributor run"]


def test_a_process_with_other_settings_is_told(app: App, clock: Clock) -> None:
    other = Process("host/b/n/42/1", "worker", "0", "/etc/old.toml", "other", clock(), clock())
    with app.store.write() as connection:
        census.note(connection, other)
    assert "worker host:42 runs /etc/old.toml" in only(app, "settings").text


def test_when_a_process_began_is_kept(app: App, clock: Clock) -> None:
    began = clock()
    clock.forward(hours=3)
    upkeep.present(app, "run", clock())
    assert reporting.status(app).since == began


def test_what_is_paused_says_by_whom(app: App) -> None:
    acts.pause(app, "*", WHO)
    problem = only(app, "everything")
    assert problem.text == "paused by ana since 11:00"
    assert problem.command == "distributor resume"
    assert line(app).state == "paused"


def test_what_expires_soon_is_told(app: App, clock: Clock) -> None:
    ingest(app, entry())
    clock.forward(hours=11, minutes=30)
    upkeep.present(app, "run", clock())
    assert "1 expire by 23:30, the first 23:00" in {one.text for one in problems(app, "wall")}


def test_a_spent_budget_is_told_with_what_is_left(
    newsroom: Callable[[str], App], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = newsroom(
        '[sources.paper]\nurl = "https://paper.example/f"\n[channels.x]\nkind = "memory"\ndaily_budget = 0.03\n'
    )
    monkeypatch.setattr(app.stations["x"].channel, "cost", 0.02, raising=False)
    ingest(app, entry(1), entry(2))
    drain(app, "x")
    spent = reporting.status(app).spent["x"]
    assert (spent.today, spent.daily) == (0.02, 0.03)
    assert spent.left == pytest.approx(0.01)
    assert "used up" in only(app, "x").text


def test_posts_of_a_channel_that_is_gone_are_told(app: App) -> None:
    ingest(app, entry())
    del app.stations["wall"]  # type: ignore[attr-defined]
    assert "1 of its posts" in only(app, "wall").text
    assert line(app).state == "gone"


def test_the_warnings_of_the_settings_are_told(app: App) -> None:
    app.settings = app.settings.model_copy(update={"warnings": ("secrets/x can be read by all",)})
    assert only(app, "settings").text == "secrets/x can be read by all"


def test_a_broken_law_stands_above_everything(app: App) -> None:
    ingest(app, entry())
    make_uncertain(app)
    with app.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM delivery WHERE channel = 'night'")
    first = reporting.status(app).problems[0]
    assert (first.mark, first.subject) == ("!!", "ledger")
    assert "planned 3 is not" in first.text
    assert "1 lost" in first.text
    assert not reporting.status(app).law.holds


def test_the_law_counts_edits_and_deletions_and_what_people_sent(app: App) -> None:
    ingest(app, entry())
    drain(app)
    acts.correct(app, 1, WHO, title="Another title of the harbour")
    drain(app)
    acts.withdraw(app, 1, WHO)
    status = reporting.status(app)
    assert status.law.holds
    assert status.law.planned == len(rows(app)) == 6


def test_the_law_of_a_day_leaves_older_articles_out(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    clock.forward(hours=30)
    ingest(app, entry(2))
    status = reporting.status(app)
    assert (status.law.planned, status.day.planned) == (6, 3)
    assert status.day.holds


def test_a_channel_says_what_it_did_and_when_it_goes_on(app: App, clock: Clock) -> None:
    ingest(app, entry(1), entry(2))
    memory(app).script(Rejected("no"))
    drain(app)
    assert (line(app).sent, line(app).failed, line(app).waiting) == (1, 1, 0)
    night = line(app, "night")
    assert (night.state, night.waiting, night.next_at) == ("waiting", 2, clock() + timedelta(hours=3))
    assert line(app, "desk").held == 2
    assert line(app, "sports").sent == 0


def test_latency_is_measured_from_planning_to_the_answer(app: App, clock: Clock) -> None:
    assert reporting.status(app).latency.p50 is None
    ingest(app, entry(1))
    clock.forward(seconds=4)
    drain(app)
    latency = reporting.status(app).latency
    assert (latency.posts, latency.p50, latency.p99) == (1, 4.0, 4.0)


def test_an_empty_bot_has_a_status_too(tmp_path: Path, clock: Clock) -> None:
    empty = make_app("", tmp_path, clock=clock)
    status = reporting.status(empty)
    assert status.law.holds
    assert status.channels == []


def test_the_order_is_worst_first(app: App, clock: Clock) -> None:
    ingest(app, *(entry(number, words=("gossip",)) for number in range(4)))
    acts.pause(app, "night", WHO)
    marks = [one.mark for one in reporting.status(app).problems]
    assert marks == sorted(marks, key="!!?".index)
    assert set(marks) == {"!", "?"}
