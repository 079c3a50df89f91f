"""What a command works with, each part opened when it is first asked for, and closed at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from distributor.errors import ConfigError, DistributorError

if TYPE_CHECKING:
    from distributor.config import Settings
    from distributor.context import App, Station
    from distributor.fetching import Fetcher
    from distributor.store import Store

__all__ = ["Session", "pass_session", "who"]

LEVELS = ("WARNING", "INFO", "DEBUG")


@dataclass
class Session:
    """One run of the command line. `printed`: the one JSON document is out already."""

    config: str | None = None
    verbosity: int = 0
    json: bool = False
    printed: bool = False
    _settings: Settings | None = None
    _store: Store | None = None
    _fetcher: Fetcher | None = None
    _app: App | None = None
    _at_end: list[Callable[[], Any]] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC)

    @property
    def path(self) -> Path | None:
        """The settings file: as --config, the environment and the usual places say; None where there is none."""
        from distributor import config

        return config.find(self.config, os.environ, Path.cwd())

    @property
    def settings(self) -> Settings:
        """Raises ConfigError, also where there is no file."""
        if self._settings is None:
            path = self.path
            if path is None:
                raise ConfigError("there is no settings file", hint="make one: distributor init https://your.site")
            self._settings = self.use(self.read(path))
        return self._settings

    def read(self, path: Path | None) -> Settings:
        from distributor import config

        return config.load(path, os.environ)

    def use(self, settings: Settings) -> Settings:
        """Takes these settings for the rest of the run; from now on their secrets show in no line of the log."""
        from distributor import logs

        self._settings = settings
        logs.configure(settings.secrets(), level=LEVELS[min(self.verbosity, 2)])
        return settings

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.site.timezone)

    @property
    def store(self) -> Store:
        """The ledger alone: reading it needs no channel's credentials. Raises StoreError and ConfigError."""
        if self._store is None:
            from distributor.store import Store

            settings = self.settings
            _make_folder(settings.site.data)
            self._store = Store(str(settings.database.url))
            self._at_end.append(self._store.close)
            self._store.open()
        return self._store

    @property
    def fetcher(self) -> Fetcher:
        if self._fetcher is None:
            from distributor.app import build_fetcher

            self.use_fetcher(build_fetcher(self.settings))
        assert self._fetcher is not None
        return self._fetcher

    def use_fetcher(self, fetcher: Fetcher) -> Fetcher:
        self._fetcher = fetcher
        self._at_end.append(fetcher.close)
        return fetcher

    @property
    def app(self) -> App:
        """Everything, wired. Raises ConfigError where a channel lacks its credentials, and StoreError."""
        if self._app is None:
            self._app = self.build(self.settings)
        return self._app

    def app_of(self, *channels: str) -> App:
        """An App with these channels only, maybe none: what needs no others works though others lack credentials."""
        app = self.build(_narrowed(self.settings, channels), lambda: _narrowed(self.read(self.settings.path), channels))
        app.settings = self.settings
        return app

    def tolerant_app(self) -> tuple[App, list[ConfigError]]:
        """An App with every channel that can be built, and what is wrong with the others: for looking, not acting."""
        from distributor.app import build_stations

        app = self.app_of()
        wrong: list[ConfigError] = []
        stations: dict[str, Station] = {}
        for name in self.settings.channels:
            try:
                stations.update(build_stations(_narrowed(self.settings, [name]), app.fetcher, app.clock))
            except ConfigError as error:
                wrong.append(error)
        app.stations = stations
        return app, wrong

    def build(self, settings: Settings, reload: Callable[[], Settings] | None = None) -> App:
        """An App of these settings on this run's store. It rings for workers only where a bell can reach them."""
        from distributor.app import build_app

        store = self.store
        rings = not str(settings.broker.url).startswith("memory:")
        app = build_app(settings, reload=reload or (lambda: self.read(settings.path)), wake=rings, store=store)
        self._at_end.append(app.fetcher.close)
        return app

    def redacted(self, text: str) -> str:
        """The text without any secret of the settings."""
        if self._settings is None:
            return text
        from distributor import config

        return config.redact(text, self._settings.secrets())

    def close(self) -> None:
        while self._at_end:
            with suppress(DistributorError):
                self._at_end.pop()()


def _narrowed(settings: Settings, channels: Sequence[str]) -> Settings:
    chosen = {name: one for name, one in settings.channels.items() if name in channels}
    return settings.model_copy(update={"channels": chosen})


def who() -> str:
    """Who acts, for the audit: the login behind sudo, else the user."""
    import getpass

    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it knows what is under embargo
    except OSError as error:
        problem = f"the data folder {folder} cannot be made: {error.strerror}"
    else:
        return
    raise ConfigError(problem, key="site.data", hint="Check the path and its permissions.")


pass_session = click.make_pass_decorator(Session, ensure=True)
