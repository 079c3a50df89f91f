"""`send` by hand: rules and --to, again, at, holds, pages fetched by address, busy accounts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from distributor import acts, deliver, sending
from distributor.context import App
from distributor.errors import (
    ChannelPaused,
    DistributorError,
    NotFound,
    Rejected,
    RetryLater,
    Unreachable,
    Unreadable,
)
from distributor.model import Delivery, State
from distributor.sending import Outcome, Sent
from distributor.states import Settlement
from distributor.store import accounts, census, ledger
from tests.desk import Clock, Web, entry, ingest, rows, states
from tests.usecases.conftest import make_uncertain, memory

WHO = "ana"
PAGE = """<html lang="en"><head><title>A page</title><meta property="og:title" content="The bridge opens at last">
<meta property="og:description" content="After nine years of work the bridge over the bay opens to traffic on Monday.">
<meta property="article:section" content="money"><link rel="canonical" href="https://paper.example/bridge"></head>
<body><article><p>Nine years.</p></article></body></html>"""


def send(app: App, word: str = "1", **how: object) -> Sent:
    return sending.plan_send(app, word, who=WHO, **how)  # type: ignore[arg-type]


def send_now(app: App, word: str = "1", **how: object) -> Sent:
    sent = send(app, word, **how)
    sending.deliver_now(app, sent, patience_s=0.5)
    return sending.refresh(app, sent)


def by_channel(sent: Sent) -> dict[str, Outcome]:
    return {row.channel: row for row in sent.rows}


def law_holds(app: App) -> bool:
    with app.store.read() as connection:
        planned, counts = census.law(connection)
    return planned == sum(counts.values())


def web(app: App) -> Web:
    assert isinstance(app.fetcher, Web)
    return app.fetcher


def recorded(app: App) -> None:
    """An article of the first poll: known, and posted nowhere."""
    ingest(app, entry(), first=True)
    assert rows(app) == []


def test_it_follows_the_rules_and_passes_quiet_hours_and_approval(app: App) -> None:
    recorded(app)
    told = by_channel(send_now(app))
    assert {name: row.state for name, row in told.items()} == {
        "wall": "sent", "sports": "not-for-it", "night": "sent", "desk": "sent",
    }  # fmt: skip
    assert told["sports"].text == "takes Sports"
    assert told["wall"].url == memory(app).posts[0].receipt.url
    assert told["wall"].measured is not None
    assert told["wall"].seconds == 0.0
    assert law_holds(app)


def test_to_names_channels_whatever_their_rules_say(app: App) -> None:
    recorded(app)
    sent = send_now(app, to=["sports"])
    assert [(row.channel, row.state) for row in sent.rows] == [("sports", "sent")]
    assert [row.channel for row in rows(app)] == ["sports"]
    with pytest.raises(NotFound, match="nowhere"):
        send(app, to=["nowhere"])


def test_sending_is_an_act_that_is_written_down(app: App) -> None:
    recorded(app)
    send(app, to=["wall"], boost=2.0)
    with app.store.read() as connection:
        act = census.audited(connection)[0]
    assert (act.who, act.what, act.subject, act.at) == (WHO, "send", "article:1", app.clock())
    assert act.detail["to"] == ["wall"]
    assert acts.find_article(app, "1").boost == 2.0


def test_what_is_out_is_not_sent_again_unless_asked(app: App) -> None:
    recorded(app)
    send_now(app, to=["wall"])
    sent = send_now(app, to=["wall"])
    assert sent.ids == []
    assert sent.rows[0].state == "sent"
    assert "--again" in sent.rows[0].text
    assert len(memory(app).posts) == 1
    send_now(app, to=["wall"], again=True)
    assert [post.key for post in memory(app).posts] == ["post:wall:0:a1:g0", "post:wall:0:a1:g1"]
    assert law_holds(app)


def test_a_refused_post_needs_again_too(app: App) -> None:
    recorded(app)
    memory(app).script(Rejected("no"))
    assert send_now(app, to=["wall"]).rows[0].state == "failed"
    assert send_now(app, to=["wall"]).rows[0].state == "failed"
    assert send_now(app, to=["wall"], again=True).rows[0].state == "sent"
    assert law_holds(app)


def test_what_was_given_up_is_sent_without_again(app: App, clock: Clock) -> None:
    ingest(app, entry())
    number = rows(app, "wall")[0].id
    with app.store.write() as connection:
        ledger.skip(connection, [number], "budget", clock())
    assert send_now(app, to=["wall"]).rows[0].state == "sent"
    assert states(app, "wall") == [State.SKIPPED, State.SENT]
    assert law_holds(app)


def test_an_uncertain_post_is_never_sent_by_hand(app: App) -> None:
    ingest(app, entry())
    make_uncertain(app)
    sent = send_now(app, to=["wall"], again=True)
    assert sent.rows[0].state == "uncertain"
    assert "deliveries resolve" in sent.rows[0].text
    assert len(memory(app).posts) == 1


def test_at_waits_for_its_hour(app: App, clock: Clock) -> None:
    recorded(app)
    at = clock() + timedelta(hours=2)
    sent = send_now(app, to=["night"], at=at)
    assert (sent.rows[0].state, sent.rows[0].next_at) == ("pending", at)
    clock.forward(hours=2)
    deliver.drain(app, app.stations["night"].account)
    assert states(app, "night") == [State.SENT]


def test_what_waits_already_is_hurried_not_doubled(app: App) -> None:
    ingest(app, entry())
    assert send_now(app, to=["night"]).rows[0].state == "sent"
    assert states(app, "night") == [State.SENT]
    assert law_holds(app)


def test_a_retry_still_waits_for_what_the_network_asked(app: App) -> None:
    ingest(app, entry())
    memory(app).script(RetryLater("busy", after=timedelta(minutes=5)))
    deliver.drain(app, app.stations["wall"].account)
    sent = send_now(app, to=["wall"])
    assert sent.rows[0].state == "pending"
    assert sent.rows[0].next_at == app.clock() + timedelta(minutes=5)


def test_a_person_sends_what_waits_for_approval_but_not_what_an_editor_holds(app: App) -> None:
    ingest(app, entry())
    acts.hold(app, 1, "ed")
    told = by_channel(send_now(app))
    assert told["wall"].state == "held"
    assert "held by hand" in told["wall"].text
    acts.release(app, "ed", article_id=1)
    assert by_channel(send_now(app))["desk"].state == "sent"


def test_one_article_of_a_flood_may_go(app: App) -> None:
    ingest(app, *(entry(number) for number in range(4)))
    assert set(states(app)) == {State.HELD}
    told = by_channel(send_now(app, "2"))
    assert (told["wall"].state, told["desk"].state) == ("sent", "sent")
    assert acts.release(app, WHO, source="paper") == 6
    assert law_holds(app)


def test_a_withdrawn_article_needs_again(app: App) -> None:
    ingest(app, entry())
    acts.withdraw(app, 1, WHO)
    with pytest.raises(DistributorError, match="withdrawn"):
        send(app)
    assert by_channel(send_now(app, again=True))["wall"].state == "sent"
    assert acts.find_article(app, "1").status == "live"


def test_a_post_that_does_not_fit_is_held_and_says_so(newsroom: Callable[[str], App]) -> None:
    app = newsroom('[sources.paper]\nurl = "https://paper.example/f"\n[channels.tiny]\nkind = "memory"\nlength = 5\n')
    ingest(app, entry(), first=True)
    (outcome,) = send_now(app).rows
    assert (outcome.state, outcome.reason) == ("held", "unfit")
    assert "measures" in outcome.text
    assert (send_now(app).rows[0].state, len(rows(app))) == ("held", 1)


def test_an_unknown_address_is_fetched_and_becomes_an_article(app: App) -> None:
    web(app).put("https://paper.example/bridge?utm_source=x", PAGE, content_type="text/html")
    sent = send_now(app, "https://paper.example/bridge?utm_source=x")
    assert sent.fetched
    assert (sent.article.source, sent.article.title) == ("by-hand", "The bridge opens at last")
    assert sent.article.categories == ("Business",)
    assert by_channel(sent)["wall"].state == "sent"
    again = send(app, "https://paper.example/bridge")
    assert (again.fetched, again.article.id) == (False, sent.article.id)
    assert len(web(app).asked) == 1
    assert law_holds(app)


def test_a_page_that_names_a_known_article_is_that_article(app: App) -> None:
    ingest(app, entry(url="https://paper.example/bridge"))
    web(app).put("https://paper.example/short", PAGE, content_type="text/html")
    sent = send(app, "https://paper.example/short")
    assert (sent.article.id, sent.fetched) == (1, False)


def test_the_feed_that_brings_it_later_makes_no_second_post(app: App) -> None:
    web(app).put("https://paper.example/bridge", PAGE, content_type="text/html")
    send_now(app, "https://paper.example/bridge")
    assert ingest(app, entry(url="https://paper.example/bridge")).planned == []


def test_an_address_that_gives_no_article_is_told(app: App) -> None:
    web(app).put("https://paper.example/gone", status=404)
    with pytest.raises(Unreachable, match="404"):
        send(app, "https://paper.example/gone")
    web(app).put("https://paper.example/empty", "\x00\x01")
    with pytest.raises(Unreadable, match="no title"):
        send(app, "https://paper.example/empty")
    web(app).put("https://paper.example/", PAGE.replace("https://paper.example/bridge", "/"))
    with pytest.raises(Unreadable, match="front page"):
        send(app, "https://paper.example/")
    assert rows(app) == []


def test_a_stopped_account_is_not_waited_for(app: App) -> None:
    recorded(app)
    memory(app).script(ChannelPaused("401: revoked"))
    started = time.monotonic()
    sent = send(app, to=["wall"])
    sending.deliver_now(app, sent, patience_s=20)
    assert time.monotonic() - started < 5
    (outcome,) = sending.refresh(app, sent).rows
    assert outcome.state == "pending"
    assert "401" in outcome.text
    assert "channels check wall" in outcome.text


def test_a_busy_account_is_waited_for_and_its_other_posts_stay(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    ingest(app, entry(2), first=True)
    account = app.stations["wall"].account
    with app.store.write() as connection:
        until = clock() + timedelta(minutes=5)
        accounts.take_slot(connection, account, 1, owner="other", now=clock(), until=until, dead=())
    sent = send(app, "2", to=["wall"])

    def leave() -> None:
        time.sleep(0.3)
        with app.store.write() as connection:
            accounts.leave_slot(connection, account, 0, owner="other")

    thread = threading.Thread(target=leave)
    thread.start()
    sending.deliver_now(app, sent, patience_s=10)
    thread.join()
    assert states(app, "wall") == [State.PENDING, State.SENT]


def test_patience_with_a_busy_account_ends(app: App, clock: Clock) -> None:
    recorded(app)
    account = app.stations["wall"].account
    with app.store.write() as connection:
        until = clock() + timedelta(minutes=5)
        accounts.take_slot(connection, account, 1, owner="other", now=clock(), until=until, dead=())
    sent = send_now(app, to=["wall"])
    assert sent.rows[0].state == "pending"


def test_each_outcome_is_told_as_it_comes(app: App) -> None:
    recorded(app)
    told: list[tuple[str, State]] = []

    def tell(row: Delivery, settlement: Settlement) -> None:
        told.append((row.channel, settlement.state))

    sending.deliver_now(app, send(app), on_settled=tell, patience_s=1)
    assert sorted(told) == [("desk", State.SENT), ("night", State.SENT), ("wall", State.SENT)]


def test_leaving_it_to_the_workers_rings_for_them(app: App) -> None:
    recorded(app)
    sending.leave(app, send(app, to=["wall", "night"]))
    assert app.waker.woken[-2:] == ["memory:wall", "memory:night"]  # type: ignore[attr-defined]


def test_a_dry_run_shows_the_posts_and_writes_nothing(app: App) -> None:
    recorded(app)
    previews = {one.channel: one for one in sending.dry_run(app, "1")}
    assert previews["wall"].message is not None
    assert entry().title in previews["wall"].message.text
    assert previews["wall"].measured is not None
    assert previews["wall"].measured.fits
    assert not previews["sports"].verdict.takes
    assert previews["sports"].message is not None
    web(app).put("https://paper.example/bridge", PAGE, content_type="text/html")
    (shown,) = sending.dry_run(app, "https://paper.example/bridge", to=["wall"])
    assert shown.message is not None
    assert "The bridge opens" in shown.message.text
    assert rows(app) == []
    with pytest.raises(NotFound):
        acts.find_article(app, "https://paper.example/bridge")


def test_without_channels_it_says_so(newsroom: Callable[[str], App]) -> None:
    app = newsroom('[sources.paper]\nurl = "https://paper.example/f"\n')
    with pytest.raises(NotFound, match="no channel"):
        send(app, "1")


def test_the_same_send_from_two_processes_makes_one_post(app: App) -> None:
    recorded(app)
    first, second = send(app, to=["wall"]), send(app, to=["wall"])
    for sent in (first, second):
        sending.deliver_now(app, sent, patience_s=1)
    assert len(memory(app).posts) == 1
    assert law_holds(app)
