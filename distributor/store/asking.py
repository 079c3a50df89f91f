"""How often an address is mailed because somebody typed it: nobody can be flooded through a form.

Addresses are keyed hashes (see mailkeys.py). Each function works on the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from distributor.store import tables as t

__all__ = ["may_mail", "unmailed"]

DAY = timedelta(days=1)


def may_mail(
    connection: sa.Connection, key_hash: str, purpose: str, now: datetime, *, a_day: int, ever: int | None = None
) -> bool:
    """Whether one more letter of this kind may go there; counts it. Lock the address in this transaction before.

    A day is 24 hours since the last one that was sent: whoever asks all the time gets no more than who asks once.
    """
    of = (t.asked.c.key == key_hash, t.asked.c.purpose == purpose)
    row = connection.execute(sa.select(t.asked).where(*of)).one_or_none()
    if row is None:
        values = {"key": key_hash, "purpose": purpose, "times": 1, "today": 1, "last_at": now}
        connection.execute(sa.insert(t.asked).values(values))
        return True
    today = row.today if now - row.last_at < DAY else 0
    granted = today < a_day and (ever is None or row.times < ever)
    # Written in either case: both take the same time.
    values = {"times": row.times + granted, "today": today + granted, "last_at": now if granted else row.last_at}
    connection.execute(sa.update(t.asked).where(*of).values(values))
    return bool(granted)


def unmailed(connection: sa.Connection, key_hash: str, purpose: str) -> None:
    """The count begins anew: the reader has shown that the letters were wanted."""
    connection.execute(sa.delete(t.asked).where(t.asked.c.key == key_hash, t.asked.c.purpose == purpose))
