"""What to ask, and what the answer means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from distributor.errors import Unreachable, Unreadable
from distributor.model import Entry
from distributor.sources import Cursor, MemorySource, caching
from distributor.sources.feed import FeedSource, read, request_headers
from tests.contracts.source import Rig, SourceContract
from tests.sources.answers import Answer, Headers, Table

URL = "https://paper.example/feed"


def rss(*guids: str) -> bytes:
    items = "".join(f"<item><guid isPermaLink='false'>{guid}</guid><title>{guid}</title></item>" for guid in guids)
    return f"<rss version='2.0'><channel><title>Paper</title><ttl>15</ttl>{items}</channel></rss>".encode()


class TestMemorySource(SourceContract):
    @pytest.fixture
    def rig(self) -> Rig:
        source = MemorySource()

        def publish(*guids: str) -> None:
            source.entries = tuple(Entry(guid=guid, url="", title=guid) for guid in guids)

        def fail(*_: str) -> None:
            source.error = Unreachable("down")

        return Rig(source, Cursor(source.url), publish, fail)


class TestFeedSource(SourceContract):
    @pytest.fixture
    def rig(self) -> Rig:
        get = Table()

        def publish(*guids: str) -> None:
            get.answers[URL] = Answer(rss(*guids))

        def fail(*_: str) -> None:
            get.answers[URL] = None

        return Rig(FeedSource(URL, get), Cursor(URL), publish, fail)


def test_validators_are_sent_back() -> None:
    headers = Headers({"ETag": 'W/"abc"', "Last-Modified": "Tue, 03 Mar 2026 12:00:00 GMT"})
    cursor = read(Answer(rss("a"), headers=headers), Cursor(URL)).cursor
    sent = request_headers(cursor)
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == ('W/"abc"', "Tue, 03 Mar 2026 12:00:00 GMT")
    assert "If-None-Match" not in request_headers(Cursor(URL))


def test_a_validator_that_could_split_a_header_is_not_kept() -> None:
    cursor = read(Answer(rss("a"), headers=Headers({"ETag": '"a"\r\nX-Evil: 1'})), Cursor(URL)).cursor
    assert cursor.etag == ""


def test_304_keeps_what_is_known() -> None:
    known = Cursor(URL, '"1"', "yesterday", "hash")
    answer = read(Answer(status=304, headers=Headers({"ETag": '"2"', "Cache-Control": "max-age=120"})), known)
    assert answer.not_modified
    assert answer.cursor == Cursor(URL, '"2"', "yesterday", "hash")
    assert answer.ttl == timedelta(minutes=2)


def test_the_same_body_is_known_by_its_hash_and_no_parser_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from distributor.sources import parse

    first = read(Answer(rss("a")), Cursor(URL))
    monkeypatch.setattr(parse, "parse", lambda *_, **__: pytest.fail("parsed an unchanged body"))
    assert read(Answer(rss("a")), first.cursor).not_modified


def test_410_is_gone_and_404_is_not() -> None:
    assert read(Answer(status=410), Cursor(URL)).gone
    with pytest.raises(Unreachable) as caught:
        read(Answer(status=404), Cursor(URL))
    assert caught.value.status == 404
    assert caught.value.hint


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Tue, 03 Mar 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Tue, 03 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("-5", None),
        ("9" * 30, timedelta(0)),
    ],
)
def test_retry_after_is_heard(status: int, value: str, wait: timedelta | None) -> None:
    with pytest.raises(Unreachable) as caught:
        read(
            Answer(status=status, headers=Headers({"Retry-After": value})),
            Cursor(URL),
            datetime(2026, 3, 3, 12, tzinfo=UTC),
        )
    assert (caught.value.status, caught.value.retry_after) == (status, wait)


def test_a_permanent_redirect_counts_once_a_feed_is_behind_it() -> None:
    moved = read(Answer(rss("a"), moved_to="https://new.example/feed"), Cursor(URL))
    assert (moved.moved_to, moved.cursor.url) == ("https://new.example/feed", "https://new.example/feed")
    with pytest.raises(Unreadable, match=URL):
        read(Answer(b"<html><body>Log in</body></html>", moved_to="https://new.example/login"), Cursor(URL))


def test_the_longer_of_both_wishes_is_the_ttl() -> None:
    assert read(Answer(rss("a")), Cursor(URL)).ttl == timedelta(minutes=15)
    assert read(
        Answer(rss("a"), headers=Headers({"Cache-Control": "public, max-age=3600"})), Cursor(URL)
    ).ttl == timedelta(hours=1)


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({"Cache-Control": "max-age=600", "Age": "60"}, timedelta(minutes=9)),
        ({"Cache-Control": "no-cache, max-age=600"}, None),
        ({"Cache-Control": "max-age=0"}, None),
        ({"Cache-Control": 'MAX-AGE="60"'}, timedelta(minutes=1)),
        ({"Expires": "Tue, 03 Mar 2026 12:10:00 GMT", "Date": "Tue, 03 Mar 2026 12:00:00 GMT"}, timedelta(minutes=10)),
        ({"Expires": "0"}, None),
        ({}, None),
    ],
)
def test_freshness_follows_rfc_9111(headers: dict[str, str], fresh: timedelta | None) -> None:
    assert caching.freshness(Headers(headers)) == fresh


def test_the_hub_may_be_named_in_the_link_header() -> None:
    link = '<https://hub.example/>; rel="hub", </feed>; rel=self'
    found = read(Answer(rss("a"), headers=Headers({"Link": link})), Cursor(URL))
    assert (found.hub, found.self_url) == ("https://hub.example/", "https://paper.example/feed")
