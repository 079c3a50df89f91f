"""Draining an account: order, outcomes, doubts, edits, deletions, budgets, paces."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from distributor import deliver, standings, sweeping
from distributor.channels.memory import After, Memory
from distributor.context import App
from distributor.errors import ChannelPaused, Rejected, RetryLater, Uncertain
from distributor.model import Doubt, State
from distributor.store import accounts, articles, ledger
from tests.desk import Clock, entry, ingest, make_app, rows, states

SETTINGS = """
[sources.paper]
url = "https://paper.example/feed"
max_age = "30d"
[channels.wall]
kind = "memory"
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(SETTINGS, tmp_path, clock=clock)


def wall(app: App, name: str = "wall") -> Memory:
    channel = app.stations[name].channel
    assert isinstance(channel, Memory)
    return channel


def drain(app: App, name: str = "wall") -> deliver.Drained:
    return deliver.drain(app, app.stations[name].account)


def titles(app: App, name: str = "wall") -> list[str]:
    return [post.message.title for post in wall(app, name).posts]


def test_an_article_is_posted_once_however_often_it_is_drained(app: App) -> None:
    ingest(app, entry())
    drain(app)
    drain(app)
    ingest(app, entry())
    drain(app)
    assert len(wall(app).posts) == 1
    assert states(app) == [State.SENT]


def test_the_account_is_woken_after_the_commit(app: App) -> None:
    ingest(app, entry())
    assert app.waker.woken == ["memory:wall"]  # type: ignore[attr-defined]


def test_breaking_news_goes_first_then_the_boosted_then_the_newer(app: App, clock: Clock) -> None:
    ingest(app, entry(1, published_at=clock() - timedelta(hours=2)), entry(2), entry(3, breaking=True))
    report = ingest(app, entry(4, published_at=clock() - timedelta(hours=20)))
    with app.store.write() as connection:
        articles.set_boost(connection, report.new[0].id, 5.0)
        standings.rerank(app, connection, clock())
    drain(app)
    assert [title.split()[2] for title in titles(app)] == ["3", "4", "2", "1"]


def test_a_refusal_fails_the_post_with_its_reason(app: App) -> None:
    wall(app).script(Rejected("too rude", reason="policy"))
    ingest(app, entry())
    drain(app)
    row = rows(app)[0]
    assert (row.state, row.reason, row.error) == (State.FAILED, "policy", "too rude")


def test_a_postponed_post_waits_as_long_as_the_network_asks_and_goes_out_as_it_was_frozen(
    app: App, clock: Clock
) -> None:
    wall(app).script(RetryLater("busy", after=timedelta(minutes=3)))
    ingest(app, entry(title="The first title of this article"))
    drain(app)
    assert rows(app)[0].due_at == clock() + timedelta(minutes=3)
    ingest(app, entry(title="Another title of this article"))
    clock.forward(minutes=4)
    drain(app)
    posts = wall(app).posts
    assert [post.message.title for post in posts] == ["Another title of this article"]
    assert posts[0].edits == 1  # sent as frozen, then edited: never two posts


def test_an_unknown_outcome_is_looked_up_and_never_sent_twice(app: App) -> None:
    wall(app).script(After(Uncertain("no answer")))
    ingest(app, entry())
    drain(app)
    assert states(app) == [State.UNCERTAIN]
    drain(app)
    assert states(app) == [State.SENT]
    assert len(wall(app).posts) == 1


def test_an_unknown_outcome_that_did_not_arrive_goes_out_again(app: App, clock: Clock) -> None:
    wall(app).script(Uncertain("no answer"))
    ingest(app, entry())
    drain(app)
    drain(app)
    assert states(app) == [State.PENDING]
    clock.forward(minutes=5)
    drain(app)
    assert states(app) == [State.SENT]
    assert len(wall(app).posts) == 1


class Blind:
    """A network like Telegram: nobody can look what was posted, and a repeat would post again."""

    kind, deadline, doubt = "memory", 1.0, Doubt()

    def __init__(self, memory: Memory) -> None:
        self.name, self.account, self.limits, self.send = memory.name, memory.account, memory.limits, memory.send


def test_where_nobody_can_look_a_person_decides(app: App, clock: Clock) -> None:
    memory = wall(app)
    memory.script(Uncertain("no answer"))
    app.stations = {"wall": replace(app.stations["wall"], channel=Blind(memory))}  # type: ignore[arg-type]
    ingest(app, entry())
    drain(app)
    clock.forward(hours=2)
    sweeping.sweep(app)
    drain(app)
    row = rows(app)[0]
    assert row.state is State.UNCERTAIN
    assert row.resolve_at is None
    assert memory.posts == []


def test_a_fault_of_a_channel_neither_stops_the_worker_nor_sends_twice(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug of a third party")

    monkeypatch.setattr(Memory, "send", broken)
    ingest(app, entry(1), entry(2))
    drain(app)
    assert states(app) == [State.UNCERTAIN, State.UNCERTAIN]


def test_after_a_401_everything_waits_until_the_account_is_reopened(app: App, clock: Clock) -> None:
    wall(app).script(ChannelPaused("401 unauthorised"))
    ingest(app, entry(1), entry(2))
    drain(app)
    assert states(app) == [State.PENDING, State.PENDING]
    assert sweeping.sweep(app) == []
    with app.store.write() as connection:
        accounts.reopen(connection, "memory:wall")
    assert sweeping.sweep(app) == ["memory:wall"]
    drain(app)
    assert states(app) == [State.SENT, State.SENT]


def test_one_bad_chat_does_not_stop_the_others_of_its_account(tmp_path: Path) -> None:
    app = make_app(SETTINGS + 'account = "bot"\n[channels.other]\nkind = "memory"\naccount = "bot"\n', tmp_path)
    wall(app).script(ChannelPaused("put out of this chat", channel_only=True))
    ingest(app, entry())
    drain(app)
    drain(app)
    assert states(app, "wall") == [State.PENDING]
    assert states(app, "other") == [State.SENT]


def test_five_outages_in_a_row_open_the_breaker_and_one_probe_closes_it(app: App, clock: Clock) -> None:
    wall(app).script(*[RetryLater("500", outage=True)] * 5)
    ingest(app, *[entry(number) for number in range(1, 9)])
    drain(app)
    taken = len(wall(app).posts)
    assert taken == 0
    with app.store.read() as connection:
        state = accounts.state(connection, "memory:wall")
    assert state.outages == 5
    assert state.paused_until
    assert state.paused_until > clock()
    clock.forward(hours=1)
    drain(app)
    assert len(wall(app).posts) == 8
    with app.store.read() as connection:
        assert accounts.state(connection, "memory:wall").outages == 0


def test_a_dead_workers_post_is_uncertain_and_its_slot_is_free(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(app, entry(1), entry(2))
    real = Memory.send

    def dies(self: Memory, *arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Memory, "send", dies)
    monkeypatch.setattr(deliver, "_leave_slot", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        drain(app)
    monkeypatch.undo()
    monkeypatch.setattr(Memory, "send", real)
    assert drain(app).busy
    clock.forward(minutes=5)
    sweeping.sweep(app)
    assert sorted(states(app)) == [State.PENDING, State.UNCERTAIN]
    drain(app)
    clock.forward(minutes=5)
    drain(app)
    assert states(app) == [State.SENT, State.SENT]


def test_an_edit_changes_the_post_and_makes_no_second_one(app: App) -> None:
    ingest(app, entry())
    drain(app)
    ingest(app, entry(title="A better title for the same article"))
    drain(app)
    post = wall(app).posts[0]
    assert (len(wall(app).posts), post.edits) == (1, 1)
    assert "A better title" in post.message.text


def test_a_change_that_a_post_does_not_show_is_not_sent(app: App) -> None:
    ingest(app, entry(body="<p>One two three.</p>"))
    drain(app)
    ingest(app, entry(body="<p>One two three, and four in the last paragraph.</p>"))
    drain(app)
    edit = rows(app)[-1]
    assert (edit.kind, edit.state, edit.reason) == ("edit", State.SKIPPED, "no-change")


def test_a_newer_revision_supersedes_an_edit_that_waits(app: App, clock: Clock) -> None:
    ingest(app, entry())
    drain(app)
    wall(app).script(RetryLater("busy", after=timedelta(minutes=1)))
    ingest(app, entry(title="The second title of this article"))
    drain(app)
    ingest(app, entry(title="The third title of this article"))
    clock.forward(minutes=2)
    drain(app)
    reasons = [(row.state, row.reason) for row in rows(app)][1:]
    assert reasons == [(State.SKIPPED, "superseded"), (State.SENT, "")]
    assert "third" in wall(app).posts[0].message.text


def test_a_withdrawn_article_is_deleted_where_it_went_out_and_skipped_where_it_waits(tmp_path: Path) -> None:
    app = make_app(SETTINGS + '[channels.slow]\nkind = "memory"\napproval = true\n', tmp_path)
    article = ingest(app, entry()).new[0]
    drain(app)
    ingest(app, gone=[article.id])
    drain(app)
    assert wall(app).posts[0].deleted
    held = rows(app, "slow")[0]
    assert (held.state, held.reason) == (State.SKIPPED, "withdrawn")
    with app.store.read() as connection:
        found = articles.get(connection, article.id)
    assert found
    assert found.status == "withdrawn"


def test_what_waited_too_long_is_given_up(app: App, clock: Clock) -> None:
    with app.store.write() as connection:
        accounts.pause(connection, "wall", "somebody", clock())
    ingest(app, entry())
    clock.forward(hours=13)
    sweeping.sweep(app)
    with app.store.write() as connection:
        accounts.resume(connection, "wall")
    drain(app)
    assert [(row.state, row.reason) for row in rows(app)] == [(State.SKIPPED, "too-old")]


def test_at_most_so_many_posts_an_hour(tmp_path: Path, clock: Clock) -> None:
    app = make_app(SETTINGS + "per_hour = 2\n", tmp_path, clock=clock)
    ingest(app, *[entry(number) for number in range(1, 6)])
    for _ in range(4):
        drain(app)
        clock.forward(minutes=20)
    assert len(wall(app).posts) == 4
    clock.forward(minutes=60)
    drain(app)
    assert len(wall(app).posts) == 5


def test_quiet_hours_hold_ordinary_news_but_not_breaking(tmp_path: Path, clock: Clock) -> None:
    app = make_app(SETTINGS + 'quiet_hours = "08:00-10:00"\n', tmp_path, clock=clock)
    ingest(app, entry(1), entry(2, breaking=True))
    drain(app)
    assert [title.split()[2] for title in titles(app)] == ["2"]
    clock.forward(hours=1, seconds=1)
    drain(app)
    assert len(titles(app)) == 2


def test_when_the_budget_runs_short_the_lowest_ranked_are_skipped(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Memory, "cost", 1.0, raising=False)
    app = make_app(SETTINGS + "daily_budget = 2\n", tmp_path, clock=clock)
    ingest(app, *[entry(number, published_at=clock() - timedelta(hours=number)) for number in range(1, 5)])
    drain(app)
    assert [title.split()[2] for title in titles(app)] == ["1", "2"]
    skipped = [row.reason for row in rows(app) if row.state is State.SKIPPED]
    assert skipped == ["budget", "budget"]


def test_a_broken_template_holds_the_post_and_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "own" / "post").mkdir(parents=True)
    (tmp_path / "own" / "post" / "wall.j2").write_text("{{ title }}\n{{ tilte }}\n")
    app = make_app(f'[site]\ntemplates = "{tmp_path}/own"\n{SETTINGS}[channels.other]\nkind = "memory"\n', tmp_path)
    ingest(app, entry())
    drain(app)
    drain(app, "other")
    row = rows(app, "wall")[0]
    assert (row.state, row.reason) == (State.HELD, "template")
    assert "wall.j2:2" in row.error
    assert states(app, "other") == [State.SENT]


def test_only_the_named_deliveries_are_sent_by_hand(app: App) -> None:
    report = ingest(app, entry(1), entry(2), entry(3))
    wanted = report.planned[1]
    deliver.drain(app, "memory:wall", only=[wanted.id])
    assert [row.id for row in rows(app) if row.state is State.SENT] == [wanted.id]


def test_every_attempt_is_written_down(app: App, clock: Clock) -> None:
    wall(app).script(RetryLater("busy", after=timedelta(seconds=1)))
    planned = ingest(app, entry()).planned[0]
    drain(app)
    clock.forward(minutes=1)
    drain(app)
    with app.store.read() as connection:
        made = ledger.attempts(connection, planned.id)
    assert [(one.number, one.outcome) for one in made] == [(1, "retry"), (2, "sent")]


def test_a_post_that_could_not_be_made_goes_out_when_the_article_is_mended(tmp_path: Path) -> None:
    (tmp_path / "own" / "post").mkdir(parents=True)
    template = "{{ title }}{% if article.author == '' %}{{ nobody }}{% endif %}"
    (tmp_path / "own" / "post" / "wall.j2").write_text(template)
    app = make_app(f'[site]\ntemplates = "{tmp_path}/own"\n{SETTINGS}', tmp_path)
    ingest(app, entry())
    assert states(app) == [State.HELD]
    ingest(app, entry(author="Jo Bloggs", title="A title that is better"))
    drain(app)
    assert states(app) == [State.SENT]
