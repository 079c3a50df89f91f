"""A reader's own data: to have it, to move it to another address, to have it deleted.

A move needs both mailboxes. Each letter's link carries the move's number and the new address; each confirmation is a
row of consent; when both are there, the address changes.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
import structlog

from distributor import addressing, choosing, letters, passes
from distributor.context import App
from distributor.errors import NotFound
from distributor.mailroom import MAIN
from distributor.model import Kind, Subscriber
from distributor.passes import CONFIRM, SWITCH_NEW, SWITCH_OLD, Pass
from distributor.store import asking, census, erasing, subscribers

__all__ = ["Step", "ask_switch", "awaited_switch", "confirm_switch", "export", "forget"]

log = structlog.get_logger(__name__)
Step = Literal["waiting", "done"]  # for the other mailbox; the address has changed
SWITCHES_A_DAY = 2


def export(app: App, subscriber_id: int) -> dict[str, Any]:
    """Everything that is kept about a reader, fit for JSON: moments are ISO 8601 in UTC. Raises NotFound."""
    with app.store.read() as connection:
        found = _reader(connection, subscriber_id)
        more = erasing.told(connection, subscriber_id)
        consents = [asdict(one) for one in subscribers.consents(connection, subscriber_id)]
        mails = [_mail(row) for row in erasing.deliveries_of(connection, subscriber_id)]
        known = passes.hashes(app, addressing.address_key(found.address))
        why = subscribers.suppression(connection, known)
    told: dict[str, Any] = _plain(
        {
            "exported_at": app.clock(),
            "site": app.settings.site.name,
            "subscriber": asdict(found) | {name: value for name, value in more.items() if name != "bounces"},
            "suppressed": why,
            "consents": consents,
            "deliveries": mails,
            "bounces": more["bounces"],
        }
    )
    return told


def forget(app: App, subscriber_id: int, *, who: str, ip: str = "") -> bool:
    """Deletes all that is personal, and keeps a keyed hash so that no list brings the reader back; False where there
    is no such reader (any more). The ledger's rows stay, as bare numbers.
    """
    del ip  # it is personal data too
    now = app.clock()
    with app.store.write(durable=True) as connection:
        found = subscribers.get(connection, subscriber_id, lock=True)
        if found is None:
            return False
        erasing.erase(connection, found.id, "erased", now)
        known = passes.hashes(app, addressing.address_key(found.address))
        for one in known:
            for purpose in (CONFIRM, passes.LINK, SWITCH_OLD):
                asking.unmailed(connection, one, purpose)
        subscribers.suppress(connection, known[0], "erased", now)
        census.audit(connection, who, "forget", f"subscriber:{found.id}", now)
    return True


def ask_switch(app: App, subscriber_id: int, new_address: str, *, ip: str) -> None:
    """Writes to both addresses; nothing moves before both agree. Nobody learns whether the new one is a reader.

    Raises ValueError for no address, or the same one; NotFound; ConfigError where no mail can leave.
    """
    new = addressing.normalised(new_address)
    with app.store.read() as connection:
        found = _reader(connection, subscriber_id)
    if addressing.address_key(found.address) == new.key:
        raise ValueError("that is the address your mails come to already")
    facts = {"old": found.address, "new": new.address, "hours": 24}
    to_old = letters.made(app, SWITCH_OLD, found.language, facts | {"url": passes.url(app, SWITCH_OLD)})
    to_new = letters.made(app, SWITCH_NEW, found.language, facts | {"url": passes.url(app, SWITCH_NEW)})
    words = json.dumps([secrets.token_hex(6), passes.mark(found.address), new.address], ensure_ascii=False)
    now, known, theirs = (
        app.clock(),
        passes.hashes(app, addressing.address_key(found.address)),
        passes.hashes(app, new.key),
    )
    with app.store.write(durable=True) as connection:
        for one in sorted((known[0], theirs[0])):
            app.store.lock(connection, f"asked:{one}")
        found = _reader(connection, subscriber_id)
        may_old = asking.may_mail(connection, known[0], SWITCH_OLD, now, a_day=SWITCHES_A_DAY)
        may_new = asking.may_mail(connection, theirs[0], CONFIRM, now, a_day=1, ever=3)
        if may_old:
            letters.post(app, connection, passes.seal(app, to_old, SWITCH_OLD, found.id, words), found.id)
            subscribers.add_consent(connection, found.id, choosing.consent(app, "switch-asked", ip=ip, new=new.address))
        if may_old and may_new and subscribers.may_return(subscribers.suppression(connection, theirs)):
            sealed = passes.seal(app, to_new, SWITCH_NEW, found.id, words)
            letters.post(app, connection, sealed, found.id, to=new.address)
    app.waker.wake(MAIN)


def awaited_switch(app: App, token: str) -> tuple[str, str] | None:
    """The old and the new address of a move that this token may confirm. Changes nothing."""
    found = _switch(app, token)
    if found is None:
        return None
    with app.store.read() as connection:
        known = subscribers.get(connection, found[1].number)
    return None if known is None else (known.address, json.loads(found[1].words)[2])


def confirm_switch(app: App, token: str, *, ip: str) -> Step | None:
    """One of the two agrees. "waiting": the other one has not yet; "done": mails go to the new address. Again is the
    same. None for a token that is not (or no longer) good.
    """
    found = _switch(app, token)
    if found is None:
        return None
    side, said = found
    number, old_mark, new_address = json.loads(said.words)
    with app.store.write(durable=True) as connection:
        known = subscribers.get(connection, said.number, lock=True)
        if known is None:
            return None
        acts = subscribers.consents(connection, known.id)
        if _agreed(acts, "switched", number):
            return "done"
        if passes.mark(known.address) != old_mark:
            return None
        if not _agreed(acts, side, number):
            subscribers.add_consent(connection, known.id, choosing.consent(app, side, ip=ip, number=number))
        if not _agreed(acts, SWITCH_OLD if side == SWITCH_NEW else SWITCH_NEW, number):
            return "waiting"
        return _move(app, connection, known, new_address, number, ip)


def _move(app: App, connection: sa.Connection, known: Subscriber, address: str, number: str, ip: str) -> Step | None:
    """Both agree. Who reads at the new address already stays that reader, and the old address leaves. No old list that
    is imported later brings the old one back.
    """
    now = app.clock()
    new = addressing.normalised(address)
    theirs = passes.hashes(app, new.key)
    if not subscribers.may_return(subscribers.suppression(connection, theirs)):
        return None
    for one in theirs:
        subscribers.unsuppress(connection, one)
        asking.unmailed(connection, one, CONFIRM)
    there = subscribers.by_address(connection, new.key, lock=True)
    subscribers.suppress(connection, passes.hashes(app, addressing.address_key(known.address))[0], "left", now)
    done = choosing.consent(app, "switched", ip=ip, number=number)
    subscribers.add_consent(connection, known.id, done)
    if there is not None and there.status == "active":
        subscribers.set_status(connection, known.id, "left")
        subscribers.add_consent(connection, known.id, choosing.consent(app, "left", ip=ip, how="switch"))
        erasing.skip_waiting(connection, known.id, "unsubscribed", now)
        return "done"
    if there is not None:
        erasing.erase(connection, there.id, "switched", now)
    subscribers.save(connection, replace(known, address=new.address), **choosing.slots(app, known, now))
    subscribers.touch(connection, known.id, now)
    return "done"


def _switch(app: App, token: str) -> tuple[str, Pass] | None:
    for side in (SWITCH_OLD, SWITCH_NEW):
        found = passes.read(app, side, token)
        if found is not None:
            return side, found
    return None


def _agreed(acts: list[subscribers.Consent], act: str, number: str) -> bool:
    return any(one.act == act and (one.detail or {}).get("number") == number for one in acts)


def _mail(row: Any) -> dict[str, Any]:
    letter = row.letter if row.kind == Kind.LETTER.value and row.letter else {}
    told = {
        "id": row.id,
        "kind": row.kind,
        "channel": row.channel,
        "state": row.state,
        "reason": row.reason,
        "error": row.error,
        "planned_at": row.planned_at,
        "settled_at": row.settled_at,
        "digest_of": row.slot,
        "edition": row.edition_id or None,
        "article": row.title,
        "url": row.url,
        "subject": letter.get("subject"),
        "to": (letter.get("options") or {}).get("to"),
        "receipt": row.receipt,
    }
    return {name: value for name, value in told.items() if value not in (None, "")}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(below) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(below) for below in value]
    return value


def _reader(connection: sa.Connection, subscriber_id: int) -> Subscriber:
    found = subscribers.get(connection, subscriber_id)
    if found is None:
        raise NotFound(f"there is no reader number {subscriber_id}")
    return found
