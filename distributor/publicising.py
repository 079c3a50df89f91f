"""A digest also goes to channels: one post of its best articles, through the ordinary ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
import structlog

from distributor import editions, paths, tracking
from distributor.codes import Link
from distributor.context import App, Station
from distributor.errors import TemplateError
from distributor.model import Article, Delivery, Edition, Kind, Message, State
from distributor.rendering import check, fingerprint
from distributor.store import editions as stored
from distributor.store import ledger, links

__all__ = ["plan_posts", "post_of", "remake"]

log = structlog.get_logger(__name__)


def plan_posts(app: App, connection: sa.Connection, edition: Edition, now: datetime) -> list[str]:
    """Plans one post on each channel that the digest also goes to; gives the accounts that have one to send.

    Its message is frozen at once: it tells of that slot. Planning it again changes nothing.
    """
    accounts = []
    for name in app.settings.digests[edition.digest].also:
        station = app.stations.get(name)
        if station is None:
            continue
        added = ledger.add(connection, [_delivery(station, edition, now)])
        for row in added:
            _freeze(app, connection, station, edition, row, now)
            stored.count_planned(connection, edition.id, 1)
            accounts.append(station.account)
    return accounts


def remake(app: App, connection: sa.Connection, edition: Edition, row: Delivery, now: datetime) -> bool:
    """A post that could not be made is tried again; True when it goes out, and does not wait for a person's yes."""
    station = app.stations.get(row.channel)
    if station is None or not _freeze(app, connection, station, edition, row, now):
        return False
    if _delivery(station, edition, now).state is State.HELD:
        ledger.hold(connection, [row.id], "approval", state=State.HELD)
        return False
    return ledger.release(connection, [row.id], now) > 0


def post_of(app: App, connection: sa.Connection, station: Station, edition: Edition) -> Message:
    """The best articles of an edition as one post: as many as the channel has room for. Raises TemplateError."""
    return _made(app, connection, station, edition)[0]


def _made(app: App, connection: sa.Connection, station: Station, edition: Edition) -> tuple[Message, list[Link]]:
    """The post, and the links in it that lead through ours."""
    settings = app.settings.digests[edition.digest]
    found = stored.live_articles(connection, editions.numbers(edition.sections))
    order = [found[one] for one in editions.numbers(edition.sections) if one in found][: settings.best]
    if not order:
        raise TemplateError("nothing of the edition is left", where="post/digest.j2")
    wanted = (tracking.of_post(app, station, one, edition.id) for one in order)
    own = tracking.free(connection, [link for link in wanted if link is not None])
    urls = {link.article_id: tracking.address(app, link) for link in own}
    made = _post(app, station, edition, order, urls)
    while len(order) > 1 and check(made, station.channel.limits):
        order.pop()
        made = _post(app, station, edition, order, urls)
    return made, own


def _post(app: App, station: Station, edition: Edition, best: Sequence[Article], urls: Mapping[int, str]) -> Message:
    site = app.settings.site
    settings = app.settings.digests[edition.digest]
    whole = Article(
        source=edition.digest,
        guid=f"edition:{edition.id}",
        url=paths.at(site.public_url, paths.EDITION, edition.id) if site.public_url else "",
        title=settings.title or site.name,
        image=next((one.image for one in best if one.image), None),
        language=edition.choice.language,
        published_at=edition.slot,
        seen_at=edition.slot,
    )
    stories = [{"title": one.title, "url": urls.get(one.id, one.url)} for one in best]
    return app.renderer.post(
        whole,
        channel=station.name,
        kind=station.settings.kind,
        limits=station.channel.limits,
        settings=replace(station.post, template="digest"),
        more={"stories": stories},
    )


def _delivery(station: Station, edition: Edition, now: datetime) -> Delivery:
    held = station.settings.approval or edition.status == "held"
    return Delivery(
        key=f"digest:{station.name}:0:s{int(edition.slot.timestamp())}:g0",
        kind=Kind.POST,
        channel=station.name,
        edition_id=edition.id,
        state=State.HELD if held else State.PENDING,
        reason="approval" if held else "",
        planned_at=now,
        due_at=edition.slot,
        expires_at=now + station.settings.expires_after,
    )


def _freeze(
    app: App, connection: sa.Connection, station: Station, edition: Edition, row: Delivery, now: datetime
) -> bool:
    """Gives the post its message; False where none can be made, and a person must mend the template."""
    try:
        made, own = _made(app, connection, station, edition)
        reason, error = "unfit", "; ".join(check(made, station.channel.limits))
    except TemplateError as failure:
        reason, error = "template", str(failure)
    if error:
        log.warning("the post of a digest waits for a person", channel=row.channel, error=error)
        ledger.hold(connection, [row.id], reason, error=error, state=row.state)
        return False
    told = {**made.options, "planned_at": row.planned_at.isoformat(), "event": row.kind.value}
    made = replace(made, options=told)
    links.add(connection, own, now)
    frozen = ledger.freeze(connection, made, fingerprint(made), now)
    return ledger.reword(connection, row, frozen, row.state, row.reason)
