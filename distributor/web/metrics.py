"""`/metrics` in Prometheus' text format, made from the ledger at each scrape: every process tells the same.

It needs `web.metrics_token` as a Bearer token. Without one it stays closed, on loopback too: behind a local proxy
everybody looks like loopback.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

import distributor
from distributor import pacing, upkeep
from distributor.context import App
from distributor.store import accounts, gauges, queue
from distributor.store import sources as source_store

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.metrics_core import GaugeMetricFamily
    from pydantic import SecretStr

__all__ = ["metrics_page"]

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 14400.0)


def metrics_page(app: App) -> Callable[[Request], Response]:
    """The endpoint; 401 for a wrong token, 403 while none is set."""

    def page(request: Request) -> Response:
        token = app.settings.web.metrics_token
        if token is None:
            return PlainTextResponse("Set web.metrics_token, and send it as a Bearer token.\n", 403)
        if not _is_given(request.headers.get("authorization", ""), token):
            return PlainTextResponse("A Bearer token is needed.\n", 401, {"WWW-Authenticate": "Bearer"})
        from prometheus_client.exposition import CONTENT_TYPE_LATEST

        return Response(_text(app), media_type=CONTENT_TYPE_LATEST)

    return page


def _is_given(header: str, token: SecretStr) -> bool:
    scheme, _, given = header.partition(" ")
    wanted = token.get_secret_value().encode()
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("latin-1", "replace"), wanted)


def _text(app: App) -> bytes:
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
    from prometheus_client.registry import Collector

    class Ledger(Collector):
        def collect(self) -> Iterable[Metric]:
            return list(_families(app))

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Ledger())
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return generate_latest(registry)


def _families(app: App) -> Iterator[Metric]:
    now = app.clock()
    yield _gauge("build_info", "Always 1; the label says what runs.", {"version": distributor.__version__}, 1)
    ready, _ = upkeep.is_ready(app)
    yield _gauge("ready", "Whether a canary task finished lately.", {}, float(ready))
    yield from _deliveries(app, now)
    yield _latency(app)
    yield from _sources(app)
    yield from _channels(app, now)


def _deliveries(app: App, now: datetime) -> Iterator[Metric]:
    with app.store.read() as connection:
        tallies = gauges.tallies(connection)
        oldest = gauges.oldest_due(connection, now)
    counted = _family("deliveries", "Deliveries in the ledger.", ("channel", "kind", "state", "reason"))
    for one in tallies:
        counted.add_metric([one.channel, one.kind, one.state, one.reason], one.count)
    yield counted
    age = _family("queue_age_seconds", "For how long the oldest due delivery has waited.", ("channel",))
    for channel in sorted({*app.stations, *oldest}):
        age.add_metric([channel], (now - oldest.get(channel, now)).total_seconds())
    yield age


def _latency(app: App) -> Metric:
    from prometheus_client.metrics_core import HistogramMetricFamily

    family = HistogramMetricFamily(
        "distributor_publish_to_post_seconds", "From seeing an article to its post being taken.", labels=["channel"]
    )
    with app.store.read() as connection:
        spreads = gauges.spreads(connection, sorted(app.stations), BOUNDS)
    for one in spreads:
        buckets = [(str(bound), float(count)) for bound, count in zip(BOUNDS, one.within, strict=True)]
        family.add_metric([one.channel], [*buckets, ("+Inf", float(one.count))], one.seconds)
    return family


def _sources(app: App) -> Iterator[Metric]:
    with app.store.read() as connection:
        known = source_store.states(connection)
    failures = _family("source_failures", "Failed polls in a row.", ("source",))
    good = _family("source_last_good_timestamp_seconds", "When the source last gave a good answer.", ("source",))
    states = [state for name, state in known.items() if name in app.settings.sources]
    for one in states:
        failures.add_metric([one.name], one.failures)
        if one.good_at:
            good.add_metric([one.name], one.good_at.timestamp())
    failing = sum(1 for one in states if one.failures or one.paused)
    yield failures
    yield good
    yield _gauge("sources_failing", "Sources that fail or are gone.", {}, failing)


def _channels(app: App, now: datetime) -> Iterator[Metric]:
    spent = _family("spent_usd", "Spent this month.", ("channel",))
    budget = _family("budget_usd", "The monthly budget.", ("channel",))
    stopped = _family("channel_stopped", "1 while the channel waits for a person.", ("channel",))
    with app.store.read() as connection:
        off = accounts.paused(connection)
        for name, station in app.stations.items():
            halted = any(accounts.state(connection, one).stopped for one in (station.account, f"channel:{name}"))
            stopped.add_metric([name], float(halted or name in off or "*" in off))
            if getattr(station.channel, "cost", 0.0):
                since = pacing.month_start(now, station.settings.timezone)
                spent.add_metric([name], queue.spent(connection, name, since))
                budget.add_metric([name], station.settings.monthly_budget)
    yield from (stopped, spent, budget)


def _gauge(name: str, help_text: str, labels: dict[str, str], value: float) -> GaugeMetricFamily:
    family = _family(name, help_text, tuple(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _family(name: str, help_text: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    from prometheus_client.metrics_core import GaugeMetricFamily

    return GaugeMetricFamily(f"distributor_{name}", help_text, labels=list(labels))
