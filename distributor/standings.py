"""Where every article stands: the ranking's snapshot, which queues, digests, pages and lists all read.

    live articles + what readers did -> ranking.rank -> near-duplicates at the front found -> the table `ranking`

It is renewed each minute, outside of any transaction but the short ones that write it; in between, news joins it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from distributor import ranking, stories
from distributor.context import App
from distributor.model import Ranking
from distributor.ranking import Item
from distributor.store import articles, signals, snapshot
from distributor.stories import Telling

__all__ = ["Standing", "add", "live_since", "measure", "order", "renew", "rerank"]

# Within it, scores of different moments differ by less than what they mean. Beat renews them each minute.
SERVES = timedelta(minutes=5)
# Rows in one transaction: a post that waits for it waits some milliseconds.
PIECE = 2_000
# So far from the front, near-duplicates are looked for.
FRONT = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """The ranking of one moment, best first; `told` maps the articles that tell another's story to that story."""

    at: datetime
    rankings: Sequence[Ranking]
    told: dict[int, str] = field(default_factory=dict)


def renew(app: App) -> int:
    """Makes the snapshot anew, in short transactions; how many articles it holds."""
    now = app.clock()
    with app.store.read() as connection:
        standing = measure(app, connection, now)
    for start in range(0, len(standing.rankings), PIECE):
        with app.store.write() as connection:
            app.store.lock(connection, "ranking")
            snapshot.add(connection, standing.rankings[start : start + PIECE], now, standing.told)
    with app.store.write() as connection:
        app.store.lock(connection, "ranking")
        snapshot.drop(connection, now)
    return len(standing.rankings)


def rerank(app: App, connection: sa.Connection, now: datetime) -> None:
    """The same within the caller's transaction."""
    app.store.lock(connection, "ranking")
    standing = measure(app, connection, now)
    snapshot.add(connection, standing.rankings, now, standing.told)
    snapshot.drop(connection, now)


def add(app: App, connection: sa.Connection, article_ids: Sequence[int], now: datetime) -> None:
    """News joins a snapshot that is young enough to be compared with; an older one is renewed.

    Whoever is in it already keeps the place: alone, what is usual cannot be told.
    """
    app.store.lock(connection, "ranking")
    oldest = snapshot.made_at(connection)
    numbers = sorted(set(article_ids))
    if oldest is None or now - oldest > SERVES or len(numbers) > articles.CHUNK:
        rerank(app, connection, now)
        return
    known = snapshot.some(connection, numbers)
    items = snapshot.items(connection, now, only=[number for number in numbers if number not in known])
    snapshot.add(connection, ranking.rank(items, now, app.settings.ranking.settings), now)


def measure(app: App, connection: sa.Connection, now: datetime) -> Standing:
    """Ranks what is live, and whatever still has something to send."""
    since = live_since(app, now)
    counted = signals.series(connection, since=since)
    items = snapshot.items(connection, now, since=since, counted=counted)
    ranked = ranking.rank(items, now, app.settings.ranking.settings)
    return Standing(now, ranked, _told(connection, ranked))


def live_since(app: App, now: datetime) -> datetime:
    """What was published before then has no attention left: twice its time is a thousandth of it."""
    return now - 2 * app.settings.ranking.lives


def order(app: App, connection: sa.Connection, items: Sequence[Item], now: datetime) -> list[Ranking]:
    """These articles best first, as the snapshot has them, with variety at the front.

    What is not in it (a digest of a week holds what is live no more) is ranked now; so is all when it is too old.
    """
    oldest, known = snapshot.made_at(connection), {}
    if oldest is not None and now - oldest <= SERVES:
        known = snapshot.some(connection, [item.article_id for item in items])
    rest = [item for item in items if item.article_id not in known]
    counted = signals.series(connection, [item.article_id for item in rest], since=live_since(app, now))
    fresh = [replace(item, signals=counted.get(item.article_id, {})) for item in rest]
    found = [*known.values(), *ranking.rank(fresh, now, app.settings.ranking.settings)]
    born = {item.article_id: item.published_at for item in items}
    found.sort(key=lambda one: (one.score, born[one.article_id], one.article_id), reverse=True)
    return _varied(app, connection, found, {item.article_id: item for item in items})


def _varied(app: App, connection: sa.Connection, ranked: Sequence[Ranking], items: Mapping[int, Item]) -> list[Ranking]:
    settings, told = app.settings.ranking, _told(connection, ranked)
    by_story = {number: replace(items[number], story=told[number]) for number in told}
    return ranking.spread(
        ranked,
        {**items, **by_story},
        top=settings.top,
        per_category=settings.per_category,
        per_story=settings.per_story,
    )


def _told(connection: sa.Connection, ranked: Sequence[Ranking]) -> dict[int, str]:
    """Which of those at the front tell a story that another tells too, and which story."""
    front = [one.article_id for one in ranked[:FRONT]]
    tellings = [Telling(*row) for row in snapshot.tellings(connection, front)]
    return {number: str(story) for number, story in stories.grouped(tellings).items()}
