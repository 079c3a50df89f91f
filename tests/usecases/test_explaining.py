"""`why`: an answer for every channel, whatever became of the article there."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from distributor import acts, deliver, explaining, sending, sweeping
from distributor.context import App
from distributor.errors import ChannelPaused, NotFound, Rejected, RetryLater
from distributor.explaining import ChannelWhy
from distributor.model import State
from distributor.store import sources
from tests.desk import Clock, entry, ingest, rows
from tests.usecases.conftest import make_uncertain, memory

WHO = "ana"
RULES = """
[sources.paper]
url = "https://paper.example/feed"
max_age = "30d"
flood_guard = 3
[sources.other]
url = "https://other.example/feed"
[channels.wall]
kind = "memory"
[channels.sports]
kind = "memory"
categories = ["Sports"]
[channels.german]
kind = "memory"
languages = ["de"]
[channels.tagged]
kind = "memory"
tags = ["harbour"]
[channels.elsewhere]
kind = "memory"
sources = ["other"]
"""


def told(app: App, channel: str = "wall", word: str | int = 1) -> ChannelWhy:
    answer = explaining.why(app, word)
    json.dumps(answer.to_json())
    return next(one for one in answer.channels if one.channel == channel)


def drain(app: App, name: str = "wall") -> None:
    deliver.drain(app, app.stations[name].account)


def test_a_post_that_went_out_has_its_link_and_its_attempts(app: App) -> None:
    ingest(app, entry())
    drain(app)
    why = told(app)
    assert (why.state, why.url) == ("sent", memory(app).posts[0].receipt.url)
    assert [(one.number, one.outcome) for one in why.steps[0].attempts] == [(1, "sent")]


@pytest.mark.parametrize(
    ("channel", "reason", "text"),
    [
        ("sports", "category", "takes Sports"),
        ("german", "language", "takes de"),
        ("tagged", "tag", "takes articles tagged harbour"),
        ("elsewhere", "source", "takes articles from other"),
    ],
)
def test_each_rule_says_what_the_channel_takes(
    newsroom: Callable[[str], App], channel: str, reason: str, text: str
) -> None:
    app = newsroom(RULES)
    ingest(app, entry())
    why = told(app, channel)
    assert (why.state, why.reason, why.text) == ("not-for-it", reason, text)
    assert why.command == f"distributor send 1 --to {channel}"


def test_an_unmapped_category_is_named(app: App) -> None:
    ingest(app, entry(words=("gossip",)))
    assert told(app, "sports").reason == "unmapped"
    assert "gossip" in told(app, "sports").text


def test_the_same_story_of_another_source_is_named(newsroom: Callable[[str], App]) -> None:
    app = newsroom(RULES)
    ingest(app, entry())
    ingest(app, entry(guid="elsewhere", url="https://other.example/1"), source="other")
    answer = explaining.why(app, "https://other.example/1")
    assert "the same story as article 1: paper" in answer.text
    assert {one.reason for one in answer.channels} == {"same-as"}


def test_the_first_poll_is_recorded_and_why_says_so(app: App) -> None:
    ingest(app, entry(), first=True)
    why = told(app)
    assert (why.state, why.reason) == ("never-planned", "first-poll")
    assert "backfill" in why.text
    assert why.command == "distributor send 1 --to wall"


def test_an_old_article_says_that_it_is_too_old(app: App, clock: Clock) -> None:
    ingest(app, entry(published_at=clock() - timedelta(days=60)))
    assert told(app).reason == "too-old"
    assert "max_age" in explaining.why(app, 1).text


def test_a_channel_newer_than_the_article_says_so(app: App, newsroom: Callable[[str], App]) -> None:
    ingest(app, entry(words=("Opinion",)))
    del app.stations["night"]  # type: ignore[attr-defined]
    assert told(app, "night").reason == ""
    assert "not in the settings" in told(app, "night").text
    with app.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM delivery WHERE channel = 'wall'")
    assert told(app).reason == "rules-changed"


def test_quiet_hours_say_until_when(app: App, clock: Clock) -> None:
    ingest(app, entry())
    why = told(app, "night")
    assert (why.state, why.next_at) == ("pending", clock() + timedelta(hours=3))
    assert why.text == "quiet hours or posting slots"


def test_a_flood_an_editor_and_an_approval_each_name_their_command(app: App) -> None:
    ingest(app, *(entry(number) for number in range(4)))
    assert told(app).command == "distributor release 1"
    assert "flood_guard" in told(app).text
    acts.release(app, WHO, source="paper")
    assert told(app, "desk").command == "distributor approve 1"
    acts.hold(app, 1, WHO)
    assert told(app).text == "held by hand"


def test_a_post_that_does_not_fit_says_by_how_much(newsroom: Callable[[str], App]) -> None:
    app = newsroom('[sources.paper]\nurl = "https://paper.example/f"\n[channels.tiny]\nkind = "memory"\nlength = 5\n')
    ingest(app, entry())
    assert "mastodon takes 5" in told(app, "tiny").text
    assert "deliveries edit" in told(app, "tiny").command


def test_a_stop_a_pause_a_retry_and_a_refusal_are_told_apart(app: App) -> None:
    for number in (1, 2, 3):
        ingest(app, entry(number))
    memory(app).script(Rejected("bad words"), RetryLater("busy", after=timedelta(minutes=3)), ChannelPaused("401"))
    drain(app)
    texts = {told(app, word=number).state: told(app, word=number) for number in (1, 2, 3)}
    assert texts["failed"].text == "bad words"
    assert texts["failed"].command.endswith("--again")
    assert {told(app, word=number).text for number in (1, 2, 3)} == {"bad words", "401"}
    assert "channels check wall" in texts["pending"].command
    acts.pause(app, "*", WHO)
    assert told(app, word=3).text == "everything paused by ana"
    assert told(app, word=3).command == "distributor resume"


def test_an_uncertain_post_asks_a_person(app: App) -> None:
    ingest(app, entry())
    row = make_uncertain(app)
    why = told(app)
    assert why.command == f"distributor deliveries resolve {row.id} --sent URL | --not-sent"
    assert "reset by peer" in why.text


def test_what_waited_too_long_says_so(app: App, clock: Clock) -> None:
    ingest(app, entry())
    clock.forward(hours=13)
    sweeping.sweep(app)
    assert told(app).reason == "too-old"
    assert "expires_after" in told(app).text


def test_a_withdrawn_article_and_its_deleted_post(app: App) -> None:
    ingest(app, entry())
    drain(app)
    acts.withdraw(app, 1, WHO)
    drain(app)
    answer = explaining.why(app, 1)
    assert answer.text == "withdrawn"
    assert not any(one.command for one in answer.channels)
    wall = next(one for one in answer.channels if one.channel == "wall")
    assert wall.text == "deleted"
    assert [(step.kind, step.state) for step in wall.steps] == [("post", "sent"), ("delete", "sent")]


def test_the_acts_of_people_are_part_of_the_answer(app: App) -> None:
    ingest(app, entry())
    acts.hold(app, 1, "ed")
    acts.release(app, "ed", article_id=1)
    sending.plan_send(app, "1", who=WHO, to=["wall"])
    acts.edit_text(app, rows(app, "wall")[0].id, WHO, "My words")
    assert [(act.who, act.what) for act in explaining.why(app, 1).acts] == [
        ("ed", "hold"), ("ed", "release"), (WHO, "send"), (WHO, "edit"),
    ]  # fmt: skip


def test_a_delivery_leads_to_its_article(app: App) -> None:
    ingest(app, entry(1), entry(2))
    last = rows(app)[-1]
    assert last.id > 2
    assert explaining.why(app, f"d{last.id}").article.id == last.article_id
    assert explaining.why(app, last.id).article.id == last.article_id


@pytest.mark.parametrize("word", ["d99", "99", "dx", "", "9" * 50, "d" + "9" * 50])
def test_what_is_not_there_is_one_clear_line(app: App, word: str) -> None:
    ingest(app, entry())
    with pytest.raises(NotFound):
        explaining.why(app, word)


def test_an_unknown_address_says_whether_its_site_is_watched(app: App, clock: Clock) -> None:
    with pytest.raises(NotFound) as caught:
        explaining.why(app, "https://stranger.example/1")
    assert "no source watches" in caught.value.hint
    with app.store.write() as connection:
        sources.register(connection, {"paper": "https://paper.example/feed"}, clock())
    with pytest.raises(NotFound) as caught:
        explaining.why(app, "https://paper.example/unseen")
    assert "paper was not read yet" in caught.value.hint


def test_a_repeat_that_is_under_way_shows_as_being_sent(app: App, clock: Clock) -> None:
    ingest(app, entry())
    with app.store.write() as connection:
        from distributor.store import ledger

        row = ledger.of_article(connection, 1)[0]
        ledger.claim(
            connection, row, message_id=0, revision=1, cost=0.0, account="memory:wall", owner="me", now=clock(),
            until=clock() + timedelta(minutes=2),
        )  # fmt: skip
    assert (told(app).state, told(app).text) == ("sending", "is being sent")
    assert rows(app, "wall")[0].state is State.SENDING
