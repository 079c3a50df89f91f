"""The wiring: settings in, an App out. Nothing else puts the parts together."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import distributor
from distributor.channels import Picture, Setup
from distributor.channels.registry import resolve
from distributor.config import Settings, explain
from distributor.config.channel import Channel as ChannelSettings
from distributor.context import App, Station
from distributor.errors import ConfigError, Unreachable
from distributor.fetching import Fetcher, FetchLimits
from distributor.rendering import PostSettings, Renderer, SiteFacts
from distributor.store import Store, accounts
from distributor.waking import CeleryWaker, SilentWaker, Waker

if TYPE_CHECKING:
    from distributor.mailroom import Mailroom

__all__ = ["App", "Station", "build_app", "build_stations", "utc_now"]

PICTURE_BYTES = 10_000_000
PICTURE_SECONDS = 15.0


def utc_now() -> datetime:
    return datetime.now(UTC)


def build_app(
    settings: Settings,
    *,
    reload: Callable[[], Settings] | None = None,
    wake: bool = True,
    clock: Callable[[], datetime] = utc_now,
    store: Store | None = None,
) -> App:
    """Raises ConfigError and StoreError. `reload` reads the settings anew, for when a person reopened an account.

    `wake=False` is for a process beside running workers with no broker that could reach them: the sweep finds the work.
    """
    fetcher = build_fetcher(settings)
    folder = settings.site.data
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it knows what is under embargo
    except OSError as error:
        raise ConfigError(f"the data folder {folder} cannot be made: {error.strerror}", key="site.data") from error
    waker: Waker = CeleryWaker(str(settings.broker.url)) if wake else SilentWaker()
    app = App(
        settings=settings,
        store=(store or Store(str(settings.database.url))).open(),
        stations=build_stations(settings, fetcher, clock),
        fetcher=fetcher,
        renderer=build_renderer(settings),
        waker=waker,
        clock=clock,
        jitter=random.random,
    )
    if reload is not None:
        with app.store.read() as connection:
            app.epochs = accounts.epochs(connection)
        app.rebuild = lambda: build_stations(reload(), fetcher, clock)
        app.reread = lambda: _mailroom(reload())
    return app


def _mailroom(settings: Settings) -> Mailroom | None:
    from distributor.mailroom import build_mailroom  # loads what only mail needs

    return build_mailroom(settings)


def build_stations(settings: Settings, fetcher: Fetcher, clock: Callable[[], datetime]) -> Mapping[str, Station]:
    """Every enabled channel, ready. Raises ConfigError naming the key."""
    return {
        name: _station(channel, settings, fetcher, clock)
        for name, channel in settings.channels.items()
        if channel.enabled
    }


def build_fetcher(settings: Settings) -> Fetcher:
    network = settings.network
    limits = FetchLimits(
        connect=network.connect_timeout.total_seconds(),
        silence=network.read_timeout.total_seconds(),
        whole=network.total_timeout.total_seconds(),
    )
    agent = network.user_agent or f"distributor/{distributor.__version__}"
    return Fetcher(allow_hosts=network.allow_hosts, limits=limits, user_agent=agent)


def build_renderer(settings: Settings) -> Renderer:
    """The operator's templates come first, ours after them."""
    ours = Path(distributor.__file__).parent / "templates"
    folders = [settings.site.templates, ours] if settings.site.templates else [ours]
    site = settings.site
    facts = SiteFacts(
        name=site.name,
        url=str(site.public_url or ""),
        language=site.language,
        zone=ZoneInfo(site.timezone),
        utm=site.utm,
    )
    return Renderer(folders=folders, site=facts)


def _station(channel: ChannelSettings, settings: Settings, fetcher: Fetcher, clock: Callable[[], datetime]) -> Station:
    def picture(url: str) -> Picture:
        answer = fetcher.get(url, max_bytes=PICTURE_BYTES, deadline=PICTURE_SECONDS)
        if answer.status != 200:
            raise Unreachable(f"the picture {answer.url} answers {answer.status}", status=answer.status)
        return Picture(answer.body, answer.headers.get("content-type", "").split(";")[0].strip().lower())

    setup = Setup(name=channel.name, options=channel.options, picture=picture, clock=clock, folder=settings.site.data)
    try:
        post = PostSettings(
            utm=channel.utm, hashtags=channel.hashtags, template=channel.template, pictures=channel.pictures
        )
        return Station(channel, resolve(channel.kind).build(setup), post)
    except ConfigError as error:
        named = error
        if not error.key.startswith("channels."):
            named = ConfigError(str(error), key=f"channels.{channel.name}", hint=error.hint)
        raise explain(named, settings) from error
