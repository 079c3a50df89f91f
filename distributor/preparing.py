"""From an article or a delivery to the message that goes out: frozen already, or rendered as the article is now.

What turns out to need no sending, or cannot be rendered, is settled here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa
import structlog

from distributor.context import App, Station
from distributor.errors import TemplateError
from distributor.model import Article, Delivery, Kind, Message, Receipt, State
from distributor.rendering import check
from distributor.rendering import fingerprint as message_fingerprint
from distributor.store import articles, ledger

__all__ = ["Facts", "Prepared", "compose", "facts_of", "preflight", "prepare"]

log = structlog.get_logger(__name__)


def compose(app: App, station: Station, article: Article) -> Message:
    """The article as this channel would post it now. Raises TemplateError."""
    return app.renderer.post(
        article,
        channel=station.name,
        kind=_template_kind(station),
        limits=station.channel.limits,
        settings=station.post,
        categories_in_order=app.settings.site.categories,
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
    each with the message's fingerprint.
    """

    article: Article | None
    frozen: tuple[Message, str] | None
    standing: tuple[Delivery, str] | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message ready to be claimed: frozen already (`message_id`), or to be frozen with the claim."""

    message: Message
    fingerprint: str
    revision: int
    message_id: int = 0
    receipt: Receipt | None = None


def facts_of(connection: sa.Connection, delivery: Delivery) -> Facts:
    """Read in the same view that chose the delivery: one transaction less for every post."""
    return Facts(
        article=articles.get(connection, delivery.article_id),
        frozen=ledger.message(connection, delivery.message_id) if delivery.message_id else None,
        standing=ledger.standing(connection, delivery) if delivery.kind is not Kind.POST else None,
    )


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
    return _render(app, station, delivery, article, receipt, shown=standing[1] if standing else "")


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
    app: App, station: Station, delivery: Delivery, article: Article, receipt: Receipt | None, *, shown: str
) -> Prepared | None:
    try:
        message = compose(app, station, article)
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
    return Prepared(message, fingerprint, article.revision, receipt=receipt)


def _hold(app: App, delivery: Delivery, reason: str, error: str) -> None:
    log.warning("post held", delivery=delivery.id, key=delivery.key, reason=reason, error=error)
    with app.store.write() as connection:
        ledger.hold(connection, [delivery.id], reason, error=error)


def _give_up(app: App, delivery: Delivery, reason: str) -> None:
    with app.store.write() as connection:
        ledger.skip(connection, [delivery.id], reason, app.clock())


def _template_kind(station: Station) -> str:
    """Preview looks like the network that it stands in for."""
    kind = station.settings.kind
    return station.channel.limits.network if kind == "preview" else kind
