"""Changing words by hand: a correction of the article, or an editor's own text for one post."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from html import escape

import sqlalchemy as sa

from distributor import matching, planning, publish
from distributor.channels import Edits
from distributor.context import App, Station
from distributor.errors import DistributorError
from distributor.finding import article_by_id, delivery_by_id, note, rows_of
from distributor.holding import let_go
from distributor.model import Article, Delivery, Kind, Lane, State
from distributor.preparing import compose_with, link_of
from distributor.rendering import check, fingerprint
from distributor.states import UNMADE
from distributor.store import articles, census, ledger, links

__all__ = ["correct", "edit_text"]

MARKUP = re.compile(r"<[a-zA-Z/][^>]*>|&(?:\w+|#\d+|#x[0-9a-fA-F]+);")


def correct(
    app: App,
    article_id: int,
    who: str,
    *,
    title: str | None = None,
    summary: str | None = None,
    social: str | None = None,
) -> int:
    """A new revision by hand: posts that went out are edited where the network can; returns how many.

    It stands until the source itself changes the article.
    """
    words = {"title": title, "summary": summary, "social": social}
    given = {name: " ".join(value.split()) for name, value in words.items() if value is not None}
    if given.get("title") == "":
        raise DistributorError("a title cannot be empty")
    now = app.clock()
    with app.store.write(durable=True) as connection:
        article = article_by_id(connection, article_id)
        changed = {name: value for name, value in given.items() if value != getattr(article, name)}
        if not changed:
            return 0
        article = replace(article, revision=article.revision + 1, **changed)  # type: ignore[arg-type]
        edits = publish.revise(app, connection, article, now, digest=_digest(connection, article))
        unmade = [row for row in rows_of(app, connection, article.id, None, State.HELD) if row.reason in UNMADE]
        mended = let_go(app, connection, unmade) if article.status == "live" else []
        note(app, connection, who, "correct", article.id, None, len(edits), **changed)
    publish.wake(app, [*edits, *mended])
    return len(edits)


def edit_text(app: App, delivery_id: int, who: str, text: str) -> Delivery:
    """An editor's own words for one post: a waiting one goes out with them, one that went out is edited.

    `text` is plain, or in the channel's own markup. Returns the delivery that will carry it. Raises
    DistributorError when it does not fit or cannot be changed any more.
    """
    now = app.clock()
    with app.store.write(durable=True) as connection:
        row = delivery_by_id(connection, delivery_id)
        station = app.station(row.channel)
        article = article_by_id(connection, row.article_id)
        if row.kind is Kind.POST and row.state is State.SENT:
            row = _edit_of(connection, station, article, row, now)
        elif row.kind is Kind.DELETE or row.state not in {State.PENDING, State.HELD} or row.doubts:
            raise DistributorError(
                f"delivery {row.id} is {row.state.value}: its text cannot be changed",
                hint=f"distributor why d{row.id}",
            )
        message_id = _worded(app, connection, station, article, row, text, now)
        stays = row.state is State.HELD and row.reason not in UNMADE
        state, reason = (State.HELD, row.reason) if stays else (State.PENDING, "")
        if not ledger.reword(connection, row, message_id, state, reason):
            raise DistributorError(f"delivery {row.id} is going out at this moment", hint="try again in a moment")
        census.audit(connection, who, "edit", f"delivery:{row.id}", now, {"article": article.id, "text": text})
        row = delivery_by_id(connection, row.id)
    publish.wake(app, [row])
    return row


def _digest(connection: sa.Connection, article: Article) -> str:
    """What the source showed last: a correction by hand leaves it, so that the same feed is no change."""
    found = articles.known(connection, [matching.guid_key(article.source, article.guid)])
    return next((one.digest for one in found.values() if one.article.id == article.id), "")


def _edit_of(connection: sa.Connection, station: Station, article: Article, post: Delivery, now: datetime) -> Delivery:
    """A new edit of a post that went out: the editor's words are a revision of their own."""
    if not isinstance(station.channel, Edits):
        raise DistributorError(
            f"{station.name} cannot change what it posted",
            hint=f"distributor withdraw {article.id} --from {station.name}, then send --again",
        )
    revised = replace(article, revision=article.revision + 1)
    articles.update(connection, revised, digest=_digest(connection, article))
    edit = replace(planning.plan_edits(revised, [post], [station.outlet], now)[0], lane=Lane.BREAKING, by_hand=True)
    return ledger.add(connection, [edit])[0]


def _worded(
    app: App,
    connection: sa.Connection,
    station: Station,
    article: Article,
    row: Delivery,
    text: str,
    now: datetime,
) -> int:
    """Freezes the post with the editor's words, as the drain freezes others."""
    limits = station.channel.limits
    words = text.strip()
    if limits.markup == "html" and not MARKUP.search(words):
        words = escape(words, quote=False)
    link = link_of(app, connection, station, article)
    message = replace(compose_with(app, station, article, link), text=words)
    problems = check(message, limits)
    if problems:
        raise DistributorError(f"{station.name} would refuse it: {'; '.join(problems)}")
    shown = fingerprint(message)
    options = {**message.options, "planned_at": row.planned_at.isoformat(), "event": row.kind.value}
    links.add(connection, [link] if link else [], now)
    return ledger.freeze(connection, replace(message, options=options), shown, now)
