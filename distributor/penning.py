"""From a claimed mail to the letter that leaves: each message is made ready once, each reader's bytes put in."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

import structlog

from distributor.context import App
from distributor.errors import TemplateError
from distributor.mail import Letter, Transport
from distributor.mail.bounces.verp import return_path
from distributor.mail.skeleton import Skeleton
from distributor.mail.tokens import mint
from distributor.mailroom import LETTERS, Mailroom
from distributor.model import Kind, Message
from distributor.paths import UNSUBSCRIBE, at
from distributor.rendering import fingerprint
from distributor.store import articles, census, ledger, links, mailing
from distributor.store.mailing import Claimed, Due

__all__ = ["Pen", "Unfit"]

log = structlog.get_logger(__name__)

# A batch is of one or two editions; each skeleton is as large as its mail.
KEPT = 8


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a mail is not made: `held` waits for a person to mend the template; else it is given up."""

    reason: str
    error: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class _Made:
    skeleton: Skeleton
    to: str  # for a letter to another address than the reader's
    bulk: bool


class Pen:
    """Writes letters for one transport. Used by one thread."""

    def __init__(self, app: App, room: Mailroom, transport: Transport) -> None:
        self._app, self._room = app, room
        self._signers = room.signers_for(transport)
        self._made: OrderedDict[tuple[int, str], _Made | Unfit] = OrderedDict()
        self._messages: OrderedDict[tuple[object, ...], int | Unfit] = OrderedDict()

    def letter(self, claimed: Claimed) -> Letter | Unfit:
        """The letter, or why there is none. Raises StoreError."""
        due = claimed.due
        found = self._message(due)
        if not isinstance(found, int):
            return found
        made = self._skeleton(found, due.channel)
        if isinstance(made, Unfit):
            return made
        room, address = self._room, made.to or due.address
        token = mint(room.key, "reader", due.recipient_id)
        try:
            content = made.skeleton.content(
                to=address,
                message_id=room.identity.message_id(f"{due.id}.{token[8:20]}"),
                token=token if made.skeleton.personal else "",
                click=mint(room.key, "click", due.id) if made.skeleton.counted else "",
                unsubscribe=at(room.public_url, UNSUBSCRIBE, token) if made.bulk else "",
            )
        except ValueError as error:
            return Unfit("address", str(error))
        sender = return_path("bounces", room.bounce_domain, due.id, room.verp_key)
        return Letter(due.id, claimed.attempt, sender, address, content)

    def _message(self, due: Due) -> int | Unfit:
        """The frozen message's id, composed and frozen now where this is the first; or why there is none."""
        if due.message_id or due.edition_message_id:
            return due.message_id or due.edition_message_id
        about: tuple[object, ...] = (due.channel, due.edition_id, due.article_id, due.choice_id)
        if due.kind is Kind.DIGEST:
            about = (due.channel, due.edition_id)
        if about not in self._messages:
            self._messages[about] = self._compose(due)
            if len(self._messages) > KEPT * 8:
                self._messages.popitem(last=False)
        return self._messages[about]

    def _compose(self, due: Due) -> int | Unfit:
        try:
            if due.kind is Kind.DIGEST:
                return self._digest(due)
            if due.kind is Kind.ALERT:
                return self._alert(due)
        except TemplateError as error:
            log.error("template failed; the mail waits for a person", channel=due.channel, error=str(error))
            return Unfit("template", str(error), held=True)
        return Unfit("no-message", "the ledger holds no message for it")

    def _digest(self, due: Due) -> int | Unfit:
        from distributor import composing
        from distributor.store import editions

        with self._app.store.read() as connection:
            edition = editions.get(connection, due.edition_id)
            if edition is None:
                return Unfit("gone", "its edition is gone")
            if edition.message_id:
                return edition.message_id
            made = composing.printed(self._app, connection, edition)
        if made is None:
            return Unfit("empty", "everything in it was withdrawn")
        now, message = self._app.clock(), made.message
        with self._app.store.write(durable=True) as connection:
            links.add(connection, made.links, now)
            frozen = ledger.freeze(connection, message, fingerprint(message), now)
            return mailing.fix_message(connection, due.edition_id, frozen)

    def _alert(self, due: Due) -> int | Unfit:
        from distributor import composing

        with self._app.store.read() as connection:
            article = articles.get(connection, due.article_id)
            choice = mailing.choice(connection, due.choice_id)
            if article is None or article.status == "withdrawn":
                return Unfit("withdrawn")
            if article.status == "held":
                return Unfit("by-hand", held=True)
            if choice is None:
                return Unfit("gone", "the reader's choice is gone")
            key = f"alert-message:{due.channel}:{article.id}:{choice.language}"
            known = census.fact(connection, key)
            if known is not None:
                return int(known[0])
            made = composing.printed_alert(self._app, connection, article, choice, due.channel)
        now, message = self._app.clock(), made.message
        with self._app.store.write(durable=True) as connection:
            known = census.fact(connection, key)
            if known is not None:
                return int(known[0])
            links.add(connection, made.links, now)
            frozen = ledger.freeze(connection, message, fingerprint(message), now)
            census.remember(connection, key, frozen, now)
            return frozen

    def _skeleton(self, message_id: int, channel: str) -> _Made | Unfit:
        key = (message_id, channel)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(message_id, channel)
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(key)
        return made

    def _make(self, message_id: int, channel: str) -> _Made | Unfit:
        with self._app.store.read() as connection:
            found = mailing.frozen(connection, message_id)
        if found is None:
            return Unfit("no-message", "the ledger holds no message for it")
        message, frozen_at = found
        bulk = channel != LETTERS
        identity = self._room.identity
        if bulk:
            domain = identity.domain or self._room.bounce_domain
            identity = replace(
                identity, list_id=f"<{_label(channel)}.{domain}>", feedback_id=f"{_label(channel)}:{domain}"
            )
        try:
            skeleton = Skeleton(message, identity, self._signers, date=frozen_at)
        except ValueError as error:
            return Unfit("template", str(error), held=True)
        return _Made(skeleton, _other(message), bulk)


def _other(message: Message) -> str:
    return str(message.options.get("to") or "")


def _label(channel: str) -> str:
    """A channel's name as a part of a host's name (RFC 2919)."""
    return channel.replace("_", "-").strip("-") or "list"
