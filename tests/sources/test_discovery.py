"""From a page to its feed."""

from __future__ import annotations

import time

import pytest

from distributor.errors import SourceError, Unreachable
from distributor.sources.discovery import discover, links
from tests.sources.answers import Answer, Table

SITE = "https://paper.example/"
FEED = b"<rss><channel><title>x</title></channel></rss>"
PAGE = b"""<!doctype html><html><head><!-- <link rel=alternate type=application/rss+xml href=/commented> -->
<link rel="alternate" type="application/rss+xml" title="Paper &raquo; Comments Feed" href="/comments/feed/">
<LINK REL='alternate' TYPE='application/rss+xml' TITLE='Paper &raquo; Feed' HREF='/feed/'>
<link rel="alternate" type="application/feed+json" href="feed.json">
<link rel=alternate type=application/atom+xml href=/atom.xml>
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">
<link rel="alternate" hreflang="fr" href="/fr/">
<script>var x = '<link rel="alternate" type="application/rss+xml" href="/scripted">'</script></head>
<body><a href="/rss/sport">Sport</a><a href="javascript:feed()">x</a>
<a href="https://other.example/feed">o</a></body></html>"""


def test_the_main_feed_comes_first_and_comments_after_it() -> None:
    found = [link.url for link in links(PAGE, SITE)]
    assert found[:3] == [SITE + "feed/", SITE + "atom.xml", SITE + "feed.json"]
    assert SITE + "commented" not in found
    assert SITE + "scripted" not in found
    assert found.index(SITE + "comments/feed/") > 2
    assert found.index(SITE + "rss/sport") < found.index("https://other.example/feed")
    assert links(PAGE, SITE)[0].title == "Paper » Feed"


def test_a_base_element_is_followed() -> None:
    page = b'<base href="https://cdn.example/x/"><link rel=alternate type=application/rss+xml href=f.xml>'
    assert [link.url for link in links(page, SITE)] == ["https://cdn.example/x/f.xml"]


def test_a_feed_is_its_own_feed() -> None:
    assert discover(SITE, Table({SITE: Answer(FEED, url=SITE)})) == SITE


def test_a_named_feed_that_is_there_is_found() -> None:
    get = Table({SITE: Answer(PAGE, url=SITE), SITE + "feed/": None, SITE + "atom.xml": Answer(FEED)})
    assert discover(SITE, get) == SITE + "atom.xml"


def test_well_known_addresses_are_tried_last() -> None:
    get = Table({SITE: Answer(b"<html><p>no links</p></html>", url=SITE), SITE + "index.xml": Answer(FEED)})
    assert discover(SITE, get) == SITE + "index.xml"


def test_no_feed_is_told_with_what_was_tried() -> None:
    with pytest.raises(SourceError, match="no feed found") as caught:
        discover(SITE, Table({SITE: Answer(b"<html></html>", url=SITE)}))
    assert "/feed" in caught.value.hint


def test_a_site_that_is_down_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        discover(SITE, Table({SITE: Answer(status=500, url=SITE)}))
    with pytest.raises(Unreachable):
        discover(SITE, Table({SITE: None}))


@pytest.mark.parametrize(
    "piece", [b"<link ", b"<a href='", b'<a x="', b"<!--", b"<script>", b"<link rel=alternate type=x "]
)
def test_a_hostile_page_takes_no_quadratic_time(piece: bytes) -> None:
    start = time.process_time()
    links(piece * (2_000_000 // len(piece)), SITE)
    assert time.process_time() - start < 5
