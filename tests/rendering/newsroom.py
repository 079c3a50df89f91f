"""Editions for the tests of mails: small ones by hand, real ones of the sample newsroom, monstrous ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import distributor
from distributor.model import Article, Choice, Edition, Image, Lane, Section
from distributor.rendering import Links, Paper, Renderer, SiteFacts
from distributor.sample.articles import shown, stories

OURS = Path(distributor.__file__).parent / "templates"
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
TOKEN = "k" * 28
PARIS = ZoneInfo("Europe/Paris")
SITE = SiteFacts(name="The Paper", url="https://paper.example", language="en", zone=PARIS)
LINKS = Links(
    web="https://go.paper.example/editions/5",
    preferences=f"https://go.paper.example/p/{TOKEN}",
    unsubscribe=f"https://go.paper.example/u/{TOKEN}",
    fewer=f"https://go.paper.example/f/{TOKEN}",
    archive="https://go.paper.example/archive",
    subscribe="https://go.paper.example/subscribe",
)
ARABIC = "قرية عين الرمان تعيد الماء إلى قنواتها القديمة بعد انقطاع دام ستين عامًا"


def renderer(*folders: Path, site: SiteFacts = SITE) -> Renderer:
    return Renderer(folders=[*folders, OURS], site=site)


def article(number: int, **fields: Any) -> Article:
    given: dict[str, Any] = {
        "id": number,
        "source": "paper",
        "guid": str(number),
        "url": f"https://paper.example/{number}",
        "title": f"Story number {number}",
        "summary": f"What happened in story number {number}, told in one whole sentence that is long enough.",
        "categories": ("Business",),
        "author": "Ada Byron",
        "language": "en",
        "published_at": NOW - timedelta(hours=1, minutes=number),
        "seen_at": NOW,
    }
    return Article(**given | fields)


def paper(articles: Sequence[Article], sections: Sequence[Section] | None = None, **fields: Any) -> Paper:
    """A digest of these articles: in one section of Business, unless said."""
    sections = sections or [Section("Business", tuple(a.id for a in articles))]
    language = fields.pop("language", "en")
    categories = fields.pop("categories", ())
    edition = Edition(
        id=5,
        digest="daily",
        choice=Choice(language=language, categories=categories),
        slot=NOW,
        since=NOW - timedelta(days=1),
        until=NOW,
        sections=tuple(sections),
        made_at=NOW,
    )
    given: dict[str, Any] = {
        "edition": edition,
        "articles": {a.id: a for a in articles},
        "name": "The Morning Paper",
        "sender": "The Paper",
        "postal_address": "1 rue Haute, Paris",
        "links": LINKS,
    }
    return Paper(**given | fields)


def sampled(language: str = "en", **fields: Any) -> Paper:
    """The sample newsroom's morning: Trending, then its categories."""
    seen = (shown(story, NOW - timedelta(minutes=30), timedelta(minutes=20)) for story in stories())
    articles: Mapping[int, Article] = {
        number: article(
            number,
            url=f"https://courier.example/{one.slug}",
            title=one.title,
            summary=one.summary,
            body=one.body,
            categories=one.categories,
            author=one.author,
            image=Image(f"https://courier.example/media/{one.picture.name}", one.picture.alt, width=1200, height=630),
            language=one.language,
            published_at=one.published_at,
            revision=one.revision,
            lane=Lane.BREAKING if one.breaking else Lane.NORMAL,
        )
        for number, one in enumerate((one for one in seen if one), 1)
    }
    by_category: dict[str, list[int]] = {}
    for number in list(articles)[3:]:
        by_category.setdefault(articles[number].categories[0], []).append(number)
    sections = [Section("", tuple(articles)[:3])]
    sections += [Section(title, tuple(numbers[:4]), tuple(numbers[4:])) for title, numbers in by_category.items()]
    return paper(list(articles.values()), sections, **{"language": language, "name": "The Harbour Courier"} | fields)


def monster(sections: int, each: int, title: str = ARABIC * 4, language: str = "ar") -> Paper:
    """Long titles in many bytes, long addresses, a picture for each."""
    articles = [
        article(
            number,
            url=f"https://paper.example/{quote(ARABIC)}/{number}",
            title=f"{number} {title}",
            summary=f"{ARABIC}، ثم عادت الحياة إلى بساتين النخيل التي زرعها الأجداد قبل قرون. {number}",
            author="ليلى حدّاد",
            image=Image(f"https://paper.example/{number}.jpg", "نخيل على ضفة قناة", width=1200, height=630),
            language=language,
        )
        for number in range(1, sections * each + 1)
    ]
    made = [
        Section(f"قسم {place}" if place else "", tuple(range(place * each + 1, (place + 1) * each + 1)))
        for place in range(sections)
    ]
    return paper(articles, made, language=language)
