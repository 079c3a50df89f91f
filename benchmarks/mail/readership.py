"""A paper of twelve categories, its articles of a day, and readers who chose among 200 sets of categories."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.newsstand import vocabulary
from distributor.model import Article, Choice, Edition, Image, Section
from distributor.store import tables as t
from distributor.store.rows import article_values

__all__ = [
    "CATEGORIES",
    "SETS",
    "Readers",
    "add_articles",
    "add_choices",
    "add_readers",
    "articles",
    "choices",
    "editions",
    "settings",
]

CATEGORIES = (
    "Politics", "World News", "Business", "Technology", "Science", "Health",
    "Culture", "Sport", "Travel", "Opinion", "Local", "Education",
)  # fmt: skip
SETS = 200
EACH = 14  # articles of a category in a day
PER_CATEGORY, TRENDING = 3, 3
SETTINGS = """
secret_key = "benchmark-benchmark-benchmark-benchmark"
[site]
name = "The Benchmark Paper"
public_url = "https://paper.example"
postal_address = "1 Harbour Street, Port Example"
data = "{data}"
categories = {categories}
[database]
url = "{database}"
[mail]
from = "The Benchmark Paper <news@paper.example>"
smtp = "{smtp}"
dkim_key_file = "{key}"
sessions = {sessions}
bounce_domain = "bounces.paper.example"
[digests.daily]
title = "The Day"
per_category = {per_category}
trending = {trending}
"""


def settings(*, data: Path, database: str, smtp: str, sessions: int = 4) -> str:
    """The settings' text; makes the key, RSA-2048, in the data folder's parent where there is none."""
    key = data.parent / "dkim.pem"
    if not key.exists():
        key.write_bytes(_key())
        key.chmod(0o600)
    names = "[" + ", ".join(f'"{name}"' for name in CATEGORIES) + "]"
    return SETTINGS.format(
        data=data,
        database=database,
        smtp=smtp,
        key=key,
        sessions=sessions,
        categories=names,
        per_category=PER_CATEGORY,
        trending=TRENDING,
    )


def _key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def articles(now: datetime) -> list[Article]:
    """A day's articles, the newest an hour before `now`; every third is in two categories."""
    words = vocabulary()
    chance = random.Random(3)
    made: list[Article] = []
    for number in range(EACH * len(CATEGORIES)):
        first = CATEGORIES[number % len(CATEGORIES)]
        second = chance.choice(CATEGORIES) if number % 3 == 0 else first
        moment = now - timedelta(hours=1, minutes=7 * number)
        made.append(
            Article(
                id=number + 1,
                source="paper",
                guid=str(number),
                url=f"https://paper.example/{first.split()[0].lower()}/{number}",
                title=f"Article {number}: " + " ".join(chance.choices(words, k=10)),
                summary=("The " + " ".join(chance.choices(words, k=12)) + ", says the council.").replace(" ,", ","),
                categories=tuple(dict.fromkeys((first, second))),
                image=Image(f"https://paper.example/pictures/{number}.jpg", alt="A harbour", width=1200, height=800),
                language="en",
                published_at=moment,
                seen_at=moment,
            )
        )
    return made


def choices(sets: int = SETS) -> list[Choice]:
    """So many different sets of four to eight categories, sorted as the store keeps them."""
    chance = random.Random(5)
    found: dict[tuple[str, ...], None] = {}
    while len(found) < sets:
        found[tuple(sorted(chance.sample(CATEGORIES, 4 + len(found) % 5)))] = None
    return [Choice(categories=names) for names in found]


def editions(known: list[Article], now: datetime) -> list[Edition]:
    """What the 200 choices give, in the plainest way: for the engine alone, which has no store."""
    made = []
    for number, choice in enumerate(choices(), 1):
        mine = [one for one in known if set(one.categories) & set(choice.categories)]
        shown = {one.id for one in mine[:TRENDING]}
        sections = [Section("", tuple(one.id for one in mine[:TRENDING]))]
        for title in choice.categories:
            fresh = (one.id for one in mine if title in one.categories and one.id not in shown)
            taken = tuple(islice(fresh, PER_CATEGORY))
            shown.update(taken)
            sections.append(Section(title, taken))
        since = now - timedelta(days=1)
        made.append(
            Edition(
                id=number,
                digest="daily",
                choice=choice,
                slot=now,
                since=since,
                until=now,
                sections=tuple(sections),
                made_at=now,
            )
        )
    return made


def add_articles(connection: sa.Connection, known: list[Article]) -> None:
    """The articles, live since they were published."""
    connection.execute(sa.insert(t.article), [{**article_values(one), "live_at": one.published_at} for one in known])


def add_choices(connection: sa.Connection, sets: int = SETS) -> None:
    """The choices' rows, their ids in a row."""
    rows = [
        {
            "key": f"benchmark {number}",
            "categories": list(choice.categories),
            "trending": choice.trending,
            "language": choice.language,
        }
        for number, choice in enumerate(choices(sets))
    ]
    connection.execute(sa.insert(t.choice), rows)
    first, last = connection.execute(sa.select(sa.func.min(t.choice.c.id), sa.func.max(t.choice.c.id))).one()
    assert last - first == sets - 1, "choices' ids are not in a row"


@dataclass(frozen=True)
class Readers:
    """So many readers on one schedule; `start` is the number of the first, and stands in the address."""

    count: int
    start: int
    hour: int


# Half of the readers are at five great providers, as readers are, the rest on 4,001 domains.
_READERS = """
WITH RECURSIVE numbers(i) AS (SELECT CAST(:start AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < :stop),
placed AS (SELECT i, CASE WHEN i % 2 = 0 THEN 'great' || (i / 2 % 5) ELSE 'd' || (i % 4001) END || '.example' AS place
           FROM numbers)
INSERT INTO subscriber (address, address_key, domain, choice_id, schedule_id, frequency, weekdays, hour, timezone,
                        breaking, status, watermark, seen, created_at, confirmed_at, active_at)
SELECT 'r' || i || '@' || place, 'r' || i || '@' || place, place, :choice + i % :sets, :schedule, 'daily', '0123456',
       :hour, 'UTC', :no, 'active', :watermark, '', :created, :created, :created
FROM placed
"""


def add_readers(connection: sa.Connection, readers: Readers, *, watermark: datetime, next_at: datetime) -> int:
    """Puts readers in; gives their schedule. `next_at` is their first slot, `watermark` where its window begins."""
    values = {"digest": "daily", "weekdays": "0123456", "hour": readers.hour, "timezone": "UTC", "next_at": next_at}
    schedule = connection.execute(sa.insert(t.schedule).values(values).returning(t.schedule.c.id)).scalar_one()
    moments = sa.text(_READERS).bindparams(
        sa.bindparam("watermark", type_=t.Moment), sa.bindparam("created", type_=t.Moment)
    )
    ids = sa.select(sa.func.min(t.choice.c.id), sa.func.count(t.choice.c.id))
    first, sets = connection.execute(ids).one()
    given: dict[str, Any] = {
        "start": readers.start,
        "stop": readers.start + readers.count,
        "choice": first,
        "sets": sets,
        "schedule": schedule,
        "hour": readers.hour,
        "no": False,
        "watermark": watermark,
        "created": watermark - timedelta(days=30),
    }
    connection.execute(moments, given)
    return int(schedule)
