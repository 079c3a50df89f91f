"""The two ways to run the bot, as a campaign sees them: who takes part, who may be killed, what can befall them."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.campaign import disasters
from benchmarks.campaign.newspaper import SECTION, Newspaper
from benchmarks.campaign.players import Player
from tests import servers

__all__ = ["BACKENDS", "Backend", "Disaster", "Embedded", "Grown", "settings"]

# Each network gets a pace that never holds: this is about what is lost, not about patience.
SETTINGS = """
[site]
name = "Campaign"
data = "{data}"
[network]
allow_hosts = ["{paper}"]
[web]
admin = "127.0.0.1:{port}"
{database}
{sources}
[channels.x]
kind = "x"
base_url = "{x}"
pace = ["1000/1s"]
api_key = "campaign-api-key"
api_secret = "campaign-api-secret"
access_token = "100200300-campaign"
access_secret = "campaign-access-secret"
[channels.mastodon]
kind = "mastodon"
base_url = "{mastodon}"
pace = ["1000/1s"]
token = "campaign-token"
[channels.bluesky]
kind = "bluesky"
base_url = "{bluesky}"
pace = ["1000/1s"]
handle = "paper.test"
app_password = "campaign-password"
[channels.world]
kind = "telegram"
categories = ["{section}"]
chat = "@campaign_world"
base_url = "{telegram}"
pace = ["1000/1s"]
token = "123456:campaign-campaign-campaign"
[channels.rest]
kind = "telegram"
not_categories = ["{section}"]
chat = "@campaign_rest"
base_url = "{telegram}"
pace = ["1000/1s"]
token = "123456:campaign-campaign-campaign"
"""
SOURCE = """
[sources.paper{number}]
url = "{url}"
interval_min = "2s"
interval_max = "5s"
backfill = "all"
flood_guard = 1000000
complete_from_page = false
withdraw_missing = false
"""


@dataclass(frozen=True)
class Disaster:
    """`act` befalls when this share of the posts is out; it may return how long it lasts and what ends it."""

    share: float
    name: str
    act: Callable[[], disasters.Ending | None]


class Backend(Protocol):
    """One way to run the bot. `haste` shortens what disasters take: 1 is as long as they are in earnest."""

    name: str
    database: str
    accounts: int = 4

    @abstractmethod
    def start(self, paper: Newspaper, twins: Mapping[str, str]) -> None: ...

    @abstractmethod
    def targets(self) -> Sequence[Player]: ...

    @abstractmethod
    def disasters(self) -> Sequence[Disaster]: ...

    @abstractmethod
    def stop(self) -> None: ...

    def leave(self) -> None:
        """Gives back what it had beside its folder."""


class Grown(Backend):
    """Celery workers on Redis and PostgreSQL: one with threads, one with processes, two beats and at times five."""

    name = "redis+postgresql"

    def __init__(self, folder: Path, haste: float = 1.0) -> None:
        self._folder, self._haste = folder, haste
        self._workers: list[Player] = []
        self._beats: list[Player] = []

    def start(self, paper: Newspaper, twins: Mapping[str, str]) -> None:
        (self._folder / "redis").mkdir()
        (self._folder / "postgresql").mkdir()
        self._redis = servers.redis(self._folder / "redis")
        self._postgresql = servers.postgresql(self._folder / "postgresql")
        self.database = self._postgresql.url
        path = self._folder / "distributor.toml"
        path.write_text(settings(paper, twins, self._folder / "data", database=self.database, broker=self._redis.url))
        pools = {"threads": ["-P", "threads", "-c", "6"], "processes": ["-P", "prefork", "-c", "2"]}
        for name, pool in pools.items():
            arguments = ["worker", "-Q", "watch,post", "-n", f"{name}@campaign", "-l", "WARNING", *pool]
            self._workers.append(self._celery(name, arguments))
        for number in range(5):
            schedule = ["-s", str(self._folder / f"schedule-{number}"), "--pidfile="]
            self._beats.append(self._celery(f"beat-{number}", ["beat", "-l", "WARNING", *schedule]))
        for player in [*self._workers, *self._beats[:2]]:
            player.start()

    def targets(self) -> Sequence[Player]:
        """Workers more often than beats: it is they who hold slots."""
        return [*self._workers, *self._workers, *self._workers, *self._beats[:2]]

    def disasters(self) -> Sequence[Disaster]:
        haste = self._haste
        return [
            Disaster(0.12, "redis killed", lambda: disasters.crash(self._redis, 2.0 * haste)),
            Disaster(0.20, "redis flushed", lambda: disasters.flush(self._redis.url)),
            Disaster(0.30, "postgresql crashed", lambda: disasters.crash(self._postgresql, 1.0 * haste)),
            Disaster(0.40, "five beats", lambda: disasters.more(self._beats[2:], 20.0 * haste)),
            Disaster(0.55, "redis flushed", lambda: disasters.flush(self._redis.url)),
            Disaster(0.65, "postgresql crashed", lambda: disasters.crash(self._postgresql, 5.0 * haste)),
            Disaster(0.75, "redis killed", lambda: disasters.crash(self._redis, 8.0 * haste)),
            Disaster(0.85, "postgresql crashed", lambda: disasters.crash(self._postgresql, 0.0 * haste)),
        ]

    def stop(self) -> None:
        for player in [*self._workers, *self._beats]:
            player.stop()
        for server in ("_redis", "_postgresql"):
            if hasattr(self, server):
                getattr(self, server).stop()

    def _celery(self, name: str, arguments: Sequence[str]) -> Player:
        command = [sys.executable, "-m", "celery", "-A", "distributor.worker", *arguments]
        return Player(name, command, self._folder, {"DISTRIBUTOR_CONFIG": str(self._folder / "distributor.toml")})


class Embedded(Backend):
    """`distributor run`: one process on SQLite and memory://, its data folder on a small disk of its own."""

    name = "memory+sqlite"

    def __init__(self, folder: Path, haste: float = 1.0) -> None:
        self._folder, self._haste = folder, haste
        self._disk = disasters.Disk(folder / "data")
        self.database = f"sqlite:///{folder}/data/ledger.sqlite3"
        command = [sys.executable, "-m", "distributor", "run"]
        self._run = Player("run", command, folder, {"DISTRIBUTOR_CONFIG": str(folder / "distributor.toml")})

    def start(self, paper: Newspaper, twins: Mapping[str, str]) -> None:
        self._disk.open()
        path = self._folder / "distributor.toml"
        path.write_text(settings(paper, twins, self._folder / "data", database=self.database))
        self._run.start()

    def targets(self) -> Sequence[Player]:
        return [self._run]

    def disasters(self) -> Sequence[Disaster]:
        file, haste = self._folder / "data" / "ledger.sqlite3", self._haste
        return [
            Disaster(0.15, "database locked", lambda: disasters.lock(file, 3.0 * haste)),
            Disaster(0.30, "disk full", lambda: self._disk.fill(4.0 * haste)),
            Disaster(0.50, "database locked", lambda: disasters.lock(file, 18.0 * haste)),
            Disaster(0.70, "disk full", lambda: self._disk.fill(8.0 * haste)),
            Disaster(0.85, "database locked", lambda: disasters.lock(file, 1.0 * haste)),
        ]

    def stop(self) -> None:
        self._run.stop()

    def leave(self) -> None:
        """Gives the disk back; the ledger is gone with it."""
        self._disk.close()


BACKENDS: dict[str, type[Grown] | type[Embedded]] = {"grown": Grown, "embedded": Embedded}


def settings(
    paper: Newspaper, twins: Mapping[str, str], data: Path, *, database: str, broker: str = "memory://"
) -> str:
    """The settings file of a campaign."""
    sources = "".join(SOURCE.format(number=number, url=url) for number, url in enumerate(paper.urls))
    services = f'[database]\nurl = "{database}"\n[broker]\nurl = "{broker}"'
    data.mkdir(parents=True, exist_ok=True)
    return SETTINGS.format(
        data=data,
        paper=paper.place,
        port=servers.free_port(),
        database=services,
        sources=sources,
        section=SECTION,
        **twins,
    )
