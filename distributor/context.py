"""What the jobs work with: an App holds the parts, a Station is one channel with its settings.

The wiring is in app.py; tests put twins in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from distributor.channels import Channel, Deletes, Edits
from distributor.config import Settings, secret_key
from distributor.config.channel import Channel as ChannelSettings
from distributor.errors import NotFound
from distributor.fetching import Fetcher
from distributor.planning import Outlet
from distributor.rendering import PostSettings, Renderer
from distributor.store import Store
from distributor.stories import Stories
from distributor.waking import Waker

if TYPE_CHECKING:
    from distributor.mailroom import Mailroom

__all__ = ["App", "Station"]


@dataclass(frozen=True)
class Station:
    """One channel, ready to use."""

    settings: ChannelSettings
    channel: Channel
    post: PostSettings

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def kind(self) -> str:
        """What it posts like: a preview is the network that it stands in for."""
        kind = self.settings.kind
        return self.channel.limits.network if kind == "preview" else kind

    @property
    def account(self) -> str:
        return self.channel.account.name

    @property
    def outlet(self) -> Outlet:
        return Outlet(
            self.name,
            self.settings.rules,
            edits=isinstance(self.channel, Edits),
            deletes=isinstance(self.channel, Deletes),
        )


@dataclass
class App:
    """The parts, wired. `clock()` is now (aware, UTC), `jitter()` a number in [0, 1).

    `rebuild` reads the settings and secrets again and returns the stations, `reread` what mails leave by; `epochs` is
    how often, by the store, credentials had been proved when they were last read (see renewing.py). Once `stopping` is
    set, what is being sent is finished and nothing new is begun.
    """

    settings: Settings
    store: Store
    stations: Mapping[str, Station]
    fetcher: Fetcher
    renderer: Renderer
    waker: Waker
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    rebuild: Callable[[], Mapping[str, Station]] | None = None
    reread: Callable[[], Mailroom | None] | None = None
    epochs: dict[str, int] = field(default_factory=dict)
    registered: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    stories: Stories = field(default_factory=Stories)
    mail_sessions: int = 0  # the most that this process gives to mail; 0: as many as the relay takes

    @cached_property
    def mailroom(self) -> Mailroom | None:
        """What mails leave by; None without [mail]. Secrets are as they are now, not as they were when the process
        began. Raises ConfigError.
        """
        if self.reread is not None:
            return self.reread()
        from distributor.mailroom import build_mailroom  # loads what only mail needs

        return build_mailroom(self.settings)

    @cached_property
    def key(self) -> bytes:
        """The site's secret. Raises ConfigError."""
        return secret_key(self.settings)

    def station(self, name: str) -> Station:
        """Raises NotFound, naming what there is."""
        try:
            return self.stations[name]
        except KeyError:
            names = ", ".join(self.stations) or "none"
            raise NotFound(f"there is no channel {name!r}", hint=f"the channels are: {names}") from None

    def accounts(self) -> dict[str, list[Station]]:
        """The stations of each account, by the account's name."""
        grouped: dict[str, list[Station]] = {}
        for station in self.stations.values():
            grouped.setdefault(station.account, []).append(station)
        return grouped

    def outlets(self, names: Sequence[str] | None = None) -> list[Outlet]:
        """The channels as planning sees them: all, or those named."""
        if names is None:
            return [station.outlet for station in self.stations.values()]
        return [self.station(name).outlet for name in names]
