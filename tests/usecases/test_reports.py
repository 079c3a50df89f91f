"""What came of articles, channels and digests, as it was counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from distributor import deliver, digest, mailing, reports, subscribe, tracking
from distributor.context import App
from distributor.errors import NotFound
from distributor.model import Kind, State
from distributor.reports.best import FEWEST, Hits, busiest, to_post
from distributor.store import Store, bounces, census, links, signals, tables
from tests.desk import START, Clock, entry, ingest, make_app
from tests.store.test_postgresql import database
from tests.web.conftest import SETTINGS

PARIS = ZoneInfo("Europe/Paris")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAIL = (
    'secret_key = "'
    + "k" * 40
    + '"\n'
    + SETTINGS.replace('name = "The Paper"', 'name = "The Paper"\npostal_address = "1 Harbour Street, Paris"')
    + '[mail]\nfrom = "The Paper <news@paper.example>"\n[digests.daily]\n'
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(MAIL, tmp_path, clock=clock)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server("postgresql"))])
def either(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[App]:
    """On each kind of database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("app")
        return
    with database(request.getfixturevalue("postgresql_server")) as url:
        app = make_app(MAIL, tmp_path, clock=clock, store=Store(url).open())
        yield app
        app.store.close()


def send_all(app: App) -> None:
    for account in app.accounts():
        deliver.drain(app, account)


def click(app: App, article: int, channel: str, raw: int, counted: int, *, edition: bool = False) -> None:
    """On the article's link, as judging would write it down."""
    with app.store.write() as connection:
        mine = [one for one in links.of_article(connection, article) if one.channel == channel]
        assert mine
        number = next(one.id for one in mine if bool(one.edition_id) is edition)
        row = tables.link
        connection.execute(sa.update(row).where(row.c.id == number).values(raw=raw, counted=counted))
        signals.add(connection, article, channel, "clicks", app.clock(), raw, counted)


def test_an_article_is_told_channel_by_channel(either: App, clock: Clock) -> None:
    app = either
    ingest(app, entry(1))
    send_all(app)
    clock.forward(hours=1)
    click(app, 1, "x", 12, 7)
    with app.store.write() as connection:
        signals.add(connection, 1, "site", "views", clock(), 90, 60)
        signals.add(connection, 1, "x", "shares", clock(), 3, 2)
        signals.add(connection, 1, "mastodon", "likes", clock(), 5, 5)
        signals.add(connection, 1, "mastodon", "replies", clock() + HOUR, 1, 1)
    clock.forward(hours=2)
    found = reports.of_article(app, "https://paper.example/articles/1")
    by_name = {one.channel: one for one in found.channels}
    x, mastodon, site = by_name["x"], by_name["mastodon"], by_name["site"]
    assert (x.state, x.delivered_at, x.clicks, x.shares, x.best_hour) == ("sent", START, Hits(12, 7), Hits(3, 2), 12)
    assert (mastodon.likes.counted, mastodon.comments.counted, mastodon.line) == (5, 1, (0, 5, 1, 0))
    assert (site.state, site.views, by_name["telegram"].clicks) == ("", Hits(90, 60), Hits())
    assert (found.total.clicks, found.total.views) == (Hits(12, 7), Hits(90, 60))
    assert (found.begins, found.step, found.total.line) == (START, HOUR, (0, 74, 1, 0))
    told = found.to_json()
    assert told["article"]["id"] == 1
    assert told["total"]["clicks"] == Hits(12, 7)


def test_an_old_article_is_told_by_days_and_its_hour_is_not_made_up(app: App, clock: Clock) -> None:
    ingest(app, entry(1))
    clock.forward(days=30)
    with app.store.write() as connection:
        signals.add(connection, 1, "site", "views", START.replace(hour=0), 9, 9)
    found = reports.of_article(app, "1")
    assert (found.step, found.total.best_hour, found.total.line[0], len(found.total.line)) == (DAY, None, 9, 31)


def test_a_withdrawn_post_says_so(app: App) -> None:
    from distributor import acts

    ingest(app, entry(1))
    send_all(app)
    acts.withdraw(app, 1, "ann")
    send_all(app)
    assert {one.state for one in reports.of_article(app, "1").channels} == {"withdrawn"}


def test_an_articles_alerts_are_counted_beside_its_posts(either: App) -> None:
    app = either
    ingest(app, entry(1))
    states = ["sent", "sent", "sent", "pending", "failed"]
    with app.store.write() as connection:
        for number, state in enumerate(states, 1):
            row = {"key": f"alert:alerts:{number}:a1:g0", "kind": "alert", "channel": "alerts", "article_id": 1}
            row |= {"recipient_id": number, "state": state, "planned_at": START, "due_at": START}
            connection.execute(sa.insert(tables.delivery).values(row))
        told = census.mails_of_article(connection, 1)
    assert told == {"alerts": {State.SENT: 3, State.PENDING: 1, State.FAILED: 1}}
    (alerts,) = [one for one in reports.of_article(app, "1").channels if one.mails]
    assert (alerts.channel, alerts.mails, alerts.state) == ("alerts", (5, 3), "pending")


@pytest.mark.parametrize("word", ["7", "https://elsewhere.example/", "9" * 5000, "#", ""])
def test_what_is_no_article_is_told_so(app: App, word: str) -> None:
    with pytest.raises(NotFound):
        reports.of_article(app, word)


def test_a_channel_counts_the_posts_of_the_time_and_their_clicks(either: App, clock: Clock) -> None:
    app = either
    ingest(app, entry(1))
    send_all(app)
    clock.forward(days=8)
    ingest(app, entry(2, published_at=clock()), entry(3, published_at=clock()))
    send_all(app)
    click(app, 1, "x", 500, 400)
    click(app, 2, "x", 10, 6)
    click(app, 3, "x", 30, 14)
    click(app, 2, "telegram", 90, 80)
    found = reports.of_channels(app, timedelta(days=7))
    x = next(one for one in found.lines if one.channel == "x")
    assert (x.posts, x.clicks, x.per_post) == (2, Hits(40, 20), 10.0)
    assert [(one.id, one.clicks) for one in x.articles] == [(3, Hits(30, 14)), (2, Hits(10, 6))]
    assert [(one.id, one.clicks.counted) for one in found.articles] == [(2, 86), (3, 14)]
    assert x.best == reports.Best(None, None)
    whole = reports.of_channels(app, timedelta(days=30))
    assert next(one for one in whole.lines if one.channel == "x").clicks == Hits(540, 420)


def test_a_list_has_clicks_and_no_posts_of_its_own(app: App) -> None:
    ingest(app, entry(1))
    from distributor.store import articles

    with app.store.write() as connection:
        known = articles.get(connection, 1)
        assert known
        tracking.link(app, connection, known, "trending")
    click(app, 1, "trending", 4, 3)
    (line,) = [one for one in reports.of_channels(app, DAY).lines if one.channel == "trending"]
    assert (line.kind, line.clicks) == ("list", Hits(4, 3))


def test_a_digest_is_told_with_clicks_and_losses(either: App, clock: Clock) -> None:
    app = either
    for name in ("anna", "bob", "cleo"):
        _reader(app, f"{name}@x.example")
    ingest(app, entry(1), entry(2))
    clock.forward(minutes=1)
    made = digest.send_by_hand(app, "daily", who="test")
    mailing.drain_mail(app, "mail")
    clock.forward(minutes=30)
    click(app, 2, "daily", 9, 2, edition=True)
    with app.store.write() as connection:
        rows = connection.execute(
            sa.select(tables.delivery).where(tables.delivery.c.kind == Kind.DIGEST.value).order_by("id")
        ).all()
        about = {"kind": "bounce", "hard": True, "status": "5.1.1", "reason": "unknown", "diagnostic": ""}
        for _ in range(2):  # told twice, and lost once
            bounces.add(connection, at=clock(), subscriber_id=rows[0].recipient_id, delivery_id=rows[0].id, **about)
    subscribe.leave(app, rows[1].recipient_id, how="one-click")
    subscribe.leave(app, rows[2].recipient_id, how="publisher")
    name = f"daily@{made.slot:%Y-%m-%dT%H:%M:%SZ}"
    for word in ("", "daily", name):
        (line,) = reports.of_digests(app, word).lines
        assert (line.slot.sent, line.delivered, line.clicks, line.rate) == (3, 2, Hits(9, 2), 1.0)
        assert (line.losses.bounced, line.losses.left, line.losses.complaints) == (1, 1, 0)
        assert [one.id for one in line.articles] == [2]
        assert line.best_hour == clock().astimezone(PARIS).hour


@pytest.mark.parametrize("word", ["nope", "daily@now", "daily@2026-01-01", "@5", "daily@" + "9" * 5000])
def test_what_is_no_digest_is_told_so(app: App, word: str) -> None:
    with pytest.raises(NotFound):
        reports.of_digests(app, word)


def _reader(app: App, address: str) -> None:
    from distributor import choosing, enlisting

    ask = choosing.Ask(address=address, frequency="daily", language="en")
    enlisting.add(app, ask, who="test", consent="a letter")


MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
posts = st.lists(
    st.tuples(
        st.integers(0, 24 * 28).map(lambda hours: MONDAY + hours * HOUR),
        st.integers(0, 10_000),
    ),
    max_size=40,
)


def test_the_hour_whose_posts_are_clicked_is_best_and_one_hit_does_not_make_it() -> None:
    mornings = [(MONDAY + day * DAY + 6 * HOUR, 50) for day in range(6)]  # 08:00 in Paris
    evenings = [(MONDAY + day * DAY + 18 * HOUR, 20) for day in range(6)]
    hit = [(MONDAY + 11 * HOUR, 5_000), *((MONDAY + day * DAY + 11 * HOUR, 1) for day in range(1, 6))]
    assert to_post([*evenings, *mornings, *hit], PARIS).hour == 8
    assert to_post(mornings, PARIS).hour is None  # nothing to compare it with


@given(posts)
def test_when_to_post_does_not_depend_on_the_order_and_is_an_hour_of_the_past(
    past: list[tuple[datetime, int]],
) -> None:
    found = to_post(past, PARIS)
    assert found == to_post(past[::-1], PARIS)
    if len(past) < FEWEST:
        assert found == reports.Best()
    if found.hour is not None:
        assert found.hour in {at.astimezone(PARIS).hour for at, _ in past}


@given(posts)
def test_the_busiest_hour_is_where_most_is(series: list[tuple[datetime, int]]) -> None:
    found = busiest(series, PARIS)
    sums = [sum(count for at, count in series if at.astimezone(PARIS).hour == hour) for hour in range(24)]
    assert found == (sums.index(max(sums)) if any(sums) else None)
