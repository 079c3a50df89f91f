"""The tables of distributor.toml: what each key means, and its default. docs/configuration.md lists them for people."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from distributor.config import fields
from distributor.config.values import Address, Listen, network
from distributor.model import NO_CATEGORY
from distributor.ranking import RankingSettings

__all__ = [
    "CATEGORIES",
    "Alerts",
    "Broker",
    "Database",
    "Network",
    "Ranking",
    "Site",
    "Web",
    "Workers",
]

CATEGORIES = (
    "World News",
    "News Analysis",
    "Opinion",
    "Business",
    "Technology",
    "Science",
    "Health",
    "Environment",
    "Lifestyle",
    "Entertainment",
    "Sports",
    "Blog",
)


def _distinct(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        raise ValueError("must name at least one category")
    if NO_CATEGORY in {word.casefold() for word in words}:
        raise ValueError(f'"{NO_CATEGORY}" cannot be a category: it means that a reader chose none, but Trending alone')
    if len({word.casefold() for word in words}) < len(words):
        raise ValueError("names a category twice")
    return words


def _no_slash(url: str) -> str:
    return Address(url.rstrip("/"))


def _destination(value: str) -> str:
    scheme, colon, target = value.partition(":")
    if (
        not colon
        or not target
        or not re.fullmatch(r"[a-z0-9_-]+", scheme)
        or (scheme == "mailto" and "@" not in target)
    ):
        raise ValueError(f'{value[:60]!r} is no place for alerts; write it like "mailto:ops@paper.example"')
    return value


def _service(value: Any) -> Any:
    if isinstance(value, str) and value and not re.match(r"[a-z][a-z0-9+.-]*://", value):
        raise ValueError('must be a URL, such as "postgresql+psycopg://host/name" or "redis://host:6379/0"')
    return value


def _ledger(value: Any) -> Any:
    if isinstance(value, str) and value and not re.match(r"(sqlite|postgres(ql)?(\+psycopg)?)://", value):
        raise ValueError('must be a URL that begins with "sqlite:///" or "postgresql+psycopg://"')
    return value


class Site(fields.Table):
    """The publisher. `data` is where the ledger and keys are, `templates` a folder that overrides ours one by one."""

    name: str = "distributor"
    public_url: Annotated[fields.Url, AfterValidator(_no_slash)] | None = None
    timezone: fields.Zone = "UTC"
    language: fields.Language = "en"
    postal_address: str = ""
    categories: Annotated[fields.Words, AfterValidator(_distinct)] = CATEGORIES
    data: fields.Folder = Path("data")
    templates: fields.Folder | None = None
    utm: fields.Utm = Field(default_factory=dict, validate_default=True)
    hashtags: int = Field(default=2, ge=0, le=20)


Destinations = Annotated[tuple[Annotated[str, AfterValidator(_destination)], ...], BeforeValidator(fields.words)]


class Alerts(fields.Table):
    """Who is told what goes wrong: `admin` about the machine, `editors` about the news."""

    admin: Destinations = ()
    editors: Destinations = ()


class Web(fields.Table):
    """Two listeners: `admin` for the staff, `public` for readers and hooks. `public` is None while nobody needs it."""

    admin: fields.Listener = Listen("127.0.0.1", 8000)
    public: fields.Listener | None = None
    trusted_proxies: Annotated[tuple[Annotated[str, AfterValidator(network)], ...], BeforeValidator(fields.words)] = ()
    metrics_token: SecretStr | None = None


class Network(fields.Table):
    """The guarded client. `allow_hosts` are places on a private network that it may reach, by name and port."""

    allow_hosts: fields.Hosts = ()
    user_agent: str = Field(default="", max_length=200, pattern=r"^[\x20-\x7e]*$")
    connect_timeout: fields.Positive = timedelta(seconds=5)
    read_timeout: fields.Positive = timedelta(seconds=10)
    total_timeout: fields.Positive = timedelta(seconds=30)


class Database(fields.Table):
    """The ledger, as SQLAlchemy's URL; empty until a data folder gives the default."""

    url: Annotated[fields.Hidden, BeforeValidator(_ledger)] = Address("")


class Broker(fields.Table):
    """Where Celery's bells ring, as kombu's URL."""

    url: Annotated[fields.Hidden, BeforeValidator(_service)] = Address("memory://")


class Ranking(fields.Table):
    """See distributor.ranking; docs/ranking.md tells what each does to the order."""

    half_life: fields.Positive = timedelta(hours=5)
    burst: float = Field(default=7.0, gt=0, le=1e6, allow_inf_nan=False)
    ageing: float = Field(default=0.3, ge=0, le=10, allow_inf_nan=False)
    freshness_half_life: fields.Positive = timedelta(hours=6)
    lives: fields.Positive = timedelta(hours=48)
    weights: fields.Frozen[Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]] = Field(
        default_factory=dict, validate_default=True
    )
    top: int = Field(default=10, ge=1, le=1000)
    per_category: int = Field(default=4, ge=0)
    per_story: int = Field(default=1, ge=0)

    @property
    def settings(self) -> RankingSettings:
        return RankingSettings(**dict(self))


class Workers(fields.Table):
    """Threads of a worker process."""

    concurrency: int = Field(default=4, ge=1, le=256)
