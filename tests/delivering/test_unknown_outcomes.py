"""The table of unknown outcomes, network by network, over real sockets: the network takes the post, and its answer
never comes. However it fails, readers see one post, and the ledger says what it knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from distributor import deliver, sweeping
from distributor.context import App
from distributor.model import State
from tests.desk import Clock, entry, ingest, make_app, rows
from tests.twins.bluesky import BlueskyTwin
from tests.twins.loopback import Twin
from tests.twins.mastodon import MastodonTwin
from tests.twins.telegram import TelegramTwin
from tests.twins.webhook import SECRET, WebhookTwin
from tests.twins.x import XTwin

FAULTS = ("hang", "reset", "garbage", "server-error")


@dataclass(frozen=True)
class Network:
    """How a network is set up, and where a post of unknown outcome ends without anybody's help."""

    twin: Callable[[], Twin]
    options: str
    ends: State


NETWORKS = {
    "mastodon": Network(MastodonTwin, 'instance = "twin.test"\ntoken = "t"\ntimeout = 0.5', State.SENT),
    "bluesky": Network(BlueskyTwin, 'handle = "paper.test"\napp_password = "p"\ntimeout = 0.5', State.SENT),
    "x": Network(
        lambda: XTwin(remembers=900),
        'api_key = "a"\napi_secret = "b"\naccess_token = "c"\naccess_secret = "d"',
        State.SENT,
    ),
    "telegram": Network(
        TelegramTwin, 'token = "123456:abcdefghijklmnopqrstuvwxyz0123456789"\nchat = "@thepaper"', State.UNCERTAIN
    ),
}


@dataclass
class Desk:
    app: App
    twin: Twin
    clock: Clock

    def run(self, hours: float = 2.0) -> None:
        """Lets time pass, with a sweep and a drain every minute of it that matters."""
        account = next(iter(self.app.accounts()))
        for minutes in (0, 1.1, 1, 3, 10, 20, 30, hours * 60):
            self.clock.forward(minutes=minutes)
            sweeping.sweep(self.app)
            deliver.drain(self.app, account)

    @property
    def seen(self) -> int:
        """How many posts readers see."""
        return len(self.twin.posts)


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    network = NETWORKS[request.param]
    clock = Clock(datetime.now(UTC))
    with network.twin() as twin:
        app = make_app(
            f'[sources.paper]\nurl = "https://paper.example/feed"\nmax_age = "900d"\n[channels.{request.param}]\n'
            f'base_url = "{twin.url}"\n{network.options}\n',
            tmp_path,
            clock=clock,
        )
        channel = app.stations[request.param].channel
        if hasattr(channel, "timeout"):
            channel.timeout = 0.5
        channel.check()  # type: ignore[attr-defined]  # signs in, asks for limits: only the post is to fail
        yield Desk(app, twin, clock)
        if hasattr(channel, "close"):
            channel.close()


@pytest.mark.network
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("desk", NETWORKS, indirect=True)
def test_a_post_that_was_taken_without_an_answer_is_never_posted_twice(desk: Desk, fault: str) -> None:
    ingest(desk.app, entry(published_at=desk.clock()))
    desk.twin.fail(fault, times=1)
    desk.run()
    row = rows(desk.app)[0]
    assert desk.seen == 1
    assert row.state is NETWORKS[row.channel].ends
    if row.state is State.UNCERTAIN:
        assert row.resolve_at is None


@pytest.mark.network
@pytest.mark.parametrize("desk", NETWORKS, indirect=True)
def test_a_post_that_surely_did_not_leave_goes_out_by_itself(desk: Desk) -> None:
    ingest(desk.app, entry(published_at=desk.clock()))
    account = next(iter(desk.app.accounts()))
    desk.twin.fail("refuse")
    deliver.drain(desk.app, account)
    assert rows(desk.app)[0].state is State.PENDING
    desk.twin.fail("")
    desk.run()
    assert (desk.seen, rows(desk.app)[0].state) == (1, State.SENT)


@pytest.mark.network
@pytest.mark.parametrize("desk", ["mastodon"], indirect=True)
def test_a_mastodon_repeat_that_fails_although_the_post_exists_is_found_by_its_link(desk: Desk) -> None:
    assert isinstance(desk.twin, MastodonTwin)
    ingest(desk.app, entry(published_at=desk.clock()))
    desk.twin.repeats_fail = True
    desk.twin.fail("reset", times=1)
    desk.run()
    assert (desk.seen, rows(desk.app)[0].state) == (1, State.SENT)


@pytest.mark.network
@pytest.mark.parametrize("desk", ["x"], indirect=True)
def test_an_x_post_in_doubt_for_longer_than_fifteen_minutes_is_left_to_a_person(desk: Desk) -> None:
    ingest(desk.app, entry(published_at=desk.clock()))
    desk.twin.fail("reset", times=1)
    deliver.drain(desk.app, next(iter(desk.app.accounts())))
    desk.clock.forward(minutes=20)
    desk.run()
    row = rows(desk.app)[0]
    assert (desk.seen, row.state, row.resolve_at) == (1, State.UNCERTAIN, None)


@pytest.mark.network
@pytest.mark.parametrize("fault", FAULTS)
def test_a_webhook_gets_the_same_id_again_and_knows_it(tmp_path: Path, fault: str) -> None:
    clock = Clock(datetime.now(UTC))
    with WebhookTwin() as twin:
        app = make_app(
            '[sources.paper]\nurl = "https://paper.example/feed"\nmax_age = "900d"\n[channels.hook]\n'
            f'kind = "webhook"\nurl = "{twin.url}"\nsecret = "{SECRET}"\ntimeout = 0.5\n',
            tmp_path,
            clock=clock,
        )
        desk = Desk(app, twin, clock)
        ingest(app, entry(published_at=clock()))
        twin.fail(fault, times=1)
        # The twin judges the signature's time by the real clock, so this one stands still but for the back-off.
        for _ in range(20):
            deliver.drain(app, next(iter(app.accounts())))
            clock.forward(seconds=5)
        assert (desk.seen, rows(app)[0].state) == (1, State.SENT)
        assert len(twin.effects) == 1
