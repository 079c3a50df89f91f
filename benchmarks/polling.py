"""How many feeds a second `collect()` polls: `python -m benchmarks.polling [--quick] [--json]`.

2,000 feeds of 10 items (as WordPress gives) on loopback, served by another process; the ledger is SQLite on a disk.

    unchanged_per_s   every feed answers 304; counted are the sources that the store says were polled in the round
    changed_per_s     every feed has one new item: parsed, stored, its post planned; counted are the ledger's new rows

Each is the median of rounds. rss2email polls feeds of the same server in the same run.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from benchmarks import peers, stage
from benchmarks.newsstand import Newsstand, newsstand
from distributor import config
from distributor.app import build_app
from distributor.collect import collect
from distributor.context import App
from distributor.store import sources
from distributor.store import tables as t

__all__ = ["measure"]

GOALS = {"unchanged_per_s": "5,000", "changed_per_s": "1,000"}


def settings(stand: Newsstand, feeds: int, data: Path) -> str:
    tables = [f'[sources.s{number}]\nurl = "{stand.feed(number)}"\n' for number in range(feeds)]
    return "\n".join(
        [
            f'[site]\ndata = "{data}"\n[network]\nallow_hosts = ["{stand.place}"]',
            '[channels.wall]\nkind = "preview"\nnetwork = "mastodon"',
            *tables,
        ]
    )


def measure(*, quick: bool) -> dict[str, Any]:
    feeds, rounds = (100, 2) if quick else (2000, 5)
    with stage.folder() as place, newsstand(feeds) as stand:
        app = build_app(config.loads(settings(stand, feeds, place), place / "distributor.toml", {}), wake=False)
        try:
            first = _poll(app)
            unchanged = [_unchanged(app, feeds) for _ in range(rounds)]
            changed = [_changed(app, stand, feeds) for _ in range(rounds)]
        finally:
            app.fetcher.close()
            app.store.close()
        peer = {} if quick else peers.rss2email(place, [stand.feed(number) for number in range(200)], stand)
    return {
        "feeds": feeds,
        "rounds": rounds,
        "unchanged_per_s": round(feeds / median(unchanged)),
        "changed_per_s": round(feeds / median(changed)),
        "first_poll_per_s": round(feeds / first),
        **peer,
    }


def _unchanged(app: App, feeds: int) -> float:
    began = app.clock()
    taken = _poll(app)
    with app.store.read() as connection:
        polled = connection.execute(
            sa.select(sa.func.count()).where(t.source.c.polled_at >= began, t.source.c.failures == 0)
        ).scalar_one()
    assert polled == feeds, f"{polled} of {feeds} feeds were polled"
    return taken


def _changed(app: App, stand: Newsstand, feeds: int) -> float:
    stand.issue()
    before = _rows(app)
    taken = _poll(app)
    planned = _rows(app) - before
    assert planned == feeds, f"{planned} posts were planned for {feeds} new items"
    return taken


def _poll(app: App) -> float:
    """Seconds that it takes to poll every feed."""
    with app.store.write() as connection:
        sources.hurry(connection, app.clock())
    start = time.perf_counter()
    collect(app)
    return time.perf_counter() - start


def _rows(app: App) -> int:
    with app.store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(t.delivery)).scalar_one())


def main() -> None:
    given = stage.options(__doc__)
    stage.tell(measure(quick=given.quick), given, goals=GOALS)


if __name__ == "__main__":
    main()
