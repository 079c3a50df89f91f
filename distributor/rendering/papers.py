"""An edition as a template sees it: sections of stories, each story plain words, links and one picture. Pure.

Paper -> told     the edition's name, date, sender, links
      -> arranged sections, the Trending one first as it came; each story once, what is not there left out
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any, Literal

from distributor.model import Article, Edition, Image, Lane, Section
from distributor.rendering.catalogue import Catalogue
from distributor.rendering.content import alt_text, clean, facts, web_address
from distributor.rendering.directions import direction_of, written
from distributor.text import fit, plain, summarise

__all__ = ["Excerpts", "Links", "Paper", "arranged", "cut", "told"]

TITLE, ALT, NAME = 160, 125, 200  # characters in a mail; a page has titles whole
SUMMARY, LEAD = 200, 320
SHEET, THUMB, TALLEST = 560, 120, 160  # pixels: the width within the margins, a small picture
SHOWN = 150  # stories that a mail could hold at most, bare of all but their titles
# What the engine replaces by tokens (MARKER and CLICK of distributor.mail) begins with one of these words twice: no
# article may say it, or its link would take the token to a stranger's site.
TOKENS = READERS, MAILS = "READER", "CLICKS"
LEAST = 60  # a picture smaller than this shows nothing (or counts readers)

Excerpt = Callable[[Article], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a digest's links lead: absolute http(s) addresses. "" leaves a link out.

    Those of one reader hold that reader's token, or a marker of the same length that the engine replaces.
    """

    web: str
    preferences: str
    unsubscribe: str
    fewer: str
    archive: str = ""
    subscribe: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a digest is rendered from; an alert is one of a single section with one article.

    `articles` may lack some of the edition's: they were withdrawn, and are left out. `name` is the digest's title for
    people. `subject` is the operator's own template for the subject. `tracked` gives an article's link as it shall
    stand in the mail. `zone` is the readers' clock, None: the site's.
    """

    edition: Edition
    articles: Mapping[int, Article]
    name: str
    sender: str
    postal_address: str
    links: Links
    kind: Literal["digest", "alert", "web"] = "digest"
    subject: str = ""
    tracked: Callable[[Article], str] | None = None
    zone: tzinfo | None = None


class Excerpts:
    """The few lines beside a title, made once for each state of an article: every segment of a slot needs them."""

    MOST = 2_000

    def __init__(self) -> None:
        self._made: dict[object, str] = {}

    def __call__(self, article: Article) -> str:
        key = (article.id, article.revision, article.title, article.summary, len(article.body), article.body[:100])
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= self.MOST:
                self._made.clear()
            found = self._made[key] = _excerpt(article)
        return found


def _excerpt(article: Article) -> str:
    title, summary = clean(article.title), clean(article.summary)
    text = clean(plain(article.body)[:20_000], 20_000)
    return clean(summarise(title=title, summary=summary, text=text, language=article.language))


def cut(text: str, most: int) -> str:
    """At most `most` characters, cut at a sentence or a word and marked."""
    return text if len(text) <= most else fit("slack", text, limit=most)


def told(paper: Paper, words: Catalogue, zone: tzinfo) -> dict[str, Any]:
    """What is true of the whole edition."""
    right = words.direction == "rtl"
    return {
        "kind": paper.kind,
        "name": clean(paper.name, NAME),
        "date": words.date(paper.edition.slot, zone),
        "slot": paper.edition.slot.isoformat(),
        "sender": clean(paper.sender, NAME),
        "postal_address": clean(paper.postal_address, 500),
        "links": {name: web_address(url) for name, url in asdict(paper.links).items()},
        "language": words.language,
        "dir": words.direction,
        "start": "right" if right else "left",
        "end": "left" if right else "right",
    }


def arranged(
    paper: Paper, words: Catalogue, zone: tzinfo, *, link: Callable[[Article], str], excerpt: Excerpt
) -> list[dict[str, Any]]:
    """The sections that have something to show. `link` is an article's address as it shall be written."""
    whole = paper.kind == "web"
    rest_known = any(number in paper.articles for section in paper.edition.sections for number in section.rest)
    today = paper.edition.slot.astimezone(zone).date()
    made: list[dict[str, Any]] = []
    for place, section in enumerate(paper.edition.sections, 1):
        wanted = [n for n in section.articles + (section.rest if whole else ()) if n in paper.articles]
        shown = wanted if whole else wanted[: max(SHOWN // len(paper.edition.sections), 1)]
        stories = [
            _spared(_story(article, paper, words, link=link, excerpt=excerpt), tracked=paper.tracked is not None)
            | {
                "when": _when(article, words, zone, today),
                "category": "" if section.title else _category(article, paper),
            }
            for article in (paper.articles[number] for number in shown)
        ]
        rest = 0 if whole else _count(section, paper, rest_known) + len(wanted) - len(shown)
        if stories or rest:
            made.append(_section(section, place, words) | {"stories": stories, "rest": rest})
    stories = [story for section in made for story in section["stories"]]
    for place, story in enumerate(stories):
        _size(story, lead=place == 0)
    return made


def _count(section: Section, paper: Paper, known: bool) -> int:
    """How many are on the web page only. A mail's caller need not read them; then none is known to be withdrawn."""
    return sum(number in paper.articles for number in section.rest) if known else len(section.rest)


def _section(section: Section, place: int, words: Catalogue) -> dict[str, Any]:
    title = clean(section.title, NAME)
    return {
        "title": title or words.text("digest.trending"),
        "trending": not title,
        "number": place,
        "anchor": f"section-{place}",
        "dir": _apart(written(title, words.direction), words),
    }


def _story(
    article: Article, paper: Paper, words: Catalogue, *, link: Callable[[Article], str], excerpt: Excerpt
) -> dict[str, Any]:
    known = facts(article)
    whole = paper.kind == "web"
    language = known["language"]
    summary = excerpt(article)
    return {
        "id": article.id,
        "title": known["title"] if whole else cut(known["title"], TITLE),
        "url": web_address(link(article)),
        "summary": cut(summary, LEAD if whole else SUMMARY),
        "lead_summary": cut(summary, LEAD),
        "author": cut(known["author"], 80),
        "published_at": known["published_at"],
        "corrected": article.revision > 1,
        "breaking": article.lane == Lane.BREAKING,
        "picture": _picture(article.image, SHEET, SHEET),
        "thumb": _picture(article.image, THUMB, TALLEST),
        "lead": False,
        "language": language,
        "lang": "" if _base(language) in ("", _base(words.language)) else language,
        "dir": _apart(written(known["title"], direction_of(language) if language else words.direction), words),
    }


def _spared(values: dict[str, Any], *, tracked: bool = False) -> dict[str, Any]:
    """Without what would become a token: broken in words, percent-encoded (the same address) in links.

    A story's own link that leads through ours (`tracked`) has the place for the mail's token.
    """
    made = dict(values)
    for key, value in values.items():
        if isinstance(value, dict):
            made[key] = _spared(value)
        elif isinstance(value, str):
            for word in TOKENS:
                if word * 2 in value and not (tracked and key == "url" and word == MAILS):
                    between = f"%{ord(word[0]):X}{word[1:]}" if key == "url" else f" {word}"
                    value = value.replace(word * 2, word + between)
            made[key] = value
    return made


def _size(story: dict[str, Any], *, lead: bool) -> None:
    """The first story of all has more room: a wide picture where there is one, and a longer summary."""
    picture = story["picture"]
    wide = picture and picture["width"] >= SHEET // 2 and picture["width"] > 1.2 * picture["height"]
    story["lead"] = lead
    if lead:
        story["summary"] = story["lead_summary"]
    story["thumb" if lead and wide else "picture"] = None


def _apart(direction: str, words: Catalogue) -> str:
    """The direction where it differs from the page's: then it must be said."""
    return "" if direction == words.direction else direction


def _base(language: str) -> str:
    return language.lower().replace("_", "-").partition("-")[0]


def _when(article: Article, words: Catalogue, zone: tzinfo, today: object) -> str:
    moment = article.published_at
    if moment.astimezone(zone).date() == today:
        return words.time(moment, zone)
    return words.date(moment, zone, "moment")


def _category(article: Article, paper: Paper) -> str:
    """Which of its categories a trending story is shown with: one that the readers chose, if any."""
    chosen = paper.edition.choice.categories
    words = sorted(article.categories, key=lambda word: word not in chosen) if chosen else article.categories
    return clean(words[0], NAME) if words else ""


def _picture(image: Image | None, widest: int, tallest: int) -> dict[str, Any] | None:
    """The picture, scaled to fit; a height of 0 is unknown."""
    if image is None or not (url := web_address(image.url)):
        return None
    if 0 < image.width < LEAST or 0 < image.height < LEAST:
        return None
    width, height = widest, 0
    if image.width > 0 and image.height > 0:
        scale = min(widest / image.width, tallest / image.height, 1.0)
        width, height = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    return {"url": url, "alt": cut(alt_text(image), ALT), "width": width, "height": height}
