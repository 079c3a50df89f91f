"""What readers do, on its way into the ledger: kept in memory for a second, written in batches.

    note(Seen)    -> waiting (at most MOST) -> flush: one transaction -> `event`, to be judged
    above MOST    -> numbers only                  -> flush             -> raw counts, never ranked by

A process that is killed loses what came within the last second or two. Nobody is known by name: a visitor is a hash
of the address and the agent, a mail a hash of its delivery, both with a salt that is new each day (UTC) and then gone.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections import Counter as Numbers
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import IPv6Address
from typing import Any, Self

import sqlalchemy as sa
import structlog

from distributor.context import App
from distributor.errors import StoreError
from distributor.store import signals
from distributor.store.articles import CHUNK
from distributor.store.tables import delivery

__all__ = ["Counter", "Seen"]

log = structlog.get_logger(__name__)

MOST = 10_000
EVERY = 1.0
AGENT = 512  # characters of an agent that tell readers apart

# What is counted when there is too much of it to be looked at: (article, channel, kind, link)
About = tuple[int, str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing that a reader or a robot did. `at` is aware, UTC; `kind` is clicks, views or shares.

    `channel` is where it came from: a channel's or digest's name, "site" for a view, a network for a share.
    `visitor` is Counter.visitor's hash (0: unknown), `delivery_id` the mail it came from (0: none), forgotten when it
    is written. `marks` are the bits of robots.py.
    """

    at: datetime
    kind: str
    article_id: int
    channel: str
    link_id: int = 0
    visitor: int = 0
    delivery_id: int = 0
    marks: int = 0


class Counter:
    """Collects what is seen, and writes it down each second once started. Safe for threads."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._waiting: list[Seen] = []
        self._raw: Numbers[About] = Numbers()
        self._salt, self._day = b"", date.min
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = 0  # not even counted: the database is away, and more articles were seen than are kept

    def note(self, seen: Seen) -> None:
        """Takes it and returns at once: no database, no waiting."""
        with self._lock:
            if len(self._waiting) < MOST:
                self._waiting.append(seen)
            else:
                self._count(seen)

    def visitor(self, ip: str, agent: str) -> int:
        """Who this is today, as a number of 63 bits that nobody can read back. IPv6: the network of 64 bits."""
        if not self._salt:
            self._renew()
        return _hashed(self._salt, "visitor", _network(ip), agent[:AGENT])

    def flush(self) -> int:
        """Writes what waits; how many events it was. What the database does not take is kept for the next time."""
        with self._flushing:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                raw, self._raw = self._raw, Numbers()
            if not waiting and not raw:
                return 0
            try:
                self._write(waiting, raw)
            except StoreError as error:
                log.warning("what readers did is not written yet", events=len(waiting), error=str(error))
                self._put_back(waiting, raw)
                return 0
            return len(waiting)

    def start(self) -> Self:
        """A thread of its own from now on."""
        if self._thread is None:
            self._renew()
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="counting", daemon=True)
            self._thread.start()
        return self

    def close(self) -> None:
        """Writes the rest; a second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop.set()
            thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                if self._day != self._app.clock().date():
                    self._renew()
                self.flush()
            except Exception:  # a thread that ends would count nothing any more, and nobody would see it
                log.exception("counting failed")

    def _renew(self) -> None:
        """The day's salt, shared by all processes; one of our own for as long as the database is away."""
        now = self._app.clock()
        try:
            with self._app.store.write() as connection:
                self._salt, self._day = signals.salt(connection, now), now.date()
        except StoreError as error:
            log.warning("no salt from the database", error=str(error))
            self._salt = self._salt or os.urandom(32)

    def _write(self, waiting: Sequence[Seen], raw: Numbers[About]) -> None:
        now = self._app.clock()
        with self._app.store.write() as connection:
            if waiting:
                delays = _moments(connection, {one.delivery_id for one in waiting if one.delivery_id})
                salt = signals.salt(connection, now)
                signals.add_events(connection, [_row(one, delays, salt) for one in waiting])
            if raw:
                signals.add_raw(connection, dict(raw), now)

    def _put_back(self, waiting: list[Seen], raw: Numbers[About]) -> None:
        with self._lock:
            whole = waiting + self._waiting
            self._waiting = whole[:MOST]
            for about, number in raw.items():
                self._add(about, number)
            for seen in whole[MOST:]:
                self._count(seen)

    def _count(self, seen: Seen) -> None:
        self._add((seen.article_id, seen.channel, seen.kind, seen.link_id), 1)

    def _add(self, about: About, number: int) -> None:
        if about in self._raw or len(self._raw) < MOST:
            self._raw[about] += number
        else:
            self.lost += number


def _row(seen: Seen, delays: dict[int, tuple[datetime | None, datetime | None]], salt: bytes) -> dict[str, Any]:
    """The event as it is kept: without the delivery, which would say who it was."""
    number = seen.delivery_id
    return {
        "at": seen.at,
        "kind": seen.kind,
        "article_id": seen.article_id,
        "channel": seen.channel,
        "link_id": seen.link_id,
        "visitor": seen.visitor,
        "mail": _hashed(salt, "mail", str(number)) if number else 0,
        "delay": _delay(seen.at, *delays.get(number, (None, None))),
        "marks": seen.marks,
    }


def _delay(at: datetime, claimed: datetime | None, settled: datetime | None) -> int:
    """Seconds since the mail was delivered, -1 where nobody knows.

    Mails are settled in batches, a while after they left: what was clicked before that is timed from the claim.
    """
    since = settled if settled is not None and settled <= at else claimed
    return -1 if since is None or since > at else int((at - since).total_seconds())


def _moments(connection: sa.Connection, numbers: set[int]) -> dict[int, tuple[datetime | None, datetime | None]]:
    """When each of these deliveries was claimed and settled."""
    found: dict[int, tuple[datetime | None, datetime | None]] = {}
    wanted = sorted(numbers)
    for start in range(0, len(wanted), CHUNK):
        columns = sa.select(delivery.c.id, delivery.c.claimed_at, delivery.c.settled_at)
        rows = connection.execute(columns.where(delivery.c.id.in_(wanted[start : start + CHUNK])))
        found |= {row.id: (row.claimed_at, row.settled_at) for row in rows}
    return found


def _hashed(salt: bytes, *words: str) -> int:
    """63 bits, so that every database has a whole number for it; never 0, which means nobody."""
    digest = hmac.digest(salt, "\0".join(words).encode("utf-8", "replace"), "sha256")
    return int.from_bytes(digest[:8], "big") >> 1 or 1


def _network(ip: str) -> str:
    """A reader's IPv6 address changes by the hour within one network of 64 bits."""
    if ":" not in ip:
        return ip
    try:
        address = IPv6Address(ip)
    except ValueError:
        return ip
    return str(address.ipv4_mapped or int(address) >> 64)
