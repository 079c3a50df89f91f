"""Secrets read again without a restart: a good `channels check` or `mail check` tells every process, each at its next
look.
"""

from __future__ import annotations

import sqlalchemy as sa
import structlog

from distributor.context import App
from distributor.errors import ConfigError
from distributor.store import accounts

__all__ = ["renew"]

log = structlog.get_logger(__name__)


def renew(app: App, connection: sa.Connection) -> None:
    """Makes the stations, and what mails leave by, anew when a person proved credentials since they were made.

    Whichever account's: new credentials may be another account. Settings that cannot be read leave the old ones.
    """
    told = accounts.epochs(connection)
    if app.rebuild is None or told == app.epochs:
        return
    app.epochs = told
    try:
        app.stations = app.rebuild()
        if app.reread is not None and "mailroom" in vars(app):  # else it reads them when it is first asked for
            app.mailroom = app.reread()
    except ConfigError as error:
        log.error("settings cannot be read again", error=str(error), hint=error.hint)
    else:
        log.info("settings and secrets read again")
