"""From an article or a delivery to the message that goes out: frozen already, or rendered as the article is now.

What turns out to need no sending, or cannot be rendered, is settled here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa
import structlog

from distributor import tracking
from distributor.codes import Link
from distributor.context import App, Station
from distributor.errors import TemplateError
from distributor.model import Article, Delivery, Kind, Message, Receipt, State
from distributor.rendering import check
from distributor.rendering import fingerprint as message_fingerprint
from distributor.store import articles, ledger

__all__ = ["Facts", "Prepared", "compose", "compose_with", "facts_of", "link_of", "preflight", "prepare"]

log = structlog.get_logger(__name__)


def compose(app: App, station: Station, article: Article) -> Message:
    """The article as this channel would post it now. Raises TemplateError."""
    return compose_with(app, station, article, tracking.of_post(app, station, article))


def compose_with(app: App, station: Station, article: Article, link: Link | None) -> Message:
    """The same with this link, which is kept where the message is frozen; None: the article's own address."""
    return app.renderer.post(
        article,
        channel=station.name,
        kind=station.kind,
        limits=station.channel.limits,
        settings=station.post,
        categories_in_order=app.settings.site.categories,
        link=tracking.address(app, link) if link else "",
    )


def preflight(app: App, station: Station, article: Article, delivery: Delivery) -> Delivery:
    """The delivery, held with the reason when its post fails to render or cannot fit, before the network refuses it."""
    delivery = replace(delivery, error="")
    try:
        problems = check(compose(app, station, article), station.channel.limits)
    except TemplateError as error:
        return replace(delivery, state=State.HELD, reason="template", error=str(error))
    if problems:
        return replace(delivery, state=State.HELD, reason="unfit", error="; ".join(problems))
    return delivery


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store holds of a delivery: its article, its frozen message, and the post that a follow-up is about,
    each with the message's fingerprint. `link` is what a message that is still to be made shall lead through.
    """

    article: Article | None
    frozen: tuple[Message, str] | None
    standing: tuple[Delivery, str] | None
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message ready to be claimed: frozen already (`message_id`), or to be frozen with the claim, and its link."""

    message: Message
    fingerprint: str
    revision: int
    message_id: int = 0
    receipt: Receipt | None = None
    link: Link | None = None


def facts_of(app: App, connection: sa.Connection, delivery: Delivery) -> Facts:
    """Read in the same view that chose the delivery: one transaction less for every post."""
    article = articles.get(connection, delivery.article_id)
    frozen = ledger.message(connection, delivery.message_id) if delivery.message_id else None
    return Facts(
        article=article,
        frozen=frozen,
        standing=ledger.standing(connection, delivery) if delivery.kind is not Kind.POST else None,
        link=None if frozen or article is None else link_of(app, connection, app.stations[delivery.channel], article),
    )


def link_of(app: App, connection: sa.Connection, station: Station, article: Article) -> Link | None:
    """What the article's post shall lead through, if its code is no other's."""
    link = tracking.of_post(app, station, article)
    return link if link and tracking.free(connection, [link]) else None


def prepare(app: App, station: Station, delivery: Delivery, facts: Facts) -> Prepared | None:
    """The frozen message, or a new one from the article as it is now; None when there is nothing to send."""
    article, frozen, standing = facts.article, facts.frozen, facts.standing
    if delivery.edition_id and delivery.kind is Kind.POST and frozen is not None:
        return Prepared(frozen[0], frozen[1], delivery.revision, delivery.message_id)
    if article is None or (delivery.kind is not Kind.POST and standing is None):
        _give_up(app, delivery, "no-article" if article is None else "no-post")
        return None
    if delivery.kind is Kind.POST and _stopped_meanwhile(app, delivery, article):
        return None
    receipt = standing[0].receipt if standing else None
    if standing and (receipt is None or not (receipt.remote_id or receipt.url)):
        # A person said that it went out, and nobody knows where. A link is enough: the channel reads the id from it.
        _give_up(app, delivery, "no-receipt")
        return None
    if standing and delivery.kind is Kind.EDIT and standing[0].revision >= delivery.revision:
        _give_up(app, delivery, "included")
        return None
    if frozen is not None:
        return Prepared(frozen[0], frozen[1], delivery.revision, delivery.message_id, receipt)
    return _render(app, station, delivery, article, receipt, facts.link, shown=standing[1] if standing else "")


def _stopped_meanwhile(app: App, delivery: Delivery, article: Article) -> bool:
    """A person stopped the article while an attempt was under way that then came back: it waits, or is given up."""
    if article.status == "withdrawn":
        _give_up(app, delivery, "withdrawn")
        return True
    # One that a person let go on its own, of an article that is held, has no reason any more.
    if article.status == "held" and delivery.reason == "retry" and not delivery.by_hand:
        _hold(app, delivery, article.note or "by-hand", "")
        return True
    return False


def _render(
    app: App,
    station: Station,
    delivery: Delivery,
    article: Article,
    receipt: Receipt | None,
    link: Link | None,
    *,
    shown: str,
) -> Prepared | None:
    try:
        message = compose_with(app, station, article, link)
        problems = check(message, station.channel.limits)
    except TemplateError as error:
        _hold(app, delivery, "template", str(error))
        return None
    if problems:
        _hold(app, delivery, "unfit", "; ".join(problems))
        return None
    fingerprint = message_fingerprint(message)
    if delivery.kind is Kind.EDIT and fingerprint == shown:
        _give_up(app, delivery, "no-change")
        return None
    planned_at = delivery.planned_at.isoformat()
    message = replace(message, options={**message.options, "planned_at": planned_at, "event": delivery.kind.value})
    return Prepared(message, fingerprint, article.revision, receipt=receipt, link=link)


def _hold(app: App, delivery: Delivery, reason: str, error: str) -> None:
    log.warning("post held", delivery=delivery.id, key=delivery.key, reason=reason, error=error)
    with app.store.write() as connection:
        ledger.hold(connection, [delivery.id], reason, error=error)


def _give_up(app: App, delivery: Delivery, reason: str) -> None:
    with app.store.write() as connection:
        ledger.skip(connection, [delivery.id], reason, app.clock())
