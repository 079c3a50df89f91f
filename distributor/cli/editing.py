"""Editing distributor.toml: read, changed as text, loaded as a test, and only then put in its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from distributor.cli.session import Session, who
from distributor.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from distributor.config import Settings

__all__ = ["edit"]


def edit(session: Session, change: Callable[[str], str], *, what: str, subject: str) -> Settings:
    """The settings as they are afterwards. Raises ConfigError, and then the file is as it was.

    Who did what is written down, if the database can be used: the settings are the truth, with or without it.
    """
    from distributor import config
    from distributor.config.edit import write_atomic
    from distributor.store import census

    path = session.path
    if path is None:
        raise ConfigError("there is no settings file", hint="make one: distributor init https://your.site")
    session.read(path)  # a file that is wrong already is mended by hand first
    changed = change(path.read_bytes().decode("utf-8-sig"))
    settings = config.loads(changed, path, os.environ)
    _buildable(settings, session.settings)
    write_atomic(path, changed)
    session.use(settings)
    with suppress(StoreError, ConfigError), session.store.write(durable=True) as connection:
        census.audit(connection, who(), what, subject, session.now())
    return settings


def _buildable(changed: Settings, before: Settings) -> None:
    """What is new must be of a kind that exists, with options that it knows. Raises ConfigError."""
    from distributor.app import build_fetcher, build_stations, utc_now

    new = {name: one for name, one in changed.channels.items() if before.channels.get(name) != one}
    if new:
        build_stations(changed.model_copy(update={"channels": new}), build_fetcher(changed), utc_now)
