"""An article that a person gives by its address: known already, or made from its page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from distributor import matching, publish, text
from distributor.config.source import Source as SourceSettings
from distributor.context import App
from distributor.errors import NotFound, Unreachable, Unreadable
from distributor.finding import find_article
from distributor.matching import Candidate
from distributor.model import Article, Entry
from distributor.publish import BY_HAND
from distributor.sources import canonical, page
from distributor.store import articles

__all__ = ["BY_HAND", "article_from", "look_up", "take_in"]

PAGE_BYTES = 5_000_000


def look_up(app: App, word: str) -> tuple[Article | None, Candidate]:
    """The article as known, or else what its page says."""
    nothing = Candidate(Entry(guid="", url="", title=""), "")
    try:
        return find_article(app, word), nothing
    except NotFound:
        if not word.strip().lower().startswith(("http://", "https://")):
            raise
    candidate = _fetched(app, word.strip())
    with app.store.read() as connection:
        known = articles.known(connection, matching.keys(BY_HAND, candidate))
    article = next((one.article for one in known.values()), None)
    return article, candidate


def take_in(app: App, connection: sa.Connection, candidate: Candidate, now: datetime) -> Article:
    """Keeps the article that a page tells of; its id is in the article returned."""
    article = article_from(app, candidate, now)
    keys = matching.own_keys(BY_HAND, candidate, matching.claims_of([candidate]))
    lead = article.summary or matching.plain(article.body)[:400]
    story = text.fingerprint(article.title, lead)
    return articles.add(connection, article, keys=keys, digest=matching.digest(candidate.entry), story=story)


def article_from(app: App, candidate: Candidate, now: datetime) -> Article:
    """The article as its page tells it, not yet in the store."""
    entry = candidate.entry
    return publish.article_of(entry, _source(app, entry.url), app, now, url=candidate.page or candidate.url)


def _fetched(app: App, url: str) -> Candidate:
    answer = app.fetcher.get(url, max_bytes=PAGE_BYTES)
    if answer.status != 200:
        raise Unreachable(f"{answer.url} answers {answer.status}", status=answer.status)
    kind = answer.headers.get("content-type", "")
    address = canonical.canonical(answer.url)
    entry = page.complete(Entry(guid=address, url=address, title=""), answer.body, url=answer.url, content_type=kind)
    if not matching.tells(address):
        raise Unreadable(f"{answer.url} is a site's front page", hint="give the address of the article's page")
    if not entry.title:
        raise Unreadable(f"{answer.url} has no title: it is no article", hint="give the address of the article's page")
    return Candidate(entry, address, entry.canonical if entry.canonical != address else "")


def _source(app: App, url: str) -> SourceSettings:
    """Source "by-hand"; the words of a page are mapped as the source of the same site maps its own."""
    settings: dict[str, Any] = {"name": BY_HAND, "url": url}
    twin = next((one for one in app.settings.sources.values() if canonical.same_site(one.url, url)), None)
    if twin is not None:
        return twin.model_copy(update=settings)
    return SourceSettings(**settings)
