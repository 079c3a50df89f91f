"""One day of a newsroom, with and without its robots: `python -m benchmarks.newsroom_day [--quick] [--json]`.

300 articles come out over 24 hours; readers and robots do 100,000 things, 30 % of them robots', of every kind: crawlers
and previewers by name, prefetchers, HEAD, bare browsers' names, scanners of mails (at once, and in bursts later), data
centres without the page's second request, crawlers that look like readers, and readers who click one link all day. Many
of them have a few dull articles in view. It goes through the real marks, events, judging (each minute; --quick: each
ten), counts and ranking, on SQLite. Compared is the top 10 at each full hour with that of the same day without robots.

`places_changed`: places of the 24 lists that differ. `places_changed_raw`: the same of the
first day, if nothing were judged.
`robots_counted`, `readers_counted`: shares of what robots and readers did that counted as
a reader's. `day_s`: what the day cost.
"""

from __future__ import annotations

import random
import time
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from benchmarks import stage
from distributor import config, judging, robots, standings
from distributor.app import build_app
from distributor.context import App
from distributor.model import Article
from distributor.store import Store, articles, signals, tables

__all__ = ["Act", "Day", "Outcome", "live", "make_day", "measure"]

GOALS = {"places_changed": "0", "robots_counted": "0.01 at most"}
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = 24
TOP = 10
SETTINGS = '[sources.paper]\nurl = "https://paper.example/feed"\n[channels.wall]\nkind = "memory"\n'

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
BROWSER = {"user-agent": CHROME, "accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "en"}
BARE = {"user-agent": CHROME, "accept": "*/*"}
NAMED = ("facebookexternalhit/1.1", "Twitterbot/1.0", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://google.com/bot)")
DATA_CENTRE = "192.0.2.0/24"
CHANNELS = {"x": 20, "telegram": 15, "mastodon": 8, "bluesky": 7, "daily": 15, "site": 35}


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did: the columns of an event, and whether it was a robot."""

    at: datetime
    kind: str
    article: int
    channel: str
    visitor: int
    mail: int = 0
    delay: int = -1
    marks: int = 0
    robot: bool = False


@dataclass(frozen=True)
class Day:
    """Articles' times by their ids from 1, and what was done, in the order of time."""

    published: Sequence[datetime]
    acts: Sequence[Act]


@dataclass
class Outcome:
    """The top of each hour, and how many acts counted in all."""

    tops: list[list[int]] = field(default_factory=list)
    counted: int = 0


class _Pair(NamedTuple):
    day: Day
    clean: Day
    lived: Outcome
    without: Outcome
    seconds: float


def measure(*, quick: bool) -> dict[str, Any]:
    step = timedelta(minutes=10 if quick else 1)
    found, raw = [], 0
    for seed in range(1 if quick else 5):
        day = make_day(seed)
        clean = replace(day, acts=[act for act in day.acts if not act.robot])
        begun = time.perf_counter()
        with_robots = live(day, step)
        seconds = time.perf_counter() - begun
        found.append(_Pair(day, clean, with_robots, live(clean, step), seconds))
        if not raw:
            raw = _differences(live(day, step, judged=False).tops, live(clean, step, judged=False).tops)
    acts, readers = sum(len(one.day.acts) for one in found), sum(len(one.clean.acts) for one in found)
    counted, of_readers = sum(one.lived.counted for one in found), sum(one.without.counted for one in found)
    return {
        "days": len(found),
        "acts": acts,
        "robots": acts - readers,
        "places": len(found) * HOURS * TOP,
        "places_changed": sum(_differences(one.lived.tops, one.without.tops) for one in found),
        "places_changed_raw": raw,
        "robots_counted": round((counted - of_readers) / (acts - readers), 4),
        "readers_counted": round(of_readers / readers, 4),
        "day_s": round(sum(one.seconds for one in found) / len(found), 1),
    }


def _differences(some: Sequence[Sequence[int]], others: Sequence[Sequence[int]]) -> int:
    return sum(
        one != other
        for first, second in zip(some, others, strict=True)
        for one, other in zip(first, second, strict=True)
    )


def make_day(seed: int, *, count: int = 300, acts: int = 100_000, share: float = 0.3) -> Day:
    """A day, always the same for the same seed."""
    dice = random.Random(seed)
    # News comes out by day more than by night.
    hours = dice.choices(
        range(HOURS), [1, 1, 1, 1, 1, 2, 4, 6, 8, 8, 7, 7, 7, 7, 7, 7, 7, 7, 6, 5, 4, 3, 2, 1], k=count
    )
    published = sorted(BEGIN + timedelta(hours=hour + dice.random()) for hour in hours)
    newsroom = _Newsroom(dice, published)
    done: list[Act] = []
    while len(done) < acts * (1 - share):
        done += newsroom.reader()
    done = done[: round(acts * (1 - share))]
    ways = (
        newsroom.named, newsroom.prefetcher, newsroom.head, newsroom.bare, newsroom.scanner, newsroom.late_scanner,
        newsroom.data_centre, newsroom.crawler, newsroom.fan,
    )  # fmt: skip
    for place, way in enumerate(ways, 1):
        until = round(acts * (1 - share) + acts * share * place / len(ways))
        while len(done) < until:
            done += way()
        done = done[:until]
    return Day(published, sorted(done, key=lambda act: (act.at, act.visitor, act.article)))


class _Newsroom:
    """Who does what. Readers prefer what appeals to them; robots take anything, or the dull articles they push."""

    def __init__(self, dice: random.Random, published: Sequence[datetime]) -> None:
        self.dice, self.published = dice, published
        self.numbers = range(1, len(published) + 1)
        self.appeal = [dice.lognormvariate(0, 1.2) for _ in published]
        order = sorted(self.numbers, key=lambda number: self.appeal[number - 1])
        self.pushed = dice.sample(order[: len(order) // 2], 12)
        self.end = BEGIN + timedelta(hours=HOURS)

    def reader(self) -> list[Act]:
        dice = self.dice
        (number,) = dice.choices(self.numbers, self.appeal)
        at = self.published[number - 1] + timedelta(hours=dice.lognormvariate(0.7, 1.0))
        if at > self.end:
            return []
        (channel,) = dice.choices([*CHANNELS], [*CHANNELS.values()])
        who = dice.randrange(1, 60_000)
        mail, delay = (who, dice.randrange(60, 20_000)) if channel == "daily" else (0, -1)
        marks = robots.marks("GET", BROWSER)
        view = Act(at + timedelta(seconds=dice.uniform(1, 15)), "views", number, "site", who, marks=marks)
        found = [] if channel == "site" else [Act(at, "clicks", number, channel, who, mail, delay, marks)]
        found += [view] if channel == "site" or dice.random() < 0.8 else []
        if dice.random() < 0.04:
            found.append(replace(view, at=view.at + timedelta(seconds=60), kind="shares", channel="whatsapp"))
        if dice.random() < 0.05:  # a page loaded anew, a link followed twice
            found += [replace(act, at=act.at + timedelta(minutes=5)) for act in found]
        return found

    def _some(self) -> tuple[int, datetime]:
        """An article that a robot takes, and when: mostly when it is new."""
        number = self.dice.choice(self.pushed if self.dice.random() < 0.6 else self.numbers)
        left = (self.end - self.published[number - 1]).total_seconds()
        return number, self.published[number - 1] + timedelta(seconds=min(left, self.dice.expovariate(1 / 7200)))

    def _one(self, method: str, headers: Mapping[str, str], *, network: bool = False) -> Act:
        number, at = self._some()
        who = 10**6 + self.dice.randrange(5_000)
        bits = robots.marks(method, headers)
        bits |= robots.network_mark(f"192.0.2.{who % 256}", [DATA_CENTRE]) if network else 0
        channel = self.dice.choice(["x", "telegram", "mastodon", "bluesky"])
        return Act(at, "clicks", number, channel, who, marks=bits, robot=True)

    def named(self) -> list[Act]:
        return [self._one("GET", {**BROWSER, "user-agent": self.dice.choice(NAMED)})]

    def prefetcher(self) -> list[Act]:
        return [self._one("GET", {**BROWSER, "sec-purpose": "prefetch"})]

    def head(self) -> list[Act]:
        return [self._one("HEAD", BROWSER)]

    def bare(self) -> list[Act]:
        return [self._one("GET", BARE)]

    def data_centre(self) -> list[Act]:
        return [self._one("GET", BROWSER, network=True)]

    def _links(self, at: datetime) -> list[int]:
        """The articles of a mail that was sent then; those that are pushed are in it."""
        known = [number for number in self.numbers if self.published[number - 1] < at]
        pushed = [number for number in known if number in self.pushed]
        return list(dict.fromkeys([*pushed[:4], *self.dice.sample(known, min(len(known), 8))]))

    def _mail(self, seconds: float, delay: int) -> list[Act]:
        """Every link of one mail, so many seconds apart, from addresses that look like a reader's."""
        at = BEGIN + timedelta(hours=self.dice.uniform(6, HOURS - 0.1))
        mail, bits = 10**7 + self.dice.randrange(10**6), robots.marks("GET", BROWSER)
        return [
            Act(at + timedelta(seconds=n * seconds), "clicks", number, "daily", 2 * 10**6 + self.dice.randrange(10**5),
                mail, round(delay + n * seconds), bits, robot=True)
            for n, number in enumerate(self._links(at))
        ]  # fmt: skip

    def scanner(self) -> list[Act]:
        return self._mail(0.5, 1)

    def late_scanner(self) -> list[Act]:
        return self._mail(1.5, 600)

    def crawler(self) -> list[Act]:
        """Looks like a reader, and opens dozens of pages in a minute or two."""
        at = BEGIN + timedelta(hours=self.dice.uniform(3, HOURS - 0.1))
        known = [number for number in self.numbers if self.published[number - 1] < at]
        if len(known) < 20:
            return []
        who, bits = 3 * 10**6 + self.dice.randrange(1_000), robots.marks("GET", BROWSER)
        return [
            Act(at + timedelta(seconds=2.5 * n), "clicks", number, "x", who, marks=bits, robot=True)
            for n, number in enumerate(self.dice.sample(known, min(len(known), 40)))
        ]

    def fan(self) -> list[Act]:
        """One browser follows one link some hundred times, every 20 seconds."""
        number, at = self._some()
        who, bits = 4 * 10**6 + self.dice.randrange(10**6), robots.marks("GET", BROWSER)
        times = (at + timedelta(seconds=20 * n) for n in range(200))
        return [Act(one, "clicks", number, "x", who, marks=bits, robot=True) for one in times if one < self.end]


def live(day: Day, step: timedelta, *, judged: bool = True) -> Outcome:
    """Lives through the day, and looks at the top of each full hour. Not `judged`: everything counts."""
    now = [BEGIN]
    settings = config.loads(SETTINGS, Path.cwd() / "distributor.toml", {})
    app = build_app(settings, wake=False, clock=lambda: now[0], store=Store("sqlite://"))
    found = Outcome()
    places = [0, 0]
    try:
        for number in range(1, round(timedelta(hours=HOURS) / step) + 1):
            now[0] = BEGIN + number * step
            places[0] = _publish(app, day.published, places[0])
            places[1] = _write(app, day.acts, places[1], judged=judged)
            judging.judge_seen(app)
            if (now[0] - BEGIN) % timedelta(hours=1) == timedelta(0):
                with app.store.read() as connection:
                    ranked = standings.measure(app, connection, now[0]).rankings
                found.tops.append([one.article_id for one in ranked[:TOP]])
        with app.store.read() as connection:
            found.counted = connection.execute(sa.select(sa.func.sum(tables.signal.c.counted))).scalar_one()
        return found
    finally:
        app.fetcher.close()
        app.store.close()


def _publish(app: App, published: Sequence[datetime], done: int) -> int:
    """What came out since the last time; how many have."""
    until = bisect(published, app.clock())
    with app.store.write() as connection:
        for number, at in enumerate(published[done:until], done + 1):
            url = f"https://paper.example/{number}"
            one = Article(source="paper", guid=url, url=url, title=f"Article {number}", published_at=at, seen_at=at)
            articles.add(connection, one, keys=[url], digest="", story=0)
    return until


def _write(app: App, acts: Sequence[Act], done: int, *, judged: bool) -> int:
    """What was done since the last time; how much has been."""
    until = bisect(acts, app.clock(), key=lambda act: act.at)
    rows = [
        {"at": act.at, "kind": act.kind, "article_id": act.article, "channel": act.channel, "visitor": act.visitor,
         "mail": act.mail, "delay": act.delay, "marks": act.marks}
        for act in acts[done:until]
    ]  # fmt: skip
    with app.store.write() as connection:
        signals.add_events(connection, rows)
        if not judged:
            everything = signals.unjudged(connection, app.clock(), len(rows) + 1)
            signals.settle(connection, everything, dict.fromkeys([event.id for event in everything], True))
    return until


def main() -> None:
    given = stage.options(__doc__)
    stage.tell(measure(quick=given.quick), given, goals=GOALS)


if __name__ == "__main__":
    main()
