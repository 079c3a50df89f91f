"""What the publisher does about readers, one at a time: add, suppress, let in again.

By the thousand: importing.py. Every act is a row of the audit, which names the reader's number and never the address.
"""

from __future__ import annotations

from dataclasses import replace

from distributor import addressing, choosing, passes
from distributor.choosing import Ask
from distributor.context import App
from distributor.model import Subscriber
from distributor.store import asking, bounces, census, erasing, subscribers

__all__ = ["add", "suppress", "unsuppress"]


def add(app: App, ask: Ask, *, who: str, consent: str) -> Subscriber:
    """A reader who has agreed elsewhere; `consent` says where and how, and is kept. Active at once, without a letter.

    Raises ValueError (one line) for what is not offered, who is a reader already, and who must not be mailed: who left
    or was forgotten comes back by an act of their own.
    """
    wish = choosing.checked(app, ask)
    if not consent.strip():
        raise ValueError("say where the reader's consent comes from")
    now, key = app.clock(), addressing.address_key(wish.address)
    with app.store.write(durable=True) as connection:
        why = subscribers.suppression(connection, passes.hashes(app, key))
        found = subscribers.by_address(connection, key, lock=True)
        if why or (found is not None and found.status in ("left", "suppressed")):
            raise ValueError(f"{wish.address} must not be mailed ({why or (found.status if found else '')})")
        if found is not None and found.status == "active":
            raise ValueError(f"{wish.address} is a reader already")
        blank = found or Subscriber(address=wish.address, watermark=now, created_at=now)
        reader = choosing.chosen(replace(blank, status="active"), wish)
        reader = replace(reader, watermark=choosing.started(app, reader, now), confirmed_at=now)
        reader = subscribers.save(connection, reader, **choosing.slots(app, reader, now))
        subscribers.add_consent(connection, reader.id, choosing.consent(app, "added", source=consent))
        census.audit(connection, who, "subscribers add", f"subscriber:{reader.id}", now)
    return reader


def suppress(app: App, address: str, reason: str, who: str) -> bool:
    """Nothing is mailed to this address any more, whoever asks for it; only `unsuppress` lifts that. False where it
    was so already. Raises ValueError for no address.
    """
    now, key = app.clock(), addressing.address_key(address)
    known = passes.hashes(app, key)
    with app.store.write(durable=True) as connection:
        before = subscribers.suppression(connection, known)
        subscribers.suppress(connection, known[0], reason or "by-hand", now)
        found = subscribers.by_address(connection, key, lock=True)
        if found is not None and subscribers.set_status(connection, found.id, "suppressed"):
            act = choosing.consent(app, "suppressed", source=who, reason=reason)
            subscribers.add_consent(connection, found.id, act)
        if found is not None:
            erasing.skip_waiting(connection, found.id, "suppressed", now)
        subject = f"subscriber:{found.id}" if found else f"suppression:{known[0][:12]}"
        census.audit(connection, who, "subscribers suppress", subject, now, {"reason": reason})
    return subscribers.may_return(before)


def unsuppress(app: App, address: str, who: str) -> bool:
    """Lifts what holds an address back; False where nothing does. A reader whose mails had bounced is one again, and
    gets what comes from now on; who complained may only ask anew.
    """
    now, key = app.clock(), addressing.address_key(address)
    known = passes.hashes(app, key)
    with app.store.write(durable=True) as connection:
        why = subscribers.suppression(connection, known)
        lifted = sum(subscribers.unsuppress(connection, one) for one in known) > 0
        for one in known:
            asking.unmailed(connection, one, passes.CONFIRM)
        found = subscribers.by_address(connection, key, lock=True)
        held = found is not None and found.status == "suppressed"
        if found is not None and held:
            again = why != "complaint" and found.confirmed_at is not None
            reader = replace(found, status="active" if again else "left", watermark=now, seen=())
            subscribers.save(connection, reader, **choosing.slots(app, reader, now))
            bounces.keep_points(connection, found.id, 0.0, now)
            subscribers.add_consent(connection, found.id, choosing.consent(app, "unsuppressed", source=who))
        if lifted or held:
            subject = f"subscriber:{found.id}" if found else f"suppression:{known[0][:12]}"
            census.audit(connection, who, "subscribers unsuppress", subject, now, {"was": why})
    return lifted or held
