"""From a frozen edition, or one article, to the mail that all its readers are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from email.utils import parseaddr
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from distributor import editions, paths, tracking
from distributor.codes import Link
from distributor.config.readers import WEEKDAYS, Digest
from distributor.context import App
from distributor.mail import MARKER
from distributor.model import Article, Choice, Edition, Message, Section
from distributor.rendering import Links, Paper
from distributor.store import editions as stored

__all__ = [
    "Printed",
    "alert_message",
    "digests_of",
    "links",
    "message",
    "offered",
    "paper",
    "printed",
    "printed_alert",
    "sender",
]


@dataclass(frozen=True, slots=True)
class Printed:
    """A mail, and the links in it that lead through ours: they work once they are kept, where the mail is frozen."""

    message: Message
    links: tuple[Link, ...] = ()


def digests_of(app: App) -> dict[str, tuple[tuple[int, ...], int]]:
    """What `schedules.schedule_of` wants to know: weekdays (0 is Monday) and hour of each digest that is offered."""
    return {
        one.name: (tuple(WEEKDAYS.index(day) for day in one.weekdays), one.hour)
        for one in app.settings.digests.values()
        if one.enabled
    }


def offered(app: App, digest: str = "") -> tuple[str, ...]:
    """The categories of a digest, or of the whole site, in the publisher's order."""
    settings = app.settings.digests.get(digest)
    titles = app.settings.site.categories
    if settings is None or settings.categories is None:
        return tuple(titles)
    return tuple(title for title in titles if title in settings.categories)


def sender(app: App) -> str:
    """Who writes, as people know them."""
    settings = app.settings
    name = parseaddr(settings.mail.sender)[0] if settings.mail else ""
    return name or settings.site.name


def links(app: App, edition_id: int) -> Links:
    """Where a mail's links lead. A reader's own hold MARKER in the token's place; an alert has no edition (0)."""
    site = app.settings.site.public_url
    if not site:
        return Links(web="", preferences="", unsubscribe="", fewer="")
    return Links(
        web=paths.at(site, paths.EDITION, edition_id) if edition_id else "",
        preferences=paths.at(site, paths.PREFERENCES, MARKER),
        unsubscribe=paths.at(site, paths.UNSUBSCRIBE, MARKER),
        fewer=paths.at(site, paths.PREFERENCES, MARKER, fewer="1"),
        archive=paths.at(site, paths.ARCHIVE),
        subscribe=paths.at(site, paths.SUBSCRIBE),
    )


def paper(app: App, connection: sa.Connection, edition: Edition, *, zone: tzinfo | None = None) -> Paper:
    """The edition with its articles as they are now; those that were withdrawn or are held are left out."""
    found = stored.live_articles(connection, editions.numbers(edition.sections))
    settings = app.settings.digests.get(edition.digest)
    return Paper(
        edition=edition,
        articles=found,
        name=_name(app, settings),
        sender=sender(app),
        postal_address=app.settings.site.postal_address,
        links=links(app, edition.id),
        subject=_subject(settings, edition, found) if settings else "",
        zone=zone,
    )


def message(app: App, connection: sa.Connection, edition: Edition) -> Message | None:
    """The mail of an edition; None when nothing of it is left. Raises TemplateError."""
    made = printed(app, connection, edition)
    return None if made is None else made.message


def printed(app: App, connection: sa.Connection, edition: Edition) -> Printed | None:
    """The same, with its links.

    What was withdrawn since it was planned makes room: the next of the same section comes up. The links of an edition
    that is only looked at, and is in no store, are the articles' own.
    """
    made = paper(app, connection, edition, zone=_zone(stored.clock_of(connection, edition.id)))
    settings = app.settings.digests.get(edition.digest)
    if settings is not None:
        sections = tuple(_moved_up(one, set(made.articles), settings) for one in edition.sections)
        made = replace(made, edition=replace(edition, sections=sections))
    return _printed(app, connection, made, counted=edition.id > 0)


def alert_message(app: App, connection: sa.Connection, article: Article, choice: Choice, channel: str) -> Message:
    """The mail about one article, as it is now. Raises TemplateError."""
    return printed_alert(app, connection, article, choice, channel).message


def printed_alert(app: App, connection: sa.Connection, article: Article, choice: Choice, channel: str) -> Printed:
    """The same, with its link."""
    edition = Edition(
        digest=channel,
        choice=choice,
        slot=article.published_at,
        since=article.published_at,
        until=article.published_at,
        sections=(Section(_home(app, article, choice), (article.id,)),),
        made_at=app.clock(),
    )
    whole = Paper(
        edition=edition,
        articles={article.id: article},
        name=app.settings.site.name,
        sender=sender(app),
        postal_address=app.settings.site.postal_address,
        links=links(app, 0),
        kind="alert",
    )
    made = _printed(app, connection, whole, counted=True)
    assert made is not None  # its article is there
    return made


def _printed(app: App, connection: sa.Connection, whole: Paper, *, counted: bool) -> Printed | None:
    edition = whole.edition
    shown = dict.fromkeys(number for section in edition.sections for number in section.articles)
    wanted = [whole.articles[number] for number in shown if number in whole.articles] if counted else []
    # One link for all editions of a slot: many an edition is one reader's, and its counts would tell who read what.
    counts_as = stored.first_of_slot(connection, edition.digest, edition.slot) if counted and edition.id else 0
    made = (tracking.of_mail(app, article, edition.digest, counts_as) for article in wanted)
    own = tracking.free(connection, [link for link in made if link is not None])
    message = app.renderer.digest(replace(whole, tracked=tracking.in_mails(app, own, edition.digest)))
    return None if message is None else Printed(message, tuple(own))


def _home(app: App, article: Article, choice: Choice) -> str:
    own = {word.casefold() for word in article.categories}
    return next((title for title in editions.wanted(choice, offered(app)) if title.casefold() in own), "")


def _name(app: App, settings: Digest | None) -> str:
    return (settings.title if settings else "") or app.settings.site.name


def _subject(settings: Digest, edition: Edition, found: dict[int, Article]) -> str:
    """The operator's template: of the top story's category, else of the language, else of the digest."""
    top = next((found[number] for number in editions.numbers(edition.sections) if number in found), None)
    language = edition.choice.language
    given = {word.casefold(): template for word, template in settings.subjects.items()}
    words: Sequence[str] = (*(top.categories if top else ()), language, language.partition("-")[0])
    return next((given[word.casefold()] for word in words if word.casefold() in given), settings.subject)


def _moved_up(section: Section, left: set[int], settings: Digest) -> Section:
    """The section without what is gone; the best of its rest takes the place."""
    shown = [number for number in section.articles if number in left]
    rest = [number for number in section.rest if number in left]
    room = max(0, min(len(section.articles), settings.per_category) - len(shown)) if section.title else 0
    return Section(section.title, (*shown, *rest[:room]), tuple(rest[room:]))


def _zone(name: str) -> tzinfo | None:
    return ZoneInfo(name) if name else None
