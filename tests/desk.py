"""A whole App for tests: settings as text, the store in memory, a clock that stands still, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from distributor import config, publish
from distributor.app import build_app
from distributor.context import App
from distributor.errors import Unreachable
from distributor.fetching import Fetched, Request
from distributor.matching import Candidate
from distributor.model import Delivery, Entry, State
from distributor.store import Store, ledger
from distributor.store.sources import SourceState
from distributor.waking import MemoryWaker

__all__ = ["Clock", "Web", "entry", "ingest", "make_app", "rows", "states"]

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Stands still until it is told to go on."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@dataclass
class Web:
    """The guarded client's twin: answers from a table, and remembers what was asked."""

    pages: dict[str, Fetched | Unreachable] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def put(self, url: str, body: bytes | str = b"", *, status: int = 200, moved_to: str = "", **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[url] = Fetched(moved_to or url, status, named, content, moved_to)

    def get(self, url: str, headers: Mapping[str, str] | None = None, **_: Any) -> Fetched:
        answer = self.get_many([Request(url, headers or {})])[0]
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    def get_many(self, requests: Sequence[Request]) -> list[Fetched | Unreachable]:
        self.asked += requests
        return [self.pages.get(one.url, Fetched(one.url, 404, {}, b"")) for one in requests]

    def close(self) -> None:
        self.pages.clear()


def make_app(text: str, folder: Path, *, clock: Clock | None = None, store: Store | None = None) -> App:
    """An App for the settings in `text`; channels of kind "memory" keep what they take."""
    settings = config.loads(text, folder / "distributor.toml", {})
    app = build_app(settings, wake=False, clock=clock or Clock(), store=store or Store("sqlite://"))
    app.waker = MemoryWaker()
    app.fetcher = Web()  # type: ignore[assignment]
    app.jitter = lambda: 0.5
    return app


def entry(number: int = 1, **changes: Any) -> Entry:
    """An entry that lacks nothing, published at the clock's start."""
    plain = Entry(
        guid=f"guid-{number}",
        url=f"https://paper.example/articles/{number}",
        title=f"Article number {number} tells of the harbour",
        summary=f"This is the summary of article number {number}, which is long enough to be told as it is.",
        words=("Business",),
        published_at=START,
        language="en",
    )
    return replace(plain, **changes)


def ingest(app: App, *entries: Entry, source: str = "paper", first: bool = False, **batch: Any) -> publish.Report:
    """Takes entries in as one poll's news."""
    now = app.clock()
    settings = app.settings.sources[source]
    given = publish.Batch(
        source=settings,
        state=SourceState(name=source, url=str(settings.url), next_poll_at=now),
        candidates=[Candidate(one, one.canonical or one.url) for one in entries],
        first=first,
        since_good=None if first else timedelta(minutes=1),
        **batch,
    )
    return publish.ingest(app, [given], now)


def rows(app: App, channel: str = "") -> list[Delivery]:
    """The ledger, oldest first."""
    with app.store.read() as connection:
        return ledger.deliveries(connection, channel=channel, limit=10_000)[::-1]


def states(app: App, channel: str = "") -> list[State]:
    return [row.state for row in rows(app, channel)]
