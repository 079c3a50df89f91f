"""A publisher with digests and readers, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from distributor import composing, digest, schedules
from distributor.context import App
from distributor.editions import numbers
from distributor.model import Delivery, Kind, State, Subscriber
from distributor.store import Store, editions, subscribers
from tests.desk import Clock, entry, ingest, make_app, rows

__all__ = ["SETTINGS", "Newsroom", "at"]

SETTINGS = """
[site]
name = "Paper"
public_url = "https://paper.example"
postal_address = "1 Harbour Street"
categories = ["Business", "Sports", "Science"]
[mail]
from = "The Paper <news@paper.example>"
[sources.paper]
url = "https://paper.example/feed"
[digests.daily]
hour = 7
{daily}
[digests.weekly]
frequency = "weekly"
hour = 8
{more}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Newsroom:
    """`told` is what each reader was mailed of, article by article, in every mail that was not given up."""

    folder: Path
    daily: str = ""
    more: str = ""
    store: Store | None = None
    articles: int = 0
    app: App = field(init=False)

    def __post_init__(self) -> None:
        self.app = self.open()
        digest.build_due(self.app)

    def open(self, **changes: str) -> App:
        """The same newsroom with other settings."""
        text = SETTINGS.format(**({"daily": self.daily, "more": self.more} | changes))
        clock = self.app.clock if hasattr(self, "app") else Clock(at("2026-05-04T09:00"))
        store = self.app.store if hasattr(self, "app") else self.store
        self.app = make_app(text, self.folder, clock=clock, store=store)  # type: ignore[arg-type]
        return self.app

    @property
    def clock(self) -> Clock:
        return self.app.clock  # type: ignore[return-value]

    def reader(self, name: str = "ada", **changes: Any) -> int:
        now = self.clock()
        values = {"watermark": now, "created_at": now, "confirmed_at": now, "status": "active"} | changes
        return self.save(Subscriber(address=f"{name}@reader.example", **values)).id  # type: ignore[arg-type]

    def save(self, reader: Subscriber) -> Subscriber:
        found = schedules.schedule_of(
            reader.frequency, reader.weekdays, reader.hour, reader.timezone, composing.digests_of(self.app)
        )
        next_at = schedules.next_slot(found, self.clock()) if found else None
        with self.app.store.write() as connection:
            return subscribers.save(connection, reader, schedule=found, next_at=next_at)

    def get(self, reader: int) -> Subscriber:
        with self.app.store.read() as connection:
            found = subscribers.get(connection, reader)
        assert found is not None
        return found

    def publish(self, **changes: Any) -> int:
        """One article more; its id."""
        self.clock.forward(seconds=1)
        self.articles += 1
        return ingest(self.app, entry(self.articles, published_at=self.clock(), **changes)).new[0].id

    def build(self, moment: str = "") -> digest.Built:
        if moment:
            self.clock.now = at(moment)
        return digest.build_due(self.app)

    def mails(self, reader: int = 0) -> list[Delivery]:
        return [row for row in rows(self.app) if row.recipient_id and reader in (0, row.recipient_id)]

    def told(self, reader: int) -> list[int]:
        found: list[int] = []
        for row in self.mails(reader):
            if row.state is State.SKIPPED:
                continue
            found += [row.article_id] if row.kind is Kind.ALERT else self.of(row.edition_id)
        return found

    def of(self, edition: int) -> list[int]:
        with self.app.store.read() as connection:
            made = editions.get(connection, edition)
        assert made is not None
        return numbers(made.sections)
