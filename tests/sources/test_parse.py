"""What a feed's entries become, format by format."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import parsing
from distributor.errors import Unreadable
from distributor.model import Entry
from distributor.sources.items import ParsedFeed
from distributor.sources.parse import parse

CORPUS = Path(__file__).parent / "corpus"


def corpus(name: str) -> ParsedFeed:
    return parse((CORPUS / name).read_bytes(), base_url="https://site.example/feed.xml")


def rss(item: str, channel: str = "") -> ParsedFeed:
    namespaces = (
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:distributor="urn:distributor:feed"'
    )
    text = f'<rss version="2.0" {namespaces}><channel><title>t</title>{channel}{item}</channel></rss>'
    return parse(text.encode(), base_url="https://site.example/feed.xml")


def only(item: str) -> Entry:
    [entry] = rss(f"<item>{item}</item>").entries
    return entry


@pytest.mark.parametrize("path", parsing.feeds(CORPUS), ids=lambda path: path.name)
def test_our_corpus_reads_as_feedparser_reads_it(path: Path) -> None:
    body = path.read_bytes()
    assert parsing.differences(parsing.ours(body), parsing.reference(path, body)) == []


def test_real_feeds_read_as_feedparser_reads_them(shared: Path) -> None:
    share, wrong = parsing.agreement(parsing.feeds(shared / "data" / "feeds"), parsing.ours)
    # Both are feedparser's faults: it knows no "mer," for a weekday, and takes 2 PM for 2 AM.
    assert set(wrong) <= {"rss_2.0_ilmessaggero.xml", "rss_2.0_nbcny.xml"}, wrong
    assert share > 0.96


def test_wordpress_gives_everything_an_article_needs() -> None:
    feed = corpus("wordpress.xml")
    entry = feed.entries[0]
    assert entry.guid == "https://gazette.example/?p=4711"
    assert entry.title == "Ferry prices rise – again"
    assert entry.words == ("Business", "World News")
    assert entry.author == "Ada Lund"
    assert entry.summary == "Crossing the bay costs more from Monday. The company blames fuel. […]"
    assert "script" not in entry.body
    assert "appeared first on" not in entry.body + entry.summary
    assert entry.image is not None
    assert (entry.image.alt, entry.image.width, entry.image.type) == (
        "A white ferry leaves the quay",
        1024,
        "image/jpeg",
    )
    assert entry.published_at == datetime(2026, 3, 3, 9, 12, 41, tzinfo=UTC)
    assert (entry.comments, entry.language, entry.breaking) == (7, "en-GB", False)
    assert feed.entries[1].breaking
    assert feed.entries[1].title == "AT&T & Vodafone: “no comment”"
    assert feed.ttl == timedelta(minutes=30)
    assert feed.self_url == "https://gazette.example/feed/"


def test_a_picture_is_described_by_its_caption_never_by_its_file_name() -> None:
    image = corpus("arc.xml").entries[0].image
    assert image is not None
    assert (image.url, image.alt) == (
        "https://metro.example/resizer/mayor.jpg?auth=abc&width=1200",
        "The mayor at the town hall on Tuesday",
    )
    named = only(
        '<title>x</title><media:content url="https://e.example/IMG_1.jpg" medium="image">'
        "<media:title>IMG_1.jpg</media:title></media:content>"
    )
    assert named.image is not None
    assert named.image.alt == ""


def test_counting_pixels_and_avatars_are_no_pictures() -> None:
    medium = corpus("medium.xml").entries[0]
    assert medium.image is not None
    assert medium.image.url.endswith("/1.png")
    assert (
        only('<title>x</title><media:content url="https://secure.gravatar.com/avatar/1" medium="image"/>').image is None
    )


def test_a_film_in_a_feed_has_its_thumbnail_and_its_own_description() -> None:
    entry = corpus("youtube.xml").entries[0]
    assert entry.image is not None
    assert (entry.image.url, entry.summary) == ("https://i1.ytimg.com/vi/v1/hqdefault.jpg", "All that matters.")


def test_atom_resolves_links_by_xml_base() -> None:
    first, second = corpus("xml_base.atom").entries
    assert first.url == "https://base.example/blog/2026/strasse.html"
    assert first.title == "Straße gesperrt"
    assert 'href="https://base.example/blog/2026/karte.html"' in first.body
    assert first.language == "de"
    assert second.title == "Ein zweiter Titel"
    assert second.updated_at == datetime(2026, 3, 3, 12, tzinfo=UTC)


def test_json_feed_with_our_extension() -> None:
    feed = corpus("newsroom.json")
    first, second = feed.entries
    assert first.title == "Dogs & cats < birds"
    assert first.body == '<p>Hello <a rel="noopener noreferrer">there</a></p>'
    assert (first.social, first.breaking, first.author) == ("The editor's own words", True, "Desk")
    assert first.words == ("Science", "breaking")
    assert first.published_at == datetime(2026, 3, 3, 11, tzinfo=UTC)
    assert (second.guid, second.url, second.body) == (
        "2",
        "https://elsewhere.example/2",
        "Only text &amp; &lt;tags&gt;",
    )
    assert feed.hub == "https://hub.example/"


def test_the_editors_own_words_and_breaking_come_by_elements_of_ours() -> None:
    entry = only(
        "<title>x</title><distributor:social>Read this!</distributor:social>"
        "<distributor:breaking>true</distributor:breaking>"
    )
    assert (entry.social, entry.breaking) == ("Read this!", True)


def test_without_a_guid_the_link_stands_in_and_without_a_link_a_digest_that_stays_the_same() -> None:
    assert only("<title>x</title><link>https://e.example/1</link>").guid == "https://e.example/1"
    item = "<title>x</title><pubDate>Tue, 03 Mar 2026 12:00:00 GMT</pubDate>"
    one, again = only(item), only(item + "<description>edited</description>")
    assert one.guid == again.guid
    assert one.guid.startswith("sha256:")


def test_an_opaque_permalink_is_no_link() -> None:
    assert only("<guid>12345</guid><title>x</title>").url == ""


def test_tags_and_categories_are_told_apart() -> None:
    entry = only(
        '<title>x</title><category>World</category><category domain="post_tag">rivers</category>'
        "<media:keywords>a, b</media:keywords>"
    )
    assert entry.words == ("World",)
    assert entry.tags == ("rivers", "a", "b")


def test_withdrawn_entries_are_told() -> None:
    body = (
        b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"><title>x</title>'
        b'<at:deleted-entry ref="urn:gone" when="2026-01-01T00:00:00Z"/></feed>'
    )
    assert parse(body).deleted == ("urn:gone",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"<!doctype html><html><head><title>x</title></head><body>y</body></html>", "web page"),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", "web page"),
        (b"<?xml version='1.0'?><opml version='2.0'><body/></opml>", "root is <opml>"),
        (b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "root is <urlset>"),
        (b'{"a": 1}', "no JSON Feed"),
        (b"{broken", "none"),
        (b"[1, 2]", "no JSON Feed"),
        (b"just words", "no feed"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no feed"),
    ],
)
def test_what_is_no_feed_is_said_in_one_line(body: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as caught:
        parse(body)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("body", [b"<rss/>", b"<feed xmlns='http://www.w3.org/2005/Atom'/>", b'{"items": []}'])
def test_an_empty_feed_is_a_feed(body: bytes) -> None:
    assert parse(body).entries == ()


def test_an_encoding_is_believed_only_where_it_fits() -> None:
    text = '<?xml version="1.0" encoding="iso-8859-1"?><rss><channel><item><title>Zürich – ☂</title></item>'
    text += "</channel></rss>"
    [entry] = parse(text.encode(), content_type="text/xml; charset=iso-8859-1").entries
    assert entry.title == "Zürich – ☂"
    text = "<rss><channel><item><title>Zürich</title><author>ä</author></item></channel></rss>"
    mixed = text.encode().replace("ä".encode(), b"\xe4")
    [entry] = parse(mixed).entries
    assert (entry.title, entry.author) == ("Zürich", "ä")


@given(st.text(st.characters(whitelist_categories=("Lo", "Nd")), min_size=1, max_size=60))
def test_a_title_of_letters_comes_out_of_every_format_as_it_went_in(title: str) -> None:
    feeds = (
        json.dumps({"items": [{"id": "1", "title": f"A {title}"}]}),
        f"<rss><channel><item><guid>1</guid><title>A {title}</title></item></channel></rss>",
        f"<rss><channel><item><guid>1</guid><title><![CDATA[A {title}]]></title></item></channel></rss>",
        f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><title>A {title}</title></entry></feed>",
    )
    assert {entry.title for feed in feeds for entry in parse(feed.encode()).entries} == {f"A {title}"}


@given(st.binary(max_size=400))
def test_no_bytes_give_anything_but_a_feed_or_unreadable(noise: bytes) -> None:
    for body in (noise, b"<rss><channel><item><title>" + noise + b"</title></item></channel></rss>"):
        try:
            feed = parse(body, base_url="https://e.example/")
        except Unreadable:
            continue
        assert all(entry.guid for entry in feed.entries)
