"""The Celery application: `celery -A distributor.worker worker -Q watch,post`, and beat.

Each process builds its own App when its first task runs, so that nothing is inherited across a fork.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

import structlog
from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_shutdown, worker_shutdown, worker_shutting_down

from distributor.context import App
from distributor.errors import DistributorError

__all__ = ["app", "parts", "told", "use"]

P = ParamSpec("P")
log = structlog.get_logger(__name__)

_parts: dict[int, App] = {}
_lock = threading.Lock()


def _broker() -> dict[str, Any]:
    """Asked once, before anything else: settings that are wrong end the process with a line, not a traceback."""
    try:
        return {"broker_url": str(_settings().broker.url)}
    except DistributorError as error:
        raise SystemExit(f"error: {error}" + (f"\nhint: {error.hint}" if error.hint else "")) from None


def _settings() -> Any:
    """Those of the App that this process works with; else the file's."""
    if os.getpid() in _parts:
        return _parts[os.getpid()].settings
    return _from_file()


def _from_file() -> Any:
    from distributor import config

    return config.load(config.find(None, os.environ, Path.cwd()))


TASKS = ("publishing", "delivery", "digests", "signals", "upkeep")
app = Celery("distributor", include=[f"distributor.tasks.{name}" for name in TASKS])
app.config_from_object("distributor.celeryconfig")
app.add_defaults(_broker)


def parts() -> App:
    """This process's App, built once."""
    with _lock:
        if os.getpid() not in _parts:
            from distributor.app import build_app

            _parts[os.getpid()] = build_app(_from_file(), reload=_from_file)
        return _parts[os.getpid()]


def use(built: App) -> None:
    """Lets this process work with an App that is there already."""
    with _lock:
        _parts[os.getpid()] = built


def told(work: Callable[P, None]) -> Callable[P, None]:
    """A task that fails for a known reason says so in one line; the next bell tries again."""

    @functools.wraps(work)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except DistributorError as error:
            log.error("task failed; the next one tries again", task=work.__name__, error=str(error), hint=error.hint)

    return wrapped


@setup_logging.connect
def _logging(**_: Any) -> None:
    from distributor import logs

    # With an App given to it, this process is `distributor run`, which set up its logs itself.
    if os.getpid() not in _parts:
        logs.configure(_from_file().secrets())


@worker_init.connect
def _without_gossip(sender: Any, **_: Any) -> None:
    """No worker needs to know of the others; and gossip takes the whole worker down when Redis dies (Celery 5.7)."""
    sender.options["without_gossip"] = True


@worker_init.connect
def _without_restoring(**_: Any) -> None:
    """A bell that was taken and not rung need not go back: the sweep rings again.

    Giving it back to a Redis that died for the second time raises AttributeError, and ends the worker (kombu 5.7).
    """
    from kombu.transport import virtual

    virtual.Channel.do_restore = False


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    """A drain ends with the post that it is sending: a supervisor does not wait for a whole turn."""
    if os.getpid() in _parts:
        _parts[os.getpid()].stopping.set()


@worker_process_shutdown.connect
@worker_shutdown.connect
def _leave(**_: Any) -> None:
    from distributor import upkeep

    built = _parts.pop(os.getpid(), None)
    if built is not None:
        try:
            upkeep.leave(built)
        except DistributorError as error:
            log.warning("could not say goodbye", error=str(error))
        built.store.close()
