"""The sample site: its timeline, feeds and pages, with a clock of our own."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from lxml import etree, html

from distributor.sample import Newsroom, articles

STARTED = datetime(2025, 3, 1, 9, 30, 0, 700_000, tzinfo=UTC)
BASE = "http://127.0.0.1:8123"
FEEDS = ["/feed.xml", "/atom.xml"]
LIVE, EDITED, WITHDRAWN = "whale-leaves-the-harbour", "harbour-marathon", "the-great-harbour-quiz"


@pytest.fixture(scope="module")
def newsroom() -> Newsroom:
    return Newsroom(started=STARTED, base_url=BASE)


def get(newsroom: Newsroom, path: str, seconds: float = 0, **headers: str) -> tuple[int, dict[str, str], bytes]:
    asked = {name.replace("_", "-"): value for name, value in headers.items()}
    response = newsroom.respond(path, asked, newsroom.started + timedelta(seconds=seconds))
    return response.status, dict(response.headers), response.body


def slugs(newsroom: Newsroom, seconds: float) -> set[str]:
    return {article.slug for article in newsroom.articles_at(timedelta(seconds=seconds))}


# The timeline


def test_an_article_appears_live_after_six_seconds(newsroom: Newsroom) -> None:
    assert slugs(newsroom, 6) - slugs(newsroom, 5.9) == {LIVE}
    assert newsroom.articles_at(timedelta(seconds=6))[0].slug == LIVE


def test_an_article_is_edited_after_eight_seconds(newsroom: Newsroom) -> None:
    before, after = (
        next(one for one in newsroom.articles_at(timedelta(seconds=s)) if one.slug == EDITED) for s in (7.9, 8)
    )
    assert (before.revision, after.revision) == (1, 2)
    assert before.title != after.title
    assert before.body != after.body
    assert before.guid == after.guid
    assert before.published_at == after.published_at == before.updated_at
    assert after.updated_at == newsroom.started + timedelta(seconds=8)


def test_an_article_is_withdrawn_after_ten_seconds(newsroom: Newsroom) -> None:
    assert slugs(newsroom, 9.9) - slugs(newsroom, 10) == {WITHDRAWN}
    assert get(newsroom, f"/articles/{WITHDRAWN}", 9.9)[0] == 200
    assert get(newsroom, f"/articles/{WITHDRAWN}", 10)[0] == 410
    assert [one.slug for one in newsroom.withdrawn_at(timedelta(seconds=10))] == [WITHDRAWN]
    assert newsroom.withdrawn_at(timedelta(seconds=9)) == []


def test_then_news_comes_in_about_once_a_minute(newsroom: Newsroom) -> None:
    assert [len(slugs(newsroom, s)) - len(slugs(newsroom, 10)) for s in (60, 70, 130, 190, 9_999)] == [0, 1, 2, 3, 3]


def test_an_article_is_unknown_before_it_appears(newsroom: Newsroom) -> None:
    assert get(newsroom, f"/articles/{LIVE}", 5)[0] == 404
    assert get(newsroom, f"/articles/{LIVE}", 6)[0] == 200


@pytest.mark.parametrize("seconds", [0, 6, 8, 10, 500])
def test_no_article_is_seen_before_its_own_date(newsroom: Newsroom, seconds: int) -> None:
    now = newsroom.started + timedelta(seconds=seconds)
    shown = newsroom.articles_at(timedelta(seconds=seconds))
    assert all(one.published_at <= one.updated_at <= now for one in shown)
    assert shown == sorted(shown, key=lambda one: one.published_at, reverse=True)


def test_the_news_is_fresh_and_its_dates_are_spread(newsroom: Newsroom) -> None:
    ages = [newsroom.started - one.published_at for one in newsroom.articles_at(timedelta(0))]
    assert min(ages) < timedelta(minutes=15)
    assert max(ages) > timedelta(hours=24)
    assert len(set(ages)) == len(ages)


def test_the_same_start_gives_the_same_bytes() -> None:
    one, other = (Newsroom(started=STARTED, base_url=BASE) for _ in range(2))
    for path in [*FEEDS, "/feed.json", "/", f"/articles/{EDITED}"]:
        assert get(one, path, 9) == get(other, path, 9)


def test_another_address_changes_links_but_no_guid(newsroom: Newsroom) -> None:
    moved = feedparser.parse(io.BytesIO(get(newsroom.at("http://127.0.0.1:9/"), "/feed.xml")[2]))
    here = feedparser.parse(io.BytesIO(get(newsroom, "/feed.xml")[2]))
    assert [one.id for one in moved.entries] == [one.id for one in here.entries]
    assert all(one.link.startswith("http://127.0.0.1:9/articles/") for one in moved.entries)


# Feeds


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize("seconds", [0, 7, 9, 11, 300])
def test_a_feed_is_sound_and_says_what_the_site_shows(newsroom: Newsroom, path: str, seconds: int) -> None:
    feed = feedparser.parse(io.BytesIO(get(newsroom, path, seconds)[2]))
    shown = newsroom.articles_at(timedelta(seconds=seconds))
    assert not feed.bozo
    assert feed.version == {"/feed.xml": "rss20", "/atom.xml": "atom10"}[path]
    assert [entry.id for entry in feed.entries] == [article.guid for article in shown]
    for entry, article in zip(feed.entries, shown, strict=True):
        assert entry.title == article.title
        assert entry.link == f"{BASE}/articles/{article.slug}"
        assert datetime(*entry.published_parsed[:6], tzinfo=UTC) == article.published_at
        if article.summary:  # where there is none, feedparser takes another element's text for it
            assert entry.summary == article.summary
        assert entry.content[-1].value == article.body
        assert tuple(tag.term for tag in entry.tags)[: len(article.categories)] == article.categories
        assert entry.author == article.author
        assert entry.slash_comments == str(article.comments)
        assert entry.media_content[0]["url"] == f"{BASE}/media/{article.picture.name}"
        assert ("distributor_breaking" in entry) == article.breaking
        assert entry.get("distributor_social", "") == article.social


@pytest.mark.parametrize("path", FEEDS)
def test_every_picture_in_a_feed_has_its_alt_text_and_each_article_its_language(newsroom: Newsroom, path: str) -> None:
    root = etree.fromstring(get(newsroom, path)[2])
    shown = newsroom.articles_at(timedelta(0))
    alts = root.findall(".//{http://search.yahoo.com/mrss/}content/{http://search.yahoo.com/mrss/}description")
    assert [alt.text for alt in alts] == [article.picture.alt for article in shown]
    if path == "/atom.xml":
        languages = root.xpath("a:entry/@xml:lang", namespaces={"a": "http://www.w3.org/2005/Atom"})
    else:
        languages = [element.text for element in root.iter("{http://purl.org/dc/elements/1.1/}language")]
    assert languages == [article.language for article in shown]


def test_a_feed_never_slows_its_reader_down(newsroom: Newsroom) -> None:
    assert b"<ttl" not in get(newsroom, "/feed.xml")[2]
    assert all(get(newsroom, path)[1]["Cache-Control"] == "no-cache" for path in [*FEEDS, "/feed.json"])


def test_the_rss_feed_names_itself_and_its_guids_are_no_links(newsroom: Newsroom) -> None:
    root = etree.fromstring(get(newsroom, "/feed.xml")[2])
    itself = root.find("channel/{http://www.w3.org/2005/Atom}link")
    assert itself is not None
    assert (itself.get("rel"), itself.get("href")) == ("self", f"{BASE}/feed.xml")
    assert {guid.get("isPermaLink") for guid in root.iter("guid")} == {"false"}


def test_the_atom_feed_marks_what_was_withdrawn(newsroom: Newsroom) -> None:
    marks = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
    assert etree.fromstring(get(newsroom, "/atom.xml", 9)[2]).find(marks) is None
    mark = etree.fromstring(get(newsroom, "/atom.xml", 10)[2]).find(marks)
    assert mark is not None
    assert mark.get("ref") == f"tag:courier.example,2025:{WITHDRAWN}"
    assert mark.get("when") == "2025-03-01T09:30:10Z"


def test_the_json_feed_holds_the_same_articles(newsroom: Newsroom) -> None:
    feed = json.loads(get(newsroom, "/feed.json", 9)[2])
    shown = newsroom.articles_at(timedelta(seconds=9))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == f"{BASE}/feed.json"
    assert [item["id"] for item in feed["items"]] == [article.guid for article in shown]
    for item, article in zip(feed["items"], shown, strict=True):
        assert datetime.fromisoformat(item["date_published"]) == article.published_at
        assert ("date_modified" in item) == (article.revision > 1)
        assert tuple(item["tags"]) == article.categories
        assert item["_distributor"].get("social", "") == article.social
        assert item["attachments"][0] == {
            "url": item["image"],
            "mime_type": article.picture.type,
            "title": article.picture.alt,
        }


# Pages


def test_the_front_page_names_the_feeds_and_shows_every_article(newsroom: Newsroom) -> None:
    page = html.fromstring(get(newsroom, "/")[2])
    alternates = {link.get("type"): link.get("href") for link in page.xpath("//link[@rel='alternate']")}
    assert alternates == {
        "application/atom+xml": f"{BASE}/atom.xml",
        "application/rss+xml": f"{BASE}/feed.xml",
        "application/feed+json": f"{BASE}/feed.json",
    }
    assert len(page.xpath("//article")) == len(newsroom.articles_at(timedelta(0)))
    assert all(image.get("alt") for image in page.xpath("//img"))


@pytest.mark.parametrize("slug", [story.slug for story in articles.stories()])
def test_an_articles_page_says_all_that_machines_ask_for(newsroom: Newsroom, slug: str) -> None:
    seconds = 9 if slug == WITHDRAWN else 500
    status, _, body = get(newsroom, f"/articles/{slug}", seconds)
    article = next(one for one in newsroom.articles_at(timedelta(seconds=seconds)) if one.slug == slug)
    page = html.document_fromstring(body, parser=html.HTMLParser(recover=False, encoding="utf-8", huge_tree=False))
    meta = {one.get("property"): one.get("content") for one in page.xpath("//meta[@property]")}
    data = json.loads(page.xpath("//script[@type='application/ld+json']")[0].text)
    address = f"{BASE}/articles/{slug}"
    assert status == 200
    assert page.xpath("//link[@rel='canonical']/@href") == [address]
    assert (meta["og:url"], meta["og:title"], meta["og:image:alt"]) == (address, article.title, article.picture.alt)
    assert meta.get("og:description", "") == article.summary
    assert (data["@type"], data["headline"], data["inLanguage"]) == ("NewsArticle", article.title, article.language)
    assert data["articleSection"] == list(article.categories)
    assert (page.get("lang"), page.get("dir")) == (article.language, article.direction)
    assert page.xpath("//h1")[0].text_content() == article.title
    assert page.xpath("//article//img/@alt") == [article.picture.alt]


def test_right_to_left_articles_say_so(newsroom: Newsroom) -> None:
    directions = {article.language: article.direction for article in newsroom.articles_at(timedelta(0))}
    assert {language for language, direction in directions.items() if direction == "rtl"} == {"ar", "he"}


@pytest.mark.parametrize("name", sorted(articles.pictures()))
def test_a_picture_is_served_with_its_type(newsroom: Newsroom, name: str) -> None:
    status, headers, body = get(newsroom, f"/media/{name}")
    assert (status, headers["Content-Type"]) == (200, articles.pictures()[name].type)
    assert body == articles.picture_bytes(name)


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/articles/", "/articles/nothing", "/media/", "/media/pictures.toml", "/media/../articles.py",
     "/media/%2e%2e/x", "//", "*", "", "/feed.xml/", "http://[::1", "/articles/x/" + EDITED],
)  # fmt: skip
def test_what_is_not_there_is_a_plain_404(newsroom: Newsroom, path: str) -> None:
    status, headers, body = get(newsroom, path)
    assert status == (200 if path == "" else 404)
    assert headers["Content-Type"].startswith("text/html")
    assert html.fromstring(body).xpath("//h1")


def test_a_query_is_ignored(newsroom: Newsroom) -> None:
    assert get(newsroom, f"/articles/{EDITED}?utm_source=x")[2] == get(newsroom, f"/articles/{EDITED}")[2]


# Conditional requests


@pytest.mark.parametrize("path", [*FEEDS, "/feed.json", "/", f"/articles/{EDITED}", "/media/ferry.jpg"])
def test_an_unchanged_page_is_not_sent_again(newsroom: Newsroom, path: str) -> None:
    status, headers, body = get(newsroom, path)
    assert status == 200
    assert body
    for asked in (
        {"If_None_Match": headers["ETag"]},
        {"if_none_match": f'"other", W/{headers["ETag"]}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": headers["Last-Modified"]},
    ):
        status, again, body = get(newsroom, path, 1, **asked)
        assert (status, body) == (304, b"")
        assert again["ETag"] == headers["ETag"]


@pytest.mark.parametrize("seconds", [6, 8, 10, 70])
@pytest.mark.parametrize("path", [*FEEDS, "/"])
def test_a_change_is_seen_by_tag_and_by_date(newsroom: Newsroom, path: str, seconds: int) -> None:
    _, headers, _ = get(newsroom, path, seconds - 1)
    assert get(newsroom, path, seconds, If_None_Match=headers["ETag"])[0] == 200
    assert get(newsroom, path, seconds, If_Modified_Since=headers["Last-Modified"])[0] == 200


def test_a_tag_counts_more_than_a_date_and_nonsense_counts_for_nothing(newsroom: Newsroom) -> None:
    later = "Sat, 01 Mar 2035 00:00:00 GMT"
    assert get(newsroom, "/feed.xml", If_None_Match='"other"', If_Modified_Since=later)[0] == 200
    assert get(newsroom, "/feed.xml", If_Modified_Since=later)[0] == 304
    for nonsense in ("yesterday", "", "Sat, 99 Foo 2025", "0", "Sat, 01 Mar 2035 00:00:00 -0000"):
        assert get(newsroom, "/feed.xml", If_Modified_Since=nonsense)[0] == 200
