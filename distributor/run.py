"""One machine, one process: worker threads, beat and the web pages.

    run_forever: store -> web (daemon threads) -> Celery's worker with beat inside, until SIGTERM or Ctrl-C
    run_once:    collect -> drain until nothing is due -> what came of it; no Celery, no web

With `memory://` the bells ring in this process only; what another process puts into the ledger the sweep finds.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from distributor import collect, deliver, digest, mailing, sweeping, upkeep
from distributor.app import build_app, utc_now
from distributor.config import Settings, feed_text, load, sample_text
from distributor.context import App
from distributor.model import State
from distributor.stopping import softly, take_signals
from distributor.store import census, sources

__all__ = ["Plan", "feed_plan", "public_port", "run_forever", "run_once", "sample_plan", "serve_web", "settings_plan"]

log = structlog.get_logger(__name__)

SWEEP_EVERY = timedelta(seconds=1)
# A paced account is rung again by the sweep; `run --once` waits for no pace longer than this.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: settings, and how to read them again (None where there is no file)."""

    settings: Settings
    reload: Callable[[], Settings] | None = None


def settings_plan(load: Callable[[], Settings]) -> Plan:
    """The newsroom's own settings."""
    return Plan(load(), load)


@contextmanager
def sample_plan(public: int = 0) -> Iterator[Plan]:
    """The sample newsroom, served on loopback, with a ledger of its own that is gone afterwards.

    `public` is the port of the readers' pages; with 0 there are neither these nor mail.
    """
    from distributor.sample import Newsroom
    from distributor.sample.server import serve

    readers = f"http://127.0.0.1:{public}" if public else ""
    with _folder() as data, serve(Newsroom(started=utc_now(), public_url=readers)) as server:
        yield _kept(data, sample_text(f"{server.url}/atom.xml", data, public))


@contextmanager
def feed_plan(url: str, public: int = 0) -> Iterator[Plan]:
    """One site or feed, shown on previews, with a ledger of its own that is gone afterwards; `public` as above."""
    with _folder() as data:
        yield _kept(data, feed_text(url, data, public))


def public_port(admin: int | None) -> int:
    """For a run without settings: the port after the staff's page's (8000 unless said), else any that is free."""
    for port in (0 if admin == 0 else (8000 if admin is None else admin) % 65535 + 1, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    return 0


def run_once(plan: Plan) -> Mapping[str, Any]:
    """Collects, plans and drains until nothing is due; the ledger's counts and the seconds it took.

    Raises ConfigError and StoreError.
    """
    started = time.monotonic()
    app = build_app(plan.settings, reload=plan.reload, wake=False)
    try:
        before = app.clock()
        with app.store.write() as connection:
            collect.register_in(app, connection, before)
            sources.hurry(connection, before)
        report = collect.collect(app)
        with softly(app):
            _drain_all(app)
        if app.stopping.is_set():
            raise KeyboardInterrupt
        with app.store.read() as connection:
            counts = census.counts(connection)
        return {
            "articles": len(report.new),
            "planned": sum(counts.values()),
            **{state.value: counts[state] for state in State},
            "seconds": round(time.monotonic() - started, 3),
        }
    finally:
        app.fetcher.close()
        app.store.close()


def run_forever(plan: Plan, *, port: int | None = None, ready: Callable[[str], None] = print) -> None:
    """Runs until SIGTERM or Ctrl-C; `ready` gets the page's address. Raises ConfigError and StoreError."""
    from distributor import worker

    app = build_app(plan.settings, reload=plan.reload)
    worker.use(app)
    # A digest to many must not take the threads that posts need.
    app.mail_sessions = max(1, app.settings.workers.concurrency // 2)
    with _served(app, port) as address:
        upkeep.present(app, "run", app.clock())
        ready(address)
        _work(app)


def serve_web(plan: Plan, *, port: int | None = None, ready: Callable[[str], None] = print) -> None:
    """Only the pages, beside workers that run elsewhere; until SIGTERM or Ctrl-C."""
    app = build_app(plan.settings, reload=plan.reload)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    started = app.clock()
    with _served(app, port) as address:
        ready(address)
        while not stop.is_set():
            upkeep.present(app, "web", started)
            stop.wait(10)
        upkeep.leave(app)


@contextmanager
def _served(app: App, port: int | None) -> Iterator[str]:
    """The admin's page, and the public one where the settings want it; gives the admin's address."""
    from distributor import web

    admin, public = app.settings.web.admin, app.settings.web.public
    servers, counters = [], []
    try:
        servers.append(web.serve(web.admin_app(app), admin.host, admin.port if port is None else port))
        if public is not None:
            pages = web.public_app(app)
            counters.append(pages.state.counter.start())
            servers.append(web.serve(pages, public.host, public.port))
        yield servers[0].url
    finally:
        for one in (*servers, *counters):
            one.close()
        app.fetcher.close()


def _work(app: App) -> None:
    """Celery's worker in this thread, its beat in another."""
    from celery import bootsteps
    from celery.apps.worker import Worker
    from celery.beat import EmbeddedService
    from celery.exceptions import SecurityWarning
    from celery.platforms import EX_OK
    from celery.worker import state as celery_state

    from distributor import bells, worker

    class Beat(bootsteps.StartStopStep):
        """Beat as a thread: as a child process it would ring in a memory of its own."""

        requires = ("celery.worker.components:Pool",)

        def __init__(self, parent: Any, **options: Any) -> None:
            super().__init__(parent, **options)
            self.service: Any = None

        def start(self, parent: Any) -> None:
            del parent
            self.service = EmbeddedService(worker.app, thread=True)
            self.service.start()

        def stop(self, parent: Any) -> None:
            del parent
            if self.service is not None:
                # Not waited for: beat may be asking a dead broker, without end, and holds nothing that matters.
                self.service.service.stop(wait=False)

    class Quiet(Worker):
        """Celery's own handlers print words of their own, and start the process anew when its terminal closes."""

        def install_platform_tweaks(self, worker: Any) -> None:
            del worker
            take_signals(stop)

    def stop() -> None:
        app.stopping.set()
        celery_state.should_stop = EX_OK  # type: ignore[assignment]

    # Celery warns root about pickled messages; ours are JSON, and nothing else is accepted.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    bells.install()
    celery = worker.app
    schedule = {name: dict(entry) for name, entry in celery.conf.beat_schedule.items()}
    schedule["sweep"]["schedule"] = SWEEP_EVERY
    celery.conf.update(
        broker_url=str(app.settings.broker.url),
        beat_schedule=schedule,
        beat_max_loop_interval=1,
        worker_prefetch_multiplier=8,
    )
    celery.steps["worker"].add(Beat)
    threads = max(app.settings.workers.concurrency, len(app.accounts()) + 3 + app.mail_sessions)
    running = Quiet(
        app=celery,
        pool_cls="threads",
        concurrency=threads,
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    running.start()


def _drain_all(app: App) -> None:
    """Drains every account that has work, and waits a little for paces."""
    patience = time.monotonic() + PATIENCE
    while not app.stopping.is_set():
        planned = digest.build_due(app).readers if app.settings.mail is not None else 0
        ringing = sweeping.sweep(app)
        for account in ringing:
            if _drain(app, account) or planned:
                patience = time.monotonic() + PATIENCE
        if not ringing and not _soon(app):
            return
        if time.monotonic() > patience:
            return
        if not ringing:
            time.sleep(0.05)


def _drain(app: App, account: str) -> bool:
    """Whether anything was settled."""
    if account in mailing.mail_accounts(app):
        return bool(mailing.drain_mail(app, account).settled)
    return bool(deliver.drain(app, account).settled)


def _soon(app: App) -> bool:
    """Whether something waits for a pace that opens within a moment."""
    now = app.clock()
    return any(
        sweeping.has_work(app, account, stations, now + timedelta(seconds=2))
        for account, stations in app.accounts().items()
    )


def _kept(data: Path, text: str) -> Plan:
    """Settings in a file beside the ledger, so that commands in another terminal can name it."""
    path = data / "distributor.toml"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return settings_plan(lambda: load(path, {}))


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="distributor-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
