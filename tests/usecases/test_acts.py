"""Acts by hand: what they move, and that each one is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from distributor import acts, deliver, upkeep
from distributor.context import App
from distributor.errors import ChannelPaused, DistributorError, NotFound
from distributor.model import Delivery, State
from distributor.store import accounts, census, snapshot
from tests.desk import Clock, entry, ingest, rows, states
from tests.usecases.conftest import make_uncertain, memory

WHO = "ana"


def drain(app: App, name: str = "wall") -> None:
    deliver.drain(app, app.stations[name].account)


def audit(app: App) -> list[Any]:
    with app.store.read() as connection:
        return census.audited(connection)


def last_act(app: App) -> tuple[str, str, str]:
    act = audit(app)[0]
    assert act.at == app.clock()
    return act.who, act.what, act.subject


def row(app: App, channel: str) -> Delivery:
    return rows(app, channel)[-1]


def test_an_article_is_found_by_its_id_and_by_any_spelling_of_its_address(app: App) -> None:
    ingest(app, entry())
    for word in ("1", " #1 ", "https://paper.example/articles/1", "HTTPS://Paper.example:443/articles/1?utm_source=x"):
        assert acts.find_article(app, word).id == 1


@pytest.mark.parametrize("word", ["7", "https://paper.example/other", "", "nonsense", "0", "9" * 40, "-1", "²"])
def test_what_is_not_known_is_not_found_and_a_hint_says_what_to_do(app: App, word: str) -> None:
    ingest(app, entry())
    with pytest.raises(NotFound) as caught:
        acts.find_article(app, word)
    assert "distributor" in caught.value.hint


def test_a_very_long_address_is_found_too(app: App) -> None:
    url = "https://paper.example/" + "a" * 1500
    ingest(app, entry(url=url))
    assert acts.find_article(app, url).id == 1


def test_a_held_article_waits_on_every_channel_and_goes_out_when_it_is_released(app: App) -> None:
    ingest(app, entry())
    assert acts.hold(app, 1, WHO) == 2
    assert last_act(app) == (WHO, "hold", "article:1")
    drain(app)
    assert memory(app).posts == []
    assert acts.release(app, WHO, article_id=1) == 2
    assert last_act(app) == (WHO, "release", "article:1")
    drain(app)
    assert len(memory(app).posts) == 1
    assert row(app, "desk").reason == "approval"


def test_holding_one_channel_leaves_the_others(app: App) -> None:
    ingest(app, entry())
    assert acts.hold(app, 1, WHO, ["night"]) == 1
    assert row(app, "wall").state is State.PENDING
    assert acts.find_article(app, "1").status == "live"
    assert audit(app)[0].detail == {"channels": ["night"], "deliveries": 1}


def test_a_channel_that_nobody_knows_is_named(app: App) -> None:
    ingest(app, entry())
    with pytest.raises(NotFound, match="nowhere"):
        acts.hold(app, 1, WHO, ["nowhere"])
    assert audit(app) == []


def test_a_flood_is_released_by_source_and_an_editors_own_holds_stay(app: App) -> None:
    ingest(app, entry(99))
    acts.hold(app, 1, WHO)
    ingest(app, *(entry(number) for number in range(4)))
    assert {row.reason for row in rows(app, "wall")} == {"by-hand", "flood"}
    assert acts.release(app, WHO, source="paper") == 8
    assert last_act(app) == (WHO, "release", "source:paper")
    assert states(app, "wall") == [State.HELD, *[State.PENDING] * 4]
    assert [one.reason for one in rows(app, "desk")] == ["approval"] * 5


def test_releasing_an_unknown_source_names_those_there_are(app: App) -> None:
    with pytest.raises(NotFound, match="no source 'papre'") as caught:
        acts.release(app, WHO, source="papre")
    assert "paper" in caught.value.hint


def test_what_cannot_be_made_stays_held_at_a_release(newsroom: Callable[[str], App]) -> None:
    app = newsroom('[sources.paper]\nurl = "https://paper.example/f"\n[channels.tiny]\nkind = "memory"\nlength = 5\n')
    ingest(app, entry())
    assert row(app, "tiny").reason == "unfit"
    assert acts.release(app, WHO, article_id=1) == 0
    assert row(app, "tiny").state is State.HELD


def test_approval_lets_one_channel_go(app: App) -> None:
    ingest(app, entry())
    assert row(app, "desk").state is State.HELD
    assert acts.release(app, WHO, article_id=1) == 0
    assert row(app, "desk").reason == "approval"
    assert acts.approve(app, 1, WHO) == 1
    assert last_act(app) == (WHO, "approve", "article:1")
    drain(app, "desk")
    assert states(app, "desk") == [State.SENT]


def test_a_yes_to_a_held_article_waits_for_its_release(app: App) -> None:
    ingest(app, entry())
    acts.hold(app, 1, WHO)
    assert acts.approve(app, 1, WHO) == 0
    assert row(app, "desk").state is State.HELD
    acts.release(app, WHO, article_id=1)
    assert states(app, "desk") == [State.PENDING]


def test_withdrawing_skips_what_waits_and_deletes_what_went_out(app: App) -> None:
    ingest(app, entry())
    drain(app)
    assert acts.withdraw(app, 1, WHO) == 3
    assert last_act(app) == (WHO, "withdraw", "article:1")
    assert acts.withdraw(app, 1, WHO) == 0
    drain(app)
    assert [post.deleted for post in memory(app).posts] == [True]
    assert states(app, "night") == [State.SKIPPED]
    assert acts.find_article(app, "1").status == "withdrawn"


def test_withdrawing_from_one_channel_leaves_the_article_live(app: App) -> None:
    ingest(app, entry())
    assert acts.withdraw(app, 1, WHO, ["night"]) == 1
    assert states(app, "night") == [State.SKIPPED]
    assert row(app, "wall").state is State.PENDING
    assert acts.find_article(app, "1").status == "live"


def test_a_correction_edits_what_went_out_and_the_unchanged_feed_does_not_undo_it(app: App) -> None:
    ingest(app, entry())
    drain(app)
    assert acts.correct(app, 1, WHO, title="The harbour, corrected") == 2
    assert last_act(app) == (WHO, "correct", "article:1")
    assert audit(app)[0].detail["title"] == "The harbour, corrected"
    drain(app)
    assert "The harbour, corrected" in memory(app).posts[0].message.text
    assert len(memory(app).posts) == 1
    assert ingest(app, entry()).changed == []
    assert acts.find_article(app, "1").title == "The harbour, corrected"


def test_a_correction_that_changes_nothing_is_none(app: App) -> None:
    ingest(app, entry())
    assert acts.correct(app, 1, WHO, title=entry().title) == 0
    assert audit(app) == []
    with pytest.raises(DistributorError, match="empty"):
        acts.correct(app, 1, WHO, title="  ")


def test_a_boost_moves_an_article_to_the_front(app: App) -> None:
    ingest(app, entry(1), entry(2))
    upkeep.rank(app)
    last = acts.find_article(app, entry(1).url)
    acts.boost(app, last.id, WHO, 5.0)
    assert last_act(app) == (WHO, "boost", f"article:{last.id}")
    drain(app)
    assert [post.message.title for post in memory(app).posts] == [entry(1).title, entry(2).title]


def test_a_pause_stops_one_channel_or_everything(app: App) -> None:
    ingest(app, entry())
    acts.pause(app, "wall", WHO)
    assert last_act(app) == (WHO, "pause", "channel:wall")
    drain(app)
    assert memory(app).posts == []
    assert acts.resume(app, "wall", WHO) is True
    assert last_act(app) == (WHO, "resume", "channel:wall")
    assert acts.resume(app, "wall", WHO) is False
    acts.pause(app, "*", WHO)
    drain(app)
    assert memory(app).posts == []
    acts.resume(app, "*", WHO)
    drain(app)
    assert len(memory(app).posts) == 1
    with pytest.raises(NotFound):
        acts.pause(app, "nowhere", WHO)


@pytest.fixture
def uncertain(app: App) -> Delivery:
    ingest(app, entry())
    return make_uncertain(app)


def test_an_uncertain_post_is_out_when_a_person_says_so(app: App, uncertain: Delivery) -> None:
    settled = acts.resolve(app, uncertain.id, WHO, sent=True, url="https://net.example/1")
    assert settled.state is State.SENT
    assert settled.receipt is not None
    assert settled.receipt.url == "https://net.example/1"
    assert last_act(app) == (WHO, "resolve", f"delivery:{uncertain.id}")
    drain(app)
    assert len(memory(app).posts) == 1
    with pytest.raises(DistributorError, match="not uncertain"):
        acts.resolve(app, uncertain.id, WHO, sent=False)


def test_a_post_whose_id_nobody_knows_is_not_edited_blindly(app: App, uncertain: Delivery) -> None:
    acts.resolve(app, uncertain.id, WHO, sent=True)
    acts.correct(app, 1, WHO, title="Another title of the harbour")
    drain(app)
    assert row(app, "wall").reason == "no-receipt"


def test_a_link_given_by_hand_is_enough_to_edit_and_delete_by(app: App, uncertain: Delivery) -> None:
    acts.resolve(app, uncertain.id, WHO, sent=True, url=memory(app).posts[0].receipt.url)
    acts.correct(app, 1, WHO, title="Another title of the harbour")
    drain(app)
    assert "Another title" in memory(app).posts[0].message.text
    acts.withdraw(app, 1, WHO)
    drain(app)
    assert memory(app).posts[0].deleted


def test_an_uncertain_post_goes_out_again_when_a_person_says_that_it_is_not_there(
    app: App, clock: Clock, uncertain: Delivery
) -> None:
    clock.forward(hours=20)
    assert acts.resolve(app, uncertain.id, WHO, sent=False).state is State.PENDING
    drain(app)
    assert row(app, "wall").state is State.SENT
    assert [post.key for post in memory(app).posts] == [uncertain.key] * 2


def test_an_editors_own_words_go_out_instead(app: App) -> None:
    ingest(app, entry())
    edited = acts.edit_text(app, row(app, "wall").id, WHO, " My words ")
    assert edited.state is State.PENDING
    assert last_act(app) == (WHO, "edit", f"delivery:{edited.id}")
    drain(app)
    assert [post.message.text for post in memory(app).posts] == ["My words"]


def test_an_editors_words_do_not_approve(app: App) -> None:
    ingest(app, entry())
    assert acts.edit_text(app, row(app, "desk").id, WHO, "My words").reason == "approval"
    acts.approve(app, 1, WHO)
    drain(app, "desk")
    assert [post.message.text for post in memory(app, "desk").posts] == ["My words"]


def test_a_post_that_is_out_is_edited_and_the_ledger_keeps_both(app: App) -> None:
    ingest(app, entry())
    drain(app)
    for words in ("First words", "Second words"):
        edit = acts.edit_text(app, rows(app, "wall")[0].id, WHO, words)
        assert edit.kind.value == "edit"
        drain(app)
        assert memory(app).posts[0].message.text == words
    assert states(app, "wall") == [State.SENT] * 3


def test_words_that_do_not_fit_are_refused_and_nothing_changes(app: App) -> None:
    ingest(app, entry())
    with pytest.raises(DistributorError, match="measures 501"):
        acts.edit_text(app, row(app, "wall").id, WHO, "x" * 501)
    assert row(app, "wall").message_id == 0
    assert audit(app) == []


@pytest.mark.parametrize(
    ("words", "shown"),
    [("AT&T < 5", "AT&amp;T &lt; 5"), ("<b>So</b> &amp; so", "<b>So</b> &amp; so"), ("plain", "plain")],
)
def test_plain_words_are_made_safe_for_a_channel_of_html(
    newsroom: Callable[[str], App], words: str, shown: str
) -> None:
    app = newsroom(
        '[sources.paper]\nurl = "https://paper.example/f"\n'
        '[channels.tg]\nkind = "memory"\nnetwork = "telegram"\nlength = 4096\nmarkup = "html"\n'
    )
    ingest(app, entry())
    acts.edit_text(app, row(app, "tg").id, WHO, words)
    drain(app, "tg")
    assert memory(app, "tg").posts[0].message.text == shown


def test_a_good_check_opens_a_stopped_account_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(app, entry())
    memory(app).script(ChannelPaused("401: revoked"))
    drain(app)
    drain(app)
    assert memory(app).posts == []
    fresh = dict(app.stations)
    app.rebuild = lambda: fresh
    assert "open again" in acts.check_channel(app, "wall", WHO)[-1]
    assert last_act(app) == (WHO, "check", "channel:wall")
    drain(app)
    assert len(memory(app).posts) == 1


def test_a_bad_check_opens_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(app, entry())
    memory(app).script(ChannelPaused("401: revoked"))
    drain(app)

    def refused(_: object) -> list[str]:
        raise ChannelPaused("401: revoked", hint="make a new token")

    monkeypatch.setattr(type(memory(app)), "check", refused)
    with pytest.raises(ChannelPaused):
        acts.check_channel(app, "wall", WHO)
    with app.store.read() as connection:
        assert accounts.state(connection, app.stations["wall"].account).stopped


def test_a_check_does_not_end_what_the_network_asked_to_wait_for(app: App, clock: Clock) -> None:
    ingest(app, entry())
    memory(app).script(ChannelPaused("429", until=clock().replace(hour=12)))
    drain(app)
    acts.check_channel(app, "wall", WHO)
    drain(app)
    assert memory(app).posts == []


def test_a_boost_outlives_the_next_ranking(app: App) -> None:
    ingest(app, entry())
    acts.boost(app, 1, WHO, 2.0)
    upkeep.rank(app)
    with app.store.read() as connection:
        ranking = snapshot.of(connection, 1)
    assert ranking is not None
    assert ranking.parts["boost"] == 2.0
