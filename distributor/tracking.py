"""Links that lead through ours, so that clicks are counted: where they are used, and the words that stand for them.

    of_post, of_mail  -> Link   the code and where it leads; the same each time, so that a preview shows what goes out
    address           ->        as it stands in a message
    free              ->        without those whose code is another's
    store.links.add   ->        in the transaction that freezes the message: from then on the link works

A link that cannot be made is no reason not to post: then the article's own address is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa
import structlog

from distributor import paths
from distributor.codes import Link, code_of
from distributor.context import App, Station
from distributor.errors import ConfigError
from distributor.mail import CLICK
from distributor.model import Article
from distributor.store import links

__all__ = ["address", "free", "in_mails", "is_on", "link", "of_mail", "of_post"]

log = structlog.get_logger(__name__)

# It has fields of its own for what a receiver wants to know: it is given the article's own address.
_PLAIN = "webhook"


def is_on(app: App) -> bool:
    """Whether links lead through ours: there is an address that readers reach, and clicks are wanted."""
    settings = app.settings
    return bool(settings.site.public_url and settings.web.public is not None and settings.signals.clicks)


def of_post(app: App, station: Station, article: Article, edition_id: int = 0) -> Link | None:
    """The link of an article's post on a channel, or in the post of an edition; None where it is not to be counted."""
    if not station.settings.track or station.kind == _PLAIN:
        return None
    target = app.renderer.address(article, channel=station.name, kind=station.kind, utm=station.post.utm)
    return _link(app, article, station.name, edition_id, target)


def of_mail(app: App, article: Article, channel: str, edition_id: int = 0) -> Link | None:
    """The link of an article in an edition of the digest `channel`, or in the alerts of `channel` (edition 0)."""
    return _link(app, article, channel, edition_id, app.renderer.address(article, channel=channel, kind="email"))


def in_mails(app: App, made: Iterable[Link], channel: str) -> Callable[[Article], str] | None:
    """What `Paper.tracked` wants: each article's link with the mark of its mail, its own address where it has none."""
    known = {one.article_id: address(app, one, CLICK) for one in made}
    if not known:
        return None
    return lambda article: known.get(article.id) or app.renderer.address(article, channel=channel, kind="email")


def address(app: App, link: Link, *more: str) -> str:
    """The link as it stands in a message."""
    return paths.at(str(app.settings.site.public_url), paths.REDIRECT, link.code, *more)


def free(connection: sa.Connection, found: Sequence[Link]) -> list[Link]:
    """The links whose codes are no other's: 60 bits may collide, and then the article's own address is used."""
    taken = links.taken(connection, found)
    return [one for one in found if one.code not in taken]


def link(app: App, connection: sa.Connection, article: Article, channel: str) -> str:
    """An article's counted link for a place of ours, such as a list on the publisher's pages; it works at once.

    Its own address where clicks are not counted. The caller's transaction must be one that writes.
    """
    target = app.renderer.address(article, channel=channel, kind="web")
    made = _link(app, article, channel, 0, target)
    if made is None or not free(connection, [made]):
        return target
    links.add(connection, [made], app.clock())
    return address(app, made)


def _link(app: App, article: Article, channel: str, edition_id: int, target: str) -> Link | None:
    if not target or not article.id or not is_on(app):
        return None
    try:
        code = code_of(app.key, article.id, channel, edition_id)
    except ConfigError as error:
        log.warning("links are not counted", channel=channel, error=str(error))
        return None
    return Link(code=code, article_id=article.id, channel=channel, edition_id=edition_id, url=target)
