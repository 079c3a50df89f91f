"""A delivery in words: where it stands, what it waits for, and the command that moves it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from distributor import gates, publish
from distributor.context import App, Station
from distributor.errors import TemplateError
from distributor.gates import Opening
from distributor.model import Article, Delivery, Kind, Lane, Message, State
from distributor.rendering.cutting import counted, room
from distributor.store import ledger
from distributor.text import Measured

__all__ = ["Told", "as_json", "composed", "measured", "openings", "shown", "tell"]

# Reasons are one word in the ledger; this is what they mean to a person.
HELD = {
    "approval": "waits for an editor's yes",
    "by-hand": "held by hand",
    "flood": "more new articles at once than flood_guard lets out",
    "template": "its template failed",
    "unfit": "it does not fit",
}
SKIPPED = {
    "too-old": "it waited longer than expires_after",
    "withdrawn": "the article was withdrawn",
    "budget": "the budget ran short, and it ranked lowest",
    "superseded": "a newer revision took its place",
    "included": "the post went out with this revision already",
    "no-change": "readers would see no change",
    "no-post": "its post never went out",
    "no-receipt": "nobody knows the post's id on the network",
    "no-article": "its article is gone",
    "suppressed": "the address bounced or complained",
    "unsubscribed": "the reader left",
    "gone": "the reader is gone",
    "empty": "everything in it was withdrawn",
    "no-message": "the ledger holds no message for it",
    "cancelled": "it was cancelled",
}
PENDING = {
    "not-there": "looked for and not there: goes out again",
    "not-found": "looked for and not found: goes out once more",
    "repeat": "goes out again: the network makes no second post of it",
    "not-sent": "a person said that it is not out",
}
DOES = {Kind.EDIT: "edit: ", Kind.DELETE: "deletion: "}


@dataclass(frozen=True, slots=True)
class Told:
    """`next_at` is when it goes on, None where it is settled or waits for a person; `command` is for that person."""

    text: str
    next_at: datetime | None = None
    command: str = ""


def openings(app: App, connection: sa.Connection, now: datetime) -> dict[str, Opening]:
    """When each channel may speak again, by name."""
    found: dict[str, Opening] = {}
    for account, stations in app.accounts().items():
        opened = gates.account_gates(connection, account, stations, now)
        found |= {station.name: one for station, one in zip(stations, opened, strict=True)}
    return found


def tell(row: Delivery, opening: Opening | None, now: datetime) -> Told:
    """Where a delivery stands. `opening` is its channel's, None when the settings have no such channel any more."""
    told = _mailed(row, now) if row.recipient_id else _TELL[row.state](row, opening, now)
    return Told(DOES.get(row.kind, "") + told.text, told.next_at, told.command)


def shown(app: App, connection: sa.Connection, row: Delivery, article: Article | None) -> Message | None:
    """The post as it went out or would go out now; None when it cannot be made."""
    frozen = ledger.message(connection, row.message_id) if row.message_id else None
    if frozen is not None:
        return frozen[0]
    station = app.stations.get(row.channel)
    return composed(app, station, article)[0] if station and article else None


def composed(app: App, station: Station, article: Article) -> tuple[Message | None, str]:
    """The post as it would be made now, or None and why it cannot be."""
    try:
        return publish.compose(app, station, article), ""
    except TemplateError as error:
        return None, str(error)


def measured(station: Station, message: Message) -> Measured:
    """A post's length as its network counts it, beside a picture where it has one."""
    limits = station.channel.limits
    return counted(message.text, limits, room(limits, len(message.media)))


def as_json(value: Any) -> Any:
    """Dataclasses as objects, moments in ISO 8601, durations in seconds: ready for json.dumps."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


def _mailed(row: Delivery, now: datetime) -> Told:
    """A mail: it has no channel of the settings, and no post that could be sent again by hand."""
    if row.state is State.PENDING:
        return Told(row.error or ("due now" if row.due_at <= now else "planned for later"), max(row.due_at, now))
    if row.state is State.HELD:
        text = HELD.get(row.reason, row.reason)
        return Told(f"{text}: {row.error}" if row.error else text)
    if row.state is State.FAILED:
        return Told(row.error or row.reason)
    if row.state is State.SKIPPED:
        return Told(SKIPPED.get(row.reason, row.reason))
    told = _TELL[row.state](row, None, now)
    return Told(told.text, told.next_at, told.command.replace(" URL", ""))


def _pending(row: Delivery, opening: Opening | None, now: datetime) -> Told:
    if opening is None:
        return Told("its channel is not in the settings any more", row.expires_at)
    at = opening.urgent if row.by_hand or row.lane is Lane.BREAKING else opening.ordinary
    if at is None:
        return Told(opening.why, command=_reopen(row.channel, opening))
    why = row.error or PENDING.get(row.reason, "")
    if row.due_at > max(at, now):
        return Told(why or "planned for later", row.due_at)
    if at > now:
        return Told("; ".join(word for word in (opening.why or "its channel's pace", why) if word), at)
    return Told(why or "due now", max(row.due_at, at))


def _reopen(channel: str, opening: Opening) -> str:
    if opening.why.startswith("everything paused"):
        return "distributor resume"
    return f"distributor {'resume' if opening.why.startswith('paused by') else 'channels check'} {channel}"


def _held(row: Delivery, _opening: Opening | None, _now: datetime) -> Told:
    text = HELD.get(row.reason, row.reason)
    command = f"distributor release {row.article_id}"
    if row.reason == "approval":
        command = f"distributor approve {row.article_id}"
    elif row.reason == "unfit":
        command = f"distributor deliveries edit {row.id} --text TEXT"
    return Told(f"{text}: {row.error}" if row.error else text, command=command)


def _sending(row: Delivery, _opening: Opening | None, _now: datetime) -> Told:
    return Told("is being sent", row.lease_until)


def _sent(row: Delivery, _opening: Opening | None, _now: datetime) -> Told:
    found = {"found": "the answer was lost; looked up and found", "duplicate": "the network has it already"}
    return Told(found.get(row.reason, ""))


def _failed(row: Delivery, _opening: Opening | None, _now: datetime) -> Told:
    return Told(row.error or row.reason, command=f"distributor send {row.article_id} --to {row.channel} --again")


def _skipped(row: Delivery, _opening: Opening | None, _now: datetime) -> Told:
    again = row.kind is Kind.POST and row.reason in {"too-old", "budget"}
    command = f"distributor send {row.article_id} --to {row.channel}" if again else ""
    return Told(SKIPPED.get(row.reason, row.reason), command=command)


def _uncertain(row: Delivery, _opening: Opening | None, _now: datetime) -> Told:
    why = f"nobody knows whether it went out: {row.error or row.reason}"
    if row.resolve_at is not None:
        return Told(f"{why}; looked into by itself", row.resolve_at)
    return Told(why, command=f"distributor deliveries resolve {row.id} --sent URL | --not-sent")


_TELL = {
    State.PENDING: _pending,
    State.HELD: _held,
    State.SENDING: _sending,
    State.SENT: _sent,
    State.FAILED: _failed,
    State.SKIPPED: _skipped,
    State.UNCERTAIN: _uncertain,
}
