"""What the bot's own ledger says, read from outside while it may be down."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.campaign.newspaper import CHANNELS
from benchmarks.campaign.players import ROOT
from benchmarks.campaign.verdict import TOKEN, Lost, Row
from distributor.errors import StoreError
from distributor.store import Store
from distributor.store import tables as t

__all__ = ["Ledger", "Standing", "status_gaps"]

# How an attempt ends when its answer came: everybody knows then what happened.
CERTAIN = ("", "sent", "duplicate", "retry", "pending", "worker-lost")


@dataclass(frozen=True)
class Standing:
    """How many deliveries there are, how many still wait, and how many doubts the bot will yet settle by itself."""

    rows: int
    waiting: int
    doubts: int


def status_gaps(config: Path, unknown: Sequence[int]) -> list[str]:
    """What `distributor status` leaves unsaid: each of these deliveries must be told, and the law must hold.

    Status names the first ones, and for more points to the list of deliveries.
    """
    try:
        told = _ask(config, "status")
        text = "\n".join(one["text"] for one in told["problems"])
        named = {int(number) for number in re.findall(r"^delivery (\d+) ", text, re.MULTILINE)}
        if "more are uncertain" in text:
            listed = _ask(config, "deliveries", "list", "--state", "uncertain", "--limit", "10000")
            named |= {one["id"] for one in (listed["deliveries"] if isinstance(listed, dict) else listed)}
    except (ValueError, KeyError) as error:
        return [f"status failed: {error}"]
    gaps = [f"status does not name delivery {number}" for number in unknown if number not in named]
    return gaps if told["law"]["holds"] else [*gaps, f"status says that the law is broken: {told['law']}"]


def _ask(config: Path, *words: str) -> Any:
    command = [sys.executable, "-m", "distributor", "--config", str(config), *words, "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=ROOT)
    if not done.stdout:
        raise ValueError(done.stderr.strip()[-300:])
    return json.loads(done.stdout)


class Ledger:
    """The ledger of a campaign, by its database's URL."""

    def __init__(self, url: str) -> None:
        self._store = Store(url)

    def standing(self) -> Standing | None:
        """None while the database cannot be read."""
        d = t.delivery
        waiting = sa.func.count().filter(d.c.state.in_(["pending", "sending"]))
        doubts = sa.func.count().filter(d.c.state == "uncertain", d.c.resolve_at.is_not(None))
        try:
            with self._store.read() as connection:
                return Standing(*connection.execute(sa.select(sa.func.count(), waiting, doubts).select_from(d)).one())
        except StoreError:
            return None

    def rows(self) -> list[Row]:
        d, a = t.delivery, t.article
        query = sa.select(d.c.channel, a.c.title, d.c.state, d.c.reason).join(a, a.c.id == d.c.article_id)
        with self._store.read() as connection:
            return [
                Row(CHANNELS[row.channel], _token(row.title), row.state, row.reason)
                for row in connection.execute(query)
            ]

    def counted(self) -> int:
        """How many posts the articles' rules called for, as the bot counted when it took them in."""
        with self._store.read() as connection:
            return int(
                connection.execute(sa.select(sa.func.coalesce(sa.func.sum(t.article.c.planned), 0))).scalar_one()
            )

    def lost_attempts(self) -> list[Lost]:
        query = sa.select(t.attempt.c.owner, t.attempt.c.account).where(t.attempt.c.outcome == "worker-lost")
        with self._store.read() as connection:
            return [Lost(int(row.owner.split("/")[3]), row.owner, row.account) for row in connection.execute(query)]

    def unknown(self) -> list[int]:
        """The deliveries that wait for a person, because nobody can know whether they were posted."""
        d = t.delivery
        query = sa.select(d.c.id).where(d.c.state == "uncertain", d.c.resolve_at.is_(None)).order_by(d.c.id)
        with self._store.read() as connection:
            return list(connection.execute(query).scalars())

    def faults(self) -> int:
        """Attempts whose answer failed: nobody knew then whether the network took the post."""
        query = sa.select(sa.func.count()).select_from(t.attempt).where(t.attempt.c.outcome.not_in(CERTAIN))
        with self._store.read() as connection:
            return int(connection.execute(query).scalar_one())

    def outcomes(self) -> dict[str, int]:
        """How attempts ended, counted."""
        query = sa.select(t.attempt.c.outcome, sa.func.count()).group_by(t.attempt.c.outcome)
        with self._store.read() as connection:
            return {outcome or "open": number for outcome, number in connection.execute(query)}

    def close(self) -> None:
        self._store.close()


def _token(title: str) -> str:
    found = re.match(TOKEN, title)
    assert found, title
    return found[0]
