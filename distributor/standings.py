"""Where every article stands: the ranking's snapshot, which queues, pages and lists all read.

    live articles + what readers did -> ranking.rank -> near-duplicates at the front found -> the table `ranking`

It is renewed each minute, outside of any transaction but the short ones that write it; in between, news joins it.
A digest is ranked by the same function over its own time.
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

__all__ = ["Standing", "add", "live_since", "measure", "over", "renew", "rerank"]

# Within it, scores of different moments differ by less than what they mean. Beat renews them each minute.
SERVES = timedelta(minutes=5)
# Rows in one transaction: a post that waits for it waits some milliseconds.
PIECE = 2_000
# Counts of that time are by 20 minutes still.
_MOST_OF_A_LIST = timedelta(days=13)
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
    counted = signals.series(connection, since=max(since, now - _MOST_OF_A_LIST))
    items = snapshot.items(connection, now, since=since, counted=counted)
    ranked = ranking.rank(items, now, app.settings.ranking.settings)
    return Standing(now, ranked, _told(connection, ranked))


def live_since(app: App, now: datetime) -> datetime:
    """What was published before then has no attention left: twice its time is a thousandth of it."""
    return now - 2 * app.settings.ranking.lives


def over(app: App, connection: sa.Connection, items: Sequence[Item], since: datetime, until: datetime) -> list[Ranking]:
    """These articles, of a list of all that time such as a digest, best first, with variety at the front.

    The same function as the snapshot's, with half-lives that fit the time: a queue asks what rises now.
    """
    numbers = [item.article_id for item in items]
    born = min((item.published_at for item in items), default=since)
    counted = signals.series(connection, numbers, since=max(born, until - _MOST_OF_A_LIST))
    known = [replace(item, signals=counted.get(item.article_id, {})) for item in items]
    ranked = ranking.rank(known, until, app.settings.ranking.settings.over(until - since))
    return _varied(app, connection, ranked, {item.article_id: item for item in items})


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
