"""Readers by the thousand: taken over from another tool, or kept from being mailed. In batches, each a transaction.

    asks (any number, lazily) -> batch -> who is known, who must not be mailed -> readers with their consent -> commit

A batch is committed whole, so an import that is broken off leaves no half reader, and can be run again: who is there
already stays as they are, and who left or bounced is never taken back by a list.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from distributor import addressing, choosing, passes
from distributor.choosing import Ask
from distributor.context import App
from distributor.mailkeys import suppression_key
from distributor.model import Choice, Schedule, Subscriber
from distributor.schedules import latest_slot, next_slot
from distributor.store import census, intake
from distributor.store import subscribers as stored
from distributor.store.subscribers import Consent

__all__ = ["Counts", "Taken", "bring", "suppress_all"]

BATCH = 1_000
IMPORTED = "imported"  # how the proof of consent, and the suppression list, call it


@dataclass(frozen=True, slots=True)
class Taken:
    """One row as it was read: what its reader asks for (checked), or `wrong`: why it cannot be taken."""

    number: int
    address: str
    ask: Ask | None = None
    wrong: str = ""


@dataclass(slots=True)
class Counts:
    """What became of the rows. `there`: already readers, or twice in the file; `left`: went by their own act;
    `suppressed`: nothing may be mailed to them; `wrong`: rows that cannot be taken.
    """

    rows: int = 0
    added: int = 0
    there: int = 0
    left: int = 0
    suppressed: int = 0
    wrong: int = 0

    def add(self, what: str) -> None:
        self.rows += 1
        setattr(self, what, getattr(self, what) + 1)


Told = Callable[[Taken, str], None]


def bring(
    app: App, rows: Iterable[Taken], *, who: str, consent: str, dry_run: bool = False, told: Told | None = None
) -> Counts:
    """Takes readers over as active ones. `consent` says where their consent comes from; it is kept with each.

    `told` hears of every row that is not added, and why ("there", "left", "suppressed", or what is wrong). Raises
    StoreError; what was committed before stays.
    """
    with closing(_Intake(app, consent, dry_run, told)) as work:
        return _through(rows, work.take, app, who=who, what="subscribers import", detail=consent, dry_run=dry_run)


def suppress_all(
    app: App, rows: Iterable[Taken], *, who: str, note: str = "", dry_run: bool = False, told: Told | None = None
) -> Counts:
    """Nothing is mailed to these addresses any more, be they readers or not. `added` counts the new ones."""
    what = "subscribers import --suppressed"
    with closing(_Barring(app, dry_run, told)) as work:
        return _through(rows, work.take, app, who=who, what=what, detail=note, dry_run=dry_run)


def _through(
    rows: Iterable[Taken],
    take: Callable[[Sequence[Taken], Counts], None],
    app: App,
    *,
    who: str,
    what: str,
    detail: str,
    dry_run: bool,
) -> Counts:
    counts, source = Counts(), iter(rows)
    try:
        while batch := list(islice(source, BATCH)):
            take(batch, counts)
    finally:
        if not dry_run and counts.rows:
            said = {"consent": detail, "rows": counts.rows, "added": counts.added}
            with app.store.write(durable=True) as connection:
                census.audit(connection, who, what, "subscribers", app.clock(), said)
    return counts


class _Sorting:
    """What both kinds have in common: each address once, and those that are none told."""

    def __init__(self, app: App, dry_run: bool, told: Told | None) -> None:
        self.app, self.dry_run = app, dry_run
        self.told = told or (lambda _row, _why: None)
        self.secrets = passes.keys(app)
        # Numbers that stand for addresses, in a nameless database that spills to a file: a million take no memory.
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("PRAGMA journal_mode = OFF")
        self._seen.execute("CREATE TABLE seen (number INTEGER PRIMARY KEY)")
        self._seen.execute("BEGIN")

    def close(self) -> None:
        self._seen.close()

    def good(self, batch: Sequence[Taken], counts: Counts) -> dict[str, Taken]:
        """The rows by their addresses' keys."""
        found: dict[str, Taken] = {}
        for row in batch:
            wrong, key = row.wrong, ""
            if not wrong:
                try:
                    key = addressing.address_key(row.address)
                except ValueError as error:
                    wrong = str(error)
            if wrong:
                self.tell(counts, row, "wrong", wrong)
            elif self._stood(key):
                self.tell(counts, row, "there", "stands in the file twice")
            else:
                found[key] = row
        return found

    def _stood(self, key: str) -> bool:
        """Whether the address was read before; says that it was from now on."""
        return self._seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", (hash(key),)).rowcount == 0

    def tell(self, counts: Counts, row: Taken, what: str, why: str) -> None:
        counts.add(what)
        self.told(row, why)

    def hashes(self, keys: Iterable[str]) -> dict[str, list[str]]:
        """What stands for each address in the suppression list; the first is the one to write."""
        return {key: [suppression_key(secret, key) for secret in self.secrets] for key in keys}

    def barred(self, connection: sa.Connection, hashes: dict[str, list[str]]) -> set[str]:
        """The addresses that must not be mailed, by their keys."""
        found = stored.suppressed(connection, [one for own in hashes.values() for one in own])
        return {key for key, own in hashes.items() if not found.isdisjoint(own)}


class _Intake(_Sorting):
    def __init__(self, app: App, consent: str, dry_run: bool, told: Told | None) -> None:
        super().__init__(app, dry_run, told)
        self.consent = consent

    def take(self, batch: Sequence[Taken], counts: Counts) -> None:
        rows, now = self.good(batch, counts), self.app.clock()
        hashes = self.hashes(rows)
        if self.dry_run:
            with self.app.store.read() as connection:
                self._sorted_out(connection, rows, hashes, counts)
        else:
            with self.app.store.write(durable=True) as connection:
                self._add(connection, self._sorted_out(connection, rows, hashes, counts), now)

    def _sorted_out(
        self, connection: sa.Connection, rows: dict[str, Taken], hashes: dict[str, list[str]], counts: Counts
    ) -> list[Taken]:
        """Those who are new and may be mailed."""
        known = stored.known(connection, list(rows))
        barred = self.barred(connection, hashes)
        new = []
        for key, row in rows.items():
            if key in barred:
                self.tell(counts, row, "suppressed", "is on the suppression list")
            elif key in known:
                reader = stored.by_address(connection, key)
                if reader is not None and reader.status in ("left", "suppressed"):
                    self.tell(counts, row, "left" if reader.status == "left" else "suppressed", _GONE[reader.status])
                else:
                    why = "has not confirmed yet" if reader and reader.status == "pending" else "is a reader already"
                    self.tell(counts, row, "there", why)
            else:
                counts.add("added")
                new.append(row)
        return new

    def _add(self, connection: sa.Connection, new: Sequence[Taken], now: datetime) -> None:
        choices: dict[Choice, int] = {}
        schedules: dict[Schedule, tuple[int, datetime]] = {}
        wishes: dict[tuple[object, ...], Schedule | None] = {}
        made = []
        for row in new:
            assert row.ask is not None
            ask, begins, number = row.ask, now, 0
            choice = Choice(ask.categories, ask.trending, ask.language)
            if choice not in choices:
                choices[choice] = stored.choice_id(connection, choice)
            wish = (ask.frequency, ask.weekdays, ask.hour, ask.timezone)
            if wish not in wishes:
                wishes[wish] = choosing.schedule(self.app, ask)
            schedule = wishes[wish]
            if schedule is not None:
                if schedule not in schedules:
                    at = stored.schedule_id(connection, schedule, next_slot(schedule, now))
                    schedules[schedule] = at, latest_slot(schedule, now)
                number, begins = schedules[schedule]
            blank = Subscriber(address=ask.address, status="active", watermark=begins, created_at=now, confirmed_at=now)
            made.append((choosing.chosen(blank, ask), choices[choice], number))
        intake.add_many(connection, made, Consent(at=now, act=IMPORTED, source=self.consent))


_GONE = {"left": "left by their own act", "suppressed": "bounced or complained"}


class _Barring(_Sorting):
    def take(self, batch: Sequence[Taken], counts: Counts) -> None:
        rows, now = self.good(batch, counts), self.app.clock()
        hashes = self.hashes(rows)
        if self.dry_run:
            with self.app.store.read() as connection:
                self._new(connection, rows, hashes, counts)
            return
        with self.app.store.write(durable=True) as connection:
            stored.suppress_many(connection, self._new(connection, rows, hashes, counts), IMPORTED, now)
            for key in stored.known(connection, list(rows)):
                self._end(connection, key, now)

    def _new(
        self, connection: sa.Connection, rows: dict[str, Taken], hashes: dict[str, list[str]], counts: Counts
    ) -> list[str]:
        barred = self.barred(connection, hashes)
        for key, row in rows.items():
            if key in barred:
                self.tell(counts, row, "there", "is on the suppression list already")
            else:
                counts.add("added")
        return [own[0] for key, own in hashes.items() if key not in barred]

    def _end(self, connection: sa.Connection, key: str, now: datetime) -> None:
        """A reader of ours who had left the old tool: what waits for them is given up too."""
        from distributor.store import erasing

        reader = stored.by_address(connection, key)
        if reader is not None and reader.status not in ("left", "suppressed"):
            stored.set_status(connection, reader.id, "suppressed")
            erasing.skip_waiting(connection, reader.id, "suppressed", now)
            stored.add_consent(connection, reader.id, Consent(at=now, act="suppressed", source=IMPORTED))
