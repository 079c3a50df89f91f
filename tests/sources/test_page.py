"""What a feed leaves out, from the article's page."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from distributor.model import Entry, Image
from distributor.sources import clean, page

URL = "https://paper.example/2026/rivers"
BARE = Entry(guid="1", url=URL, title="")
TEXT = (
    "<p>"
    + "</p><p>".join(f"Sentence number {i} of the article says something about rivers and towns." for i in range(12))
    + "</p>"
)
PICTURE = {
    "@type": "ImageObject",
    "url": "/river.jpg",
    "caption": "A river from above",
    "width": 1200,
    "height": "800 px",
}
ARTICLE = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": "WebSite", "name": "Paper"},
        {"@id": "#noor", "@type": "Person", "name": "Noor Haddad"},
        {
            "@type": ["NewsArticle", "Thing"],
            "headline": "Why rivers &amp; towns meet",
            "description": "Water takes its time.",
            "image": [
                {
                    "@type": "ImageObject",
                    "url": "/river.jpg",
                    "caption": "A river from above",
                    "width": 1200,
                    "height": "800 px",
                }
            ],
            "datePublished": "2026-03-03T12:00:00+01:00",
            "dateModified": "2026-03-03T13:00:00+01:00",
            "author": [{"@id": "#noor"}, "Ada Lund"],
            "articleSection": ["Science", "Environment"],
            "keywords": "rivers, towns",
            "inLanguage": {"@type": "Language", "alternateName": "en"},
            "commentCount": 4,
        },
    ],
}


def html(head: str = "", body: str = "") -> bytes:
    head = f"<title>Title | Paper</title>{head}"
    return f"<!doctype html><html lang='en-GB'><head>{head}</head><body>{body}</body></html>".encode()


def ld(data: object) -> str:
    text = json.dumps(data).replace("</", "<\\/")
    return f'<script type="application/ld+json">{text}</script>'


def test_json_ld_fills_everything() -> None:
    entry = page.complete(BARE, html(ld(ARTICLE), f"<article>{TEXT}</article>"))
    assert entry.title == "Why rivers & towns meet"
    assert entry.summary == "Water takes its time."
    assert entry.author == "Noor Haddad, Ada Lund"
    assert (entry.words, entry.tags) == (("Science", "Environment"), ("rivers", "towns"))
    assert entry.image == Image("https://paper.example/river.jpg", "A river from above", "image/jpeg", 1200, 800)
    assert (entry.published_at, entry.updated_at) == (
        datetime(2026, 3, 3, 11, tzinfo=UTC),
        datetime(2026, 3, 3, 12, tzinfo=UTC),
    )
    assert (entry.language, entry.comments) == ("en", 4)
    assert "Sentence number 7" in entry.body


def test_opengraph_fills_what_json_ld_does_not() -> None:
    head = (
        '<meta property="og:title" content="OG title"><meta property="og:description" content="OG says">'
        '<meta property="og:image" content="/a.jpg"><meta property="og:image:alt" content="A bridge">'
        '<meta property="article:section" content="World">'
        '<meta property="article:tag" content="x"><meta property="article:tag" content="y">'
        '<meta property="article:published_time" content="2026-03-03T12:00:00Z"><meta name="author" content="Kim">'
    )
    entry = page.complete(BARE, html(head))
    assert (entry.title, entry.summary, entry.words, entry.tags) == ("OG title", "OG says", ("World",), ("x", "y"))
    assert entry.image is not None
    assert (entry.image.url, entry.image.alt) == ("https://paper.example/a.jpg", "A bridge")
    assert (entry.author, entry.language) == ("Kim", "en-GB")


def test_what_the_feed_said_stays() -> None:
    full = Entry(
        guid="1", url=URL, title="Mine", summary="Own", body="<p>Own body</p>" + TEXT, words=("A",), tags=("b",),
        author="Me", image=Image("https://paper.example/own.jpg", "own"), language="fr",
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    completed = page.complete(full, html(ld(ARTICLE)))
    assert replace(completed, updated_at=None, comments=None) == full


def test_a_pictures_alt_text_comes_from_the_page_that_shows_it() -> None:
    own = replace(BARE, image=Image("https://paper.example/river-300x200.jpg"))
    completed = page.complete(own, html(ld(ARTICLE))).image
    assert completed is not None
    assert (completed.url, completed.alt) == ("https://paper.example/river-300x200.jpg", "A river from above")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://www.paper.example/rivers?utm_source=x", "https://www.paper.example/rivers"),
        ("/rivers", "https://paper.example/rivers"),
        ("https://paper.example/", ""),
        ("https://paper.example", ""),
        ("https://agency.example/rivers", ""),
        ("javascript:x", ""),
    ],
)
def test_rel_canonical_counts_on_the_same_site_and_never_for_its_root(address: str, kept: str) -> None:
    assert page.complete(BARE, html(f'<link rel="canonical" href="{address}">')).canonical == kept


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\0" * 1000, b"\x89PNG" + bytes(range(256)) * 40, b"{}", b"<", b"<html",
        b'<script type="application/ld+json">{broken</script>',
        b'<script type="application/ld+json">' + b"[" * 100_000 + b"</script>",
        b'<script type="application/ld+json">{"@type":"NewsArticle","headline":{"@value":[]},"image":[null]}</script>',
        b"<div>" * 300_000, b"<p>" * 50_000 + b"x", b"<table><tr><td>" * 15_000, b"<a <a <a" * 100_000,
        b"&" * 1_000_000,
    ],
    ids=range(14),
)  # fmt: skip
def test_no_page_breaks_or_stalls_it(body: bytes) -> None:
    start = time.process_time()
    assert page.complete(BARE, body).guid == "1"
    assert time.process_time() - start < 5


def test_nothing_active_comes_from_a_page() -> None:
    head = ld(
        {
            "@type": "Article",
            "headline": "<script>x</script>T",
            "articleBody": "<img src=x onerror=y>Text" * 20,
            "image": "javascript:x",
        }
    )
    entry = page.complete(BARE, html(head))
    assert (entry.title, entry.image) == ("T", None)
    assert "<img" not in entry.body


def test_text_is_extracted_as_people_would(shared: Path) -> None:
    folder = shared / "data" / "extraction"
    truth = json.loads((folder / "ground-truth.json").read_text())
    scores = []
    for name in sorted(truth)[::3]:
        text = page._decoded(gzip.decompress((folder / f"{name}.html.gz").read_bytes()), "")
        scores.append(f1(clean.plain(page.extract(text, URL)), truth[name]["articleBody"]))
    assert sum(scores) / len(scores) > 0.95


def f1(one: str, other: str) -> float:
    a, b = (Counter(re.findall(r"\w+", text)) for text in (one, other))
    common = sum((a & b).values())
    return 2 * common / (sum(a.values()) + sum(b.values()))
