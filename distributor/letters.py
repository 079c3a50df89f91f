"""Letters: the mails that a reader's own act brings about (a confirmation, a fresh link), on the ledger like all mail.

made  -> the message, rendered              slow; done before the transaction, also where it turns out not to be sent
post  -> frozen, planned, counted            in the caller's transaction; waker.wake("mail") after its commit
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from distributor import composing
from distributor.context import App
from distributor.mailroom import LETTERS
from distributor.model import Delivery, Kind, Lane, Message, Subscriber
from distributor.rendering import fingerprint
from distributor.store import census, ledger

__all__ = ["LIFE", "made", "plan", "post"]

LIFE = timedelta(hours=48)  # a link that comes later is of no use


def plan(
    app: App, connection: sa.Connection, name: str, subscriber: Subscriber, facts: Mapping[str, Any], *, to: str = ""
) -> int:
    """Renders and posts a letter to a reader; returns the delivery's id. See `made` and `post`."""
    return post(app, connection, made(app, name, subscriber.language, facts), subscriber.id, to=to)


def made(app: App, name: str, language: str, facts: Mapping[str, Any]) -> Message:
    """The letter of templates/mail/NAME in this language. Raises TemplateError."""
    return app.renderer.letter(
        name,
        language=language,
        facts=facts,
        sender=composing.sender(app),
        postal_address=app.settings.site.postal_address,
    )


def post(app: App, connection: sa.Connection, message: Message, subscriber_id: int, *, to: str = "") -> int:
    """Plans it as a delivery of its own, never twice the same, and counts it for the ledger's law.

    `to` is another address than the reader's: the one that mails shall move to.
    """
    if to:
        message = replace(message, options={**message.options, "to": to})
    now = app.clock()
    delivery = Delivery(
        key=f"letter:{LETTERS}:{subscriber_id}:n{secrets.token_hex(8)}:g0",
        kind=Kind.LETTER,
        channel=LETTERS,
        recipient_id=subscriber_id,
        lane=Lane.BREAKING,
        planned_at=now,
        due_at=now,
        expires_at=now + LIFE,
    )
    (row,) = ledger.add(connection, [delivery])
    ledger.reword(connection, row, ledger.freeze(connection, message, fingerprint(message), now), row.state, "")
    app.store.lock(connection, census.LETTERS_PLANNED)
    counted = census.fact(connection, census.LETTERS_PLANNED)
    census.remember(connection, census.LETTERS_PLANNED, (int(counted[0]) if counted else 0) + 1, now)
    return row.id
