"""Holding and letting go: by an editor's word, after a flood, for approval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from distributor import publish
from distributor.context import App
from distributor.errors import DistributorError, NotFound
from distributor.finding import article_by_id, delivery_by_id, note, rows_of, subject_of
from distributor.mailroom import OWN_CHANNELS, relay_names
from distributor.model import Delivery, Kind, State
from distributor.store import articles, census, ledger

__all__ = ["APPROVAL", "BY_HAND", "approve", "hold", "let_go", "release", "release_one", "release_unmade"]

PIECE = 1_000

# Why a delivery waits: for an editor's yes, or by an editor's word.
APPROVAL, BY_HAND = "approval", "by-hand"


def hold(app: App, article_id: int, who: str, channels: Sequence[str] | None = None) -> int:
    """Lets what is still to go out wait for a person; on all channels also what is planned from now on."""
    with app.store.write(durable=True) as connection:
        article = article_by_id(connection, article_id)
        if channels is None and article.status == "live":
            articles.set_status(connection, article.id, "held", article.note or BY_HAND)
            articles.take_back(connection, article.id, app.clock())
        rows = rows_of(app, connection, article.id, channels, State.PENDING)
        held = ledger.hold(connection, [row.id for row in rows], BY_HAND)
        note(app, connection, who, "hold", article.id, channels, held)
    return held


def release(app: App, who: str, *, article_id: int = 0, source: str = "", channels: Sequence[str] | None = None) -> int:
    """Lets an article go, or all that a flood or a failed template held of a source.

    What an editor holds or must approve is not let go by source, and a release is no approval. A post that still
    cannot be made stays held.
    """
    with app.store.write(durable=True) as connection:
        if article_id:
            article = article_by_id(connection, article_id)
            rows = rows_of(app, connection, article.id, channels, State.HELD)
            rows = [row for row in rows if row.reason != APPROVAL]
            rows += [row for row in ledger.held_alerts(connection, article.id) if channels is None]
            lifted = [article] if channels is None and article.status == "held" else []
        else:
            rows = _of_source(app, connection, source, channels)
            lifted = [one for one in articles.held(connection, source=source) if one.note == "flood"]
        for one in lifted:
            articles.set_status(connection, one.id, "live", "" if one.note in {BY_HAND, "flood"} else one.note)
        articles.go_live(connection, [one.id for one in lifted], app.clock())
        released = let_go(app, connection, rows)
        subject = article_id or f"source:{source}"
        note(app, connection, who, "release", subject, channels, len(released))
    _wake(app, released)
    publish.wake_readers(app, lifted)
    return len(released)


def release_unmade(app: App, who: str, channel: str) -> int:
    """Lets go what could not be made on a channel (posts, alerts, or the letters that readers asked for), now that the
    template is mended. What still cannot be made stays held. Digests are released by their names: see overseeing.

    Raises NotFound, and DistributorError for a digest.
    """
    if channel in app.settings.digests and channel not in app.stations:
        raise DistributorError(f"{channel} is a digest", hint=f"distributor digests release {channel}")
    if channel not in OWN_CHANNELS:
        app.station(channel)
    released, after = 0, 0
    while True:
        with app.store.write(durable=True) as connection:
            rows = ledger.held_unmade(connection, channel, after, PIECE)
            free = let_go(app, connection, rows)
            if rows or not after:
                note(app, connection, who, "release", f"channel:{channel}", None, len(free))
        _wake(app, free)
        released += len(free)
        if len(rows) < PIECE:
            return released
        after = rows[-1].id


def release_one(app: App, who: str, delivery_id: int) -> Delivery:
    """Lets one held delivery go, whatever it is. A release is no approval, and what is paused goes on with its digest.

    Raises NotFound, and DistributorError where it is not held, or not to be let go so.
    """
    with app.store.write(durable=True) as connection:
        row = delivery_by_id(connection, delivery_id)
        if row.state is not State.HELD:
            raise DistributorError(f"delivery {row.id} is {row.state.value}, not held")
        _may_go_alone(app, row)
        free = let_go(app, connection, [row])
        note(app, connection, who, "release", f"delivery:{row.id}", None, len(free))
        row = delivery_by_id(connection, delivery_id)
    _wake(app, free)
    return row


def approve(app: App, article_id: int, who: str, channels: Sequence[str] | None = None) -> int:
    """An editor's yes to posts that wait for it. One of an article that is held still waits for its release."""
    with app.store.write(durable=True) as connection:
        article = article_by_id(connection, article_id)
        rows = [row for row in rows_of(app, connection, article.id, channels, State.HELD) if row.reason == APPROVAL]
        note(app, connection, who, "approve", article.id, [row.channel for row in rows], len(rows))
        if article.status == "held":
            ledger.hold(connection, [row.id for row in rows], BY_HAND, state=State.HELD)
            return 0
        released = let_go(app, connection, rows)
    publish.wake(app, released)
    return len(released)


def let_go(app: App, connection: sa.Connection, rows: Iterable[Delivery]) -> list[Delivery]:
    """Held rows -> pending, but for those that an editor must approve yet, or whose post cannot be made."""
    free: list[Delivery] = []
    for row in rows:
        if row.recipient_id:
            free.append(replace(row, state=State.PENDING, reason=""))  # a mail is made when it leaves
            continue
        station, article = app.stations.get(row.channel), articles.get(connection, row.article_id)
        if station is None or article is None:
            continue
        if station.settings.approval and not row.by_hand and row.channel not in _approved(connection, article.id):
            ledger.hold(connection, [row.id], APPROVAL, state=State.HELD)
            continue
        made = replace(row, state=State.PENDING, reason="", error="")
        if row.kind is Kind.POST and not row.message_id:
            made = publish.preflight(app, station, article, made)
        if made.state is State.HELD:
            ledger.hold(connection, [row.id], made.reason, error=made.error, state=State.HELD)
        else:
            free.append(made)
    ledger.release(connection, [row.id for row in free], app.clock())
    return free


def _may_go_alone(app: App, row: Delivery) -> None:
    digests = f"distributor digests {{}} {row.edition_id}"
    if row.reason == APPROVAL:
        hint = digests.format("approve") if row.edition_id else f"distributor approve {row.article_id}"
        raise DistributorError(f"delivery {row.id} waits for approval, and a release is none", hint=hint)
    if row.edition_id:
        hint = digests.format("resume" if row.reason == "paused" else "release")
        raise DistributorError(f"delivery {row.id} is one of a digest's, and goes with it", hint=hint)
    if not row.recipient_id:
        app.station(row.channel)


def _wake(app: App, released: Sequence[Delivery]) -> None:
    publish.wake(app, released)
    if any(row.recipient_id for row in released):
        for account in relay_names(app.settings):
            app.waker.wake(account)


def _of_source(app: App, connection: sa.Connection, source: str, channels: Sequence[str] | None) -> list[Delivery]:
    rows = ledger.held_of_source(connection, source)
    if not rows and source not in app.settings.sources:
        names = ", ".join(app.settings.sources) or "none"
        raise NotFound(f"there is no source {source!r}", hint=f"the sources are: {names}")
    return [
        row for row in rows if row.reason not in {APPROVAL, BY_HAND} and (channels is None or row.channel in channels)
    ]


def _approved(connection: sa.Connection, article_id: int) -> set[str]:
    acts = census.audited(connection, subject=subject_of(article_id), limit=1000)
    return {channel for act in acts if act.what == "approve" for channel in (act.detail or {}).get("channels") or ()}
