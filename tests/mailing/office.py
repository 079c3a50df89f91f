"""A newsroom with readers and a relay in memory: deliveries that wait to be mailed, without planning them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from distributor.context import App
from distributor.mail.memory import MemoryTransport
from distributor.model import Delivery, Message
from distributor.store import Store, ledger
from distributor.store import tables as t
from distributor.store.rows import delivery_from
from tests.desk import START, Clock, make_app

__all__ = ["SETTINGS", "Office"]

SETTINGS = """
[site]
name = "The Paper"
public_url = "https://go.paper.example"
postal_address = "1 rue Haute, Paris"
categories = ["World News", "Business"]
[mail]
from = "The Paper <news@paper.example>"
[digests.daily]
"""


class Office:
    """`relay` takes what `drain_mail(app, "mail")` sends; `readers(n)` plans one mail to each of n readers."""

    def __init__(
        self, folder: Path, *, settings: str = SETTINGS, store: Store | None = None, sessions: int = 4
    ) -> None:
        self.clock = Clock()
        self.app: App = make_app(settings, folder, clock=self.clock, store=store)
        room = self.app.mailroom
        assert room is not None
        self.relay = MemoryTransport(sessions=sessions)
        object.__setattr__(room, "relays", {"mail": self.relay})

    def readers(self, count: int, *, domain: str = "reader.example", **delivery: Any) -> list[int]:
        """The deliveries' ids. They share one frozen message."""
        message = Message(
            text="Hello READERREADERREADERREADERREAD\n", html="<p>Hello</p>", subject="News", language="en"
        )
        with self.app.store.write(durable=True) as connection:
            message_id = ledger.freeze(connection, message, "f", START)
            first = connection.execute(sa.select(sa.func.count()).select_from(t.subscriber)).scalar_one()
            ids = []
            for number in range(first + 1, first + count + 1):
                self._reader(connection, number, domain)
                values = {"kind": "digest", "channel": "daily", "lane": 1, "message_id": message_id, "state": "pending"}
                values |= {"planned_at": START, "due_at": START, "recipient_id": number, "edition_id": 1} | delivery
                key = {"key": f"digest:daily:{number}:s{first}:g0"}
                row = connection.execute(sa.insert(t.delivery).values(values | key).returning(t.delivery.c.id))
                ids.append(row.scalar_one())
        return ids

    def _reader(self, connection: sa.Connection, number: int, domain: str) -> None:
        address = f"r{number}@{domain}"
        known = {"address": address, "address_key": address, "domain": domain, "status": "active", "choice_id": 1}
        moments: dict[str, datetime] = {"watermark": START, "created_at": START}
        connection.execute(
            sa.insert(t.subscriber).values(id=number, frequency="daily", timezone="UTC", **known, **moments)
        )

    def row(self, number: int) -> Delivery:
        with self.app.store.read() as connection:
            return delivery_from(connection.execute(sa.select(t.delivery).where(t.delivery.c.id == number)).one())

    def states(self) -> dict[str, int]:
        with self.app.store.read() as connection:
            query = sa.select(t.delivery.c.state, sa.func.count()).group_by(t.delivery.c.state)
            return {row[0]: row[1] for row in connection.execute(query)}

    def set_reader(self, number: int, **values: Any) -> None:
        with self.app.store.write() as connection:
            connection.execute(sa.update(t.subscriber).where(t.subscriber.c.id == number).values(**values))
