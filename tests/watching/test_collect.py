"""Watching sources: what is new, what is the same, what is held, what moves, what fails."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from distributor import deliver, sending
from distributor.collect import collect
from distributor.context import App
from distributor.errors import Unreachable
from distributor.model import Article, Lane, State
from distributor.store import articles, sources
from distributor.store.sources import SourceState
from tests.desk import START, Clock, Web, entry, ingest, make_app, rows, states

FEED = "https://paper.example/feed"
SETTINGS = f"""
[sources.paper]
url = "{FEED}"
complete_from_page = false
flood_guard = 5
category_map = {{ economy = "Business" }}
[channels.wall]
kind = "memory"
"""


def item(
    number: int, *, title: str = "", guid: str = "", link: str = "", age: timedelta = timedelta(0), more: str = ""
) -> str:
    return f"""<item><guid isPermaLink="false">{escape(guid or f"guid-{number}")}</guid>
    <title>{escape(title or f"Article {number} of the harbour paper")}</title>
    <link>{escape(link or f"https://paper.example/articles/{number}")}</link>
    <description>{escape(f"The summary of article {number} is a whole sentence that says enough.")}</description>
    <pubDate>{format_datetime(START - age)}</pubDate>{more}</item>"""


def feed(*items: str, head: str = "") -> str:
    return f"""<?xml version="1.0"?><rss version="2.0" xmlns:at="http://purl.org/atompub/tombstones/1.0"><channel>
    <title>The Paper</title><link>https://paper.example/</link><description>News</description>{head}{"".join(items)}
    </channel></rss>"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(SETTINGS, tmp_path, clock=clock)


def web(app: App) -> Web:
    assert isinstance(app.fetcher, Web)
    return app.fetcher


def poll(app: App, *items: str, head: str = "") -> list[Article]:
    """Waits for the next poll, which finds these items; the new articles."""
    web(app).put(FEED, feed(*items, head=head), content_type="application/rss+xml")
    due = state(app).next_poll_at if known(app) else app.clock()
    app.clock.now = max(app.clock(), due)  # type: ignore[attr-defined]
    return collect(app).new


def known(app: App) -> bool:
    with app.store.read() as connection:
        return "paper" in sources.states(connection)


def state(app: App) -> SourceState:
    with app.store.read() as connection:
        return sources.states(connection)["paper"]


def stored(app: App) -> list[Article]:
    with app.store.read() as connection:
        return articles.latest(connection)


def test_the_first_poll_records_and_posts_nothing(app: App) -> None:
    assert [one.note for one in poll(app, item(1), item(2))] == ["first-poll", "first-poll"]
    assert rows(app) == []


@pytest.mark.parametrize(("backfill", "posted"), [("2", [2, 1]), ('"all"', [3, 2, 1])])
def test_a_backfill_posts_the_newest_oldest_first(tmp_path: Path, backfill: str, posted: list[int]) -> None:
    app = make_app(SETTINGS.replace("flood_guard = 5", f"backfill = {backfill}"), tmp_path)
    poll(app, *[item(number, age=timedelta(days=number)) for number in (1, 2, 3)])
    assert [row.article_id for row in rows(app)] == sorted(row.article_id for row in rows(app))
    with app.store.read() as connection:
        guids = [articles.get(connection, row.article_id).guid for row in rows(app)]  # type: ignore[union-attr]
    assert guids == [f"guid-{number}" for number in posted]


def test_all_new_items_between_two_polls_are_taken_oldest_first(app: App) -> None:
    poll(app, item(1))
    new = poll(app, *[item(number, age=timedelta(minutes=number)) for number in (2, 3, 4)], item(1))
    assert [one.guid for one in new] == ["guid-4", "guid-3", "guid-2"]
    assert states(app) == [State.PENDING] * 3


def test_what_is_older_than_the_limit_is_recorded_and_never_posted(app: App) -> None:
    poll(app, item(1))
    assert [one.note for one in poll(app, item(2, age=timedelta(hours=30)), item(1))] == ["too-old"]
    assert rows(app) == []


def test_a_flood_is_held_for_a_person(app: App) -> None:
    poll(app, item(1))
    new = poll(app, *[item(number) for number in range(2, 9)])
    assert {(one.status, one.note) for one in new} == {("held", "flood")}
    assert {(row.state, row.reason) for row in rows(app)} == {(State.HELD, "flood")}


def test_the_morning_after_an_outage_is_no_flood(app: App, clock: Clock) -> None:
    poll(app, item(1))
    clock.forward(hours=8)
    new = poll(app, *[item(number) for number in range(2, 20)])
    assert {one.status for one in new} == {"live"}


def test_a_changed_slug_with_the_same_guid_is_the_same_article(app: App) -> None:
    poll(app, item(1))
    poll(app, item(2), item(1))
    assert poll(app, item(2, link="https://paper.example/articles/two-with-a-new-slug"), item(1)) == []
    assert len(rows(app)) == 1


def test_a_migration_that_changes_every_guid_posts_nothing_again(app: App) -> None:
    poll(app, item(1), item(2))
    assert poll(app, item(1, guid="new-1"), item(2, guid="new-2")) == []
    assert poll(app, item(1, guid="new-1"), item(2, guid="new-2", title="A corrected title of article two")) == []
    assert len(stored(app)) == 2


def test_tracking_parameters_make_no_new_article(app: App) -> None:
    poll(app, item(1))
    assert poll(app, item(1, guid="x", link="https://paper.example/articles/1?utm_source=rss&fbclid=1")) == []


def test_two_entries_with_one_address_are_two_articles(app: App) -> None:
    poll(app, item(1))
    live = "https://paper.example/live"
    new = poll(app, item(2, link=live), item(3, link=live, title="Something else altogether happened"), item(1))
    assert len(new) == 2


def test_a_change_of_white_space_is_no_change(app: App) -> None:
    poll(app, item(1))
    poll(app, item(2, title="A  title\n of article two"), item(1))
    poll(app, item(2, title="A title of   article two"), item(1))
    assert max(one.revision for one in stored(app)) == 1


def test_a_corrected_title_is_a_new_revision_and_an_edit(app: App) -> None:
    poll(app, item(1))
    poll(app, item(2), item(1))
    deliver.drain(app, "memory:wall")
    poll(app, item(2, title="A corrected title"), item(1))
    assert [row.kind for row in rows(app)] == ["post", "edit"]
    assert {one.revision for one in stored(app)} == {1, 2}


def test_an_unchanged_feed_is_asked_with_its_validators_and_read_no_more(app: App, clock: Clock) -> None:
    web(app).put(FEED, feed(item(1)), etag='"abc"', last_modified="Mon, 04 May 2026 08:00:00 GMT")
    collect(app)
    clock.now = state(app).next_poll_at
    web(app).put(FEED, status=304)
    assert collect(app).new == []
    asked = {name.lower(): value for name, value in web(app).asked[-1].headers.items()}
    assert asked["if-none-match"] == '"abc"'
    assert asked["if-modified-since"] == "Mon, 04 May 2026 08:00:00 GMT"
    assert state(app).good_at == clock()


def test_the_same_bytes_are_not_parsed_again(app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    poll(app, item(1))
    monkeypatch.setattr("distributor.sources.feed.parse", None, raising=False)
    assert poll(app, item(1)) == []


def test_a_failing_source_waits_longer_and_longer_and_the_others_go_on(tmp_path: Path, clock: Clock) -> None:
    app = make_app(SETTINGS + '[sources.other]\nurl = "https://other.example/feed"\n', tmp_path, clock=clock)
    web(app).put("https://other.example/feed", feed(item(1)))
    waits = []
    for _ in range(6):
        web(app).pages[FEED] = Unreachable("no route to host")
        before = clock()
        collect(app)
        waits.append(state(app).next_poll_at - before)
        clock.now = state(app).next_poll_at
    assert waits == sorted(waits)
    assert waits[-1] > 10 * waits[0]
    assert state(app).failures == 6
    assert "no route" in state(app).error
    assert len(stored(app)) == 1


def test_a_server_that_asks_for_patience_gets_it(app: App, clock: Clock) -> None:
    web(app).put(FEED, status=429, retry_after="1800")
    collect(app)
    assert state(app).next_poll_at - clock() >= timedelta(minutes=30)


def test_a_feed_that_is_gone_is_paused(app: App, clock: Clock) -> None:
    poll(app, item(1))
    clock.now = state(app).next_poll_at
    web(app).put(FEED, status=410)
    collect(app)
    clock.forward(days=2)
    asked = len(web(app).asked)
    collect(app)
    assert state(app).paused == "gone"
    assert len(web(app).asked) == asked


def test_a_feed_that_moved_for_good_is_followed(app: App, clock: Clock) -> None:
    new_home = "https://paper.example/new-feed"
    web(app).put(FEED, feed(item(1)), moved_to=new_home)
    collect(app)
    web(app).put(new_home, feed(item(2), item(1)))
    clock.now = state(app).next_poll_at
    assert [one.guid for one in collect(app).new] == ["guid-2"]
    assert state(app).url == FEED
    assert state(app).feed == new_home


def test_a_feed_that_answers_with_a_page_is_not_replaced_by_another(app: App, clock: Clock) -> None:
    poll(app, item(1))
    clock.now = state(app).next_poll_at
    other = "https://paper.example/comments"
    page = f'<!doctype html><link rel="alternate" type="application/rss+xml" href="{other}">Back soon'
    web(app).put(FEED, page, content_type="text/html")
    web(app).put(other, feed(item(7)))
    assert collect(app).new == []
    assert (state(app).feed, state(app).failures) == ("", 1)
    assert [one.guid for one in poll(app, item(2), item(1))] == ["guid-2"]


def test_an_empty_answer_leads_to_no_other_feed(app: App) -> None:
    web(app).put(FEED, "")
    web(app).put("https://paper.example/feed.xml", feed(item(7)))
    assert collect(app).new == []
    assert "empty" in state(app).error


def test_a_page_leads_to_its_feed(tmp_path: Path, clock: Clock) -> None:
    app = make_app(SETTINGS.replace(FEED, "https://paper.example/"), tmp_path, clock=clock)
    page = f'<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="{FEED}"></head></html>'
    web(app).put("https://paper.example/", page, content_type="text/html")
    web(app).put(FEED, feed(item(1)), content_type="application/rss+xml")
    assert len(collect(app).new) == 1
    assert state(app).feed == FEED


def test_a_word_that_only_says_how_urgent_it_is_is_no_unmapped_category(tmp_path: Path) -> None:
    app = make_app(SETTINGS, tmp_path)
    report = ingest(app, entry(1, words=("Breaking News",)))
    assert (report.new[0].lane, report.new[0].unmapped) == (Lane.BREAKING, ())
    with app.store.read() as connection:
        assert sources.unmapped_words(connection, START) == []


def test_an_unmapped_category_goes_only_where_everything_goes_and_is_counted(tmp_path: Path) -> None:
    app = make_app(SETTINGS + '[channels.money]\nkind = "memory"\ncategories = ["Business"]\n', tmp_path)
    poll(app, item(1))
    poll(app, item(2, more="<category>Gossip</category>"), item(3, more="<category>Economy</category>"), item(1))
    assert len(states(app, "wall")) == 2
    assert len(states(app, "money")) == 1
    with app.store.read() as connection:
        assert sources.unmapped_words(connection, START) == [("paper", "Gossip", 1)]


def test_the_same_story_of_two_sources_is_posted_once(tmp_path: Path, clock: Clock) -> None:
    app = make_app(SETTINGS + '[sources.other]\nurl = "https://other.example/feed"\n', tmp_path, clock=clock)
    title = "The harbour of Port Sable closes for three days after the storm"
    web(app).put(FEED, feed(item(1)))
    web(app).put("https://other.example/feed", feed(item(11, link="https://other.example/11")))
    collect(app)
    clock.forward(hours=1)
    web(app).put(FEED, feed(item(2, title=title), item(1)))
    web(app).put(
        "https://other.example/feed", feed(item(12, title=title + ".", link="https://other.example/12", guid="o"))
    )
    collect(app)
    posted = [one for one in stored(app) if title in one.title]
    assert sorted(one.same_as == 0 for one in posted) == [False, True]
    assert len(rows(app)) == 1


def test_an_article_whose_page_is_gone_is_withdrawn_but_one_that_only_left_the_feed_is_not(
    app: App, clock: Clock
) -> None:
    poll(app, item(1, age=timedelta(hours=3)))
    poll(app, item(2), item(3), item(1, age=timedelta(hours=3)))
    deliver.drain(app, "memory:wall")
    web(app).put("https://paper.example/articles/2", status=410)
    web(app).put("https://paper.example/articles/3", "still here")
    poll(app, item(1, age=timedelta(hours=3)))
    status = {one.guid: one.status for one in stored(app)}
    assert status == {"guid-1": "live", "guid-2": "withdrawn", "guid-3": "live"}
    assert [row.kind for row in rows(app)][-1] == "delete"


def test_what_the_feed_lacks_comes_from_the_page(tmp_path: Path) -> None:
    text = SETTINGS.replace("complete_from_page = false", "complete_from_page = true\nbackfill = 1")
    app = make_app(text, tmp_path)
    web(app).put(
        "https://paper.example/articles/1",
        '<html lang="en"><head><meta property="og:image" content="https://paper.example/one.jpg">'
        '<meta property="og:image:alt" content="A ship in the harbour"></head><body>Text</body></html>',
        content_type="text/html",
    )
    poll(app, item(1))
    image = stored(app)[0].image
    assert image
    assert (image.url, image.alt) == ("https://paper.example/one.jpg", "A ship in the harbour")


def test_a_poll_that_nobody_finished_is_done_again(app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("distributor.publish.ingest", dies)
        with pytest.raises(KeyboardInterrupt):
            poll(app, item(1))
    assert stored(app) == []
    clock.forward(minutes=2)
    assert len(collect(app).new) == 1


def test_an_article_sent_by_hand_before_the_poll_still_goes_where_it_was_not_sent(tmp_path: Path, clock: Clock) -> None:
    app = make_app(SETTINGS + '[channels.other]\nkind = "memory"\n', tmp_path, clock=clock)
    poll(app, item(1))
    web(app).put(
        "https://paper.example/articles/2",
        "<html><head><title>Article 2 of the harbour paper</title></head><body>Text</body></html>",
        content_type="text/html",
    )
    sending.plan_send(
        app, "https://paper.example/articles/2", who="editor", to=["wall"], at=None, again=False, boost=None
    )
    poll(app, item(2), item(1))
    assert [row.channel for row in rows(app)] == ["wall", "other"]
    assert {one.source for one in stored(app)} == {"paper"}
    poll(app, item(2, title="A corrected title of article two"), item(1))
    assert sum(row.kind == "post" for row in rows(app)) == 2


def test_a_login_is_used_for_the_same_host_only_and_never_stored(tmp_path: Path, clock: Clock) -> None:
    given = "https://editor:pass@paper.example/feed"
    app = make_app(SETTINGS.replace(FEED, given), tmp_path, clock=clock)
    web(app).put(given, feed(item(1)), moved_to="https://paper.example/new-feed")
    collect(app)
    clock.now = state(app).next_poll_at
    web(app).put("https://editor:pass@paper.example/new-feed", feed(item(1)), moved_to="https://elsewhere.example/feed")
    collect(app)
    clock.now = state(app).next_poll_at
    collect(app)
    assert [one.url for one in web(app).asked] == [
        given,
        "https://editor:pass@paper.example/new-feed",
        "https://elsewhere.example/feed",
    ]
    assert "pass" not in repr(state(app))


def test_a_new_address_on_the_same_host_is_the_same_source(tmp_path: Path, clock: Clock) -> None:
    app = make_app(SETTINGS, tmp_path, clock=clock)
    poll(app, item(1))
    moved = make_app(SETTINGS.replace(FEED, "https://www.paper.example/rss"), tmp_path, clock=clock, store=app.store)
    web(moved).put("https://www.paper.example/rss", feed(item(2), item(1)))
    assert [one.note for one in collect(moved).new] == [""]
